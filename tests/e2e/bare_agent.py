"""An agent that speaks bare CDP through the gate, so that a test knows which command is where."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

SECONDS = 20.0


class BareAgent:
    """A connection, attached to the only page.

    Attributes:
        events: what it was told, as it came, since the last `forget`.
    """

    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket
        self._last_id = 0
        self._page: dict[str, str] = {}
        self._acknowledged: set[int] = set()
        self.events: list[str] = []
        listed = self.ask("Target.getTargets")["targetInfos"]
        [target_id] = [target["targetId"] for target in listed if target["type"] == "page"]
        self._page = {"sessionId": self.ask("Target.attachToTarget", targetId=target_id, flatten=True)["sessionId"]}

    def send(self, method: str, **params: Any) -> int:
        """Send a command to the page; returns its id."""
        self._last_id += 1
        command = {"id": self._last_id, "method": method, "params": params, **self._page}
        self._websocket.send(json.dumps(command))
        return self._last_id

    def answer(self, number: int) -> dict[str, Any]:
        """The result of a command, which is the next answer."""
        while (message := self._hear()).get("id") in {None, *self._acknowledged}:
            pass
        assert message["id"] == number
        result: dict[str, Any] = message["result"]
        return result

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command, and wait for its result."""
        return self.answer(self.send(method, **params))

    def all_is_there(self) -> None:
        """What was sent before has reached the gate, and what the gate had let through before has been heard."""
        self.ask("Page.getFrameTree")

    def until_told(self, *methods: str) -> None:
        """Hear until each of these has happened."""
        while missing := set(methods) - set(self.told):
            try:
                self._hear()
            except TimeoutError:
                raise AssertionError(f"it is not told of {missing}") from None

    @property
    def told(self) -> list[str]:
        """The methods of the events."""
        return [json.loads(event)["method"] for event in self.events]

    def forget(self) -> None:
        """Forget the events."""
        self.events.clear()

    def click(self, x: float, y: float) -> list[int]:
        """Send a click at a place in the page; returns the ids of its commands."""
        place = {"x": x, "y": y, "button": "left", "clickCount": 1}
        return [self.send("Input.dispatchMouseEvent", type=kind, **place) for kind in ("mousePressed", "mouseReleased")]

    def _hear(self) -> Any:
        text = self._websocket.recv(timeout=SECONDS)
        message = json.loads(text)
        if "id" not in message:
            self.events.append(str(text))
            if message["method"] == "Page.screencastFrame":  # else no more than three come
                self._acknowledged.add(self.send("Page.screencastFrameAck", sessionId=message["params"]["sessionId"]))
        return message


@contextmanager
def bare_agent(address: str) -> Iterator[BareAgent]:
    """An agent that is connected while the context lasts."""
    with connect(f"ws{address.removeprefix('http')}", proxy=None, compression=None, max_size=None) as websocket:
        yield BareAgent(websocket)
