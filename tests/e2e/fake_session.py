"""A session without a server: the built page, and both of its WebSockets played by the test.

For what depends on the messages of the server alone, and on what the person's own browser allows.
"""

import json
import mimetypes
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, WebSocketRoute
from viewer_page import ViewerPage

STATIC = Path(__file__).parents[2] / "app" / "pilothouse_app" / "static"
WIDTH, HEIGHT = 640, 400
ME: dict[str, Any] = {"viewer_id": "v_9fK2mQ7cXw1z", "scope": "control", "holds_control": False, "you": True}
SOMEBODY: dict[str, Any] = {**ME, "viewer_id": "v_Lr40bTqYdE8s", "you": False}
CONTROL: dict[str, Any] = {
    "kind": "control-changed",
    "interactor": "agent",
    "control_state": "ai_control",
    "holder_client_id": None,
    "control_epoch": 0,
    "you_hold_control": False,
    "viewer_count": 1,
    "viewers": [ME],
}
IN_CONTROL: dict[str, Any] = {
    **CONTROL,
    "interactor": "user",
    "control_state": "user_control",
    "you_hold_control": True,
    "viewers": [{**ME, "holds_control": True}],
}
TAB: dict[str, Any] = {
    "id": "A",
    "title": "The harbour",
    "url": "https://harbour.example/",
    "active": True,
    "favicon": None,
    "isReady": True,
    "pageNumber": 1,
}
_PATIENCE_SECONDS = 5


class FakeSession:
    """What the page said, and what it is told.

    Attributes:
        said: messages of the page, without its pings.
        keys: keysyms that were pressed on the picture.
    """

    def __init__(self, page: Page, origin: str = "https://viewer.test") -> None:
        self.page = page
        self.view = ViewerPage(page)
        self.said: list[dict[str, Any]] = []
        self.keys: list[int] = []
        self._messages: WebSocketRoute | None = None
        page.route(f"{origin}/**", _serve)
        page.route_web_socket("**/stream/messages/**", self._open_messages)
        page.route_web_socket("**/stream/vnc/**", self._open_vnc)
        page.add_init_script(_PROPERTIES_OF_ITS_OWN)
        self.view.open(f"{origin}/index.html#session=pbs_1&token=t")

    def tell(self, kind: str, **fields: Any) -> None:
        """The server says something."""
        assert self._messages is not None
        self._messages.send(json.dumps({"kind": kind, **fields}))

    def break_off(self, code: int, reason: str = "") -> None:
        """The server closes the message channel."""
        assert self._messages is not None
        self._messages.close(code=code, reason=reason)

    def give_control(self) -> None:
        """The page holds control, and the picture has the keyboard."""
        self.tell(**IN_CONTROL)
        self.view.expect_control("you")
        self.view.canvas.focus()

    def take_control_away(self) -> None:
        self.tell(**CONTROL)
        self.view.expect_control("agent")

    def expect_said(self, *messages: dict[str, Any]) -> None:
        """These, in this order, and nothing else since the last time."""
        self.wait_until(lambda: len(self.said) >= len(messages))
        assert self.said == list(messages)
        self.said.clear()

    def press(self, chord: str, keysym: int) -> None:
        """A chord that arrives at the remote browser as noVNC sends it."""
        self.keys.clear()
        self.page.keyboard.press(chord)
        self.wait_until(lambda: keysym in self.keys)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"said {self.said}, pressed {self.keys}"
            self.page.wait_for_timeout(10)

    def _open_messages(self, socket: WebSocketRoute) -> None:
        self._messages = socket
        socket.on_message(self._message)
        socket.send(json.dumps(CONTROL))

    def _message(self, text: str | bytes) -> None:
        message = json.loads(text)
        if message["kind"] == "ping":
            self.tell("pong", id=message["id"])
        else:
            self.said.append(message)

    def _open_vnc(self, socket: WebSocketRoute) -> None:
        replies = iter(
            [
                b"\x01\x01",
                bytes(4),
                struct.pack("!HH4B3H3B3xI", WIDTH, HEIGHT, 32, 24, 0, 1, 255, 255, 255, 0, 8, 16, 4) + b"fake",
            ]
        )

        def received(data: str | bytes) -> None:
            assert isinstance(data, bytes)
            if reply := next(replies, b""):
                socket.send(reply)
            elif data[0] == _KEY_EVENT:
                self.keys += [keysym for down, keysym in struct.iter_unpack("!xB2xI", data) if down]
            elif _UPDATE_REQUEST in data:
                socket.send(_PICTURE)

        socket.on_message(received)
        socket.send(b"RFB 003.008\n")


# noVNC looks for a socket's properties at the socket and at its class; Playwright has them in classes above.
_PROPERTIES_OF_ITS_OWN = """
    window.WebSocket = class extends WebSocket {};
    const own = WebSocket.prototype;
    for (let above = own; (above = Object.getPrototypeOf(above)) !== EventTarget.prototype; )
        Object.defineProperties(own, {
            ...Object.getOwnPropertyDescriptors(above),
            ...Object.getOwnPropertyDescriptors(own),
        });
"""

_KEY_EVENT = 4
_UPDATE_REQUEST = struct.pack("!BBHHHH", 3, 0, 0, 0, WIDTH, HEIGHT)
_RRE = 2
_PICTURE = struct.pack("!BxHHHHHiI4B", 0, 1, 0, 0, WIDTH, HEIGHT, _RRE, 0, 0x9A, 0x6B, 0x2D, 0)


def _serve(route: Route) -> None:
    name = route.request.url.split("/", 3)[3].split("#")[0]
    file = STATIC / (name or "index.html")
    route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(file.name)[0])
