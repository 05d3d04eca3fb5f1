"""Who gets a stream, and what the others are told: the same on both lanes."""

from __future__ import annotations

from itertools import product

import httpx
import pytest
from raw_client import HOST
from rest_client import KEY, OTHER_KEY
from whole_server import WholeServer, ending_of

from pilothouse.testing.scripted_vnc_server import ScriptedVncServer

STRANGER = "pbs_000000000000000000000000"
PATHS = ("vnc/browser_session", "messages/browser_session", "vnc/task", "messages/task", "vnc/workflow_run")


@pytest.mark.parametrize("key", [None, "", "ph_wrong", KEY[:-1], "wrong\u2603key"])
async def test_without_a_good_key_nobody_is_told_more(server: WholeServer, key: str | None) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        for path, entity_id in product(PATHS, (session_id, STRANGER)):
            async with server.stream(f"{path}/{entity_id}", key=key, client_id="tab-1") as client:
                assert await ending_of(client) == (4401, "no valid credential")


async def test_other_organizations_entities_and_no_entities_look_alike(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        kinds = ("browser_session", "task", "workflow_run")
        known = {kind: await server.owner_of(session_id, kind) for kind in kinds}
        for path in PATHS:
            for entity_id in (known[path.partition("/")[2]], STRANGER):
                async with server.stream(f"{path}/{entity_id}", key=OTHER_KEY, client_id="tab-1") as client:
                    assert await ending_of(client) == (4404, "no such entity")


async def test_a_session_is_not_found_as_a_task(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        async with server.stream(f"messages/task/{session_id}", client_id="tab-1") as client:
            assert await ending_of(client) == (4404, "no such entity")


async def test_a_client_names_itself(server: WholeServer) -> None:
    queries: list[dict[str, str]] = [{}, {"client_id": ""}, {"client_id": "a b"}, {"client_id": "x" * 129}]
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        for channel, query in product(("vnc", "messages"), queries):
            async with server.stream(f"{channel}/browser_session/{session_id}", **query) as client:
                assert await ending_of(client) == (1002, "client_id is missing or malformed")


async def test_the_key_may_stand_in_a_header(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        path = f"messages/browser_session/{await server.attach(vnc)}"
        for headers in ({"x-api-key": KEY}, {"Authorization": f"Bearer {KEY}"}):
            async with server.stream(path, key=None, headers=headers, client_id="tab-1") as client:
                assert "control-changed" in str(await client.receive())


async def test_foreign_origins_get_no_upgrade(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        path = f"/api/v1/stream/messages/browser_session/{await server.attach(vnc)}?client_id=tab-1&apikey={KEY}"
        for origin in ("https://evil.example", "null", "", f"http://{HOST}:1", f"https://{HOST}:{server.port}", "\xff"):
            answer = await server.refusal(path, {"Origin": origin})
            assert _error(answer) == (403, "origin_not_allowed")


async def test_the_own_origin_and_allowed_ones_get_in(server: WholeServer) -> None:
    own = [f"http://{HOST}:{server.port}", f"http://localhost:{server.port}"]
    async with ScriptedVncServer() as vnc:
        path = f"messages/browser_session/{await server.attach(vnc)}"
        for origin in (*own, "https://friend.example"):
            async with server.stream(path, headers={"Origin": origin}, client_id="tab-1") as client:
                assert "control-changed" in str(await client.receive())


async def test_streams_that_do_not_exist_get_no_upgrade(server: WholeServer) -> None:
    for path in (
        "/stream/",
        "/stream/x",
        "/stream/vnc/planet/x",
        "/stream/vnc/task/..",
        "/stream//[",
        "/cdp/x/y",
        "/x",
    ):
        assert _error(await server.refusal(f"/api/v1{path}", {"x-api-key": KEY})) == (404, "not_found"), path
    assert _error(await server.refusal("//[", {})) == (404, "not_found")


def _error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]
