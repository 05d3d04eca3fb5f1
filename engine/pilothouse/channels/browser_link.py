"""A session's one connection to its browser's DevTools: opened on first need, kept, shared, opened again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn

import trio

from pilothouse.channels.browser_pages import BrowserPages, Page
from pilothouse.channels.cdp_link import LARGEST_MESSAGE, CdpLink, open_cdp_link
from pilothouse.protocol.browser_tabs import Tab
from pilothouse.protocol.cdp_executor import CdpFailure

FindDevTools = Callable[[], Awaitable[str]]
"""Finds the `ws://…` address of the browser's DevTools, which changes when it restarts; raises `ConnectionLost`."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between two attempts to connect; they double."""

_LOOK_SECONDS = 1.0


class BrowserLink:
    """Knows the browser's pages. `run` is its task, and must be running for anything else to work.

    Args:
        find_devtools: asked before each attempt to connect.
        on_tabs: called, without awaiting, whenever what `tabs` says may have changed.
        on_input: see `BrowserPages`.
        max_message_size: bytes of one message from the browser.
    """

    def __init__(
        self,
        find_devtools: FindDevTools,
        on_tabs: Callable[[], None] = lambda: None,
        on_input: Callable[[str], None] = lambda _: None,
        *,
        max_message_size: int = LARGEST_MESSAGE,
    ) -> None:
        self._find_devtools = find_devtools
        self._on_tabs = on_tabs
        self._on_input = on_input
        self._max_message_size = max_message_size
        self._needed = trio.Event()
        self._changed = trio.Event()
        self._link: CdpLink | None = None
        self._pages: BrowserPages | None = None

    @property
    def tabs(self) -> list[Tab]:
        """The pages, oldest first; none while there is no connection."""
        return list(self._pages.tabs) if self._pages else []

    def need(self) -> None:
        """Have a connection from now on, without waiting for it."""
        self._needed.set()

    async def active_page(self) -> Page:
        """The page that a person sees; waits for the connection, and for a page, as long as it takes."""
        self.need()
        while True:
            changed, pages = self._changed, self._pages
            if pages is not None:
                with suppress(CdpFailure):
                    await pages.look()
                if pages.active is not None and pages is self._pages:
                    return pages.active
            await changed.wait()

    async def execute(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Carry out a command of the browser itself; waits for the connection as long as it takes.

        Raises:
            CdpFailure: there is no result; its class says why.
        """
        self.need()
        while self._link is None:
            await self._changed.wait()
        return await self._link.execute(method, params)

    async def run(self) -> NoReturn:
        """Keep the connection, from the first need on."""
        await self._needed.wait()
        pause = FIRST_PAUSE
        while True:
            try:
                await self._connect()
            except* CdpFailure:
                if self._link is not None:
                    pause = FIRST_PAUSE
            finally:
                if self._pages is not None:
                    self._pages.close()
                self._link = self._pages = None
                self._tell_change()
            await trio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _connect(self) -> None:
        """One connection, from its beginning to its end, which is an error."""
        pages = BrowserPages(self._tell_change, self._on_input)
        address = await self._find_devtools()
        async with (
            open_cdp_link(address, pages.happened, max_message_size=self._max_message_size) as link,
            trio.open_nursery() as nursery,
        ):
            await pages.attach(link, nursery)
            self._link, self._pages = link, pages
            self._tell_change()
            while True:
                await pages.look()
                await trio.sleep(_LOOK_SECONDS)

    def _tell_change(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
        self._on_tabs()
