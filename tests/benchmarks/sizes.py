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
        clipboard_turns: of each way to use the clipboard.
        clipboard_operations: of each kind in such a turn.
        key_bursts: with Ctrl+C before them, as many without, and as many where only Chromium sees it.
        gate_turns: of each way to the browser's DevTools.
        gate_commands: of such a turn.
        gate_large: answers of each size by each way.
        gate_moves: of control, there and back.
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
    clipboard_turns: int
    clipboard_operations: int
    key_bursts: int
    gate_turns: int
    gate_commands: int
    gate_large: int
    gate_moves: int


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
    clipboard_turns=10,
    clipboard_operations=5,
    key_bursts=50,
    gate_turns=30,
    gate_commands=50,
    gate_large=15,
    gate_moves=20,
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
    clipboard_turns=1,
    clipboard_operations=1,
    key_bursts=1,
    gate_turns=1,
    gate_commands=2,
    gate_large=1,
    gate_moves=1,
)
