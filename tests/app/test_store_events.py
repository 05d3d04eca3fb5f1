"""Events in the store: numbered without gaps, read in their order, thrown away when they are old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trio
from store_lock import locked_by_another_process

from pilothouse_app.store import Store, StoreUnavailable
from pilothouse_app.store.entities import BrowserSession, SessionStatus
from pilothouse_app.store.events import NewEvent, StoredEvent

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(number: int, session_id: str = "pbs_1", kind: str = "agent-step") -> NewEvent:
    """An event that says which one it is, a second after the one before it."""
    return NewEvent(session_id, NOON + timedelta(seconds=number), kind, f'{{"step":{number}}}')


async def everything(store: Store, session_id: str = "pbs_1") -> list[StoredEvent]:
    return await store.events.page(session_id, after=0, limit=100_000)


async def test_an_event_comes_back_as_it_was_stored(store: Store) -> None:
    await store.events.append([event(7)])

    [stored] = await everything(store)

    assert stored == StoredEvent(1, "2026-03-01T12:00:07.000000Z", "agent-step", "pbs_1", {"step": 7})
    assert await everything(store, "pbs_2") == []


async def test_each_session_counts_for_itself(store: Store) -> None:
    await store.events.append([event(1, "pbs_1"), event(2, "pbs_2"), event(3, "pbs_1")])
    await store.events.append([event(4, "pbs_2"), event(5, "pbs_1")])

    assert [(row.seq, row.data["step"]) for row in await everything(store, "pbs_1")] == [(1, 1), (2, 3), (3, 5)]
    assert [(row.seq, row.data["step"]) for row in await everything(store, "pbs_2")] == [(1, 2), (2, 4)]
    assert await store.events.last_seq("pbs_1") == 3
    assert await store.events.last_seq("pbs_3") == 0


async def test_ten_thousand_events_page_by_page(store: Store) -> None:
    await store.events.append([event(number) for number in range(10_000)])
    steps: list[Any] = []
    after = 0

    while page := await store.events.page("pbs_1", after=after, limit=97):
        assert len(page) <= 97
        steps += [row.data["step"] for row in page]
        after = page[-1].seq

    assert steps == list(range(10_000))


async def test_several_writers_leave_no_gap_and_no_double(store: Store) -> None:
    async def write(first: int) -> None:
        for number in range(first, first + 40):
            await store.events.append([event(number)])

    async with trio.open_nursery() as nursery:
        for first in range(0, 200, 40):
            nursery.start_soon(write, first)

    rows = await everything(store)
    assert [row.seq for row in rows] == list(range(1, 201))
    assert sorted(row.data["step"] for row in rows) == list(range(200))


async def test_of_a_batch_that_meets_a_lock_nothing_is_written(store: Store, database_path: Path) -> None:
    async with locked_by_another_process(database_path, "writes"):
        with pytest.raises(StoreUnavailable):
            await store.events.append([event(1), event(2)])

    assert await everything(store) == []


async def test_the_newest_of_a_kind(store: Store) -> None:
    await store.events.append([event(1, kind="a"), event(2, kind="b"), event(3, kind="a"), event(4, "pbs_2", "a")])

    found = await store.events.last_of_kind("pbs_1", "a")

    assert found is not None
    assert (found.seq, found.data) == (3, {"step": 3})
    assert await store.events.last_of_kind("pbs_1", "c") is None


@pytest.mark.parametrize(
    ("status", "left"),
    [
        ("created", [1, 2, 3, 4, 5]),
        ("running", [1, 2, 3, 4, 5]),
        ("completed", [4, 5]),
        ("failed", [4, 5]),
        ("timeout", [4, 5]),
        (None, [4, 5]),
    ],
)
async def test_old_events_of_sessions_that_are_over_go(
    store: Store, status: SessionStatus | None, left: list[int]
) -> None:
    if status is not None:
        await store.browser_sessions.add(
            BrowserSession(browser_session_id="pbs_1", organization_id="o_1", provider="local", status=status)
        )
    await store.events.append([event(number) for number in range(1, 6)])

    gone = await store.events.prune(before=NOON + timedelta(seconds=4), limit=100)

    assert [row.seq for row in await everything(store)] == left
    assert gone == 5 - len(left)


async def test_old_events_go_in_portions_the_oldest_first(store: Store) -> None:
    await store.events.append([event(number, f"pbs_{number % 2}") for number in (5, 4, 3, 2, 1)])
    later = NOON + timedelta(hours=1)

    assert await store.events.prune(before=later, limit=2) == 2
    assert [row.data["step"] for row in await everything(store, "pbs_1")] == [5, 3]
    assert [row.data["step"] for row in await everything(store, "pbs_0")] == [4]
    assert await store.events.prune(before=later, limit=100) == 3
    assert await store.events.prune(before=later, limit=100) == 0


async def test_numbers_go_on_behind_what_was_thrown_away(store: Store) -> None:
    await store.events.append([event(number) for number in range(1, 4)])
    await store.events.prune(before=NOON + timedelta(seconds=3), limit=100)
    await store.events.append([event(9)])

    assert [row.seq for row in await everything(store)] == [3, 4]
