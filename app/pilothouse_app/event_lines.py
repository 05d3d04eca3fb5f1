"""A line in the log for each event, written by a task of its own: it takes longer than most of what causes events."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
import trio

from pilothouse.channels.session_events import SessionEvent

MOST_WAITING = 2_000
"""Events whose line is not written yet. Beyond it the oldest ones get none; the trail has them."""

_log = structlog.get_logger(__name__)


class EventLines:
    """Takes events. Made by `open_event_lines`."""

    def __init__(self) -> None:
        self._waiting = deque[SessionEvent](maxlen=MOST_WAITING)
        self._something = trio.Event()

    def add(self, event: SessionEvent) -> None:
        """Have a line written. Never waits."""
        self._waiting.append(event)
        self._something.set()

    async def run(self) -> None:
        """Write whatever comes."""
        while True:
            await self._something.wait()
            self._something = trio.Event()
            while self._waiting:
                self.write_one()
                await trio.lowlevel.checkpoint()

    def write_one(self) -> None:
        """Write the oldest line."""
        event = self._waiting.popleft()
        _log.info(event.kind, browser_session=event.session_id, **event.data())

    def write_rest(self) -> None:
        """Write what is left; for the end."""
        while self._waiting:
            self.write_one()


@asynccontextmanager
async def open_event_lines() -> AsyncIterator[EventLines]:
    """The owner of the task that writes the lines."""
    lines = EventLines()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lines.run)
        try:
            yield lines
        finally:
            nursery.cancel_scope.cancel()
            lines.write_rest()
