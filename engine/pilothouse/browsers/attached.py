"""Browsers that somebody else runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import SplitResult, urlsplit

import attrs
import trio

from pilothouse.browsers.devtools_http import get_json, no_answer
from pilothouse.browsers.errors import BrowserFailed
from pilothouse.browsers.provider import BrowserSpec

ANSWER_SECONDS = 10.0

_PORTS = {"ws": 80, "wss": 443}


@attrs.frozen
class AttachedBrowser:
    """A `BrowserProvider` for one browser, and that browser: it is neither started nor stopped here.

    Attributes:
        vnc_address: see `RunningBrowser`.
        vnc_password: see `RunningBrowser`.
        cdp_address: see `RunningBrowser`; may also be the WebSocket address of its DevTools.
        answer_seconds: how long an address may take to answer.
    """

    vnc_address: str | None
    vnc_password: str | None = attrs.field(repr=False)
    cdp_address: str | None
    answer_seconds: float = ANSWER_SECONDS

    @asynccontextmanager
    async def start(self, spec: BrowserSpec) -> AsyncIterator[AttachedBrowser]:
        """See `BrowserProvider`; fails when no address answers."""
        await self._check()
        yield self

    async def wait_gone(self) -> str:
        """Wait for ever: the channels notice by themselves when somebody else's browser does not answer."""
        await trio.sleep_forever()

    async def _check(self) -> None:
        addresses = [address for address in (self.cdp_address, self.vnc_address) if address is not None]
        failures = []
        for address in addresses:
            try:
                await self._dial(address)
                return
            except BrowserFailed as error:
                failures.append(error.reason)
        raise BrowserFailed("; ".join(failures) or "neither a VNC nor a CDP address is known")

    async def _dial(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https"):
            await get_json(f"{address.rstrip('/')}/json/version", seconds=self.answer_seconds)
        elif parts.scheme == "tcp":
            # TigerVNC shuts out whoever connects and does not authenticate, five times in all. Viewers will see.
            await trio.lowlevel.checkpoint()
        else:
            await self._connect(address, parts)

    async def _connect(self, address: str, parts: SplitResult) -> None:
        """Without a WebSocket handshake: websockify connects to its VNC server only after one."""
        try:
            with trio.fail_after(self.answer_seconds):
                if parts.scheme == "unix":
                    stream = await trio.open_unix_socket(parts.path)
                else:
                    stream = await trio.open_tcp_stream(parts.hostname or "", parts.port or _PORTS[parts.scheme])
        except (OSError, KeyError, ValueError, trio.TooSlowError) as error:
            raise no_answer(address, error) from error
        await trio.aclose_forcefully(stream)
