"""Who is connected: an object that the application owns, never a module's global.

A `LiveSession` exists while somebody attends it: its channels, whoever runs its browser, a grace period. When the last
one leaves, nothing of it stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Literal, Protocol

import attrs
import trio

from pilothouse.channels.end_signal import EndSignal
from pilothouse.channels.errors import ChannelEnded, Replaced, TooManyViewers
from pilothouse.channels.execution import Execution, NotPossible
from pilothouse.channels.remote_browser import RemoteBrowser
from pilothouse.channels.session_events import ClipboardUsed, InputBlocked, SessionEvent
from pilothouse.channels.takeovers import Takeovers
from pilothouse.channels.upstream import Upstream
from pilothouse.protocol.control import GRACE_SECONDS, ControlLease, ControlState, MayNotControl, Viewer
from pilothouse.protocol.messages import ToFrontend
from pilothouse.protocol.rfb.decisions import Drop

_NO_GRACE = (1000, 1001, 4401, 4404, 4410)
"""Close codes after which nobody comes back: a clean good-bye, or nothing to come back to."""


@attrs.define(eq=False)
class Member:
    """One channel in a session. Compared by identity, so that a late leaver never evicts its successor.

    Attributes:
        kind: `vnc` or `messages`; one viewer has at most one of each.
        viewer: whose channel it is.
        signal: ends the channel.
        control_changed: called, without awaiting, whenever control has moved.
    """

    kind: str
    viewer: Viewer
    signal: EndSignal
    control_changed: Callable[[], None]


class Frontend(Protocol):
    """A viewer's message channel, as its other channels know it."""

    def tell(self, message: ToFrontend) -> None:
        """Send a message; one that does not read what it is sent is let go."""

    async def clipboard(self) -> str:
        """Ask what the frontend's clipboard holds; waits as long as it takes."""
        ...


class LiveSession:
    """What connected viewers of one browser session share: the lease, each other, the way to the browser.

    Attributes:
        session_id: of the browser session.
        takeovers: requests for help.
    """

    def __init__(self, session_id: str, nursery: trio.Nursery, registry: Registry) -> None:
        self.session_id = session_id
        self.takeovers = Takeovers(self, nursery, registry.on_event)
        self._nursery = nursery
        self._registry = registry
        self._lease = ControlLease(registry.grace_seconds)
        self._members: dict[tuple[str, Viewer], Member] = {}
        self._upstream: Upstream | None = None
        self._browser: RemoteBrowser | None = None
        self._browser_known = trio.Event()
        self._frontends: dict[Viewer, Frontend] = {}
        self._grace = trio.CancelScope()
        self._over: ChannelEnded | None = None

    @property
    def control(self) -> ControlState:
        """Who has control."""
        return self._lease.state

    def holds_control(self, viewer: Viewer) -> bool:
        """Whether this viewer has control at this moment."""
        return self._lease.holder == viewer

    def take_control(self, viewer: Viewer) -> ControlState:
        """Give control to this viewer; everybody is told when it moved.

        Raises:
            MayNotControl: its credential does not let it.
        """
        if viewer.scope != "control":
            raise MayNotControl
        if self._lease.take(viewer):
            self._control_moved()
        return self.control

    def cede_control(self, viewer: Viewer, note: str = "") -> ControlState:
        """Give control back to the agent; everybody is told.

        Args:
            viewer: who gives it back.
            note: for an agent that had asked for help.

        Raises:
            NotInControl: it is not this viewer who holds it.
        """
        if self._lease.cede(viewer):
            self.takeovers.control_moved(self.control, given_back=True, note=note)
            self._control_moved()
        return self.control

    def input_blocked(self, viewer: Viewer, what: Drop, count: int) -> None:
        """Tell the application that input of this viewer did not pass."""
        self._registry.on_event(InputBlocked(self.session_id, viewer, what, count))

    def clipboard_used(self, viewer: Viewer, direction: Literal["copy", "paste"], characters: int) -> None:
        """Tell the application that text went between this viewer's clipboard and the browser."""
        self._registry.on_event(ClipboardUsed(self.session_id, viewer, direction, characters))

    def join(self, member: Member) -> None:
        """Enter a channel; an older one of the same kind and viewer is ended.

        Raises:
            TooManyViewers: the session is full.
        """
        key = (member.kind, member.viewer)
        older = self._members.get(key)
        if older is not None:
            older.signal.send(Replaced())
        elif sum(kind == member.kind for kind, _ in self._members) >= self._registry.max_viewers:
            raise TooManyViewers
        self._members[key] = member
        if self._over is not None:
            member.signal.send(self._over)
        self._lease.come_back(member.viewer)
        if self._lease.grace_ends is None:
            self._grace.cancel()

    def leave(self, member: Member, close_code: int) -> None:
        """Take a channel out. When it was its viewer's last one, the viewer's lease ends or goes into grace.

        Args:
            member: as it joined.
            close_code: how it ended.
        """
        key = (member.kind, member.viewer)
        if self._members.get(key) is not member:
            return
        del self._members[key]
        if not self.holds_control(member.viewer) or any(viewer == member.viewer for _, viewer in self._members):
            return
        if close_code in _NO_GRACE or self._over:
            self.cede_control(member.viewer)
        else:
            self._lease.break_off(member.viewer, trio.current_time())
            self._grace = trio.CancelScope()
            self._registry.hold(self.session_id)
            self._nursery.start_soon(self._wait_out_grace, self._grace)

    def end(self, error: ChannelEnded) -> None:
        """End every channel of the session, for good."""
        self._over = error
        self._browser_known.set()
        self._grace.cancel()
        self.takeovers.session_over()
        for member in self._members.values():
            member.signal.send(error)

    def set_upstream(self, upstream: Upstream | None, browser: RemoteBrowser | None = None) -> None:
        """The browser is there.

        Args:
            upstream: its VNC server, if it has one.
            browser: its DevTools, if they are in reach.
        """
        self._upstream = upstream
        self._browser = browser
        self._browser_known.set()

    async def upstream(self) -> Upstream | None:
        """Where the VNC server is; waits for `set_upstream`.

        Raises:
            ChannelEnded: what ended the session.
        """
        await self._until_browser_known()
        return self._upstream

    async def browser(self) -> RemoteBrowser | None:
        """The browser, if its DevTools are in reach; waits for `set_upstream`.

        Raises:
            ChannelEnded: what ended the session.
        """
        await self._until_browser_known()
        return self._browser

    @asynccontextmanager
    async def execution(self) -> AsyncIterator[Execution]:
        """Operations on the page that is seen: `async with session.execution() as execute:`. Waits for `set_upstream`.

        Raises:
            NotPossible: the browser's DevTools are not in reach.
            ChannelEnded: what ended the session.
        """
        browser = await self.browser()
        if browser is None:
            raise NotPossible("the DevTools of this session's browser are not in reach")
        yield browser.execution

    @contextmanager
    def reachable(self, viewer: Viewer, frontend: Frontend) -> Iterator[None]:
        """Make a viewer's frontend known to its other channels, while the context lasts."""
        self._frontends[viewer] = frontend
        try:
            yield
        finally:
            if self._frontends.get(viewer) is frontend:
                del self._frontends[viewer]

    def frontend_of(self, viewer: Viewer) -> Frontend | None:
        """How to reach a viewer's frontend, if it has a message channel open."""
        return self._frontends.get(viewer)

    def tell_frontends(self, message: ToFrontend) -> None:
        """Send a message to every viewer that has a message channel open."""
        for frontend in list(self._frontends.values()):
            frontend.tell(message)

    def hold(self) -> None:
        """Begin to attend; for those whose end is not the end of a block. Needs one `release`."""
        self._registry.hold(self.session_id)

    def release(self) -> None:
        """End to attend."""
        self._registry.release(self.session_id)

    async def _until_browser_known(self) -> None:
        await self._browser_known.wait()
        if self._over is not None:
            raise self._over

    async def _wait_out_grace(self, scope: trio.CancelScope) -> None:
        try:
            with scope:
                await trio.sleep(self._registry.grace_seconds)
                if self._lease.expire(trio.current_time()):
                    self._control_moved()
        finally:
            self._registry.release(self.session_id)

    def _control_moved(self) -> None:
        self._grace.cancel()
        self.takeovers.control_moved(self.control)
        for member in list(self._members.values()):
            member.control_changed()


