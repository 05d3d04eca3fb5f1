"""Waiting for what a server does in its own time: ask again and again, for a bounded time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TypeVar

import trio

ResultT = TypeVar("ResultT")

_PAUSE_SECONDS = 0.005


async def eventually(
    condition: Callable[[], ResultT | None] | Callable[[], Awaitable[ResultT | None]], *, seconds: float = 10
) -> ResultT:
    """Ask until the answer is true; return it."""
    with trio.fail_after(seconds):
        while True:
            answer = condition()
            if isawaitable(answer):
                answer = await answer
            if answer:
                return answer
            await trio.sleep(_PAUSE_SECONDS)
