"""Who is connected: an object that the application owns, never a module's global.

A `LiveSession` exists while somebody attends it: its channels, whoever runs its browser, a grace period. When the last
one leaves, nothing of it stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial

import trio

from pilothouse.channels.errors import ChannelEnded, ServerStopping
from pilothouse.channels.live_session import LiveSession, Surroundings
from pilothouse.channels.session_events import SessionEvent
from pilothouse.protocol.control import LeaseRules


class Registry:
    """The sessions that somebody attends. Made by `open_registry`."""

    def __init__(
        self,
        nursery: trio.Nursery,
        max_viewers: int,
        lease_rules: LeaseRules,
        on_event: Callable[[SessionEvent], None],
    ) -> None:
        self.max_viewers = max_viewers
        self.lease_rules = lease_rules
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

    def end_all(self, error: ChannelEnded) -> None:
        """End every session."""
        for session in list(self._sessions.values()):
            session.end(error)

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
            around = Surroundings(
                self._nursery,
                self.max_viewers,
                self.lease_rules,
                self.on_event,
                partial(self.hold, session_id),
                partial(self.release, session_id),
            )
            self._sessions[session_id] = LiveSession(session_id, around)
        return self._sessions[session_id]

    def release(self, session_id: str) -> None:
        """End to attend."""
        self._attendants[session_id] -= 1
        if not self._attendants[session_id]:
            del self._sessions[session_id], self._attendants[session_id]


@asynccontextmanager
async def open_registry(
    *,
    max_viewers: int = 50,
    lease_rules: LeaseRules = LeaseRules(),  # noqa: B008 (it is frozen)
    on_event: Callable[[SessionEvent], None] = lambda _: None,
) -> AsyncIterator[Registry]:
    """The owner of the live sessions and of their grace periods.

    Args:
        max_viewers: per session and kind of channel.
        lease_rules: what is to be chosen about control.
        on_event: called, without awaiting, with what one may want to write down.
    """
    async with trio.open_nursery() as nursery:
        registry = Registry(nursery, max_viewers, lease_rules, on_event)
        try:
            yield registry
        finally:
            registry.end_all(ServerStopping())
        nursery.cancel_scope.cancel()
