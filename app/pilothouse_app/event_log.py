"""The audit trail: from what happens to a row in the store, and to those who follow it.

`record` only puts an event into a buffer; one task writes what is there, in batches, as fast as the store takes them.
Whoever follows a session reads rows from the store and is woken by the next ones: what is live and what is past are one
sequence, so nobody misses an event between them or sees one twice.

While the store does not answer, events wait. Of expendable ones a few thousand may, and there is a limit to all of
them; beyond it they are counted, and the count takes their place in the trail.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta

import attrs
import orjson
import structlog
import trio

from pilothouse.channels.session_events import EventsLeftOut, SessionEvent
from pilothouse_app.store import StoreError, StoreUnavailable
from pilothouse_app.store.entities import utc_now
from pilothouse_app.store.events import Events, NewEvent, StoredEvent

MOST_EXPENDABLE = 2_000
"""Events that may wait before expendable ones are left out."""

MOST_WAITING = 20_000
"""Events that may wait at all, about 10 MB of them."""

BATCH = 200
PAGE = 200
PORTION = 500
"""Rows that are written, read and thrown away in one go, so that nobody else waits long for the store."""

RETRY_SECONDS = 0.5
PRUNE_SECONDS = 3600.0
PAUSE_SECONDS = 0.05
LAST_WORDS_SECONDS = 2.0

_log = structlog.get_logger(__name__)


@attrs.define(eq=False)
class Follower:
    """Reads a session's events, past ones and those to come.

    Attributes:
        session_id: whose.
        after: the `seq` behind which it reads; whoever reads puts it forward. None is what happens from now on.
    """

    _events: Events
    session_id: str
    after: int | None
    _news: trio.Event = attrs.field(factory=trio.Event, init=False)

    async def read(self) -> list[StoredEvent]:
        """The events behind `after`, some of them, at least one; waits for it.

        Raises:
            StoreUnavailable: the store did not answer in time.
        """
        while True:
            self._news = trio.Event()
            if self.after is None:
                self.after = await self._events.last_seq(self.session_id)
            found = await self._events.page(self.session_id, after=self.after, limit=PAGE)
            if found:
                return found
            await self._news.wait()

    def wake(self) -> None:
        """There is something to read."""
        self._news.set()


class EventLog:
    """Takes events, writes them down, and wakes those who follow. Made by `open_event_log`.

    Args:
        events: where they are written.
    """

    def __init__(self, events: Events) -> None:
        self._events = events
        self._waiting: deque[tuple[datetime, SessionEvent]] = deque()
        self._batch: list[NewEvent] = []
        self._left_out: dict[str, Counter[str]] = {}
        self._something = trio.Event()
        self._followers: dict[str, set[Follower]] = {}

    def __len__(self) -> int:
        """The number of events that are not written yet."""
        return len(self._waiting) + len(self._batch)

    def record(self, event: SessionEvent) -> None:
        """Have an event written down, with this moment as its time. Never waits."""
        if len(self._waiting) < (MOST_EXPENDABLE if event.expendable else MOST_WAITING):
            self._waiting.append((utc_now(), event))
        else:
            self._leave_out(event)
        self._something.set()

    @contextmanager
    def follow(self, session_id: str, *, after: int | None) -> Iterator[Follower]:
        """Read a session's events while the context lasts.

        Args:
            session_id: whose.
            after: the `seq` behind which to begin; None begins with what happens from now on.
        """
        follower = Follower(self._events, session_id, after)
        self._followers.setdefault(session_id, set()).add(follower)
        try:
            yield follower
        finally:
            self._followers[session_id].discard(follower)
            if not self._followers[session_id]:
                del self._followers[session_id]

    async def run(self) -> None:
        """Write whatever comes."""
        while True:
            await self._something.wait()
            self._something = trio.Event()
            await self.write_waiting()

    async def write_waiting(self) -> None:
        """Write what waits, however long the store takes to answer. When cancelled, the rest goes on waiting."""
        while len(self):
            # What is taken is turned into rows once, and stays at hand until it is on disk.
            if not self._batch:
                self._batch = [self._row(*self._waiting.popleft()) for _ in range(min(BATCH, len(self._waiting)))]
            await self._append(self._batch)
            written, self._batch = self._batch, []
            for session_id in {row.browser_session_id for row in written}:
                for follower in self._followers.get(session_id, ()):
                    follower.wake()

    def _leave_out(self, event: SessionEvent) -> None:
        if event.session_id not in self._left_out:
            self._left_out[event.session_id] = Counter()
            counted = EventsLeftOut(event.session_id, self._left_out[event.session_id])
            self._waiting.append((utc_now(), counted))
        self._left_out[event.session_id][event.kind] += 1

    def _row(self, at: datetime, event: SessionEvent) -> NewEvent:
        if isinstance(event, EventsLeftOut):
            del self._left_out[event.session_id]
            _log.error("events were left out", browser_session=event.session_id, **event.data())
        try:
            data = orjson.dumps(event.data()).decode()
        except Exception:  # noqa: BLE001 (a bug in one kind of event must not end the trail of all)
            _log.exception("an event cannot be written as JSON", browser_session=event.session_id, kind=event.kind)
            data = "{}"
        return NewEvent(event.session_id, at, event.kind, data)

    async def _append(self, rows: list[NewEvent]) -> None:
        failing = False
        while True:
            try:
                await self._events.append(rows)
            except StoreUnavailable as error:
                if not failing:
                    _log.warning("the store takes no events; they wait", error=str(error))
                failing = True
            else:
                if failing:
                    _log.info("the store takes events again", waiting=len(self))
                return
            await trio.sleep(RETRY_SECONDS)


async def _prune(events: Events, retention: timedelta) -> None:
    """Throw old events away, a portion at a time."""
    while True:
        pause = PRUNE_SECONDS
        try:
            if await events.prune(before=utc_now() - retention, limit=PORTION) == PORTION:
                pause = PAUSE_SECONDS
        except StoreError as error:
            _log.warning("old events cannot be thrown away now", error=str(error))
        await trio.sleep(pause)


@asynccontextmanager
async def open_event_log(events: Events, retention: timedelta) -> AsyncIterator[EventLog]:
    """The owner of the tasks that write events and throw old ones away. On leaving, what waits is written.

    Args:
        events: where they are written.
        retention: how old they get, at least.
    """
    log = EventLog(events)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(log.run)
            nursery.start_soon(_prune, events, retention)
            yield log
            nursery.cancel_scope.cancel()
    finally:
        with trio.move_on_after(LAST_WORDS_SECONDS, shield=True):
            await log.write_waiting()
        if len(log):
            _log.error("the store took no events; they are lost", count=len(log))
