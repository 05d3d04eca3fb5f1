"""The tables, with ratios and goals."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.candidates import FASTAPI, OURS, WEBSOCKIFY
from benchmarks.measures import Figures

_NAME_WIDTH, _WIDTH = 44, 13


_CANDIDATES = (OURS, WEBSOCKIFY, FASTAPI, "/ websockify", "/ FastAPI")


def heading(title: str, columns: Sequence[str] = _CANDIDATES) -> None:
    """The first line of a table."""
    print(f"\n{title:{_NAME_WIDTH}}" + "".join(f"{column:>{_WIDTH}}" for column in columns), flush=True)


def row(name: str, figures: Figures) -> None:
    """One figure of each candidate, ours first, and ours as multiples of the others'."""
    ours, *peers = figures.values()
    cells = [f"{value:>{_WIDTH},.{_digits(value)}f}" for value in (ours, *peers)]
    cells += [f"{_short(ours / peer):>{_WIDTH}}" for peer in peers]
    print(f"  {name:{_NAME_WIDTH - 2}}" + "".join(cells), flush=True)


def beside(name: str, ours: float, peer: float) -> None:
    """One figure of ours and of its only peer, and the ratio."""
    cells = "".join(f"{value:>{_WIDTH}.2f}" for value in (ours, peer, ours / peer))
    print(f"  {name:{_NAME_WIDTH - 2}}{cells}", flush=True)


def times(name: str, median: float, worst: float) -> None:
    """Two durations, given in seconds."""
    print(
        f"  {name:{_NAME_WIDTH - 2}}" + "".join(f"{value * 1000:>{_WIDTH},.0f}" for value in (median, worst)),
        flush=True,
    )


def goal(name: str, value: float, limit: float, unit: str = "") -> None:
    """Whether a figure is as small as it has to be."""
    verdict = "reached" if value <= limit else "MISSED"
    print(f"  {verdict:8} {name}: {_short(value)}{unit} (at most {limit:g}{unit})", flush=True)


def _short(value: float) -> str:
    """Two digits behind the point, or more where those would be noughts."""
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def _digits(value: float) -> int:
    return 0 if value >= 100 else 1 if value >= 10 else 2
