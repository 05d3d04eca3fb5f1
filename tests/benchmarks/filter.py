"""The filter alone, parser and policy, beside a loop that only slices the same bytes."""

from __future__ import annotations

import struct
from functools import partial
from itertools import cycle, islice
from math import inf
from timeit import timeit

import attrs

from benchmarks.sizes import Sizes
from pilothouse.protocol.rfb.viewer_input import ViewerInput

MESSAGES = 1000
_MICROSECONDS = 1e6


def _keys(*keysyms: int) -> list[bytes]:
    """Pressed one after the other, and lifted in reverse."""
    events = [(1, keysym) for keysym in keysyms] + [(0, keysym) for keysym in reversed(keysyms)]
    return [struct.pack(">BBxxI", 4, down, keysym) for down, keysym in events]


_LETTER, _CONTROL_O = _keys(0x61), _keys(0xFFE3, 0x6F)
_MOVES = [struct.pack(">BBHH", 5, 0, x, x) for x in range(MESSAGES)]


@attrs.frozen
class Case:
    """What a viewer sends, over and over.

    Attributes:
        messages: all of one length.
        in_control: whether the viewer holds control.
        together: whether they arrive in one read, or each in one of its own.
    """

    messages: list[bytes]
    in_control: bool = True
    together: bool = True

    def reads(self) -> list[bytes]:
        """1,000 messages."""
        sent = list(islice(cycle(self.messages), MESSAGES))
        return [b"".join(sent)] if self.together else sent


ALONE = "a letter, one message in a read"
CASES = {
    ALONE: Case(_LETTER, together=False),
    "a letter": Case(_LETTER),
    "pointer moves": Case(_MOVES),
    "Ctrl+O, which is dropped": Case(_CONTROL_O),
    "a letter, without control": Case(_LETTER, in_control=False),
}
"""Where nothing else is said, 1,000 messages in a read."""


@attrs.frozen
class Cost:
    """Best of many, microseconds per message."""

    filter: float
    slices: float


def filter_costs(sizes: Sizes) -> dict[str, Cost]:
    """Of each case; all take turns."""
    runs = {}
    for name, case in CASES.items():
        reads = case.reads()
        runs[name] = (
            partial(_filter, ViewerInput(), reads, in_control=case.in_control),
            partial(_slice, reads, len(case.messages[0])),
        )
    best = {name: [inf, inf] for name in runs}
    for _ in range(sizes.filter_turns):
        for name, pair in runs.items():
            best[name] = [min(so_far, timeit(run, number=1)) for so_far, run in zip(best[name], pair, strict=True)]
    return {name: Cost(*(seconds / MESSAGES * _MICROSECONDS for seconds in pair)) for name, pair in best.items()}


def _filter(viewer: ViewerInput, reads: list[bytes], *, in_control: bool) -> None:
    for read in reads:
        viewer.receive(read, in_control=in_control)


def _slice(reads: list[bytes], length: int) -> None:
    for read in reads:
        b"".join([read[start : start + length] for start in range(0, len(read), length)])
