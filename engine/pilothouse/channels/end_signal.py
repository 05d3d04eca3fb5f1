"""How the world outside a channel ends it."""

from __future__ import annotations

from typing import NoReturn

import trio

from pilothouse.channels.errors import ChannelEnded


class EndSignal:
    """Carries one error into a channel's nursery: whoever sends first decides."""

    __slots__ = ("_error", "_sent")

    def __init__(self) -> None:
        self._error: ChannelEnded | None = None
        self._sent = trio.Event()

    @property
    def error(self) -> ChannelEnded | None:
        """What was sent first; None as long as nothing was."""
        return self._error

    def send(self, error: ChannelEnded) -> None:
        """End the channel; every call after the first one does nothing."""
        if self._error is None:
            self._error = error
            self._sent.set()

    async def wait(self) -> NoReturn:
        """Raise the error as soon as it is sent."""
        await self._sent.wait()
        assert self._error is not None  # noqa: S101 (set before the event)
        raise self._error
