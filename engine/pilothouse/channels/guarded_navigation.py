"""Sends a page to a URL, along its history, or once more where it is, and guards it on its way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import trio

from pilothouse.channels.destination_guard import DestinationGuard
from pilothouse.channels.navigation_watch import NavigablePage, Navigated, NavigationWatch, execute_when_settled
from pilothouse.protocol.cdp_executor import CdpFailure
from pilothouse.protocol.destinations import DestinationForbidden


class Navigator:
    """Sends one page somewhere. A navigation that is begun while another is under way takes its place.

    Deadlines are the caller's: a navigation that is cancelled is stopped.
    """

    def __init__(self, page: NavigablePage, guard: DestinationGuard) -> None:
        self._page = page
        self._guard = guard
        self._lock = trio.Lock()
        self._newest = trio.CancelScope()

    async def navigate(self, url: str) -> Navigated:
        """Go to what a person typed."""
        return await self._in_place_of_others(lambda: self._navigate(url))

    async def reload(self, *, hard: bool = False) -> Navigated:
        """Load the page again.

        Args:
            hard: without the cache.
        """
        return await self._in_place_of_others(lambda: self._revisit(0, "Page.reload", {"ignoreCache": hard}))

    async def step(self, entries: int) -> Navigated:
        """Go back, by a negative number of entries, or forward. Beyond the ends of the history nothing happens."""
        return await self._in_place_of_others(lambda: self._revisit(entries, "Page.navigateToHistoryEntry", {}))

    async def _in_place_of_others(self, navigation: Callable[[], Awaitable[Navigated]]) -> Navigated:
        self._newest.cancel()
        with trio.CancelScope() as self._newest:
            async with self._lock:
                try:
                    return await navigation()
                except DestinationForbidden as error:
                    return Navigated(False, f"forbidden: {error}")
                except CdpFailure as error:
                    return Navigated(False, str(error))
        return Navigated(False, "another navigation took its place")

    async def _navigate(self, url: str) -> Navigated:
        admitted = await self._guard.check(url)
        return await NavigationWatch(self._page, self._guard, admitted.url).run("Page.navigate", {"url": admitted.url})

    async def _revisit(self, entries: int, method: str, params: dict[str, Any]) -> Navigated:
        history = await execute_when_settled(self._page, "Page.getNavigationHistory", {})
        index = history["currentIndex"] + entries
        if not 0 <= index < len(history["entries"]):
            return Navigated(True)
        entry = history["entries"][index]
        await self._guard.check(entry["url"])
        if method == "Page.navigateToHistoryEntry":
            params = {"entryId": entry["id"]}
        return await NavigationWatch(self._page, self._guard, entry["url"]).run(method, params)
