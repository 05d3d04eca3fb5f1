"""One sender at a time."""

from __future__ import annotations

from types import TracebackType

import trio


class SendLock:
    """A `trio.Lock` that costs no trip through the scheduler while nobody else sends."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = trio.Lock()

    async def __aenter__(self) -> None:
        try:
            self._lock.acquire_nowait()
        except trio.WouldBlock:
            await self._lock.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()
