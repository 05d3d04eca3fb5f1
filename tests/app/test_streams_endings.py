"""How channels end when what they show ends: the session, its browser, the task that owns it, the server."""

from __future__ import annotations

import pytest
import trio
from eventually import time_flies
from every_channel import KINDS, every_channel, every_channel_of, scripted_browser
from footprint import Footprint
from trio.testing import MockClock
from whole_server import Form, WholeServer, ending_of, open_whole_server, watched

from pilothouse.testing.fake_browsers import FakeBrowsers
from pilothouse_app.settings import Settings


async def test_deleted_session_ends_every_channel_at_once(server: WholeServer) -> None:
    async with every_channel(server) as channels:
        # Far less than the period after which verification would notice.
        with trio.fail_after(2):
            await server.end(channels.session_id)
            assert await channels.endings() == {(1000, "the session has ended")}
        session = await server.session_when(channels.session_id, "completed")
        assert (session["failure_reason"], session["display_status"]) == (None, "no_browser")


@pytest.mark.parametrize("kind", ["task", "workflow_run"])
@pytest.mark.parametrize("status", ["completed", "failed", "canceled"])
async def test_final_task_ends_its_own_channels_only(server: WholeServer, kind: str, status: str) -> None:
    async with every_channel(server) as channels:
        await server.api("PATCH", f"/{kind}s/{channels.ids[kind]}", {"status": status})
        for channel in ("vnc", "messages"):
            assert await ending_of(channels.clients[channel, kind]) == (1000, f"the run is over ({status})")
        await channels.still_talk(*(each for each in KINDS if each != kind))
        async with server.frontend(channels.ids[kind], kind=kind) as late:
            assert await ending_of(late.client) == (4410, f"the run is over ({status})")


@pytest.mark.parametrize("kind", ["task", "workflow_run"])
async def test_task_without_a_browser_is_asked_to_come_back(server: WholeServer, kind: str) -> None:
    entity_id = (await server.api("POST", f"/{kind}s", {}))[f"{kind}_id"]
    async with server.viewer(entity_id, kind=kind) as viewer:
        assert await ending_of(viewer.client) == (1013, "there is no browser yet")


async def test_browser_that_vanishes(form: Form, server_settings: Settings) -> None:
    async with scripted_browser() as browser:
        browsers = FakeBrowsers(browser.vnc.address, cdp_address=browser.devtools.address)
        async with open_whole_server(form, server_settings, browsers) as server, watched(server):
            session_id = await server.order()
            await server.session_when(session_id, "running")
            async with every_channel_of(server, session_id) as channels:
                browsers.vanish("Chromium was killed by signal 9")
                assert await channels.endings() == {(4411, "the browser went away")}
            session = await server.session_when(session_id, "failed")
            assert session["failure_reason"] == "Chromium was killed by signal 9"
            async with server.viewer(session_id) as late:
                assert await ending_of(late.client) == (4410, "the session is over (failed)")


async def test_server_that_stops_says_so(form: Form, server_settings: Settings, clock: MockClock) -> None:
    stop, before = trio.Event(), Footprint.now()
    async with trio.open_nursery() as nursery:

        async def serve(*, task_status: trio.TaskStatus[WholeServer]) -> None:
            async with open_whole_server(form, server_settings) as server:
                task_status.started(server)
                await stop.wait()

        server: WholeServer = await nursery.start(serve)
        async with every_channel(server) as channels, time_flies(clock):
            stop.set()
            assert await channels.endings() == {(1001, "the server is stopping")}
    await before.fits_again()
