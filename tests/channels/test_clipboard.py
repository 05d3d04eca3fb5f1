"""What a browser cannot show of the clipboard: who is not asked, who is not told, and how often a page is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import trio
from channel_world import ALICE, BOB, SESSION_ID, open_world
from headless_chromium import headless_chromium
from rfb_viewer import CONTROL, key
from trio.testing import wait_all_tasks_blocked

from pilothouse.channels.clipboard import Clipboard
from pilothouse.channels.input_watch import Mark
from pilothouse.channels.live_session import LiveSession
from pilothouse.channels.remote_browser import RemoteBrowser
from pilothouse.channels.vnc_input import VncInput
from pilothouse.protocol.clipboard_policy import BOTH, ClipboardPolicy
from pilothouse.protocol.messages import CopiedText, ToFrontend
from pilothouse.protocol.rfb.input_policy import GUARDED

SELECTED = """() => {
  document.body.innerHTML = "<textarea>plank</textarea>"
  document.querySelector("textarea").select()
}"""
COPY = key(ord("c")) + key(ord("c"), down=False)


@attrs.define
class RecordingFrontend:
    """A frontend whose clipboard holds `ahoy`."""

    told: list[ToFrontend] = attrs.field(factory=list)
    asked: int = 0

    def tell(self, message: ToFrontend) -> None:
        self.told.append(message)

    async def clipboard(self) -> str:
        await trio.lowlevel.checkpoint()
        self.asked += 1
        return "ahoy"


@asynccontextmanager
async def open_session() -> AsyncIterator[tuple[LiveSession, RecordingFrontend]]:
    """Alice has control of a browser whose page has something selected."""
    with headless_chromium() as devtools:

        async def find() -> str:
            await trio.lowlevel.checkpoint()
            return devtools

        browser, frontend = RemoteBrowser(find), RecordingFrontend()
        async with open_world() as world, trio.open_nursery() as nursery:
            nursery.start_soon(browser.link.run)
            with world.registry.attend(SESSION_ID) as session, session.reachable(ALICE, frontend):
                session.set_upstream(None, browser)
                await session.take_control(ALICE)
                page = await browser.link.active_page()
                await page.execute("Emulation.setFocusEmulationEnabled", {"enabled": True})
                await browser.execution.evaluate_js(SELECTED)
                yield session, frontend
            nursery.cancel_scope.cancel()


async def test_where_text_may_not_go_nobody_is_asked_or_told() -> None:
    async with open_session() as (session, frontend):
        one_way = Clipboard(session, ALICE, ClipboardPolicy(copy=False, paste=False), await session.browser())
        await one_way.copy(_mark(one_way), _not_sent)
        assert not await one_way.paste(_not_sent, _not_put), "whether the chord passes is the input policy's business"
        assert (frontend.asked, frontend.told) == (0, [])


async def test_who_has_lost_control_is_told_nothing() -> None:
    async with open_session() as (session, frontend):
        clipboard = Clipboard(session, ALICE, BOTH, await session.browser())
        await clipboard.copy(_mark(clipboard), _sent_nowhere)
        assert frontend.told == [CopiedText("plank")]
        await session.take_control(BOB)
        await clipboard.copy(_mark(clipboard), _not_sent)
        assert await clipboard.paste(_sent_nowhere, _not_put)
        assert frontend.told == [CopiedText("plank")]


def _mark(clipboard: Clipboard) -> Mark:
    mark = clipboard.mark()
    assert mark is not None
    return mark


async def _sent_nowhere(keys: bytes) -> None:
    """To a VNC server that does not know the keys of marks."""
    await trio.lowlevel.checkpoint()


async def _not_sent(keys: bytes) -> None:
    raise AssertionError(keys)


async def _not_put(text: str, _pace: object) -> None:
    raise AssertionError(text)


class SlowPage:
    """In the place of a clipboard: what it copies takes its time."""

    def __init__(self) -> None:
        self.copies = 0
        self.answer = trio.Event()

    def mark(self) -> Mark:
        return Mark("F24")

    async def copy(self, mark: Mark, send: object) -> None:
        self.copies += 1
        await self.answer.wait()


class Sink:
    """A VNC server that reads."""

    async def send_all(self, data: bytes) -> None:
        await trio.lowlevel.checkpoint()


async def test_a_copy_that_repeats_itself_is_read_once_more() -> None:
    page = SlowPage()
    send, receive = trio.open_memory_channel[bytes](10)
    async with open_world() as world, trio.open_nursery() as nursery:
        with world.registry.attend(SESSION_ID) as session:
            await session.take_control(ALICE)
            way = VncInput(ALICE, GUARDED, page, Sink(), session)
            nursery.start_soon(way.run, key(CONTROL) + COPY * 100, receive.receive)
            for _ in range(3):
                await send.send(COPY)
            await wait_all_tasks_blocked()
            assert page.copies == 1
            page.answer.set()
            await wait_all_tasks_blocked()
            assert page.copies == 2
            nursery.cancel_scope.cancel()
