"""Copy, cut and paste for one viewer: between its frontend's clipboard and the page, by way of DevTools.

What is copied goes only to the frontend of the viewer who copied. What is pasted goes in where the page has the focus;
where the browser itself has it (address bar, find bar, a dialog), it goes in by way of the VNC server.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Literal

import attrs
import trio

from pilothouse.channels.execution import ExecutionFailed, NoFocus, TextTooLarge
from pilothouse.channels.input_watch import Mark
from pilothouse.channels.live_session import Frontend, LiveSession
from pilothouse.channels.remote_browser import RemoteBrowser
from pilothouse.protocol.cdp_executor import CdpFailure
from pilothouse.protocol.clipboard_policy import ClipboardPolicy
from pilothouse.protocol.control import Viewer
from pilothouse.protocol.messages import AskForClipboard, ClipboardCopy, CopiedText, Error, Pasted

ANSWER_SECONDS = 5.0
"""How long a frontend may take to say what its clipboard holds."""

ARRIVAL_SECONDS = 1.0
"""How long the keys before a chord may take to the page. After a longer time it is as if they had arrived."""

SELECTION_SECONDS = 2.0
"""How long a page may take to say what is selected."""

LONGEST_TYPED = 10_000
"""Characters that are typed at most, because it takes time."""

_GLANCE_SECONDS = 0.1
_PACE_SECONDS = 1.0

Send = Callable[[bytes], Awaitable[None]]
"""Sends messages to the VNC server, behind all that it was sent before."""

PutElsewhere = Callable[[str, Callable[[], Awaitable[object]]], Awaitable[None]]
"""Puts a text where no page has the focus.

Awaits the second argument now and then, so that the browser can follow. Raises `ExecutionFailed` when it cannot be put.
"""


@attrs.frozen
class Clipboard:
    """One viewer's.

    Attributes:
        session: whose browser it is.
        viewer: whose clipboard it is.
        policy: which way text may go.
        browser: the session's, if its DevTools are in reach.
    """

    session: LiveSession
    viewer: Viewer
    policy: ClipboardPolicy
    browser: RemoteBrowser | None

    def mark(self) -> Mark | None:
        """What `copy` needs, to be had before a chord is sent: from then on it is noted what the page copies."""
        return self.browser.input.mark() if self.browser is not None else None

    async def copy(self, mark: Mark, send: Send) -> None:
        """Give what was copied or cut to the frontend; of what is not in a page nothing is known.

        Args:
            mark: had before the chord was sent.
            send: the chord has gone this way.
        """
        frontend, browser = self.session.frontend_of(self.viewer), self.browser
        in_control = self.session.holds_control(self.viewer)
        if frontend is None or browser is None or not self.policy.copy or not in_control:
            return
        try:
            await send(mark.keys)
            text = await _copied(mark, browser)
        except ExecutionFailed as error:
            frontend.tell(Error(ClipboardCopy.kind, str(error), error.code))
        else:
            if text and self.session.holds_control(self.viewer):
                frontend.tell(CopiedText(text))
                await self._note("copy", text)

    async def paste(self, send: Send, put_elsewhere: PutElsewhere) -> bool:
        """Ask the frontend for its text, and put it where the focus is.

        Args:
            send: what was typed before has gone this way.
            put_elsewhere: where no page has the focus.

        Returns:
            Whether it is done, well or not; otherwise there is nobody to ask or no way in, and the chord is to pass.
        """
        frontend, browser = self.session.frontend_of(self.viewer), self.browser
        if frontend is None or browser is None or not self.policy.paste:
            return False
        mark = browser.input.mark()
        await send(mark.keys)
        await _arrives(mark, browser)
        text = await _asked(frontend)
        if text is not None:
            await self._put(text, frontend, browser, put_elsewhere)
        return True

    async def _put(self, text: str, frontend: Frontend, browser: RemoteBrowser, put_elsewhere: PutElsewhere) -> None:
        if not self.session.holds_control(self.viewer):
            return  # it moved while the frontend was asked
        try:
            try:
                await browser.execution.paste_text(text, only_with_focus=True)
            except NoFocus:
                await put_elsewhere(text, partial(_keep_pace, browser))
        except ExecutionFailed as error:
            frontend.tell(Error(AskForClipboard.kind, str(error), error.code))
            frontend.tell(Pasted(len(text), ok=False))
        else:
            frontend.tell(Pasted(len(text), ok=True))
            await self._note("paste", text)

    async def _note(self, direction: Literal["copy", "paste"], text: str) -> None:
        """Tell the application, after the frontend: it may write it down, which takes time."""
        await trio.lowlevel.checkpoint()
        self.session.clipboard_used(self.viewer, direction, len(text))


async def _copied(mark: Mark, browser: RemoteBrowser) -> str:
    """What the page has copied before it saw the mark; empty if nothing."""
    arrived = await _arrives(mark, browser)
    if mark.copied is None and not (arrived and mark.knows_of_copies):
        # In the address bar it is not the page's selection that is meant.
        return await browser.execution.get_selected_text(only_with_focus=True, seconds=SELECTION_SECONDS)
    if isinstance(mark.copied, int):
        raise TextTooLarge
    return mark.copied or ""


async def _arrives(mark: Mark, browser: RemoteBrowser) -> bool:
    """Wait until a page has seen a mark; not when the focus is in no page, and not for ever."""
    with trio.move_on_after(ARRIVAL_SECONDS), suppress(ExecutionFailed):
        while True:
            with trio.move_on_after(_GLANCE_SECONDS):
                await mark.seen.wait()
            if mark.seen.is_set():
                return True
            if not await browser.execution.page_has_focus(seconds=ARRIVAL_SECONDS):
                return False
    return False


async def _keep_pace(browser: RemoteBrowser) -> None:
    """Wait until the browser's own windows have time, in which typed keys are worked off, too."""
    with trio.move_on_after(_PACE_SECONDS), suppress(CdpFailure):
        await browser.link.execute("Browser.getVersion")


async def _asked(frontend: Frontend) -> str | None:
    """What the frontend's clipboard holds; None when it did not say so in time."""
    with trio.move_on_after(ANSWER_SECONDS):
        return await frontend.clipboard()
    frontend.tell(Error(AskForClipboard.kind, "the clipboard was asked for, and no answer came", "clipboard_timeout"))
    return None
