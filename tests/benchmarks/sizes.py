"""How much is measured."""

from __future__ import annotations

import attrs


@attrs.frozen
class Sizes:
    """Counts of one run.

    Attributes:
        rounds: the candidates take turns this often, so that what else the machine does hits all alike.
        warm_up: key events before each round.
        round_trips: key events of each candidate in a round.
        burst_mib: of each candidate and kind of update in a round.
        idle_connections: for the memory of one.
        sessions: real browsers, one after the other.
        viewers: of each such session.
    """

    rounds: int
    warm_up: int
    round_trips: int
    burst_mib: int
    idle_connections: int
    sessions: int
    viewers: int


FULL = Sizes(rounds=10, warm_up=100, round_trips=600, burst_mib=16, idle_connections=100, sessions=5, viewers=10)
SMOKE = Sizes(rounds=1, warm_up=2, round_trips=10, burst_mib=1, idle_connections=2, sessions=0, viewers=0)
