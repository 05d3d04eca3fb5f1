"""How much is measured."""

from __future__ import annotations

import attrs


@attrs.frozen
class Sizes:
    """Counts of one run.

    The candidates take turns, key events in many short ones.

    Attributes:
        key_turns: of each candidate.
        warm_up: key events before each turn.
        keys: key events of a turn.
        burst_turns: of each candidate, for each kind of update.
        burst_mib: of a turn.
        idle_connections: for the memory of one.
        sessions: real browsers, one after the other.
        viewers: of each such session.
        filter_turns: of each case for the filter alone.
    """

    key_turns: int
    warm_up: int
    keys: int
    burst_turns: int
    burst_mib: int
    idle_connections: int
    sessions: int
    viewers: int
    filter_turns: int


FULL = Sizes(
    key_turns=80,
    warm_up=20,
    keys=150,
    burst_turns=10,
    burst_mib=16,
    idle_connections=100,
    sessions=5,
    viewers=10,
    filter_turns=300,
)
SMOKE = Sizes(
    key_turns=1,
    warm_up=2,
    keys=10,
    burst_turns=1,
    burst_mib=1,
    idle_connections=2,
    sessions=1,
    viewers=2,
    filter_turns=1,
)
