"""A real browser behind the whole server, and somebody with both hands on it: a VNC and a message channel."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import attrs
import trio
from eventually import eventually
from rest_client import KEY
from small_site import SmallSite, open_small_site
from stream_viewer import RfbViewer, key_event
from whole_server import Frontend, WholeServer, open_whole_server

from pilothouse.browsers.local import LocalBrowsers
from pilothouse.channels.execution import ExecutionFailed
from pilothouse.channels.live_session import LiveSession
from pilothouse.protocol.destinations import AllowedDestinations
from pilothouse.protocol.messages import (
    BrowserTabs,
    ControlChanged,
    FromFrontend,
    Ping,
    Pong,
    TabOnTheWire,
    TakeControl,
    ToFrontend,
    decode_from_server,
)
from pilothouse_app.settings import Settings

CONTROL, SHIFT, ALT_LEFT, RETURN, END = 0xFFE3, 0xFFE1, 0xFFE9, 0xFF0D, 0xFF57
IN_THE_PAGE, IN_THE_ADDRESS_BAR = (640, 500), (400, 62)
"""Where to click, in a window of the default size."""

DECK = """<title>Deck</title>
<style>html, body { margin: 0; height: 100% } textarea { width: 100%; height: 100%; box-sizing: border-box }</style>
<textarea></textarea>
<script>
  const field = document.querySelector('textarea')
  const log = []
  for (const type of ['keydown', 'keyup']) addEventListener(type, event => log.push(
    [type, event.ctrlKey && 'Control', event.altKey && 'Alt', event.metaKey && 'Meta', event.key].filter(Boolean)
      .join(' ')), true)
  for (const type of ['copy', 'cut', 'paste']) addEventListener(type, event => log.push(
    event.isTrusted ? type : `untrusted ${type}`), true)
</script>"""
"""A page that is one text field, and writes down what it sees."""

_CHROMIUM_SECONDS = 60
_MessageT = TypeVar("_MessageT", bound=ToFrontend)


def press(*keysyms: int | str) -> bytes:
    return b"".join(key_event(_keysym(keysym), down=True) for keysym in keysyms)


def lift(*keysyms: int | str) -> bytes:
    return b"".join(key_event(_keysym(keysym), down=False) for keysym in keysyms)


def chord(modifier: int, *letters: str) -> bytes:
    """The letters, one after the other, while the modifier is held."""
    return press(modifier) + typing("".join(letters)) + lift(modifier)


def typing(text: str) -> bytes:
    return b"".join(press(character) + lift(character) for character in text)


def point(mask: int, x: int, y: int) -> bytes:
    return struct.pack(">BBHH", 5, mask, x, y)


def click(place: tuple[int, int]) -> bytes:
    return b"".join(point(mask, *place) for mask in (0, 1, 0))


def cut_text(text: str) -> bytes:
    data = text.encode("latin-1")
    return struct.pack(">BxxxI", 6, len(data)) + data


def _keysym(key: int | str) -> int:
    return key if isinstance(key, int) else ord(key)


class Client:
    """A frontend that hears everything, and perhaps its viewer."""

    def __init__(self, frontend: Frontend, viewer: RfbViewer | None) -> None:
        self._frontend = frontend
        self._viewer = viewer
        self._heard: list[ToFrontend] = []

    async def listen(self) -> None:
        """Hear until the channel ends."""
        while True:
            try:
                self._heard.append(decode_from_server(await self._frontend.client.receive()))
            except trio.EndOfChannel:
                return

    async def look(self) -> None:
        """Take the viewer's bytes, so that they pile up nowhere."""
        assert self._viewer is not None
        while True:
            try:
                await self._viewer.client.receive()
            except trio.EndOfChannel:
                return

    async def rfb(self, *data: bytes) -> None:
        """Send input, as one message."""
        assert self._viewer is not None
        await self._viewer.send(b"".join(data))

    async def say(self, message: FromFrontend) -> None:
        await self._frontend.say(message)

    async def say_in_json(self, message: str) -> None:
        await self._frontend.client.send(message)

    async def hear(self, kind: type[_MessageT]) -> _MessageT:
        """The next message of this kind; those of other kinds may be heard later."""

        def look() -> list[_MessageT]:
            return [message for message in self._heard if isinstance(message, kind)]

        message = (await eventually(look, seconds=40))[0]
        self._heard.remove(message)
        return message

    async def ask(self, message: FromFrontend, kind: type[_MessageT]) -> _MessageT:
        """Say something, and hear an answer of this kind."""
        await self.say(message)
        return await self.hear(kind)

    async def take_control(self) -> None:
        await self.say(TakeControl())
        while not (await self.hear(ControlChanged)).you_hold_control:
            pass

    async def tabs(self, count: int) -> list[TabOnTheWire]:
        """The tabs, as soon as they are told to be so many, and one of them is in front."""
        while True:
            tabs = (await self.hear(BrowserTabs)).tabs
            if len(tabs) == count and any(tab.active for tab in tabs):
                return tabs

    async def unasked(self) -> list[ToFrontend]:
        """What came up to now that nobody has heard, without what comes by itself."""
        await self.ask(Ping("unasked"), Pong)
        return [message for message in self._heard if not isinstance(message, BrowserTabs | ControlChanged)]


