"""The benchmarks' machinery works, with counts so small that the figures mean nothing."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_every_table_and_goal_is_printed() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--smoke"],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert "accepted by: FastAPI path." in run.stdout
    rows = [line for line in run.stdout.splitlines() if line.count(".") >= 2]
    assert sum("round trip p50, µs" in row for row in rows) == 1
