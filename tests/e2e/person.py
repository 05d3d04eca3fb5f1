"""A person who watches over the message channel, and takes control for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from live_server import API_KEY, Server
from websockets.sync.client import ClientConnection, connect

from pilothouse.protocol.messages import (
    CedeControl,
    ControlChanged,
    FromFrontend,
    Note,
    TakeControl,
    ToFrontend,
    decode_from_server,
    encode,
)

SECONDS = 20.0

_MessageT = TypeVar("_MessageT", bound=ToFrontend)


class Person:
    """A frontend that speaks the message channel."""

    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket

    def say(self, message: FromFrontend) -> None:
        self._websocket.send(encode(message))

    def hear(self, kind: type[_MessageT]) -> _MessageT:
        """The next message of this kind."""
        while True:
            message = decode_from_server(self._websocket.recv(timeout=SECONDS))
            if isinstance(message, kind):
                return message

    def take_control(self) -> None:
        """Returns when nobody else acts any more."""
        self.say(TakeControl())
        while not self.hear(ControlChanged).you_hold_control:
            pass

    def give_back(self, note: str | None = None) -> None:
        """Returns when the agent has control again."""
        self.say(CedeControl(None if note is None else Note(note)))
        while self.hear(ControlChanged).interactor != "agent":
            pass


@contextmanager
def person_at(server: Server, session: dict[str, Any]) -> Iterator[Person]:
    """Somebody who watches a session while the context lasts."""
    address = f"ws{server.url.removeprefix('http')}/api/v1/stream/messages/browser_session"
    url = f"{address}/{session['browser_session_id']}?client_id=person&apikey={API_KEY}"
    with connect(url, proxy=None, compression=None) as websocket:
        yield Person(websocket)
