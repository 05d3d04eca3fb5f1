from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from pilothouse.browsers.errors import BrowserFailed
from pilothouse.browsers.provider import BrowserSpec
from pilothouse.testing.fake_browsers import FakeBrowsers
from pilothouse.testing.provider_contract import check_provider

SPEC = BrowserSpec("pbs_1")


async def test_keeps_to_the_contract_of_providers() -> None:
    browsers = FakeBrowsers("unix:///nowhere", "sesame99", "http://127.0.0.1:1")
    await check_provider(browsers, SPEC)
    assert (browsers.started, browsers.stopped) == (3, 3)
    assert browsers.specs == [SPEC] * 3
    assert "sesame99" not in repr(browsers)


async def test_vanishes_for_everybody_who_waits() -> None:
    browsers = FakeBrowsers("unix:///nowhere")
    reasons: list[str] = []

    async def use() -> None:
        async with browsers.start(SPEC) as browser:
            reasons.append(await browser.wait_gone())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(use)
        nursery.start_soon(use)
        await wait_all_tasks_blocked()
        browsers.vanish("Chromium was killed by SIGKILL")
    assert reasons == ["Chromium was killed by SIGKILL"] * 2
    assert browsers.stopped == 2


async def test_fails_with_the_given_reason() -> None:
    browsers = FakeBrowsers("unix:///nowhere", failure="Xvnc was not found")
    with pytest.raises(BrowserFailed, match=r"^Xvnc was not found$"):
        async with browsers.start(SPEC):
            raise AssertionError("it has started")
    assert browsers.started == 0
