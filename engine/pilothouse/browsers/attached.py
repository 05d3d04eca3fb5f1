"""Browsers that somebody else runs."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import attrs
import trio

from pilothouse.browsers.devtools_http import get_json, no_answer, without_secrets
from pilothouse.browsers.errors import BrowserFailed, NoAnswer
from pilothouse.browsers.provider import BrowserSpec
from pilothouse.channels.errors import ChannelEnded, LoginRefused, PasswordRefused, decisive, leaves
from pilothouse.channels.upstream import open_upstream
from pilothouse.channels.upstream_login import log_in

ANSWER_SECONDS = 10.0

_PORTS = {"ws": 80, "wss": 443}

_log = logging.getLogger(__name__)


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
    vnc_takes_clipboard: bool = attrs.field(default=False, init=False)

    @asynccontextmanager
    async def start(self, spec: BrowserSpec) -> AsyncIterator[AttachedBrowser]:
        """See `BrowserProvider`; fails when no address answers, and when the VNC server does not let us in."""
        await self._check()
        yield self

    async def wait_gone(self) -> str:
        """Wait for ever: the channels notice by themselves when somebody else's browser does not answer."""
        await trio.sleep_forever()

    async def _check(self) -> None:
        """One address that answers is enough; but a VNC server that answers has to let us in.

        It would refuse each viewer too, and count it.
        """
        checks = [(self.cdp_address, self._ask_devtools), (self.vnc_address, self._log_in)]
        failures = []
        answered = False
        for address, check in checks:
            if address is not None:
                try:
                    await check(address)
                    answered = True
                except NoAnswer as error:
                    failures.append(error.reason)
        if not answered:
            raise BrowserFailed("; ".join(failures) or "neither a VNC nor a CDP address is known")

    async def _ask_devtools(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https"):
            await get_json(f"{address.rstrip('/')}/json/version", seconds=self.answer_seconds)
            return
        try:
            with trio.fail_after(self.answer_seconds):
                stream = await trio.open_tcp_stream(parts.hostname or "", parts.port or _PORTS[parts.scheme])
        except (OSError, KeyError, ValueError, trio.TooSlowError) as error:
            raise no_answer(address, error) from error
        await trio.aclose_forcefully(stream)

    async def _log_in(self, address: str) -> None:
        """To its end: VNC servers count connections that only look whether somebody listens as failed logins."""
        ended: list[ChannelEnded] = []
        try:
            async with open_upstream(address, self.answer_seconds) as server:
                await log_in(server, self.vnc_password, self.answer_seconds)
        except* ChannelEnded as group:
            ended = leaves(group)
        if ended:
            raise self._not_let_in(address, decisive(ended))

    def _not_let_in(self, address: str, error: ChannelEnded) -> BrowserFailed:
        if not isinstance(error, LoginRefused):
            return no_answer(address, error)
        # The VNC server's own words are for the log.
        _log.warning("%s: %s", without_secrets(address), error.detail)
        words = error.reason
        if isinstance(error, PasswordRefused):
            words = "the VNC server refuses the password" if self.vnc_password else "the VNC server wants a password"
        return BrowserFailed(f"{without_secrets(address)}: {words}")