@attrs.define
class Helm:
    """A session whose browser shows the deck."""

    server: WholeServer
    site: SmallSite
    session_id: str
    _nursery: trio.Nursery

    @property
    def session(self) -> LiveSession:
        session = self.server.services.registry.find(self.session_id)
        assert session is not None
        return session

    @asynccontextmanager
    async def client(self, client_id: str = "tab-1", *, viewer: bool = True, key: str = KEY) -> AsyncIterator[Client]:
        """Somebody comes."""
        async with self.server.frontend(self.session_id, client_id=client_id, key=key) as frontend:
            if not viewer:
                async with self._listening(Client(frontend, None)) as client:
                    yield client
            else:
                async with self.server.viewer(self.session_id, client_id=client_id, key=key) as rfb:
                    await rfb.shake_hands()
                    async with self._listening(Client(frontend, rfb)) as client:
                        self._nursery.start_soon(client.look)
                        yield client

    @asynccontextmanager
    async def helmsman(self) -> AsyncIterator[Client]:
        """Somebody comes, takes control, and clicks into the text field."""
        async with self.client() as client:
            await client.take_control()
            await self.focus_field(client)
            yield client

    async def focus_field(self, client: Client) -> None:
        async def focused() -> Any:
            await client.rfb(click(IN_THE_PAGE))
            return await self.in_page("document.hasFocus() && document.activeElement === field")

        await eventually(focused, seconds=20)

    async def until_loaded(self) -> None:
        async def loaded() -> bool:
            try:
                return bool(await self.in_page("document.readyState === 'complete' && location.href !== 'about:blank'"))
            except ExecutionFailed:
                return False  # between two documents

        await eventually(loaded, seconds=20)

    async def in_page(self, script: str) -> Any:
        """Evaluate a script in the page that is seen."""
        async with self.session.execution() as execute:
            return await execute.evaluate_js(script)

    async def text(self) -> str:
        """What is in the field."""
        return str(await self.in_page("field.value"))

    async def until_text(self, text: str) -> None:
        await self._until(self.text, text)

    async def select_all(self, client: Client, modifier: int = CONTROL) -> None:
        """Select by keyboard what is in the field."""
        await client.rfb(chord(modifier, "a"))
        everything = "field.value && field.selectionStart === 0 && field.selectionEnd === field.value.length"
        await eventually(lambda: self.in_page(everything), seconds=20)

    async def until_url(self, url: str) -> None:
        await self._until(self.url, url)

    async def url(self) -> str:
        async with self.session.execution() as execute:
            return await execute.url()

    async def log(self) -> list[str]:
        """What the page has seen since the last question."""
        return list(await self.in_page("log.splice(0)"))

    async def _until(self, look: Any, wanted: str) -> None:
        found = []

        async def same() -> bool:
            found[:] = [await look()]
            return found == [wanted]

        try:
            await eventually(same, seconds=20)
        except trio.TooSlowError:
            raise AssertionError(f"{found[0]!r} is not {wanted!r}") from None

    @asynccontextmanager
    async def _listening(self, client: Client) -> AsyncIterator[Client]:
        self._nursery.start_soon(client.listen)
        yield client


@asynccontextmanager
async def open_helm(settings: Settings) -> AsyncIterator[Helm]:
    """A server, a session, its browser at a page of the site, and a permission to go to the site."""
    with tempfile.TemporaryDirectory(prefix="ph-") as directory:
        async with open_small_site() as site:
            site.add("/deck", DECK)
            allowed = AllowedDestinations.parse([f"127.0.0.1:{site.port}", f"localhost:{site.port}"])
            settings = attrs.evolve(settings, navigation_allowlist=allowed)
            async with (
                open_whole_server("serve", settings, LocalBrowsers(Path(directory))) as server,
                trio.open_nursery() as nursery,
            ):
                session_id = await server.order(url=site.url("/deck"))

                async def running() -> bool:
                    session = await server.api("GET", f"/browser_sessions/{session_id}")
                    assert session["status"] not in ("failed", "timeout"), session
                    return bool(session["status"] == "running")

                await eventually(running, seconds=_CHROMIUM_SECONDS)
                helm = Helm(server, site, session_id, nursery)
                await helm.until_loaded()
                yield helm
                nursery.cancel_scope.cancel()
