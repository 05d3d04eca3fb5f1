"""Threads for the file system and /proc, so that they neither block the loop nor use up Trio's own threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import trio

_Result = TypeVar("_Result")

_LIMITER = trio.CapacityLimiter(8)
_POLL_SECONDS = 0.01


async def in_thread(function: Callable[[], _Result]) -> _Result:
    """Call a function that may block. Once begun it is waited for, also when cancelled: nothing is left half done."""
    return await trio.to_thread.run_sync(function, limiter=_LIMITER)


async def repeat_in_thread(function: Callable[[], int], *, seconds: float) -> bool:
    """Call a function again and again until it returns 0.

    Args:
        function: returns how much there is still to do.
        seconds: how long to go on.

    Returns:
        Whether nothing is left to do.
    """
    with trio.move_on_after(seconds):
        # Nobody tells us when a process ends that is not our child.
        while await in_thread(function):  # noqa: ASYNC110
            await trio.sleep(_POLL_SECONDS)
        return True
    return False
