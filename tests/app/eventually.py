"""Waiting for what a server does in its own time: ask again and again, for a bounded time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import TypeVar

import trio
from trio.testing import MockClock

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


@asynccontextmanager
async def time_flies(clock: MockClock) -> AsyncIterator[None]:
    """Put the clock forward again and again, so that every deadline passes soon."""

    async def put_forward() -> None:
        while True:
            clock.jump(1)
            await trio.sleep(_PAUSE_SECONDS)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(put_forward)
        yield
        nursery.cancel_scope.cancel()
