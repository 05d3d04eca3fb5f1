"""The ways to use the clipboard of a remote browser: by hand through Pilothouse, and by Playwright."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

import attrs
from playwright.sync_api import Page, sync_playwright

from benchmarks.clipboard_page import RemotePage
from benchmarks.echo_upstream import KEY_EVENT
from benchmarks.viewer import Viewer
from benchmarks.websocket_client import TEXT, WebSocketClient

_CONTROL = 0xFFE3
_POINTER_EVENT, _LEFT = 5, 1


@attrs.frozen
class Taken:
    """What an operation brought, and the seconds that it took."""

    text: str
    seconds: float


class Way(Protocol):
    """One way to use the clipboard of a page whose field has the focus."""

    def paste(self, text: str) -> float:
        """Put a text in the place of what is selected; returns the seconds that it took."""

    def copy(self) -> Taken:
        """Fetch what is selected."""

    def url(self) -> Taken:
        """Ask where the page is."""


class Keyboard:
    """Keys and a pointer for the page.

    Args:
        viewer: RFB, which gets no pictures as it does not ask for any.
        page: says what has arrived.
    """

    def __init__(self, viewer: Viewer, page: RemotePage) -> None:
        self._viewer = viewer
        self._page = page

    def click_into_the_page(self) -> None:
        """In the middle of the screen."""
        x, y = self._viewer.width // 2, self._viewer.height // 2
        for buttons in (0, _LEFT, 0):
            self._viewer.websocket.send(struct.pack(">BBHH", _POINTER_EVENT, buttons, x, y))

    def press_with_control(self, letter: str) -> None:
        """Press and lift a letter while Control is held."""
        self._send(_with_control(letter))

    def until_control_lifted(self) -> None:
        """Wait until the page has seen the end of such a chord."""
        self._page.until_lifted("Control")

    def type_keys(self, count: int, *, copying: bool) -> float:
        """Type keys, of which the last one is a full stop, as fast as they can be sent.

        Args:
            count: of the keys.
            copying: whether Ctrl+C comes before them.

        Returns:
            Seconds until the page has seen the last key.
        """
        keys = [event for letter in "a" * (count - 1) + "." for event in _key(letter)]
        events = _with_control("c") + keys if copying else keys
        begun = time.perf_counter()
        self._send(events)
        self._page.until_lifted(".")
        seconds = time.perf_counter() - begun
        if copying:
            self.until_control_lifted()
        return seconds

    def _send(self, events: list[bytes]) -> None:
        """Like noVNC, each in a message of its own."""
        for event in events:
            self._viewer.websocket.send(event)


@attrs.frozen
class Hands:
    """Somebody with a keyboard and a frontend.

    Attributes:
        keyboard: of a client.
        frontend: the same client's message channel.
    """

    keyboard: Keyboard
    frontend: WebSocketClient

    def paste(self, text: str) -> float:
        """From the frontend's answer to `pasted`."""
        self.keyboard.press_with_control("v")
        self.hear("ask-for-clipboard")
        begun = time.perf_counter()
        self._say({"kind": "ask-for-clipboard-response", "text": text})
        pasted = self.hear("pasted")
        seconds = time.perf_counter() - begun
        assert pasted["ok"]
        self.keyboard.until_control_lifted()
        return seconds

    def copy(self) -> Taken:
        """From Ctrl+C to `copied-text`."""
        begun = time.perf_counter()
        self.keyboard.press_with_control("c")
        text = self.hear("copied-text")["text"]
        seconds = time.perf_counter() - begun
        self.keyboard.until_control_lifted()
        return Taken(text, seconds)

    def url(self) -> Taken:
        """From `get-browser-url` to `browser-url`."""
        begun = time.perf_counter()
        self._say({"kind": "get-browser-url"})
        url = self.hear("browser-url")["url"]
        return Taken(url, time.perf_counter() - begun)

    def hear(self, kind: str) -> dict[str, Any]:
        """The next message of this kind; tabs and control are news that nobody waits for here."""
        while True:
            message: dict[str, Any] = json.loads(self.frontend.receive())
            if message["kind"] == kind:
                return message
            assert message["kind"] in ("browser-tabs", "control-changed"), message

    def _say(self, message: dict[str, str]) -> None:
        self.frontend.send(json.dumps(message).encode(), TEXT)


@attrs.frozen
class Playwright:
    """The same by Playwright.

    Attributes:
        keyboard: of a client without a frontend, for which Pilothouse copies nothing.
        page: makes one ready for each operation.
    """

    keyboard: Keyboard
    page: Callable[[], AbstractContextManager[Page]]

    def paste(self, text: str) -> float:
        """With what `page` needs for its beginning and its end, as all operations are."""
        begun = time.perf_counter()
        with self.page() as page:
            page.keyboard.insert_text(text)
        return time.perf_counter() - begun

    def copy(self) -> Taken:
        """From Ctrl+C, which keeps the browser busy, to the selection."""
        begun = time.perf_counter()
        self.keyboard.press_with_control("c")
        text = self._evaluated("getSelection().toString()")
        seconds = time.perf_counter() - begun
        self.keyboard.until_control_lifted()
        return Taken(text, seconds)

    def url(self) -> Taken:
        """Ask the page: `page.url` only says what Playwright was told before."""
        begun = time.perf_counter()
        url = self._evaluated("location.href")
        return Taken(url, time.perf_counter() - begun)

    def _evaluated(self, script: str) -> str:
        with self.page() as page:
            return str(page.evaluate(script))


@contextmanager
def started_anew(keyboard: Keyboard, cdp_address: str) -> Iterator[Playwright]:
    """A new driver and a new connection each time."""
    yield Playwright(keyboard, lambda: _connected(cdp_address))


@contextmanager
def kept_connected(keyboard: Keyboard, cdp_address: str) -> Iterator[Playwright]:
    """One of each for all operations.

    Only in its own turn: as long as Playwright is connected, every page believes that it has the focus.
    """
    with _connected(cdp_address) as page:
        yield Playwright(keyboard, lambda: nullcontext(page))


@contextmanager
def _connected(cdp_address: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.connect_over_cdp(cdp_address)
        yield browser.contexts[0].pages[0]
        browser.close()


def _key(key: int | str) -> list[bytes]:
    keysym = key if isinstance(key, int) else ord(key)
    return [struct.pack(">BBxxI", KEY_EVENT, down, keysym) for down in (1, 0)]


def _with_control(letter: str) -> list[bytes]:
    press, lift = _key(_CONTROL)
    return [press, *_key(letter), lift]
