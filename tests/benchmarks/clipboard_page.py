"""The page in the remote browser, asked and watched over a DevTools connection that none of the candidates use."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from urllib.request import urlopen

from benchmarks.websocket_client import TEXT, WebSocketClient

_SEEN = "seen"
_FIELD = f"""
document.body.innerHTML = '<textarea style="position: fixed; inset: 0; width: 100%; height: 100%"></textarea>'
const field = document.querySelector('textarea')
addEventListener('keyup', event => {{ if (['Control', '.'].includes(event.key)) {_SEEN}(event.key) }})
"""
_SECONDS = 30.0
_PAUSE_SECONDS = 0.02

_ResultT = TypeVar("_ResultT")


class RemotePage:
    """A page that is one text field, and says when Control or the full stop has been lifted in it.

    Args:
        websocket: of the page's DevTools.
    """

    def __init__(self, websocket: WebSocketClient) -> None:
        self._websocket = websocket
        self._numbers = count(1)
        self._seen: list[str] = []
        self._call("Runtime.addBinding", name=_SEEN)
        self.evaluate(_FIELD)

    def evaluate(self, script: str) -> Any:
        """Evaluate a script in the page."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def set_text(self, text: str) -> None:
        """Put a text into the field, and select it."""
        self.evaluate(f"field.value = {json.dumps(text)}, field.select()")

    def text(self) -> str:
        """What is in the field."""
        return str(self.evaluate("field.value"))

    def has_focus(self) -> bool:
        """Whether what is typed goes into the field."""
        return bool(self.evaluate("document.hasFocus() && document.activeElement === field"))

    def until_lifted(self, key: str) -> None:
        """Wait until a key has been lifted in the page; each time counts once."""
        while key not in self._seen:
            self._receive()
        self._seen.remove(key)

    def _call(self, method: str, **params: object) -> dict[str, Any]:
        number = next(self._numbers)
        self._websocket.send(json.dumps({"id": number, "method": method, "params": params}).encode(), TEXT)
        while (message := self._receive()).get("id") != number:
            pass
        result: dict[str, Any] = message["result"]
        return result

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._websocket.receive())
        if message.get("method") == "Runtime.bindingCalled":
            self._seen.append(message["params"]["payload"])
        return message


def cdp_address(data_dir: str, session_id: str) -> str:
    """Where a session's Chromium answers; only the server's database knows."""
    query = "SELECT cdp_address FROM browser_sessions WHERE browser_session_id = ?"

    def look() -> Any:
        with closing(sqlite3.connect(Path(data_dir) / "pilothouse.sqlite3")) as connection:
            return connection.execute(query, [session_id]).fetchone()[0]

    return str(wait_until(look))


def open_remote_page(cdp_address: str) -> RemotePage:
    """The only page of a browser that has just started."""

    def look() -> list[str]:
        with urlopen(f"{cdp_address}/json/list") as response:
            targets = json.load(response)
        return [target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page"]

    [address] = wait_until(look)
    parts = urlsplit(address)
    assert parts.port is not None
    return RemotePage(WebSocketClient(parts.port, parts.path))


def wait_until(look: Callable[[], _ResultT]) -> _ResultT:
    """Look again and again until there is something; returns it."""
    deadline = time.monotonic() + _SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, look
        time.sleep(_PAUSE_SECONDS)
    return found
