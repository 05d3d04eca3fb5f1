"""What the audit trail says of sessions whose server or browser ends, and when nobody sees it happen."""

from __future__ import annotations

from typing import Any

import pytest
from eventually import eventually, time_flies
from store_lock import locked_by_another_process
from trio.testing import MockClock
from whole_server import WholeServer, open_whole_server

from pilothouse.channels.session_events import ControlChanged
from pilothouse.testing.fake_browsers import FakeBrowsers
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer
from pilothouse_app.settings import Settings
from pilothouse_app.store.entities import BrowserSession

STOPPED = "the server was stopped"
RESTARTED = "the server was restarted"


def back_with_the_agent(why: str, *, epoch: int) -> tuple[str, Any]:
    return (
        "control-changed",
        {
            "interactor": "agent",
            "control_state": "ai_control",
            "holder_client_id": None,
            "control_epoch": epoch,
            "why": why,
            "holder_credential_id": None,
        },
    )


def failed(reason: str) -> list[tuple[str, Any]]:
    return [
        ("session-error", {"reason": reason}),
        ("session-status", {"status": "failed", "failure_reason": reason}),
        ("display-status", {"display_status": "no_browser"}),
        ("session-ended", {"status": "failed", "reason": reason}),
    ]


async def trail(server: WholeServer, session_id: str) -> list[tuple[str, Any]]:
    events = await server.api("GET", f"/browser_sessions/{session_id}/events?limit=100")
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    return [(event["kind"], event["data"]) for event in events]


async def move_control(server: WholeServer, session_id: str, action: str) -> tuple[str, Any]:
    """Take control, or pause the session; the event that must come of it."""
    body = {"action": action, "client_id": "tab-1"}
    state = await server.api("PUT", f"/browser_sessions/{session_id}/control", body)
    who = state["holder_client_id"] and "key_k"
    why = {"pause": "pause", "take_control": "take"}[action]
    return "control-changed", {**state, "why": why, "holder_credential_id": who}


async def trail_with(server: WholeServer, session_id: str, kind: str) -> list[tuple[str, Any]]:
    """The trail, as soon as there is an event of this kind in it."""

    async def look() -> list[tuple[str, Any]] | None:
        events = await trail(server, session_id)
        return events if any(found == kind for found, _ in events) else None

    return await eventually(look)


@pytest.mark.parametrize("action", ["pause", "take_control"])
async def test_a_local_session_ends_with_its_server(server_settings: Settings, action: str) -> None:
    async with open_whole_server("serve", server_settings, FakeBrowsers()) as server:
        session_id = await server.order()
        await server.session_when(session_id, "running")
        held = await move_control(server, session_id, action)
    async with open_whole_server("serve", server_settings, FakeBrowsers()) as server:
        session = await server.session_when(session_id, "failed")
        assert (session["control_state"], session["holder_client_id"]) == ("ai_control", None)
        events = await trail(server, session_id)
    assert events[4:] == [held, back_with_the_agent("ended", epoch=2), *failed(STOPPED)]


@pytest.mark.parametrize("action", ["pause", "take_control"])
async def test_an_attached_session_goes_on_with_the_agent_in_control(server_settings: Settings, action: str) -> None:
    async with ScriptedVncServer() as vnc:
        async with open_whole_server("serve", server_settings) as server:
            session_id = await server.attach(vnc)
            held = await move_control(server, session_id, action)
        async with open_whole_server("serve", server_settings) as server:
            session = await server.session_when(session_id, "running")
            assert (session["control_state"], session["holder_client_id"]) == ("ai_control", None)
            events = await trail(server, session_id)
            assert events[4:] == [
                held,
                back_with_the_agent("ended", epoch=2),
                ("session-status", {"status": "starting", "failure_reason": None}),
                ("session-status", {"status": "running", "failure_reason": None}),
                ("display-status", {"display_status": "ready"}),
            ]
            await server.end(session_id)


async def test_a_killed_server_is_told_of_by_the_next_one(server_settings: Settings) -> None:
    left = BrowserSession(browser_session_id="pbs_1", organization_id="o_1", provider="local", status="running")
    async with open_whole_server("serve", server_settings) as server:
        await server.services.store.browser_sessions.add(left)
        server.services.events.record(ControlChanged("pbs_1", "user", "user_control", "tab-1", 1, "take"))
    async with open_whole_server("serve", server_settings) as server:
        events = await trail_with(server, "pbs_1", "session-ended")
    assert events[1:] == [back_with_the_agent("server_restarted", epoch=0), *failed(RESTARTED)]


async def test_who_gave_control_back_before_the_server_was_killed_has_lost_nothing(server_settings: Settings) -> None:
    left = BrowserSession(browser_session_id="pbs_1", organization_id="o_1", provider="local", status="running")
    async with open_whole_server("serve", server_settings) as server:
        await server.services.store.browser_sessions.add(left)
        server.services.events.record(ControlChanged("pbs_1", "user", "user_control", "tab-1", 1, "take"))
        server.services.events.record(ControlChanged("pbs_1", "agent", "ai_control", None, 2, "cede"))
    async with open_whole_server("serve", server_settings) as server:
        events = await trail_with(server, "pbs_1", "session-ended")
    assert events[2:] == failed(RESTARTED)


async def test_a_browser_that_does_not_start(server_settings: Settings) -> None:
    async with open_whole_server("serve", server_settings, FakeBrowsers(failure="there is no Chromium")) as server:
        session_id = await server.order()
        events = await trail_with(server, session_id, "session-ended")
    assert events[2:] == failed("there is no Chromium")


async def test_an_end_is_told_once_and_when_it_is_on_disk(server_settings: Settings, clock: MockClock) -> None:
    browsers = FakeBrowsers()
    async with open_whole_server("serve", server_settings, browsers) as server:
        session_id = await server.order()
        await server.session_when(session_id, "running")
        async with locked_by_another_process(server_settings.database_path, "writes"):
            browsers.vanish("gone")
            async with time_flies(clock):
                await eventually(lambda: server.services.registry.find(session_id) is None)
            assert len(await trail(server, session_id)) == 4
        async with time_flies(clock):
            events = await trail_with(server, session_id, "session-ended")
        await server.end(session_id)
        assert await trail(server, session_id) == events
    assert events[4:] == failed("gone")


async def test_ending_a_session_twice_is_told_once(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        for _ in range(2):
            await server.services.sessions.end(session_id)
        events = await trail_with(server, session_id, "session-ended")
    assert [kind for kind, _ in events].count("session-ended") == 1
    assert len(events) == 7


async def test_the_end_of_a_session_is_the_last_thing_that_is_told(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        await server.api("POST", f"/browser_sessions/{session_id}/takeover_requests", {"reason": "captcha"})
        await move_control(server, session_id, "take_control")
        await server.end(session_id)
        events = await trail_with(server, session_id, "session-ended")
    assert [kind for kind, _ in events[-5:]] == [
        "takeover-resolved",
        "control-changed",
        "session-status",
        "display-status",
        "session-ended",
    ]
    assert events[-4] == back_with_the_agent("ended", epoch=2)
