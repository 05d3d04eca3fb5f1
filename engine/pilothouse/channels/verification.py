"""Is the session, task or run behind a channel still valid?

All channels of one entity share one poller, so a thousand viewers of a hundred sessions cost a hundred look-ups per
period. A poller lives as long as somebody is admitted. What it finds ends the channels by raising in their nurseries.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import attrs
import trio

from pilothouse.channels.end_signal import EndSignal
from pilothouse.channels.errors import BrowserGone, ChannelEnded, NoLongerValid, NotFound, NotReady
from pilothouse.protocol.verdict import Refused, Unknown, Valid, Verdict

_log = logging.getLogger(__name__)


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


class VerificationUnavailable(Exception):
    """The verifier cannot tell at the moment. This is not a refusal."""


Verify = Callable[[Entity], Awaitable[Verdict]]
"""Looks an entity up; raises VerificationUnavailable when that cannot be done now."""


class _Watch:
    """One entity's poller: whom it ends, and what they were admitted to."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.signals: set[EndSignal] = set()
        self.changed = trio.Event()
        self.changed.set()  # perhaps during the first look, when nobody watched yet
        self.scope = trio.CancelScope()

    def end(self, error: ChannelEnded) -> None:
        for signal in self.signals:
            signal.send(error)


class Verification:
    """The shared pollers. Made by `open_verification`, owned by the application."""

    def __init__(self, verify: Verify, nursery: trio.Nursery, period: float, max_failures: int) -> None:
        self._verify = verify
        self._nursery = nursery
        self._period = period
        self._max_failures = max_failures
        self._watches: dict[Entity, _Watch] = {}

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
        watch = self._watches.get(entity)
        if watch is None or watch.session_id != session_id:
            watch = self._watches[entity] = _Watch(session_id)
            self._nursery.start_soon(self._poll, entity, watch)
        watch.signals.add(signal)
        try:
            yield session_id
        finally:
            watch.signals.discard(signal)
            if not watch.signals:
                watch.scope.cancel()
                self._forget(entity, watch)

    def notify(self, kind: str, entity_id: str) -> None:
        """The entity changed: look at it now, not at the end of the period."""
        for entity, watch in self._watches.items():
            if (entity.kind, entity.id) == (kind, entity_id):
                watch.changed.set()

    def end(self, kind: str, entity_id: str, error: ChannelEnded) -> None:
        """End every channel of an entity, without a look-up."""
        for entity, watch in self._watches.items():
            if (entity.kind, entity.id) == (kind, entity_id):
                watch.end(error)

    async def _first(self, entity: Entity) -> str:
        verdict = await self._ask(entity)
        if verdict is None:
            raise NotReady("cannot be verified at the moment")
        if isinstance(verdict, Unknown):
            raise NotFound
        if isinstance(verdict, Refused):
            raise _refusal(verdict)
        if verdict.session_id is None:
            raise NotReady("there is no browser yet")
        return verdict.session_id

    async def _poll(self, entity: Entity, watch: _Watch) -> None:
        failures = 0
        error: ChannelEnded | None = None
        with watch.scope:
            while error is None:
                with trio.move_on_after(self._period):
                    await watch.changed.wait()
                watch.changed = trio.Event()
                verdict = await self._ask_again(entity)
                if verdict is not None:
                    failures = 0
                    error = _why_over(verdict, watch.session_id)
                elif (failures := failures + 1) >= self._max_failures:
                    error = NoLongerValid("could not be verified")
            self._forget(entity, watch)
            watch.end(error)

    async def _ask_again(self, entity: Entity) -> Verdict | None:
        try:
            return await self._ask(entity)
        except Exception:  # noqa: BLE001 (a bug met with one entity must not end the pollers of all)
            _log.exception("the verifier failed for %s %s", entity.kind, entity.id)
            return None

    async def _ask(self, entity: Entity) -> Verdict | None:
        """The verdict; None when there is none within one period."""
        with trio.move_on_after(self._period):
            try:
                return await self._verify(entity)
            except VerificationUnavailable:
                return None
        return None

    def _forget(self, entity: Entity, watch: _Watch) -> None:
        if self._watches.get(entity) is watch:
            del self._watches[entity]


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
