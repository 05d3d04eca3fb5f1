"""The contract check finds what it is there to find."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import attrs
import pytest
import trio

from pilothouse.browsers.provider import BrowserSpec
from pilothouse.testing.fake_browsers import FakeBrowser, FakeBrowsers
from pilothouse.testing.provider_contract import check_provider

SPEC = BrowserSpec("pbs_1")


@attrs.frozen
class ShowsItsPassword:
    vnc_password: str
    vnc_address: str = "tcp://127.0.0.1:5900"
    cdp_address: str | None = None

    async def wait_gone(self) -> str:
        await trio.sleep_forever()

    @asynccontextmanager
    async def start(self, spec: BrowserSpec) -> AsyncIterator[ShowsItsPassword]:
        yield self


class GoneAtOnce(FakeBrowsers):
    @asynccontextmanager
    async def start(self, spec: BrowserSpec) -> AsyncIterator[FakeBrowser]:
        async with super().start(spec) as browser:
            browser.vanish("too soon")
            yield browser


class Groups(FakeBrowsers):
    @asynccontextmanager
    async def start(self, spec: BrowserSpec) -> AsyncIterator[FakeBrowser]:
        async with trio.open_nursery(), super().start(spec) as browser:
            yield browser


class LosesExceptions(FakeBrowsers):
    @asynccontextmanager
    async def start(self, spec: BrowserSpec) -> AsyncIterator[FakeBrowser]:
        async with super().start(spec) as browser:
            with suppress(Exception):
                yield browser


@pytest.mark.parametrize(
    ("provider", "complaint"),
    [
        (FakeBrowsers(), "without an address"),
        (FakeBrowsers("vnc://host"), "no address of a VNC server"),
        (FakeBrowsers(cdp_address="127.0.0.1:9222"), "no address of DevTools"),
        (ShowsItsPassword("sesame99"), "shows the password"),
        (GoneAtOnce("unix:///nowhere"), "wait_gone"),
        (Groups("unix:///nowhere"), "in a group"),
        (LosesExceptions("unix:///nowhere"), "was lost"),
    ],
)
async def test_finds_what_is_broken(provider: FakeBrowsers, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        await check_provider(provider, SPEC)
