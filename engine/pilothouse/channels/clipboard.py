"""Copy, cut and paste for one viewer: between its frontend's clipboard and the page, by way of DevTools.

What is copied goes only to the frontend of the viewer who copied. What is pasted goes in where the page has the focus;
where the browser itself has it (address bar, find bar, a dialog), it is typed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Literal

import attrs
import trio

from pilothouse.channels.execution import ExecutionFailed, NoFocus
from pilothouse.channels.registry import Frontend, LiveSession
from pilothouse.channels.remote_browser import RemoteBrowser
from pilothouse.protocol.cdp_executor import CdpFailure
from pilothouse.protocol.clipboard_policy import ClipboardPolicy
from pilothouse.protocol.control import Viewer
from pilothouse.protocol.messages import AskForClipboard, ClipboardCopy, CopiedText, Error, Pasted

ANSWER_SECONDS = 5.0
"""How long a frontend may take to say what its clipboard holds."""

SELECTION_SECONDS = 2.0
"""How long a page may take to say what is selected. For a cut, input waits so long."""

LONGEST_TYPED = 10_000
"""Characters that are typed at most, because it takes time."""

_LOOK_AGAIN_AFTER = (0.02, 0.04, 0.08, 0.16)

_PACE_SECONDS = 1.0

TypeText = Callable[[str, Callable[[], Awaitable[object]]], Awaitable[None]]
"""Types a text, and awaits the second argument now and then, so that the browser can follow."""


async def selected_text(browser: RemoteBrowser, *, only_with_focus: bool) -> str:
    """What is selected in the page. The keys that select it take longer to the page than we do: it may not be yet.

    Args:
        browser: whose page it is.
        only_with_focus: whether the page must have the keyboard's focus.

    Raises:
        ExecutionFailed: the page does not say.
    """
    read = partial(browser.execution.get_selected_text, only_with_focus=only_with_focus, seconds=SELECTION_SECONDS)
    for pause in _LOOK_AGAIN_AFTER:
        text = await read()
        if text:
            return text
        await trio.sleep(pause)
    return await read()


@attrs.frozen
class Clipboard:
    """One viewer's.

    Attributes:
        session: whose browser it is.
        viewer: whose clipboard it is.
        policy: which way text may go.
    """

    session: LiveSession
    viewer: Viewer
    policy: ClipboardPolicy

    async def copy(self) -> None:
        """Give what is selected where the keyboard is to the frontend; outside of the page nothing can be read."""
        frontend, browser = self.session.frontend_of(self.viewer), await self.session.browser()
        if frontend is None or browser is None or not self.policy.copy:
            return
        try:
            # In the address bar it is not the page's selection that is meant.
            text = await selected_text(browser, only_with_focus=True)
        except ExecutionFailed as error:
            frontend.tell(Error(ClipboardCopy.kind, str(error), error.code))
        else:
            if text and self.session.holds_control(self.viewer):
                frontend.tell(CopiedText(text))
                await self._note("copy", text)

    async def paste(self, type_text: TypeText) -> bool:
        """Ask the frontend for its text, and put it where the focus is.

        Args:
            type_text: types where no page has the focus.

        Returns:
            Whether it is done, well or not; otherwise there is nobody to ask or no way in, and the chord is to pass.
        """
        frontend, browser = self.session.frontend_of(self.viewer), await self.session.browser()
        if frontend is None or browser is None or not self.policy.paste:
            return False
        text = await _asked(frontend)
        if text is not None:
            await self._put(text, frontend, browser, type_text)
        return True

    async def _put(self, text: str, frontend: Frontend, browser: RemoteBrowser, type_text: TypeText) -> None:
        if not self.session.holds_control(self.viewer):
            return  # it moved while the frontend was asked
        try:
            await browser.execution.paste_text(text, only_with_focus=True)
        except NoFocus as error:
            if len(text) > LONGEST_TYPED:
                _not_pasted(text, frontend, error)
                return
            await type_text(text, partial(_keep_pace, browser))
        except ExecutionFailed as error:
            _not_pasted(text, frontend, error)
            return
        frontend.tell(Pasted(len(text), ok=True))
        await self._note("paste", text)

    async def _note(self, direction: Literal["copy", "paste"], text: str) -> None:
        """Tell the application, after the frontend: it may write it down, which takes time."""
        await trio.lowlevel.checkpoint()
        self.session.clipboard_used(self.viewer, direction, len(text))


def _not_pasted(text: str, frontend: Frontend, error: ExecutionFailed) -> None:
    frontend.tell(Error(AskForClipboard.kind, str(error), error.code))
    frontend.tell(Pasted(len(text), ok=False))


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
