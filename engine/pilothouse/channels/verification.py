"""Is the session, task or run behind a channel still valid?

It is asked once before a channel begins, and again and again while it goes on; see `watches.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import attrs
import trio

from pilothouse.channels.end_signal import EndSignal
from pilothouse.channels.errors import BrowserGone, ChannelEnded, NoLongerValid, NotFound, NotReady
from pilothouse.channels.watches import VerificationUnavailable, Watches
from pilothouse.protocol.verdict import Refused, Unknown, Valid, Verdict


@attrs.frozen
class Entity:
    """What a channel is opened for.

    Attributes:
        kind: `browser_session`, `task` or `workflow_run`.
        id: of the entity.
        organization_id: whose entity it has to be.
    """

    kind: str
    id: str
    organization_id: str


Verify = Callable[[Entity], Awaitable[Verdict]]
"""Looks an entity up; raises VerificationUnavailable when that cannot be done now."""


@attrs.frozen
class _Admitted:
    """An entity, and the browser session that it stood for at the time."""

    entity: Entity
    session_id: str

    def to(self, kind: str, entity_id: str) -> bool:
        return (self.entity.kind, self.entity.id) == (kind, entity_id)


class Verification:
    """The shared pollers. Made by `open_verification`, owned by the application."""

    def __init__(self, verify: Verify, nursery: trio.Nursery, period: float, max_failures: int) -> None:
        self._verify = verify
        self._period = period
        self._watches = Watches(self._look_again, nursery, period, max_failures)

    def __len__(self) -> int:
        """The number of entities that are being watched."""
        return len(self._watches)

    @asynccontextmanager
    async def admitted(self, entity: Entity, signal: EndSignal) -> AsyncIterator[str]:
        """Verify once, then keep watching until the context is left; yields the browser session's id.

        Args:
            entity: what the channel is for.
            signal: gets the error when the entity stops being valid.

        Raises:
            NotFound: there is no such entity.
            NoLongerValid: it is final, or its time is over.
            NotReady: it has no browser session yet, or it cannot be verified at the moment.
        """
        session_id = await self._first(entity)
        with self._watches.watching(_Admitted(entity, session_id), signal):
            yield session_id

    def notify(self, kind: str, entity_id: str) -> None:
        """The entity changed: look at it now, not at the end of the period."""
        self._watches.look_now(lambda admitted: admitted.to(kind, entity_id))

    def end(self, kind: str, entity_id: str, error: ChannelEnded) -> None:
        """End every channel of an entity, without a look-up."""
        self._watches.end(lambda admitted: admitted.to(kind, entity_id), error)

    async def _first(self, entity: Entity) -> str:
        verdict: Verdict | None = None
        with trio.move_on_after(self._period), suppress(VerificationUnavailable):
            verdict = await self._verify(entity)
        if verdict is None:
            raise NotReady("cannot be verified at the moment")
        if isinstance(verdict, Unknown):
            raise NotFound
        if isinstance(verdict, Refused):
            raise _refusal(verdict)
        if verdict.session_id is None:
            raise NotReady("there is no browser yet")
        return verdict.session_id

    async def _look_again(self, admitted: _Admitted) -> ChannelEnded | None:
        return _why_over(await self._verify(admitted.entity), admitted.session_id)


def _why_over(verdict: Verdict, session_id: str) -> ChannelEnded | None:
    if isinstance(verdict, Valid):
        if verdict.session_id is None:
            return NoLongerValid("its browser session does not exist any more")
        return None if verdict.session_id == session_id else BrowserGone("there is another browser now")
    return _refusal(verdict) if isinstance(verdict, Refused) else NoLongerValid("it does not exist any more")


def _refusal(verdict: Refused) -> NoLongerValid:
    return NoLongerValid(verdict.reason, timed_out=verdict.timed_out)


@asynccontextmanager
async def open_verification(
    verify: Verify, *, period: float = 5.0, max_failures: int = 3
) -> AsyncIterator[Verification]:
    """The owner of the pollers.

    Args:
        verify: looks an entity up.
        period: seconds between two look-ups; also the longest that one may take.
        max_failures: as many look-ups in a row must fail before the channels are ended.
    """
    async with trio.open_nursery() as nursery:
        yield Verification(verify, nursery, period, max_failures)
        nursery.cancel_scope.cancel()
