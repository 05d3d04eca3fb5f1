"""The audit trail: what is recorded is written, in its order, and those who follow see all of it once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, cast

import attrs
import pytest
import trio
from eventually import eventually
from hypothesis import given, settings
from hypothesis import strategies as st
from store_lock import locked_by_another_process
from structlog.testing import capture_logs
from trio.testing import MockClock, wait_all_tasks_blocked

from pilothouse.channels.session_events import ControlChanged, InputBlocked, SessionEvent
from pilothouse.protocol.control import Viewer
from pilothouse.protocol.rfb.decisions import Drop, Kind, Reason
from pilothouse_app.event_log import (
    MOST_EXPENDABLE,
    MOST_WAITING,
    PORTION,
    PRUNE_SECONDS,
    EventLog,
    Follower,
    open_event_log,
)
from pilothouse_app.store import Store, open_store
from pilothouse_app.store.entities import utc_now
from pilothouse_app.store.events import Events, NewEvent, StoredEvent

ALICE = Viewer("key_1", "tab-1")
MONTH = timedelta(days=30)


def control(epoch: int, session_id: str = "pbs_1") -> ControlChanged:
    return ControlChanged(session_id, "agent", "ai_control", None, epoch, "ceded")


def blocked(count: int = 1, session_id: str = "pbs_1") -> InputBlocked:
    return InputBlocked(session_id, ALICE, Drop(Kind.KEY, Reason.NO_CONTROL), count)


@pytest.fixture
async def log(store: Store) -> AsyncIterator[EventLog]:
    async with open_event_log(store.events, MONTH) as log:
        yield log


async def trail(store: Store, session_id: str = "pbs_1") -> list[StoredEvent]:
    return await store.events.page(session_id, after=0, limit=1_000_000)


async def epochs(store: Store, session_id: str = "pbs_1") -> list[int]:
    return [row.data["control_epoch"] for row in await trail(store, session_id) if row.kind == ControlChanged.kind]


def written(log: EventLog) -> Callable[[], bool]:
    return lambda: not len(log)


async def test_what_is_recorded_is_written_with_its_moment(log: EventLog, store: Store) -> None:
    before = utc_now()
    log.record(control(1))
    after = utc_now()
    log.record(blocked())

    await eventually(written(log))

    first, second = await trail(store)
    assert (first.seq, first.kind, first.browser_session_id) == (1, "control-changed", "pbs_1")
    assert first.data == control(1).data()
    assert f"{before:%Y-%m-%dT%H:%M:%S.%f}Z" <= first.at <= f"{after:%Y-%m-%dT%H:%M:%S.%f}Z"
    assert (second.seq, second.kind, second.data) == (2, "input-blocked", blocked().data())


async def test_many_events_of_many_sessions_keep_their_order(log: EventLog, store: Store) -> None:
    for epoch in range(3_000):
        log.record(control(epoch, f"pbs_{epoch % 3}"))

    await eventually(written(log), seconds=30)

    for rest in range(3):
        assert await epochs(store, f"pbs_{rest}") == list(range(rest, 3_000, 3))


async def test_while_the_store_is_locked_events_wait_and_none_is_lost(
    log: EventLog, store: Store, database_path: Path
) -> None:
    with capture_logs() as lines:
        async with locked_by_another_process(database_path, "writes"):
            for epoch in range(1_000):
                log.record(control(epoch))
            # The store here has half a second of patience: this is several refusals.
            await trio.sleep(2.5)
            assert len(log) == 1_000
            log.record(control(1_000))
        await eventually(written(log))

    assert await epochs(store) == list(range(1_001))
    assert [line["event"] for line in lines if "store" in line["event"]] == [
        "the store takes no events; they wait",
        "the store takes events again",
    ]


async def test_what_cannot_wait_any_more_is_counted_at_its_place(
    log: EventLog, store: Store, database_path: Path
) -> None:
    async with locked_by_another_process(database_path, "writes"):
        for _ in range(MOST_EXPENDABLE + 7):
            log.record(blocked())
        log.record(control(1))
        log.record(blocked(session_id="pbs_2"))
        log.record(blocked())
        # The one that counts comes on top, and the events that may not be left out are all there.
        assert len(log) == MOST_EXPENDABLE + 3
    with capture_logs() as lines:
        await eventually(written(log), seconds=30)
        log.record(control(2))
        log.record(blocked())
        await eventually(written(log))

    rows = await trail(store)
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert [row.kind for row in rows[:MOST_EXPENDABLE]] == ["input-blocked"] * MOST_EXPENDABLE
    assert [row.kind for row in rows[MOST_EXPENDABLE:]] == [
        "events-left-out",
        "control-changed",
        "control-changed",
        "input-blocked",
    ]
    assert rows[MOST_EXPENDABLE].data == {"counts": {"input-blocked": 8}}
    assert [(row.kind, row.data) for row in await trail(store, "pbs_2")] == [
        ("events-left-out", {"counts": {"input-blocked": 1}})
    ]
    assert sorted(str(line["counts"]) for line in lines if line["event"] == "events were left out") == [
        "{'input-blocked': 1}",
        "{'input-blocked': 8}",
    ]


async def test_a_second_gap_is_counted_for_itself(log: EventLog, store: Store, database_path: Path) -> None:
    for _ in range(2):
        async with locked_by_another_process(database_path, "writes"):
            for _ in range(MOST_EXPENDABLE + 3):
                log.record(blocked())
        await eventually(written(log), seconds=30)

    gaps = [row for row in await trail(store) if row.kind == "events-left-out"]
    assert [(row.seq, row.data) for row in gaps] == [
        (MOST_EXPENDABLE + 1, {"counts": {"input-blocked": 3}}),
        (2 * MOST_EXPENDABLE + 2, {"counts": {"input-blocked": 3}}),
    ]


async def test_there_is_an_end_to_what_may_wait(log: EventLog, store: Store, database_path: Path) -> None:
    async with locked_by_another_process(database_path, "writes"):
        for epoch in range(MOST_WAITING + 100_000):
            log.record(control(epoch))
        assert len(log) == MOST_WAITING + 1
    await eventually(written(log), seconds=60)

    rows = await trail(store)
    assert [row.data["control_epoch"] for row in rows[:-1]] == list(range(MOST_WAITING))
    assert (rows[-1].kind, rows[-1].data) == ("events-left-out", {"counts": {"control-changed": 100_000}})


async def test_what_waits_is_written_when_the_server_stops(store: Store) -> None:
    with trio.CancelScope() as scope:
        async with open_event_log(store.events, MONTH) as log:
            for epoch in range(2_500):
                log.record(control(epoch))
            scope.cancel()

    assert await epochs(store) == list(range(2_500))


async def test_a_store_that_stays_locked_does_not_keep_the_server_from_stopping(
    store: Store, database_path: Path
) -> None:
    async with locked_by_another_process(database_path, "writes"):
        with capture_logs() as lines, trio.fail_after(20):
            async with open_event_log(store.events, MONTH) as log:
                log.record(control(1))

    assert [line["count"] for line in lines if line["event"] == "the store took no events; they are lost"] == [1]
    assert await trail(store) == []


async def test_after_a_restart_the_numbers_go_on(database_path: Path) -> None:
    for epoch in (1, 2, 3):
        async with open_store(database_path) as store, open_event_log(store.events, MONTH) as log:
            log.record(control(epoch))

    async with open_store(database_path) as store:
        assert [row.seq for row in await trail(store)] == [1, 2, 3]
        assert await epochs(store) == [1, 2, 3]


@attrs.frozen
class Unspeakable(SessionEvent):
    """An event with a bug."""

    kind: ClassVar[str] = "unspeakable"

    what: object


@pytest.mark.parametrize("what", [object(), "\ud800", 2**70])
async def test_an_event_that_is_no_json_does_not_stop_the_others(log: EventLog, store: Store, what: object) -> None:
    with capture_logs() as lines:
        log.record(Unspeakable("pbs_1", what))
        log.record(control(1))
        await eventually(written(log))

    assert [(row.kind, row.data) for row in await trail(store)] == [
        ("unspeakable", {}),
        ("control-changed", control(1).data()),
    ]
    assert any(line["event"] == "an event cannot be written as JSON" for line in lines)


async def read(follower: Follower) -> list[int]:
    """What comes next, and the follower put behind it."""
    with trio.fail_after(20):
        rows = await follower.read()
    follower.after = rows[-1].seq
    return [row.seq for row in rows]


async def test_a_follower_sees_the_past_and_what_comes(log: EventLog) -> None:
    for epoch in range(450):
        log.record(control(epoch))
    await eventually(written(log))

    with log.follow("pbs_1", after=3) as follower:
        past = await read(follower) + await read(follower) + await read(follower)
        assert past == list(range(4, 451))
        log.record(control(9, "pbs_2"))
        log.record(control(450))
        assert await read(follower) == [451]


async def test_who_follows_from_now_on_sees_nothing_of_the_past(log: EventLog) -> None:
    log.record(control(1))
    await eventually(written(log))

    with log.follow("pbs_1", after=None) as follower:
        async with trio.open_nursery() as nursery:
            seen: list[int] = []

            async def listen() -> None:
                seen.extend(await read(follower))

            nursery.start_soon(listen)
            await eventually(lambda: follower.after is not None)
            log.record(control(2))
        assert seen == [2]


class Hasty:
    """Events among which another one is written while somebody has just looked, and seen nothing."""

    def __init__(self, store: Store) -> None:
        self.append = store.events.append
        self.prune = store.events.prune
        self._store = store
        self.looked = 0
        self.log: EventLog | None = None

    async def page(self, session_id: str, *, after: int, limit: int) -> list[StoredEvent]:
        self.looked += 1
        found = await self._store.events.page(session_id, after=after, limit=limit)
        if self.looked == 1:
            assert self.log is not None
            self.log.record(control(1))
            await eventually(written(self.log))
        return found


async def test_what_is_written_while_a_follower_looks_wakes_it(store: Store) -> None:
    events = Hasty(store)
    async with open_event_log(cast(Events, events), MONTH) as events.log:
        with events.log.follow("pbs_1", after=0) as follower:
            assert await read(follower) == [1]


async def test_who_waits_does_not_ask_again_and_again(store: Store) -> None:
    events = Hasty(store)
    async with open_event_log(cast(Events, events), MONTH) as events.log, trio.open_nursery() as nursery:
        with events.log.follow("pbs_1", after=0) as follower:
            await read(follower)
            nursery.start_soon(follower.read)
            with trio.fail_after(20):
                await wait_all_tasks_blocked(0.2)
        nursery.cancel_scope.cancel()
    assert events.looked <= 3


@attrs.frozen
class Reader:
    """Comes while events are written, and takes as many as it likes before it leaves and comes again.

    Attributes:
        comes: behind so many bursts of events.
        after: where it begins; None is with what happens from then on.
        takes: events at a time.
    """

    comes: int
    after: int | None
    takes: int


BURSTS = st.lists(st.integers(1, 150), min_size=1, max_size=8)
READERS = st.lists(
    st.builds(Reader, st.integers(0, 8), st.none() | st.integers(0, 300), st.integers(1, 250)), min_size=1, max_size=4
)


@settings(max_examples=30)
@given(bursts=BURSTS, readers=READERS)
def test_whenever_one_joins_there_is_no_gap_and_no_double(
    tmp_path_factory: pytest.TempPathFactory, bursts: list[int], readers: list[Reader]
) -> None:
    total = sum(bursts)

    async def check() -> None:
        async with (
            open_store(tmp_path_factory.mktemp("trail") / "pilothouse.sqlite3") as store,
            open_event_log(store.events, MONTH) as log,
            trio.open_nursery() as nursery,
        ):
            begun = [trio.Event() for _ in range(9)]
            for reader in readers:
                nursery.start_soon(follow, log, reader, begun[reader.comes])
            for number, burst in enumerate(bursts):
                begun[number].set()
                for _ in range(burst):
                    log.record(control(1))
                await trio.lowlevel.checkpoint()
            for event in begun:
                event.set()
            # For those who read from now on, and came when it was over.
            while nursery.child_tasks:
                log.record(control(2))
                await trio.sleep(0.005)

    async def follow(log: EventLog, reader: Reader, begun: trio.Event) -> None:
        await begun.wait()
        seen: list[int] = []
        position = reader.after
        first = 1 if position is None else position + 1
        with trio.fail_after(60):
            while not seen or seen[-1] < max(total, first):
                with log.follow("pbs_1", after=position) as follower:
                    taken = (await follower.read())[: reader.takes]
                seen += [row.seq for row in taken]
                position = seen[-1]
        assert seen == list(range(seen[0], seen[-1] + 1))
        assert reader.after is None or seen[0] == first

    trio.run(check)


async def test_old_events_go_and_the_others_stay(store: Store, clock: MockClock) -> None:
    now, count = utc_now(), 2 * PORTION + 1
    old = [NewEvent("pbs_1", now - MONTH - timedelta(minutes=1), "old", "{}") for _ in range(count)]
    young = [NewEvent("pbs_1", now - MONTH + timedelta(hours=1), "young", "{}") for _ in range(count)]
    await store.events.append(old + young)

    async with open_event_log(store.events, MONTH):
        await eventually(lambda: _are_left(store, len(young)), seconds=30)
        assert {row.kind for row in await trail(store)} == {"young"}

        # It looks again and again.
        await store.events.append(old[:1])
        assert await _are_left(store, len(young) + 1)
        clock.jump(PRUNE_SECONDS)
        await eventually(lambda: _are_left(store, len(young)))


async def _are_left(store: Store, count: int) -> bool:
    return len(await trail(store)) == count
