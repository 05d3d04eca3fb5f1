from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from pilothouse.browsers.attached import AttachedBrowser
from pilothouse.browsers.errors import BrowserFailed
from pilothouse.browsers.local import LocalBrowsers
from pilothouse.browsers.provider import BrowserSpec
from pilothouse.channels.upstream import open_upstream
from pilothouse.testing.provider_contract import check_provider
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer, VncScript
from websockify_process import running_websockify
from xvnc_process import FAILED_LOGINS_ALLOWED, running_xvnc

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


async def test_keeps_to_the_contract_of_providers(devtools: str, closed_port: int) -> None:
    browser = AttachedBrowser(f"tcp://127.0.0.1:{closed_port}", "sesame99", devtools)
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
    await start(AttachedBrowser(None, None, "ws" + devtools.removeprefix("http") + "/devtools/browser/1"))
    async with ScriptedVncServer() as vnc:
        await start(AttachedBrowser(vnc.address, None, f"http://127.0.0.1:{closed_port}"))


@pytest.mark.parametrize("over", ["unix", "tcp"])
async def test_a_check_is_no_failed_login(over: Literal["unix", "tcp"], tmp_path: Path) -> None:
    with running_xvnc(tmp_path, "sesame99", over=over) as address:
        for _ in range(20):
            await start(AttachedBrowser(address, "sesame99", None))
        async with open_upstream(address, 10) as somebody:
            assert await somebody.receive_some() == b"RFB 003.008\n", "it would greet nobody whom it has shut out"


async def test_a_wrong_password_is_noticed_at_once_and_tried_once(tmp_path: Path, devtools: str) -> None:
    with running_xvnc(tmp_path, "sesame99", over="tcp") as address:
        wrong = AttachedBrowser(address, "sesame98", devtools)
        reasons = [await why_not(wrong) for _ in range(FAILED_LOGINS_ALLOWED + 1)]
        assert reasons[:-1] == [f"{address}: the VNC server refuses the password"] * FAILED_LOGINS_ALLOWED
        shut_out = f"{address}: the VNC server has shut this server out after failed logins; try again later"
        assert reasons[-1] == await why_not(AttachedBrowser(address, "sesame99", None)) == shut_out


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (VncScript(security_types=(2,)), "the VNC server wants a password"),
        (VncScript(security_types=(19,)), "the VNC server refused the connection"),
        (VncScript(refusal="not from db-7.internal"), "the VNC server refused the connection"),
        (VncScript(b"SSH-2.0-OpenSSH_9.2\r\n"), "the VNC server refused the connection"),
    ],
    ids=["password", "VeNCrypt", "refusal", "another protocol"],
)
async def test_a_vnc_server_that_answers_has_to_let_us_in(
    script: VncScript, reason: str, devtools: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with ScriptedVncServer(script) as vnc:
        assert await why_not(AttachedBrowser(vnc.address, None, devtools)) == f"{vnc.address}: {reason}"
        assert vnc.address in caplog.text
        assert (script.refusal or "") in caplog.text, "its own words are in the log"


async def test_a_vnc_server_behind_a_websockify(devtools: str) -> None:
    async with ScriptedVncServer(VncScript(security_types=(2,), password="sesame99"), over="tcp") as vnc:
        with running_websockify(int(vnc.address.rpartition(":")[2])) as address:
            await start(AttachedBrowser(f"{address}?token=hunter2", "sesame99", None))
            for password, reason in [("sesame98", "refuses the password"), (None, "wants a password")]:
                wrong = AttachedBrowser(f"{address}?token=hunter2", password, devtools)
                assert await why_not(wrong) == f"{address}: the VNC server {reason}"


async def test_a_vnc_server_that_says_nothing(listener: socket.socket, devtools: str) -> None:
    address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    reason = await why_not(AttachedBrowser(address, None, None, answer_seconds=0.1))
    assert reason == f"no answer from {address}: no login at the VNC server within 0.1 s"
    await start(AttachedBrowser(address, None, devtools, answer_seconds=0.5))


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
        ("tcp://127.0.0.1:{closed}", None, r"^no answer from tcp://127\.0\.0\.1:\d+: .*refused"),
    ],
)
async def test_says_why_nobody_answers(
    vnc: str | None, cdp: str | None, reason: str, devtools: str, closed_port: int, tmp_path: Path
) -> None:
    values = {"closed": closed_port, "devtools": devtools, "tmp": tmp_path}
    browser = AttachedBrowser(vnc and vnc.format(**values), None, cdp and cdp.format(**values))
    said = await why_not(browser)
    assert re.search(reason, said), said
    assert "hunter2" not in said


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


async def why_not(browser: AttachedBrowser) -> str:
    with pytest.raises(BrowserFailed) as caught:
        await start(browser)
    return caught.value.reason
