"""Looking again and again whether something still holds, for all channels that depend on it.

All who watch the same thing share one poller, so a thousand viewers of a hundred sessions cost a hundred look-ups per
period. A poller lives as long as somebody watches. What it finds ends the channels by raising in their nurseries.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

import trio

from pilothouse.channels.errors import ChannelEnded, NoLongerValid

KeyT = TypeVar("KeyT", bound=Hashable)

_log = logging.getLogger(__name__)


class VerificationUnavailable(Exception):
    """It cannot be told at the moment. This is not a refusal."""


class Endable(Protocol):
    """Whom to tell: the signal of a channel, or somebody who stands where one would. Compared by identity."""

    def send(self, error: ChannelEnded) -> None:
        """What was watched does not hold any more. Must not wait."""
        ...


class _Watch:
    """One poller: whom it ends, and whether it is to look now."""

    def __init__(self) -> None:
        self.signals: set[Endable] = set()
        self.changed = trio.Event()
        self.changed.set()  # perhaps during the first look, when nobody watched yet
        self.scope = trio.CancelScope()

    def end(self, error: ChannelEnded) -> None:
        for signal in list(self.signals):
            signal.send(error)


class Watches(Generic[KeyT]):
    """Pollers of things that are named by their keys.

    Args:
        look: returns why a thing does not hold any more, None while it does; raises VerificationUnavailable.
        nursery: owns the pollers.
        period: seconds between two looks; also the longest that one may take.
        max_failures: as many looks in a row must fail before the channels are ended.
        due: seconds until the next look at a thing, where that is sooner.
    """

    def __init__(
        self,
        look: Callable[[KeyT], Awaitable[ChannelEnded | None]],
        nursery: trio.Nursery,
        period: float,
        max_failures: int,
        due: Callable[[KeyT], float] = lambda _key: math.inf,
    ) -> None:
        self._look = look
        self._nursery = nursery
        self._period = period
        self._max_failures = max_failures
        self._due = due
        self._watches: dict[KeyT, _Watch] = {}

    def __len__(self) -> int:
        """The number of things that are being watched."""
        return len(self._watches)

    @contextmanager
    def watching(self, key: KeyT, signal: Endable) -> Iterator[None]:
        """Watch until the context is left.

        Args:
            key: what to look at.
            signal: gets the error when it does not hold any more.
        """
        watch = self._watches.get(key)
        if watch is None:
            watch = self._watches[key] = _Watch()
            self._nursery.start_soon(self._poll, key, watch)
        watch.signals.add(signal)
        try:
            yield
        finally:
            watch.signals.discard(signal)
            if not watch.signals:
                watch.scope.cancel()
                self._forget(key, watch)

    def look_now(self, matches: Callable[[KeyT], bool]) -> None:
        """Something has changed: look at it now, not at the end of the period."""
        for key, watch in self._watches.items():
            if matches(key):
                watch.changed.set()

    def end(self, matches: Callable[[KeyT], bool], error: ChannelEnded) -> None:
        """End every channel that depends on something, without a look."""
        for key, watch in self._watches.items():
            if matches(key):
                watch.end(error)

    async def _poll(self, key: KeyT, watch: _Watch) -> None:
        failures = 0
        error: ChannelEnded | None = None
        with watch.scope:
            while error is None:
                with trio.move_on_after(min(self._period, self._due(key))):
                    await watch.changed.wait()
                watch.changed = trio.Event()
                try:
                    error = await self._looked(key)
                    failures = 0
                except VerificationUnavailable:
                    failures += 1
                    error = NoLongerValid("could not be verified") if failures >= self._max_failures else None
            self._forget(key, watch)
            watch.end(error)

    async def _looked(self, key: KeyT) -> ChannelEnded | None:
        try:
            with trio.fail_after(self._period):
                return await self._look(key)
        except VerificationUnavailable:
            raise
        except trio.TooSlowError as error:
            raise VerificationUnavailable from error
        except Exception as error:
            # A bug met with one thing must not end the pollers of all.
            _log.exception("a look failed at %s", key)
            raise VerificationUnavailable from error

    def _forget(self, key: KeyT, watch: _Watch) -> None:
        if self._watches.get(key) is watch:
            del self._watches[key]
