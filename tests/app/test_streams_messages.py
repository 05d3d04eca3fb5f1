"""The message channel under bad input, over real sockets: it answers, and goes on."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
import trio
from eventually import eventually
from raw_client import PLAIN_UPGRADE, raw_client, request, stream_target
from structlog.testing import capture_logs
from trio.testing import wait_all_tasks_blocked
from whole_server import WholeServer, ending_of

from pilothouse.channels.message import OUTBOX
from pilothouse.channels.transport import LARGEST_MESSAGE
from pilothouse.protocol.messages import CedeControl, ControlChanged, Error, Ping, Pong, TakeControl
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer
from pilothouse.testing.websocket_client import WebSocketClient, client_frame

TEXT = 0x81

BAD_MESSAGES: list[tuple[str | bytes, str, str]] = [
    ("", "", "malformed_json"),
    ("take-control", "", "malformed_json"),
    ('{"kind": "ping", "id": ', "", "malformed_json"),
    ("[" * 100_000, "", "malformed_json"),
    ("null", "", "malformed_message"),
    ('["take-control"]', "", "malformed_message"),
    ('{"kind": 7}', "", "malformed_message"),
    ("{}", "", "malformed_message"),
    ('{"kind": "scuttle"}', "scuttle", "unknown_kind"),
    (json.dumps({"kind": "x" * 5000}), "x" * 64, "unknown_kind"),
    ('{"kind": "control-changed"}', "control-changed", "unknown_kind"),
    ('{"kind": "ping"}', "ping", "invalid_field"),
    ('{"kind": "ping", "id": 7}', "ping", "invalid_field"),
    ('{"kind": "cede-control"}', "cede-control", "not_in_control"),
    (b"\x00\xff", "", "not_text"),
    (b'{"kind": "take-control"}', "", "not_text"),
]


@pytest.mark.parametrize("kind", ["browser_session", "task", "workflow_run"])
async def test_what_makes_no_sense_is_answered_and_changes_nothing(server: WholeServer, kind: str) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        entity_id = await server.owner_of(session_id, kind)
        async with server.frontend(entity_id, kind=kind) as frontend:
            assert await frontend.hear() == ControlChanged("agent", "ai_control", None, 0, you_hold_control=False)
            for message, failed_kind, code in BAD_MESSAGES:
                await frontend.client.send(message)
                answer = await frontend.hear()
                assert isinstance(answer, Error), message
                assert (answer.failed_kind, answer.code) == (failed_kind, code)
            assert await frontend.ask(Ping("still there?")) == Pong("still there?")
        assert (await server.api("GET", f"/browser_sessions/{session_id}"))["control_epoch"] == 0


async def test_a_message_over_the_limit_ends_its_channel_alone(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        async with (
            server.frontend(session_id, client_id="small") as small,
            server.frontend(session_id, client_id="large") as large,
            trio.open_nursery() as nursery,
        ):
            await small.hear()
            await large.hear()
            fits = '{"kind": "ping", "id": "1", "cargo": "%s"}'
            await large.client.send(fits % ("x" * (LARGEST_MESSAGE - len(fits) + 2)))
            assert await large.hear() == Pong("1")
            nursery.start_soon(_send_while_possible, large.client, "x" * (LARGEST_MESSAGE + 1))
            assert (await ending_of(large.client))[0] == 1009
            assert await small.ask(Ping("1")) == Pong("1")


async def test_the_limit_counts_bytes_and_not_characters(server: WholeServer) -> None:
    async with (
        ScriptedVncServer() as vnc,
        server.frontend(await server.attach(vnc)) as frontend,
        trio.open_nursery() as nursery,
    ):
        await frontend.hear()
        nursery.start_soon(_send_while_possible, frontend.client, "☸" * (LARGEST_MESSAGE // 2))
        assert (await ending_of(frontend.client))[0] == 1009


async def test_a_frontend_that_does_not_read_is_let_go(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        async with (
            raw_client(server.port, receive_buffer=4096) as sleeper,
            server.frontend(session_id, client_id="helmsman") as helmsman,
            trio.open_nursery() as nursery,
        ):
            await helmsman.hear()
            await sleeper.send(request(stream_target(session_id), PLAIN_UPGRADE))
            assert (await sleeper.answer()).status == 101
            nursery.start_soon(sleeper.send_while_possible, client_frame(TEXT, b"nonsense") * 3_000)
            await wait_all_tasks_blocked(0.05)  # until everything between the two is full
            with capture_logs() as logs:
                for _ in range(OUTBOX):
                    await helmsman.ask(TakeControl())
                    await helmsman.ask(CedeControl())
                [closed] = await eventually(lambda: [line for line in logs if line["event"] == "channel closed"])
            assert closed["code"] == 4429
            assert await helmsman.ask(Ping("1")) == Pong("1")
            nursery.cancel_scope.cancel()


async def _send_while_possible(client: WebSocketClient, message: str) -> None:
    """The server need not hear it all."""
    with suppress(trio.BrokenResourceError):
        await client.send(message)