class Registry:
    """The sessions that somebody attends. Made by `open_registry`."""

    def __init__(
        self,
        nursery: trio.Nursery,
        max_viewers: int,
        grace_seconds: float,
        on_event: Callable[[SessionEvent], None],
    ) -> None:
        self.max_viewers = max_viewers
        self.grace_seconds = grace_seconds
        self.on_event = on_event
        self._nursery = nursery
        self._sessions: dict[str, LiveSession] = {}
        self._attendants: Counter[str] = Counter()

    def __len__(self) -> int:
        """The number of sessions that somebody attends."""
        return len(self._sessions)

    def find(self, session_id: str) -> LiveSession | None:
        """A session that somebody attends."""
        return self._sessions.get(session_id)

    @contextmanager
    def attend(self, session_id: str) -> Iterator[LiveSession]:
        """Keep a session alive until the context is left."""
        session = self.hold(session_id)
        try:
            yield session
        finally:
            self.release(session_id)

    def hold(self, session_id: str) -> LiveSession:
        """Begin to attend; for those whose end is not the end of a block. Needs one `release`."""
        self._attendants[session_id] += 1
        if session_id not in self._sessions:
            self._sessions[session_id] = LiveSession(session_id, self._nursery, self)
        return self._sessions[session_id]

    def release(self, session_id: str) -> None:
        """End to attend."""
        self._attendants[session_id] -= 1
        if not self._attendants[session_id]:
            del self._sessions[session_id], self._attendants[session_id]


@asynccontextmanager
async def open_registry(
    *,
    max_viewers: int = 32,
    grace_seconds: float = GRACE_SECONDS,
    on_event: Callable[[SessionEvent], None] = lambda _: None,
) -> AsyncIterator[Registry]:
    """The owner of the live sessions and of their grace periods.

    Args:
        max_viewers: per session and kind of channel.
        grace_seconds: how long a holder of control may be away.
        on_event: called, without awaiting, with what one may want to write down.
    """
    async with trio.open_nursery() as nursery:
        yield Registry(nursery, max_viewers, grace_seconds, on_event)
        nursery.cancel_scope.cancel()
