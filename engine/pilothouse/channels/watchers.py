"""Whoever wants to be called, without awaiting, when something happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

_NewsT = TypeVar("_NewsT")


class Watchers(Generic[_NewsT]):
    """Callbacks that come and go."""

    __slots__ = ("_callbacks",)

    def __init__(self) -> None:
        self._callbacks: dict[object, Callable[[_NewsT], None]] = {}

    @contextmanager
    def calling(self, callback: Callable[[_NewsT], None]) -> Iterator[None]:
        """Have a callback called while the context lasts."""
        key = object()
        self._callbacks[key] = callback
        try:
            yield
        finally:
            del self._callbacks[key]

    def tell(self, news: _NewsT) -> None:
        """Call all of them."""
        for callback in list(self._callbacks.values()):
            callback(news)
