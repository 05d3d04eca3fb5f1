"""What a frontend asks of the browser: each request in a task, each kind in its own row.

A slow request delays only those of its own kind, whose answers therefore keep their order. All that leaves the page is
one row, because two steps back are two only if the first is over; but whoever says where to go need not wait for a page
that does not come.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import attrs
import trio

from pilothouse.channels.execution import ExecutionFailed
from pilothouse.channels.live_session import LiveSession
from pilothouse.channels.remote_browser import RemoteBrowser
from pilothouse.protocol.clipboard_policy import ClipboardPolicy
from pilothouse.protocol.control import Viewer
from pilothouse.protocol.messages import (
    ActivateTab,
    BrowserUrl,
    ClearAllData,
    ClearCookies,
    ClearHistory,
    ClipboardCopy,
    ClipboardPaste,
    CloseTab,
    CopiedText,
    Error,
    FromFrontend,
    GetBrowserUrl,
    GoBack,
    GoForward,
    Navigate,
    Pasted,
    Reload,
    Screenshot,
    TakeScreenshot,
    ToFrontend,
)

REQUEST_SECONDS = 30.0
"""How long the browser may take for one request, even where its operation has no deadline of its own."""

_ROW = 16
"""Requests of one kind that may wait for each other."""


@attrs.frozen
class _Rule:
    """How a kind of request is carried out.

    Attributes:
        carry_out: with the browser, to the answer; None when there is none.
        holder_only: whether it is for the viewer who has control; reading is for everybody.
        leaves_page: whether it stands in the row of those that leave the page.
        allowed: whether the clipboard's policy lets it.
    """

    carry_out: Callable[[RemoteBrowser, Any], Awaitable[ToFrontend | None]]
    holder_only: bool = True
    leaves_page: bool = False
    allowed: Callable[[ClipboardPolicy], bool] = lambda _policy: True


async def _url(browser: RemoteBrowser, _request: GetBrowserUrl | Navigate) -> BrowserUrl:
    return BrowserUrl(await browser.execution.url())


async def _screenshot(browser: RemoteBrowser, _request: TakeScreenshot) -> Screenshot:
    picture, mime_type = await browser.execution.screenshot()
    return Screenshot(b64encode(picture).decode(), mime_type)


async def _copy(browser: RemoteBrowser, _request: ClipboardCopy) -> CopiedText:
    return CopiedText(await browser.execution.get_selected_text())


async def _paste(browser: RemoteBrowser, request: ClipboardPaste) -> Pasted:
    await browser.execution.paste_text(request.text)
    return Pasted(len(request.text), ok=True)


async def _navigate(browser: RemoteBrowser, request: Navigate) -> BrowserUrl:
    await browser.execution.navigate(request.url)
    return await _url(browser, request)


async def _back(browser: RemoteBrowser, _request: GoBack) -> None:
    await browser.execution.back()


async def _forward(browser: RemoteBrowser, _request: GoForward) -> None:
    await browser.execution.forward()


async def _reload(browser: RemoteBrowser, request: Reload) -> None:
    await browser.execution.reload(hard=request.hard)


async def _clear_cookies(browser: RemoteBrowser, _request: ClearCookies) -> None:
    await browser.execution.clear_cookies()


async def _clear_history(browser: RemoteBrowser, _request: ClearHistory) -> None:
    await browser.execution.clear_history()


async def _clear_all_data(browser: RemoteBrowser, _request: ClearAllData) -> None:
    await browser.execution.clear_all_data()


async def _activate(browser: RemoteBrowser, request: ActivateTab) -> None:
    await browser.execution.activate(request.id)


async def _close(browser: RemoteBrowser, request: CloseTab) -> None:
    await browser.execution.close(request.id)


RULES: dict[type[FromFrontend], _Rule] = {
    GetBrowserUrl: _Rule(_url, holder_only=False),
    TakeScreenshot: _Rule(_screenshot, holder_only=False),
    ClipboardCopy: _Rule(_copy, allowed=lambda policy: policy.copy),
    ClipboardPaste: _Rule(_paste, allowed=lambda policy: policy.paste),
    Navigate: _Rule(_navigate, leaves_page=True),
    GoBack: _Rule(_back, leaves_page=True),
    GoForward: _Rule(_forward, leaves_page=True),
    Reload: _Rule(_reload, leaves_page=True),
    ClearCookies: _Rule(_clear_cookies),
    ClearHistory: _Rule(_clear_history),
    ClearAllData: _Rule(_clear_all_data),
    ActivateTab: _Rule(_activate),
    CloseTab: _Rule(_close),
}


_Waiting = tuple[FromFrontend, int]
"""A request, and the epoch of control in which it came."""


def _not_in_control(request: FromFrontend) -> Error:
    return Error(request.kind, "you do not have control", "not_in_control")


class BrowserRequests:
    """Carries out the requests of one frontend.

    Args:
        session: whose browser it is.
        viewer: who asks.
        clipboard: which way clipboard text may go.
        answer: takes an answer to the frontend, and waits until there is room for it.
        nursery: owns the rows.
    """

    def __init__(
        self,
        session: LiveSession,
        viewer: Viewer,
        clipboard: ClipboardPolicy,
        answer: Callable[[ToFrontend], Awaitable[None]],
        nursery: trio.Nursery,
    ) -> None:
        self._session = session
        self._viewer = viewer
        self._clipboard = clipboard
        self._answer = answer
        self._nursery = nursery
        self._rows: dict[object, trio.MemorySendChannel[_Waiting]] = {}
        self._leaving = trio.CancelScope()
        self._acting: set[trio.CancelScope] = set()
        self._acted = trio.Event()

    def begin(self, request: FromFrontend) -> Error | None:
        """Put a request into its row; the error when it cannot be."""
        kind = type(request)
        rule = RULES[kind]
        if not rule.allowed(self._clipboard):
            return Error(request.kind, "the clipboard may not be used in this way", "not_allowed")
        row = "leaves page" if rule.leaves_page else kind
        if row not in self._rows:
            self._rows[row], waiting = trio.open_memory_channel[_Waiting](_ROW)
            self._nursery.start_soon(self._work_off, waiting)
        try:
            self._rows[row].send_nowait((request, self._session.control.control_epoch))
        except trio.WouldBlock:
            return Error(request.kind, "too many of these are waiting already", "busy")
        if kind is Navigate and self._session.holds_control(self._viewer):
            self._leaving.cancel()
        return None

    async def quiet(self) -> None:
        """Wait until nothing acts on the browser any more; what still does when this is cancelled, is cancelled."""
        try:
            while self._acting:
                await self._acted.wait()
        finally:
            for scope in self._acting:
                scope.cancel()

    async def _work_off(self, row: trio.MemoryReceiveChannel[_Waiting]) -> None:
        async for request, epoch in row:
            answer: ToFrontend | None = None
            rule = RULES[type(request)]
            if rule.holder_only:
                # It may have come right behind the request for control.
                await self._session.control_settled()
            with trio.CancelScope() as scope:
                if rule.leaves_page:
                    self._leaving = scope
                with self._under_way(scope) if rule.holder_only else nullcontext():
                    answer = await self._carried_out(rule, request, epoch)
            if scope.cancelled_caught:
                answer = (
                    Error(request.kind, "another navigation took its place", "failed")
                    if epoch == self._session.control.control_epoch
                    else _not_in_control(request)
                )
            if answer is not None:
                await self._answer(answer)
                self._note(answer)

    @contextmanager
    def _under_way(self, scope: trio.CancelScope) -> Iterator[None]:
        self._acting.add(scope)
        try:
            yield
        finally:
            self._acting.remove(scope)
            self._acted.set()
            self._acted = trio.Event()

    async def _carried_out(self, rule: _Rule, request: FromFrontend, epoch: int) -> ToFrontend | None:
        # Asked when its turn has come: control may have moved while it waited, and may have come back since.
        session = self._session
        if rule.holder_only:
            if not session.holds_control(self._viewer) or epoch != session.control.control_epoch:
                return _not_in_control(request)
            session.acted(self._viewer)
        try:
            with trio.fail_after(REQUEST_SECONDS):
                browser = await self._session.browser()
                if browser is None:
                    return Error(request.kind, "the DevTools of this browser are not in reach", "not_possible")
                return await rule.carry_out(browser, request)
        except trio.TooSlowError:
            return Error(request.kind, "the browser does not answer", "too_slow")
        except ExecutionFailed as error:
            return Error(request.kind, str(error), error.code)

    def _note(self, answer: ToFrontend) -> None:
        """Tell the application, after the frontend: it may write it down, which takes time."""
        match answer:
            case CopiedText(text=text):
                self._session.clipboard_used(self._viewer, "copy", len(text))
            case Pasted(characters=characters):
                self._session.clipboard_used(self._viewer, "paste", characters)
