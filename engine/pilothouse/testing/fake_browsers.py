"""A provider of browsers that are nowhere, for tests of what stands on top of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import trio

from pilothouse.browsers.errors import BrowserFailed
from pilothouse.browsers.provider import BrowserSpec


class FakeBrowser:
    """A `RunningBrowser` that is gone when the test says so."""

    vnc_takes_clipboard = False

    def __init__(self, vnc_address: str | None, vnc_password: str | None, cdp_address: str | None) -> None:
        self.vnc_address = vnc_address
        self.vnc_password = vnc_password
        self.cdp_address = cdp_address
        self._gone = trio.Event()
        self._reason = ""

    def vanish(self, reason: str) -> None:
        """Go away by itself."""
        self._reason = reason
        self._gone.set()

    async def wait_gone(self) -> str:
        """See `RunningBrowser`."""
        await self._gone.wait()
        return self._reason


@attrs.define
class FakeBrowsers:
    """A `BrowserProvider` whose browsers all have the addresses that it was made with.

    Attributes:
        vnc_address: see `RunningBrowser`; for instance that of a scripted VNC server.
        vnc_password: see `RunningBrowser`.
        cdp_address: see `RunningBrowser`.
        failure: when given, the reason why no browser starts.
        specs: what was asked for, in order.
        started: how many browsers were started.
        stopped: how many of them were stopped.
    """

    vnc_address: str | None = None
    vnc_password: str | None = attrs.field(default=None, repr=False)
    cdp_address: str | None = None
    failure: str | None = None
    specs: list[BrowserSpec] = attrs.field(factory=list, init=False)
    started: int = attrs.field(default=0, init=False)
    stopped: int = attrs.field(default=0, init=False)
    _running: list[FakeBrowser] = attrs.field(factory=list, init=False, repr=False)

    def vanish(self, reason: str) -> None:
        """Every running browser goes away by itself.

        Args:
            reason: what their `wait_gone` returns.
        """
        for browser in self._running:
            browser.vanish(reason)

    @asynccontextmanager
    async def start(self, spec: BrowserSpec) -> AsyncIterator[FakeBrowser]:
        """See `BrowserProvider`."""
        self.specs.append(spec)
        await trio.lowlevel.checkpoint()
        if self.failure is not None:
            raise BrowserFailed(self.failure)
        browser = FakeBrowser(self.vnc_address, self.vnc_password, self.cdp_address)
        self._running.append(browser)
        self.started += 1
        try:
            yield browser
        finally:
            self._running.remove(browser)
            self.stopped += 1
