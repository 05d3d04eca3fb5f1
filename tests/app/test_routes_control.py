"""`/browser_sessions/{id}/control` and `/stream`."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from fake_sessions import FakeSessions
from rest_client import OTHER_KEY, RestClient

from pilothouse.protocol.control import LeaseRules
from pilothouse_app.authentication import hash_key
from pilothouse_app.network_names import HostList
from pilothouse_app.services import EXTENSION, Services
from pilothouse_app.store import Store
from pilothouse_app.store.entities import ApiKey

AGENT = {"interactor": "agent", "control_state": "ai_control", "holder_client_id": None}


def by_user(client_id: str, epoch: int) -> dict[str, Any]:
    return {
        "interactor": "user",
        "control_state": "user_control",
        "holder_client_id": client_id,
        "control_epoch": epoch,
    }


async def test_control_goes_to_a_client_and_back(rest: RestClient) -> None:
    session_id = (await rest.new_session())["browser_session_id"]
    path = f"/browser_sessions/{session_id}/control"

    assert (await rest.put(path, {"action": "take_control", "client_id": "a"})).json == by_user("a", 1)
    assert (await rest.put(path, {"action": "take_control", "client_id": "a"})).json == by_user("a", 1)
    assert (await rest.put(path, {"action": "take_control", "client_id": "b.c:d-E_1"})).json == by_user("b.c:d-E_1", 2)
    shown = (await rest.get(f"/browser_sessions/{session_id}")).json
    assert by_user("b.c:d-E_1", 2).items() <= shown.items()
    returned = await rest.put(path, {"action": "return_control", "client_id": "b.c:d-E_1"})
    assert returned.json == {**AGENT, "control_epoch": 3}


async def test_only_the_holder_gives_control_back(rest: RestClient, store: Store) -> None:
    session_id = (await rest.new_session())["browser_session_id"]
    path = f"/browser_sessions/{session_id}/control"
    give_back = {"action": "return_control", "client_id": "a"}
    await store.api_keys.add(ApiKey(key_id="key_3", organization_id="o_1", name="", key_hash=hash_key("third")))

    nobody_holds = await rest.put(path, give_back)
    await rest.put(path, {"action": "take_control", "client_id": "a"})
    other_client = await rest.put(path, {**give_back, "client_id": "b"})
    other_credential = await rest.with_key("third").put(path, give_back)

    for answer, holder in ((nobody_holds, None), (other_client, "a"), (other_credential, "a")):
        assert (answer.status, answer.error) == (409, "not_in_control")
        assert answer.json["error"]["details"] == {"holder_client_id": holder}


async def test_a_pause_and_its_end(rest: RestClient) -> None:
    session_id = (await rest.new_session())["browser_session_id"]
    path = f"/browser_sessions/{session_id}/control"

    await rest.put(path, {"action": "take_control", "client_id": "a"})
    for _ in range(2):
        paused = await rest.put(path, {"action": "pause"})
        assert paused.json == {**by_user("a", 2), "control_state": "paused"}
    assert (await rest.get(f"/browser_sessions/{session_id}")).json["control_state"] == "paused"
    for _ in range(2):
        assert (await rest.put(path, {"action": "resume"})).json == by_user("a", 3)


async def test_what_has_to_be_asked_for_cannot_be_taken_over_rest(rest: RestClient, sessions: FakeSessions) -> None:
    sessions.rules = LeaseRules(takeover="ask")
    session_id = (await rest.new_session())["browser_session_id"]
    path = f"/browser_sessions/{session_id}/control"

    await rest.put(path, {"action": "take_control", "client_id": "a"})
    held = await rest.put(path, {"action": "take_control", "client_id": "b"})
    assert (held.status, held.error) == (409, "control_held")
    assert held.json["error"]["details"] == {"holder_client_id": "a"}
    await rest.put(path, {"action": "return_control", "client_id": "a"})
    assert (await rest.put(path, {"action": "take_control", "client_id": "b"})).json == by_user("b", 3)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"client_id": "a"}, "action"),
        ({"action": "take_control"}, "client_id"),
        ({"action": "return_control"}, "client_id"),
        ({"action": "pause", "client_id": ""}, "client_id"),
        ({"action": "steal", "client_id": "a"}, "action"),
        ({"action": "take_control", "client_id": ""}, "client_id"),
        ({"action": "take_control", "client_id": "a b"}, "client_id"),
        ({"action": "take_control", "client_id": "a\n"}, "client_id"),
        ({"action": "take_control", "client_id": "x" * 129}, "client_id"),
    ],
)
async def test_a_wrong_order_is_refused_by_name(rest: RestClient, body: dict[str, str], field: str) -> None:
    session_id = (await rest.new_session())["browser_session_id"]

    assert (await rest.put(f"/browser_sessions/{session_id}/control", body)).field == field
    assert (await rest.get(f"/browser_sessions/{session_id}")).json["control_epoch"] == 0


@pytest.mark.parametrize(
    ("headers", "peer", "base"),
    [
        ({"host": "pilot.example:8000"}, "192.168.1.9", "ws://pilot.example:8000"),
        ({"host": "in.side", "x-forwarded-host": "evil.example"}, "192.168.1.9", "ws://in.side"),
        (
            {"host": "in.side", "x-forwarded-host": "p.example", "x-forwarded-proto": "https"},
            "10.0.0.2",
            "wss://p.example",
        ),
        ({"host": "[::1]:8000"}, "::1", "ws://[::1]:8000"),
        ({"host": "<script>"}, "192.168.1.9", "ws://127.0.0.1:8000"),
    ],
)
async def test_streams_are_where_the_client_came_from(
    rest: RestClient, services: Services, headers: dict[str, str], peer: str, base: str
) -> None:
    trusting = attrs.evolve(services.settings, trusted_proxies=HostList.parse(["10.0.0.0/8"]))
    rest.app.extensions[EXTENSION] = attrs.evolve(services, settings=trusting)
    session_id = (await rest.new_session())["browser_session_id"]

    scope = {"client": (peer, 1234), "server": ("127.0.0.1", 8000)}
    answer = await rest.get(f"/browser_sessions/{session_id}/stream", headers=headers, scope_base=scope)

    assert answer.json == {
        "transport": "vnc",
        "vnc_url": f"{base}/api/v1/stream/vnc/browser_session/{session_id}",
        "messages_url": f"{base}/api/v1/stream/messages/browser_session/{session_id}",
        "screencast_url": None,
        "input_url": None,
        "cdp_url": f"{base}/api/v1/cdp/{session_id}",
        "events_url": f"{base}/api/v1/stream/events/browser_session/{session_id}",
    }


async def test_a_session_without_devtools_has_no_gate(rest: RestClient) -> None:
    session = await rest.new_session(provider="attached", vnc_address="tcp://127.0.0.1:5900")

    answer = await rest.get(f"/browser_sessions/{session['browser_session_id']}/stream")

    assert answer.json["cdp_url"] is None
    assert answer.json["vnc_url"] is not None


async def test_a_session_without_a_picture_has_no_vnc_url(rest: RestClient) -> None:
    session = await rest.new_session(provider="attached", cdp_address="http://127.0.0.1:9222")

    answer = await rest.get(f"/browser_sessions/{session['browser_session_id']}/stream")

    assert (answer.json["transport"], answer.json["vnc_url"]) == ("cdp", None)
    assert answer.json["cdp_url"].endswith(f"/api/v1/cdp/{session['browser_session_id']}")
    assert (
        await rest.with_key(OTHER_KEY).get(f"/browser_sessions/{session['browser_session_id']}/stream")
    ).status == 404
