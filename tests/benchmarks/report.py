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
    """One figure of each candidate, and ours as multiples of the others'."""
    values = [figures[candidate] for candidate in (OURS, WEBSOCKIFY, FASTAPI)]
    ratios = [figures[OURS] / figures[peer] for peer in (WEBSOCKIFY, FASTAPI)]
    cells = [f"{value:>{_WIDTH},.{_digits(value)}f}" for value in values]
    cells += [f"{ratio:>{_WIDTH}.2f}" for ratio in ratios]
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
    print(f"  {verdict:8} {name}: {value:.2f}{unit} (at most {limit:g}{unit})", flush=True)


def _digits(value: float) -> int:
    return 0 if value >= 100 else 1 if value >= 10 else 2
