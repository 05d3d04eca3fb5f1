"""The VNC channel through the whole server: what viewers and VNC servers do wrong ends that channel, and no other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import attrs
import pytest
import trio
from eventually import eventually, time_flies
from stream_viewer import CLIENT_INIT, UPDATE_REQUEST, VERSION, RfbViewer, key_event
from structlog.testing import capture_logs
from trio.testing import MockClock, wait_all_tasks_blocked
from whole_server import Form, WholeServer, ending_of, open_whole_server, watched

from pilothouse.browsers.provider import BrowserSpec
from pilothouse.channels.transport import LARGEST_MESSAGE
from pilothouse.protocol.messages import TakeControl
from pilothouse.testing.fake_browsers import FakeBrowser, FakeBrowsers
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer, VncConnection, VncScript
from pilothouse_app.settings import Settings

PRESS, RELEASE = (key_event(0x61, down=down) for down in (True, False))
REFUSED = "the VNC server refused the connection"
GONE = "the browser went away"


@pytest.mark.parametrize("kind", ["browser_session", "task", "workflow_run"])
async def test_pixels_for_everybody_and_input_from_the_holder(server: WholeServer, kind: str) -> None:
    async with ScriptedVncServer(VncScript(pixels=b"pixels")) as vnc:
        session_id = await server.attach(vnc)
        entity_id = await server.owner_of(session_id, kind)
        async with (
            server.viewer(entity_id, kind=kind) as viewer,
            server.frontend(entity_id, kind=kind) as frontend,
        ):
            await viewer.shake_hands()
            assert await viewer.exactly(6) == b"pixels"
            await viewer.send(PRESS)
            await viewer.send(UPDATE_REQUEST)
            browser = await vnc.connection()
            assert await browser.received_until(UPDATE_REQUEST) == UPDATE_REQUEST
            await frontend.hear()
            await frontend.ask(TakeControl())
            await viewer.send(PRESS)
            assert await browser.received_until(PRESS) == UPDATE_REQUEST + PRESS


@pytest.mark.parametrize(
    ("behave", "ending"),
    [
        pytest.param([b"GET / HTTP/1.1\r\n\r\n"], (1002, "malformed RFB"), id="another protocol"),
        pytest.param([b"RFB 004.000\n"], (1002, "malformed RFB"), id="unknown version"),
        pytest.param([VERSION, b"\x02"], (1002, "malformed RFB"), id="security type that was not offered"),
        pytest.param(
            [VERSION, b"\x01", CLIENT_INIT, b"\x4d"],
            (1002, "malformed RFB: client message of type 77"),
            id="unknown message",
        ),
        pytest.param(["RFB 003.008\n"], (1002, "RFB comes in binary messages"), id="text before the handshake"),
        pytest.param(
            [VERSION, b"\x01", CLIENT_INIT, "x"], (1002, "RFB comes in binary messages"), id="text after the handshake"
        ),
        pytest.param([bytes(LARGEST_MESSAGE + 1)], (1009, None), id="too large before the handshake"),
        pytest.param(
            [VERSION, b"\x01", CLIENT_INIT, UPDATE_REQUEST * (LARGEST_MESSAGE // 10 + 1)],
            (1009, None),
            id="too large after the handshake",
        ),
    ],
)
async def test_garbage_ends_the_channel_that_it_came_in(
    server: WholeServer, behave: list[bytes | str], ending: tuple[int, str | None]
) -> None:
    async with ScriptedVncServer(VncScript(echo=True)) as vnc:
        session_id = await server.attach(vnc)
        async with (
            server.viewer(session_id, client_id="bystander") as bystander,
            server.viewer(session_id, client_id="babbler") as babbler,
            trio.open_nursery() as nursery,
        ):
            await bystander.shake_hands()
            nursery.start_soon(_send_while_possible, babbler, behave)
            code, reason = await ending_of(babbler.client)
            assert (code, reason if ending[1] else None) == ending
            await bystander.send(UPDATE_REQUEST)
            assert await bystander.exactly(len(UPDATE_REQUEST)) == UPDATE_REQUEST


@pytest.mark.parametrize(
    ("script", "ending"),
    [
        pytest.param(VncScript(version=b"HTTP/1.1 400"), (4411, REFUSED), id="another protocol"),
        pytest.param(VncScript(version=b"RFB 009.999\n"), (4411, REFUSED), id="unknown version"),
        pytest.param(VncScript(refusal="the password is opensesame"), (4411, REFUSED), id="refuses"),
        pytest.param(VncScript(security_types=(19,)), (4411, REFUSED), id="no common security type"),
        pytest.param(VncScript(security_types=(2,), password="other"), (4411, REFUSED), id="another password"),
        pytest.param(VncScript(hang_up_after=0), (4411, GONE), id="hangs up at once"),
        pytest.param(VncScript(hang_up_after=5), (4411, GONE), id="hangs up in its version"),
        pytest.param(VncScript(hang_up_after=13), (4411, GONE), id="hangs up in the security types"),
        pytest.param(VncScript(hang_up_after=30), (4411, GONE), id="hangs up in its ServerInit"),
    ],
)
async def test_vnc_servers_that_let_nobody_in(server: WholeServer, script: VncScript, ending: tuple[int, str]) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc, vnc_password="opensesame")
        vnc.script = script
        async with server.frontend(session_id) as frontend, server.viewer(session_id) as viewer:
            assert await ending_of(viewer.client) == ending
            # It is the picture that is missing; the session is there.
            await frontend.hear()
            await frontend.ask(TakeControl())


async def test_vnc_server_that_asks_for_a_password_that_nobody_gave(server: WholeServer) -> None:
    script = VncScript(security_types=(2,), password="secret")
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        vnc.script = script
        async with server.viewer(session_id) as viewer:
            assert await ending_of(viewer.client) == (4411, REFUSED)


async def test_vnc_server_that_has_gone_before_the_viewer_comes(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
    async with server.viewer(session_id) as viewer:
        assert await ending_of(viewer.client) == (4411, GONE)


async def test_vnc_server_that_hangs_up_on_one_viewer(server: WholeServer) -> None:
    async with ScriptedVncServer(VncScript(pixels=b"pixels")) as vnc:
        session_id = await server.attach(vnc)
        async with server.viewer(session_id, client_id="a") as a, server.viewer(session_id, client_id="b") as b:
            await a.shake_hands()
            await a.exactly(6)
            await b.shake_hands()
            (await vnc.connection(0)).hang_up()
            assert await ending_of(a.client) == (4411, GONE)
            await (await vnc.connection(1)).send(b"go on")
            assert await b.exactly(11) == b"pixelsgo on"


@pytest.mark.parametrize("silent_after", [0, 12, 14, 17])
async def test_vnc_server_that_falls_silent(server: WholeServer, clock: MockClock, silent_after: int) -> None:
    script = VncScript(fall_silent_after=silent_after)
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        vnc.script = script
        async with server.viewer(session_id) as viewer, time_flies(clock):
            assert await ending_of(viewer.client) == (4408, "waited too long for the browser")


async def test_viewer_that_falls_silent_in_its_handshake(server: WholeServer, clock: MockClock) -> None:
    async with ScriptedVncServer() as vnc, server.viewer(await server.attach(vnc)) as viewer:
        assert await viewer.exactly(12) == VERSION
        async with time_flies(clock):
            assert await ending_of(viewer.client) == (1002, "malformed RFB")


async def test_the_input_policy_is_what_the_settings_say(form: Form, server_settings: Settings) -> None:
    denying = attrs.evolve(server_settings, input_deny=frozenset({"text"}), input_allow=frozenset({"context_menu"}))
    right_click = bytes([5, 4, 0, 1, 0, 1])
    async with (
        open_whole_server(form, denying) as server,
        watched(server),
        ScriptedVncServer() as vnc,
    ):
        session_id = await server.attach(vnc)
        async with server.viewer(session_id) as viewer, server.frontend(session_id) as frontend:
            await viewer.shake_hands()
            await frontend.hear()
            await frontend.ask(TakeControl())
            with capture_logs() as lines:
                await viewer.send(PRESS + RELEASE)
                await viewer.send(right_click)
                browser = await vnc.connection()
                assert await browser.received_until(right_click) == right_click
                await eventually(lambda: any(line["event"] == "input-blocked" for line in lines))
    blocked = next(line for line in lines if line["event"] == "input-blocked")
    assert blocked["browser_session"] == session_id
    assert (blocked["input"], blocked["reason"], blocked["group"]) == ("key", "not_allowed", "text")
    assert (blocked["client_id"], blocked["count"]) == ("tab-1", 1)


class SlowBrowsers(FakeBrowsers):
    """Browsers that are never ready."""

    @asynccontextmanager
    async def start(self, spec: BrowserSpec) -> AsyncIterator[FakeBrowser]:
        await trio.sleep_forever()
        yield


async def test_browser_that_is_never_ready(form: Form, server_settings: Settings, clock: MockClock) -> None:
    async with open_whole_server(form, server_settings, SlowBrowsers()) as server, watched(server):
        session_id = await server.order()
        await server.session_when(session_id, "starting")
        async with server.viewer(session_id) as viewer, time_flies(clock):
            assert await ending_of(viewer.client) == (4408, "waited too long for the browser")


async def test_browser_without_a_picture(server: WholeServer) -> None:
    session_id = await server.order()
    await server.session_when(session_id, "running")
    async with server.viewer(session_id) as viewer:
        assert await ending_of(viewer.client) == (4404, "this browser has no VNC server")


async def test_viewer_that_stops_reading_keeps_nobody(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        async with (
            server.viewer(session_id, client_id="sleeper") as sleeper,
            server.viewer(session_id, client_id="looker") as looker,
            trio.open_nursery() as nursery,
        ):
            await sleeper.shake_hands()
            await looker.shake_hands()
            nursery.start_soon(_flood, await vnc.connection(0))
            await wait_all_tasks_blocked(0.05)  # until everything between the two is full
            await (await vnc.connection(1)).send(b"pixels")
            assert await looker.exactly(6) == b"pixels"
            with trio.fail_after(2):
                await server.end(session_id)
                assert await ending_of(looker.client) == (1000, "the session has ended")
                await eventually(lambda: not len(server.services.registry))
                await (await vnc.connection(0)).gone()


async def _send_while_possible(viewer: RfbViewer, messages: list[bytes | str]) -> None:
    """The server need not hear it all."""
    with suppress(trio.BrokenResourceError):
        for message in messages:
            await viewer.client.send(message)


async def _flood(browser: VncConnection) -> None:
    """Pixels without end, as fast as they are taken."""
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        while True:
            await browser.send(bytes(1_000_000))
