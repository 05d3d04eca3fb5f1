"""The way from a viewer to the VNC server: judged, and held up where a paste comes first."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import trio

from pilothouse.channels.blocked_input import BlockedInput
from pilothouse.channels.clipboard import LONGEST_TYPED, Clipboard
from pilothouse.channels.errors import BrowserGone, MalformedStream
from pilothouse.channels.execution import NoFocus
from pilothouse.channels.input_watch import Mark
from pilothouse.channels.live_session import LiveSession
from pilothouse.channels.transport import ByteTransport
from pilothouse.protocol.control import Viewer
from pilothouse.protocol.rfb.extended_clipboard import LARGEST_CLIPBOARD, PASTE_KEYS, clipboard_of
from pilothouse.protocol.rfb.input_policy import InputPolicy
from pilothouse.protocol.rfb.typed_text import typed
from pilothouse.protocol.rfb.viewer_input import HeldUp, Judged, ViewerInput

SYNCED_SECONDS = 2.0
"""So soon after a viewer has sent its clipboard by itself, a paste need not ask for it."""

_JUDGED_AT_ONCE = 16_384
"""Bytes. Judging takes up to a microsecond for each, and all other channels wait meanwhile."""

_RELEASE_SECONDS = 1.0

# Chromium fetches the display's clipboard in its own time, takes keys meanwhile, and tells nobody when it is done. It
# gets as much time as a person leaves between two keys, and more where it is slow.
_GLANCES, _GLANCE_SECONDS = 5, 0.05


class VncInput:
    """Carries one viewer's input.

    Args:
        viewer: whose input it is.
        policy: what the viewer may do while it holds control.
        clipboard: carries out copies, cuts and pastes.
        server: the VNC server.
        session: says who has control, and knows the browser.
        takes_clipboard: see `Upstream`.
    """

    def __init__(
        self,
        viewer: Viewer,
        policy: InputPolicy,
        clipboard: Clipboard,
        server: ByteTransport,
        session: LiveSession,
        *,
        takes_clipboard: bool = False,
    ) -> None:
        self._viewer = viewer
        self._clipboard = clipboard
        self._server = server
        self._session = session
        self._takes_clipboard = takes_clipboard
        self._input = ViewerInput(policy, assisted=True)
        self._blocked = BlockedInput(partial(session.input_blocked, viewer))
        self._releases = b""
        self._moved = trio.Event()
        self._chord = trio.CancelScope()
        self._to_copy = trio.Event()
        self._copied: Mark | None = None
        self._synced = -math.inf

    def control_changed(self) -> None:
        """Lifts what is held at this moment, and wakes the task that tells the VNC server.

        Not later: what the viewer presses from now on belongs to the new holder's time.
        """
        self._releases += self._input.release_all()
        self._chord.cancel()
        self._moved.set()

    async def run(self, early: bytes, receive: Callable[[], Awaitable[bytes]]) -> None:
        """Carry input until cancelled; then lift what is held.

        Args:
            early: what has arrived already.
            receive: waits for more.
        """
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._blocked.run)
                nursery.start_soon(self._let_go_when_control_moves)
                nursery.start_soon(self._copy)
                data = early
                while True:
                    await self._take(data, nursery)
                    data = await receive()
        finally:
            self._blocked.flush()
            self.control_changed()
            with trio.move_on_after(_RELEASE_SECONDS, shield=True), suppress(BrowserGone):
                await self._let_go()

    async def _take(self, data: bytes, nursery: trio.Nursery) -> None:
        for start in range(0, len(data), _JUDGED_AT_ONCE):
            if start:
                await trio.lowlevel.checkpoint()
            piece = data[start : start + _JUDGED_AT_ONCE]
            await self._act_on(self._input.receive(piece, in_control=self._in_control), nursery)

    async def _act_on(self, judged: Judged, nursery: trio.Nursery) -> None:
        if judged.blocked:
            self._blocked.note(judged.blocked)
        if judged.cut_text:
            self._synced = trio.current_time()
        if judged.gave_up:
            self._chord.cancel()
        if judged.held_up is not None:
            # Made here, so that a change of control cancels it from this moment on.
            self._chord = trio.CancelScope()
            nursery.start_soon(self._carry_out, judged.held_up, self._chord, nursery)
        if judged.copies and self._copied is None:
            self._copied = self._clipboard.mark()
        if forward := self._after_releases(judged.forward):
            await self._server.send_all(forward)
        if judged.copies:
            self._to_copy.set()
        if judged.violation is not None:
            raise MalformedStream(f"malformed RFB: {judged.violation}") from judged.violation

    async def _carry_out(self, held_up: HeldUp, scope: trio.CancelScope, nursery: trio.Nursery) -> None:
        """Paste; then the input goes on."""
        with scope:
            passes = True
            if trio.current_time() - self._synced > SYNCED_SECONDS:
                passes = not await self._clipboard.paste(self._server.send_all, self._put_elsewhere)
            await self._act_on(self._input.go_on(held_up, passes=passes, in_control=self._in_control), nursery)

    async def _copy(self) -> None:
        """One at a time: what was copied last is what counts, however often a key repeats itself meanwhile."""
        while True:
            await self._to_copy.wait()
            self._to_copy = trio.Event()
            mark, self._copied = self._copied, None
            if mark is not None:
                await self._clipboard.copy(mark, self._server.send_all)
            del mark  # it is watched for as long as somebody has it

    async def _put_elsewhere(self, text: str, pace: Callable[[], Awaitable[object]]) -> None:
        """Put a text where no page takes it: typed, or by way of the display's clipboard.

        Either without the modifiers of the chord that asked for it.
        """
        lift, press = self._input.around_typing()
        short = len(text) <= LONGEST_TYPED
        if short and (text.isascii() or not self._takes_clipboard):
            await self._server.send_all(lift)
            for keys in typed(text):
                await self._server.send_all(keys)
                await pace()
            await self._server.send_all(press)
        elif self._takes_clipboard and len(text.encode()) <= LARGEST_CLIPBOARD:
            await self._server.send_all(lift + clipboard_of(text) + PASTE_KEYS + press)
            for _ in range(_GLANCES):
                await trio.sleep(_GLANCE_SECONDS)
                await pace()
        else:
            raise NoFocus("the focus is not in the page, and the text is too long for where it is")

    @property
    def _in_control(self) -> bool:
        return self._session.holds_control(self._viewer)

    def _after_releases(self, data: bytes) -> bytes:
        """What was lifted before goes first, on the connection that pressed it."""
        if self._releases:
            data, self._releases = self._releases + data, b""
        return data

    async def _let_go_when_control_moves(self) -> None:
        while True:
            await self._moved.wait()
            self._moved = trio.Event()
            await self._let_go()

    async def _let_go(self) -> None:
        if self._releases:
            await self._server.send_all(self._after_releases(b""))
