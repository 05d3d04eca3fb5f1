"""Browser sessions from their order to their end, with browsers that do what the test says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
from eventually import eventually, time_flies
from footprint import Footprint
from store_lock import locked_by_another_process
from trio.testing import MockClock
from whole_server import WholeServer, ending_of, open_whole_server, watched

from pilothouse.browsers.provider import BrowserSpec
from pilothouse.testing.fake_browsers import FakeBrowser, FakeBrowsers
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer
from pilothouse_app.settings import Settings
from pilothouse_app.store.entities import BrowserSession


@attrs.define(slots=False)
class SlowBrowsers(FakeBrowsers):
    """Browsers that start, and stop, when the test says so."""

    may_start: trio.Event = attrs.field(factory=trio.Event)
    may_stop: trio.Event = attrs.field(factory=trio.Event)

    @asynccontextmanager
    async def start(self, spec: BrowserSpec) -> AsyncIterator[FakeBrowser]:
        await self.may_start.wait()
        async with super().start(spec) as browser:
            try:
                yield browser
            finally:
                with trio.CancelScope(shield=True):
                    await self.may_stop.wait()


@attrs.define(slots=False)
class BrokenBrowsers(FakeBrowsers):
    """A provider with a bug."""

    when: str = "start"

    @asynccontextmanager
    async def start(self, spec: BrowserSpec) -> AsyncIterator[FakeBrowser]:
        if self.when == "start":
            raise KeyError("a bug")
        async with super().start(spec) as browser:
            yield browser
        raise KeyError("a bug")


@asynccontextmanager
async def serving(settings: Settings, browsers: FakeBrowsers) -> AsyncIterator[WholeServer]:
    async with open_whole_server("serve", settings, browsers) as server, watched(server):
        yield server


async def test_ordered_browser_is_started_shown_and_stopped(server_settings: Settings) -> None:
    async with ScriptedVncServer() as vnc:
        browsers = FakeBrowsers(vnc.address, cdp_address="http://127.0.0.1:1")
        async with serving(server_settings, browsers) as server:
            session_id = await server.order(url="example.org", viewport={"width": 800, "height": 600})
            session = await server.session_when(session_id, "running")
            assert (session["display_status"], session["started_at"] is None) == ("ready", False)
            assert browsers.specs == [BrowserSpec(session_id, 800, 600, "https://example.org")]
            async with server.viewer(session_id) as viewer:
                await viewer.shake_hands()
                await server.end(session_id)
                assert await ending_of(viewer.client) == (1000, "the session has ended")
            await eventually(lambda: browsers.stopped == 1)
            session = await server.session_when(session_id, "completed")
            assert (session["display_status"], session["failure_reason"]) == ("no_browser", None)
            await server.end(session_id)


async def test_browser_that_does_not_start(server_settings: Settings) -> None:
    browsers = FakeBrowsers(failure="there is no Chromium on this machine")
    async with serving(server_settings, browsers) as server:
        session_id = await server.order()
        session = await server.session_when(session_id, "failed")
        assert session["failure_reason"] == "there is no Chromium on this machine"
        async with server.viewer(session_id) as viewer:
            assert await ending_of(viewer.client) == (4410, "the session is over (failed)")


async def test_viewer_who_waits_for_a_browser_that_then_does_not_start(server_settings: Settings) -> None:
    browsers = SlowBrowsers(failure="no memory")
    async with serving(server_settings, browsers) as server:
        session_id = await server.order()
        async with server.viewer(session_id) as viewer, server.frontend(session_id) as frontend:
            await frontend.hear()
            browsers.may_start.set()
            for client in (viewer.client, frontend.client):
                assert await ending_of(client) == (4411, "the browser went away")


async def test_session_that_is_deleted_while_its_browser_starts(server_settings: Settings) -> None:
    browsers = SlowBrowsers()
    async with serving(server_settings, browsers) as server:
        session_id = await server.order()
        async with server.viewer(session_id) as viewer, server.frontend(session_id) as frontend:
            await frontend.hear()
            await server.end(session_id)
            for client in (viewer.client, frontend.client):
                assert await ending_of(client) == (1000, "the session has ended")
        assert await server.session_when(session_id, "completed")
        assert browsers.started == 0


async def test_nobody_waits_for_a_browser_that_stops_slowly(server_settings: Settings) -> None:
    async with ScriptedVncServer() as vnc:
        browsers = SlowBrowsers(vnc.address)
        browsers.may_start.set()
        async with serving(server_settings, browsers) as server:
            session_id = await server.order()
            await server.session_when(session_id, "running")
            async with server.viewer(session_id) as viewer:
                await viewer.shake_hands()
                await server.end(session_id)
                assert await ending_of(viewer.client) == (1000, "the session has ended")
            assert await server.session_when(session_id, "completed")
            assert browsers.stopped == 0
            browsers.may_stop.set()


@pytest.mark.parametrize("when", ["start", "stop"])
async def test_bug_of_a_provider_ends_its_session_only(server_settings: Settings, when: str) -> None:
    browsers = BrokenBrowsers(when=when)
    async with serving(server_settings, browsers) as server:
        session_id = await server.order()
        if when == "stop":
            await server.session_when(session_id, "running")
            browsers.vanish("gone")
        session = await server.session_when(session_id, "failed")
        assert session["failure_reason"].startswith("internal error err_" if when == "start" else "gone")


async def test_nobody_is_where_somebody_was_to_be_attached_to(server_settings: Settings) -> None:
    async with serving(server_settings, FakeBrowsers()) as server:
        session_id = await server.order(provider="attached", vnc_address="unix:///nowhere/rfb")
        session = await server.session_when(session_id, "failed")
        assert "/nowhere/rfb" in session["failure_reason"]


async def test_why_a_session_ended_is_written_down_when_the_store_is_free_again(
    server_settings: Settings, clock: MockClock
) -> None:
    browsers = FakeBrowsers()
    async with serving(server_settings, browsers) as server:
        session_id = await server.order()
        await server.session_when(session_id, "running")
        async with server.frontend(session_id) as frontend:
            async with locked_by_another_process(server_settings.database_path, "writes"):
                browsers.vanish("Xvnc was killed by signal 9")
                assert await ending_of(frontend.client) == (4411, "the browser went away")
                async with time_flies(clock):
                    await trio.sleep(20)
            async with time_flies(clock):
                session = await server.session_when(session_id, "failed")
        assert session["failure_reason"] == "Xvnc was killed by signal 9"


async def test_stopped_server_fails_local_sessions_and_keeps_attached_ones(server_settings: Settings) -> None:
    before = Footprint.now()
    async with ScriptedVncServer() as vnc:
        async with open_whole_server("serve", server_settings, FakeBrowsers(vnc.address)) as server:
            local, starting = await server.order(), await server.order()
            await server.session_when(local, "running")
            attached = await server.attach(vnc)
        async with serving(server_settings, FakeBrowsers()) as server:
            for session_id in (local, starting):
                session = await server.session_when(session_id, "failed")
                assert session["failure_reason"] == "the server was stopped"
            await server.session_when(attached, "running")
            async with server.viewer(attached) as viewer:
                await viewer.shake_hands()
            await server.end(attached)
    await before.fits_again()


async def test_crashed_server_finds_out_what_it_has_left(server_settings: Settings) -> None:
    async with ScriptedVncServer() as vnc:
        left = [
            BrowserSession(browser_session_id="pbs_1", organization_id="o_1", provider="local", status="running"),
            BrowserSession(browser_session_id="pbs_2", organization_id="o_1", provider="local", status="created"),
            BrowserSession(
                browser_session_id="pbs_3",
                organization_id="o_1",
                provider="attached",
                status="running",
                vnc_address=vnc.address,
            ),
            BrowserSession(
                browser_session_id="pbs_4",
                organization_id="o_1",
                provider="attached",
                status="running",
                vnc_address="unix:///nowhere/rfb",
            ),
            BrowserSession(browser_session_id="pbs_5", organization_id="o_1", provider="local", status="completed"),
        ]
        async with open_whole_server("serve", server_settings) as server:
            for session in left:
                await server.services.store.browser_sessions.add(session)
        async with serving(server_settings, FakeBrowsers()) as server:
            for session_id in ("pbs_1", "pbs_2"):
                assert (await server.session_when(session_id, "failed"))["failure_reason"] == "the server was restarted"
            await server.session_when("pbs_4", "failed")
            await server.session_when("pbs_5", "completed")
            async with server.viewer("pbs_3") as viewer:
                await viewer.shake_hands()
