"""Waiting for what other processes do: ask again and again, for a bounded time."""

import time
from collections.abc import Callable
from typing import TypeVar

ResultT = TypeVar("ResultT")

_PAUSE_SECONDS = 0.02


def wait_until(condition: Callable[[], ResultT | None], *, seconds: float) -> ResultT:
    """Ask until the answer is true; return it."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"still waiting after {seconds} s"
        time.sleep(_PAUSE_SECONDS)
    return answer
