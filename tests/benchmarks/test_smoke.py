"""The benchmarks' machinery works, with counts so small that the figures mean nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]

GOALS = (
    "round trip p50, of websockify's",
    "CPU per round trip, of the FastAPI path's",
    "CPU per MiB of 64 KiB updates, of websockify's",
    "CPU per MiB of 64 KiB updates, of the FastAPI path's",
    "memory per idle connection",
    "POST to first picture, worst",
    "DELETE to last socket closed, worst",
)


def test_every_goal_is_measured() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--smoke"],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert "accepted by: FastAPI path." in run.stdout
    for goal in GOALS:
        assert f" {goal}: " in run.stdout
