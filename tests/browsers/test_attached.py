from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from pilothouse.browsers.attached import AttachedBrowser
from pilothouse.browsers.errors import BrowserFailed
from pilothouse.browsers.local import LocalBrowsers
from pilothouse.browsers.provider import BrowserSpec
from pilothouse.testing.provider_contract import check_provider

SPEC = BrowserSpec("pbs_1")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Taken, so that nobody else gets it, and not listened on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening


async def test_keeps_to_the_contract_of_providers(devtools: str) -> None:
    browser = AttachedBrowser("tcp://127.0.0.1:5900", "sesame99", devtools)
    await check_provider(browser, SPEC)
    assert "sesame99" not in repr(browser)


async def test_gives_a_real_browsers_addresses_and_does_not_stop_it(browsers: LocalBrowsers) -> None:
    async with browsers.start(SPEC) as real:
        for addresses in [(real.vnc_address, None, real.cdp_address), (real.vnc_address, None, None)]:
            async with AttachedBrowser(*addresses).start(SPEC) as browser:
                assert (browser.vnc_address, browser.vnc_password, browser.cdp_address) == addresses
        await check_provider(AttachedBrowser(real.vnc_address, None, real.cdp_address), SPEC)


async def test_one_address_that_answers_is_enough(devtools: str, closed_port: int, tmp_path: Path) -> None:
    await start(AttachedBrowser(f"unix://{tmp_path}/nowhere", None, devtools))
    await start(AttachedBrowser("ws" + devtools.removeprefix("http"), None, f"http://127.0.0.1:{closed_port}"))
    await start(AttachedBrowser(None, None, "ws" + devtools.removeprefix("http") + "/devtools/browser/1"))


async def test_a_tcp_vnc_server_is_not_dialled(listener: socket.socket) -> None:
    await start(AttachedBrowser(f"tcp://127.0.0.1:{listener.getsockname()[1]}", None, None))
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize(
    ("vnc", "cdp", "reason"),
    [
        (None, None, "^neither a VNC nor a CDP address is known$"),
        (None, "http://127.0.0.1:{closed}", r"^no answer from http://127\.0\.0\.1:\d+/json/version: .*refused"),
        (None, "{devtools}/broken", r"^no answer from http://.*/broken/json/version: status 500$"),
        (None, "http://u:hunter2@127.0.0.1:{closed}", r"^no answer from http://127\.0\.0\.1:\d+/json"),
        ("unix://{tmp}/nowhere", None, "^no answer from unix:///.*/nowhere: .*No such file"),
        ("ws://127.0.0.1:{closed}/?token=hunter2", None, r"^no answer from ws://127\.0\.0\.1:\d+/: "),
        ("gopher://127.0.0.1", None, "^no answer from gopher://127"),
        ("ws://127.0.0.1:{closed}", "http://127.0.0.1:{closed}", "^no answer from http.*; no answer from ws"),
    ],
)
async def test_says_why_nobody_answers(
    vnc: str | None, cdp: str | None, reason: str, devtools: str, closed_port: int, tmp_path: Path
) -> None:
    values = {"closed": closed_port, "devtools": devtools, "tmp": tmp_path}
    browser = AttachedBrowser(vnc and vnc.format(**values), None, cdp and cdp.format(**values))
    with pytest.raises(BrowserFailed, match=reason) as caught:
        await start(browser)
    assert "hunter2" not in caught.value.reason


async def test_waits_only_so_long_for_an_answer(listener: socket.socket) -> None:
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with trio.fail_after(5):
        with pytest.raises(BrowserFailed, match=r"(too slow|timed out)$"):
            await start(AttachedBrowser(None, None, address, answer_seconds=0.1))


async def test_never_says_that_it_is_gone(devtools: str) -> None:
    async with AttachedBrowser(None, None, devtools).start(SPEC) as browser, trio.open_nursery() as nursery:
        nursery.start_soon(browser.wait_gone)
        await wait_all_tasks_blocked()
        assert nursery.child_tasks
        nursery.cancel_scope.cancel()


async def start(browser: AttachedBrowser) -> None:
    async with browser.start(SPEC):
        pass
