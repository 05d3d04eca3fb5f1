"""Blocked input is told, with counts, at most once a second for each reason."""

from __future__ import annotations

from itertools import pairwise

import trio
from trio.testing import MockClock

from pilothouse.channels.blocked_input import BlockedInput
from pilothouse.protocol.rfb.decisions import Drop, Kind, Reason

OPEN_FILE = Drop(Kind.KEY, Reason.NOT_ALLOWED, "open_file")
NO_CONTROL = Drop(Kind.KEY, Reason.NO_CONTROL)


class Notebook:
    """What was reported, and when."""

    def __init__(self) -> None:
        self.entries: list[tuple[float, Drop, int]] = []

    def report(self, what: Drop, count: int) -> None:
        self.entries.append((trio.current_time(), what, count))


async def test_the_first_is_told_at_once_and_the_rest_is_counted(autojump_clock: MockClock) -> None:
    notebook = Notebook()
    blocked = BlockedInput(notebook.report)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(blocked.run)
        began = trio.current_time()
        for _ in range(100):
            blocked.note([OPEN_FILE, OPEN_FILE])
            await trio.sleep(0.035)
        blocked.note([NO_CONTROL])
        await trio.sleep(5)
        nursery.cancel_scope.cancel()
    assert notebook.entries[0] == (began, OPEN_FILE, 2)
    times = [when for when, what, _ in notebook.entries if what == OPEN_FILE]
    assert all(later - earlier >= 1 for earlier, later in pairwise(times))
    assert sum(count for _, what, count in notebook.entries if what == OPEN_FILE) == 200
    assert [count for _, what, count in notebook.entries if what == NO_CONTROL] == [1]


async def test_what_is_left_at_the_end_is_told(autojump_clock: MockClock) -> None:
    notebook = Notebook()
    blocked = BlockedInput(notebook.report)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(blocked.run)
        blocked.note([OPEN_FILE])
        await trio.sleep(0.1)
        blocked.note([OPEN_FILE] * 3)
        nursery.cancel_scope.cancel()
    blocked.flush()
    assert [count for _, _, count in notebook.entries] == [1, 3]
    blocked.flush()
    assert len(notebook.entries) == 2
