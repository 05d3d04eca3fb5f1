"""The event stream through the whole server: what was, what is, and how it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio
from eventually import eventually, time_flies
from rest_client import KEY, OTHER_KEY
from store_lock import locked_by_another_process
from structlog.testing import capture_logs
from trio.testing import MockClock
from whole_server import Form, WholeServer, ending_of, open_whole_server, watched

from pilothouse.channels.session_events import ControlChanged
from pilothouse.testing.fake_browsers import FakeBrowsers
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer
from pilothouse.testing.websocket_client import WebSocketClient
from pilothouse_app.settings import Settings

BEGINNING = [
    ("session-created", {"provider": "attached", "stream_transport": "vnc", "timeout_minutes": 60}),
    ("session-status", {"status": "starting", "failure_reason": None}),
    ("session-status", {"status": "running", "failure_reason": None}),
    ("display-status", {"display_status": "ready"}),
]
COMPLETED = [
    ("session-status", {"status": "completed", "failure_reason": None}),
    ("display-status", {"display_status": "no_browser"}),
    ("session-ended", {"status": "completed", "reason": None}),
]


def control(session_id: str, epoch: int) -> ControlChanged:
    return ControlChanged(session_id, "agent", "ai_control", None, epoch, "ceded")


async def hear(client: WebSocketClient, count: int) -> list[Any]:
    """The next events."""
    events = []
    with trio.fail_after(60):  # by a clock that a test may have put forward
        while len(events) < count:
            message = await client.receive()
            assert isinstance(message, str)
            events.append(json.loads(message))
    return events


async def hear_out(client: WebSocketClient) -> list[Any]:
    """Everything up to the end."""
    events = []
    with trio.fail_after(60):
        while True:
            try:
                events.append(json.loads(await client.receive()))
            except trio.EndOfChannel:
                return events


def told(events: list[Any]) -> list[tuple[str, Any]]:
    return [(event["kind"], event["data"]) for event in events]


async def test_a_session_from_its_order_to_its_end(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        async with server.stream(f"events/browser_session/{session_id}", after="0") as client:
            assert told(await hear(client, 4)) == BEGINNING
            assert await server.api("GET", f"/browser_sessions/{session_id}/viewers") == []
            await server.end(session_id)
            assert told(await hear_out(client)) == COMPLETED
            assert (client.close_code, client.close_reason) == (1000, "the session has ended")
        paged = await server.api("GET", f"/browser_sessions/{session_id}/events")
    assert told(paged) == BEGINNING + COMPLETED
    assert [event["seq"] for event in paged] == list(range(1, 8))
    assert [event["at"] for event in paged] == sorted(event["at"] for event in paged)


async def test_the_stream_says_what_the_pages_say(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        async with server.stream(f"events/browser_session/{session_id}", after="0") as client:
            streamed = await hear(client, 4)
        assert await server.api("GET", f"/browser_sessions/{session_id}/events") == streamed


async def test_without_a_place_it_begins_with_what_happens_from_now_on(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        async with server.stream(f"events/browser_session/{session_id}") as client:
            seen: list[Any] = []
            async with trio.open_nursery() as nursery:

                async def listen() -> None:
                    seen.extend(await hear(client, 1))

                nursery.start_soon(listen)
                # Nobody says when the server has looked where the trail ends.
                while not seen:
                    server.services.events.record(control(session_id, 1))
                    await trio.sleep(0.02)
            assert seen[0]["seq"] > len(BEGINNING)
            assert seen[0]["kind"] == "control-changed"


async def test_who_comes_again_misses_nothing_and_sees_nothing_twice(server: WholeServer) -> None:
    """While events are written all the time, a reader leaves in the middle and comes back, again and again."""
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        seen: list[int] = []

        async def write() -> None:
            for epoch in range(1_000):
                server.services.events.record(control(session_id, epoch))
                if epoch % 20 == 0:
                    await trio.sleep(0.001)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            after = len(BEGINNING)
            while len(seen) < 1_000:
                async with server.stream(f"events/browser_session/{session_id}", after=str(after)) as client:
                    taken = await hear(client, min(70, 1_000 - len(seen)))
                    seen += [event["data"]["control_epoch"] for event in taken]
                    after = taken[-1]["seq"]
                    if after % 2:
                        await client.break_off()
        assert seen == list(range(1_000))


async def test_another_sessions_events_are_not_told(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id, other_id = await server.attach(vnc), await server.attach(vnc)
        async with server.stream(f"events/browser_session/{session_id}", after="4") as client:
            server.services.events.record(control(other_id, 1))
            server.services.events.record(control(session_id, 2))
            [event] = await hear(client, 1)
            assert (event["browser_session_id"], event["data"]["control_epoch"]) == (session_id, 2)


async def test_readers_do_not_replace_each_other(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        path = f"events/browser_session/{session_id}"
        async with (
            server.stream(path, after="0", client_id="tab-1") as one,
            server.stream(path, after="3", client_id="tab-1") as other,
        ):
            assert told(await hear(one, 4)) == BEGINNING
            assert told(await hear(other, 1)) == BEGINNING[3:]
            await server.end(session_id)
            assert told(await hear_out(one)) == told(await hear_out(other)) == COMPLETED


async def test_a_reader_that_leaves_is_missed_before_anything_happens(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        for leave in (WebSocketClient.close, WebSocketClient.break_off):
            with capture_logs() as logs:
                async with server.stream(f"events/browser_session/{session_id}", after="3") as client:
                    await hear(client, 1)
                    await leave(client)
                await eventually(lambda logs=logs: [line for line in logs if line["event"] == "channel closed"])


async def test_what_a_reader_says_is_ignored(server: WholeServer) -> None:
    async with (
        ScriptedVncServer() as vnc,
        server.stream(f"events/browser_session/{await server.attach(vnc)}", after="3") as client,
    ):
        await client.send('{"kind": "take-control"}')
        await client.send(b"\x00" * 70_000)
        assert told(await hear(client, 1)) == BEGINNING[3:]


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "٣", "1" * 19, "0 "])
async def test_a_place_that_is_none_is_refused(server: WholeServer, after: str) -> None:
    async with (
        ScriptedVncServer() as vnc,
        server.stream(f"events/browser_session/{await server.attach(vnc)}", after=after) as client,
    ):
        assert await ending_of(client) == (1002, "after is malformed")


async def test_who_may_not_read(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        for key, code in ((None, 4401), ("ph_nobody", 4401), (OTHER_KEY, 4404)):
            async with server.stream(f"events/browser_session/{session_id}", key=key) as client:
                assert (await ending_of(client))[0] == code
        async with server.stream("events/browser_session/pbs_nowhere") as client:
            assert (await ending_of(client))[0] == 4404
        refused = await server.refusal(f"/api/v1/stream/events/task/tsk_1?apikey={KEY}", {})
        assert refused.status_code == 404
        await server.end(session_id)
        async with server.stream(f"events/browser_session/{session_id}", after="0") as client:
            assert (await ending_of(client))[0] == 4410


@pytest.mark.parametrize(("scope", "may_read"), [("control", True), ("agent", True), ("view", False)])
async def test_who_may_act_may_read_and_who_may_only_watch_may_not(
    server: WholeServer, scope: str, may_read: bool
) -> None:
    async with ScriptedVncServer() as vnc:
        session_id, other_id = await server.attach(vnc), await server.attach(vnc)
        token = (await server.token(session_id, scope))["token"]
        async with server.stream(f"events/browser_session/{session_id}", key=None, token=token, after="0") as client:
            if may_read:
                assert told(await hear(client, 4)) == BEGINNING
            else:
                assert await ending_of(client) == (4401, "this token is not for this stream")
        async with server.stream(f"events/browser_session/{other_id}", key=None, token=token) as client:
            assert (await ending_of(client))[0] == (4404 if may_read else 4401)
        pages = f"/api/v1/browser_sessions/{session_id}/events"
        assert (await server.http.get(pages, headers={"authorization": f"Bearer {token}"})).status_code == 403


async def test_a_revoked_token_hears_nothing_more(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        token = await server.token(session_id)
        path = f"events/browser_session/{session_id}"
        async with server.stream(path, key=None, token=token["token"], after="0") as client:
            await hear(client, 4)
            await server.api("DELETE", f"/browser_sessions/{session_id}/stream_tokens/{token['token_id']}")
            server.services.events.record(control(session_id, 1))
            assert await hear_out(client) == []
            assert client.close_code == 4401


async def test_the_end_of_a_browser_is_told_before_the_stream_ends(form: Form, server_settings: Settings) -> None:
    browsers = FakeBrowsers()
    async with open_whole_server(form, server_settings, browsers) as server, watched(server):
        session_id = await server.order()
        await server.session_when(session_id, "running")
        async with server.stream(f"events/browser_session/{session_id}", after="3") as client:
            await hear(client, 1)
            browsers.vanish("Xvnc was killed by signal 9")
            reason = "Xvnc was killed by signal 9"
            assert told(await hear_out(client)) == [
                ("session-error", {"reason": reason}),
                ("session-status", {"status": "failed", "failure_reason": reason}),
                ("display-status", {"display_status": "no_browser"}),
                ("session-ended", {"status": "failed", "reason": reason}),
            ]
            assert client.close_code == 4411


async def test_an_end_that_cannot_be_written_keeps_no_stream_open(form: Form, server_settings: Settings) -> None:
    browsers = FakeBrowsers()
    async with open_whole_server(form, server_settings, browsers) as server, watched(server):
        session_id = await server.order()
        await server.session_when(session_id, "running")
        async with server.stream(f"events/browser_session/{session_id}", after="3") as client:
            await hear(client, 1)
            async with locked_by_another_process(server_settings.database_path, "writes"):
                browsers.vanish("gone")
                assert await hear_out(client) == []
                assert client.close_code == 4411
            await server.session_when(session_id, "failed")


async def test_events_that_waited_for_the_store_are_told_when_it_is_free(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        async with server.stream(f"events/browser_session/{session_id}", after="4") as client:
            async with locked_by_another_process(server.services.settings.database_path, "writes"):
                for epoch in range(3):
                    server.services.events.record(control(session_id, epoch))
                await trio.sleep(1)
            assert [event["data"]["control_epoch"] for event in await hear(client, 3)] == [0, 1, 2]


async def test_a_server_that_stops_says_so(form: Form, server_settings: Settings, clock: MockClock) -> None:
    stop = trio.Event()
    async with ScriptedVncServer() as vnc, trio.open_nursery() as nursery:

        async def serve(*, task_status: trio.TaskStatus[WholeServer]) -> None:
            async with open_whole_server(form, server_settings) as server:
                task_status.started(server)
                await stop.wait()

        server: WholeServer = await nursery.start(serve)
        path = f"events/browser_session/{await server.attach(vnc)}"
        async with server.stream(path, after="0") as client, time_flies(clock):
            await hear(client, 4)
            stop.set()
            assert await ending_of(client) == (1001, "the server is stopping")
