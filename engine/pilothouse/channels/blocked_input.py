"""Telling what input was blocked, without letting whoever sends it decide how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import trio

from pilothouse.protocol.rfb.decisions import Drop

SECONDS_BETWEEN = 1.0
"""Of two events of one viewer for the same reason."""


class BlockedInput:
    """Counts one viewer's blocked messages, and reports the counts once a second at most.

    Args:
        report: called with what was blocked and how often, never with anything that blocks.
    """

    def __init__(self, report: Callable[[Drop, int], None]) -> None:
        self._report = report
        self._counts: Counter[Drop] = Counter()
        self._something = trio.Event()

    def note(self, blocked: Iterable[Drop]) -> None:
        """Count, to be reported later."""
        self._counts.update(blocked)
        self._something.set()

    async def run(self) -> None:
        """Report the first at once, what follows within a second at its end."""
        while True:
            await self._something.wait()
            self._something = trio.Event()
            self.flush()
            await trio.sleep(SECONDS_BETWEEN)

    def flush(self) -> None:
        """Report what is left; for the end of the channel."""
        counts, self._counts = self._counts, Counter()
        for what, count in counts.items():
            self._report(what, count)
