"""The benchmarks' machinery works, with counts so small that the figures mean nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]

GOALS_OF_THE_FILTER = (
    "filter, one message in a read",
    "filter, each of 1,000 messages in a read",
)
GOALS_OF_THE_CLIPBOARD = (
    *(
        f"{operation}, {figure}, of Playwright {way}"
        for operation in ("paste of 20 characters", "copy", "get-browser-url")
        for way in ("started anew", "kept open")
        for figure in ("median", "p95")
    ),
    "keys behind Ctrl+C, of those without",
)
GOALS_OF_THE_GATE = (
    "added by the gate, of what the pass-through adds",
    "answer of 1 MB, of the pass-through's",
    "answer of 10 MB, of the pass-through's",
    "take-control to the first command held",
    "cede-control to the first command out",
)
GOALS = (
    *GOALS_OF_THE_FILTER,
    "round trip p50, of websockify's",
    "CPU per round trip, of the FastAPI path's",
    "CPU per MiB of 64 KiB updates, of websockify's",
    "CPU per MiB of 64 KiB updates, of the FastAPI path's",
    "memory per idle connection",
    "POST to first picture, worst",
    "DELETE to last socket closed, worst",
    *GOALS_OF_THE_CLIPBOARD,
    *GOALS_OF_THE_GATE,
)


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--smoke", *arguments],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def goals(output: str) -> list[str]:
    return re.findall(r"^  (?:reached|MISSED)  +(.*): ", output, re.MULTILINE)


def test_every_goal_is_measured() -> None:
    output = run()
    assert "accepted by: FastAPI path." in output
    assert goals(output) == [*GOALS]


def test_the_filter_can_be_measured_alone() -> None:
    assert goals(run("filter")) == [*GOALS_OF_THE_FILTER]


def test_the_clipboard_can_be_measured_alone() -> None:
    assert goals(run("clipboard")) == [*GOALS_OF_THE_CLIPBOARD]


def test_the_gate_can_be_measured_alone() -> None:
    assert goals(run("gate")) == [*GOALS_OF_THE_GATE]
