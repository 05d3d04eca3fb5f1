"""`/browser_sessions` as wire-protocol.md §3 has it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import trio
from fake_sessions import FakeSessions
from rest_client import OTHER_KEY, RestClient

from pilothouse_app.store import Store

ATTACHED = {"provider": "attached", "vnc_address": "tcp://127.0.0.1:5900", "vnc_password": "opensesame"}


async def test_a_new_session_is_stored_and_its_browser_ordered(rest: RestClient, sessions: FakeSessions) -> None:
    answer = await rest.post("/browser_sessions", {})

    session = answer.json
    session_id = session.pop("browser_session_id")
    assert answer.status == 201
    assert answer.headers["Location"] == f"/api/v1/browser_sessions/{session_id}"
    assert session_id.startswith("pbs_")
    assert sessions.orders == [("create", session_id)]
    created_at = session.pop("created_at")
    assert created_at.endswith("Z")
    assert session == {
        "organization_id": "o_1",
        "status": "created",
        "failure_reason": None,
        "display_status": "starting",
        "stream_transport": "vnc",
        "control_state": "ai_control",
        "interactor": "agent",
        "holder_client_id": None,
        "control_epoch": 0,
        "viewport": {"width": 1280, "height": 800},
        "timeout_minutes": 60,
        "started_at": None,
        "last_activity_at": created_at,
        "completed_at": None,
        "runnable_type": None,
        "runnable_id": None,
    }
    assert (await rest.get(f"/browser_sessions/{session_id}")).json == {
        **session,
        "browser_session_id": session_id,
        "created_at": created_at,
    }


async def test_a_client_that_goes_away_leaves_no_session_without_a_browser(
    rest: RestClient, sessions: FakeSessions, store: Store
) -> None:
    with trio.CancelScope() as client:
        store.on_change(lambda kind, entity_id: client.cancel())
        await rest.post("/browser_sessions", {})

    [stored] = await store.browser_sessions.unfinished()
    assert client.cancelled_caught
    assert sessions.orders == [("create", stored.browser_session_id)]


async def test_an_order_is_carried_out_to_the_letter(rest: RestClient, store: Store) -> None:
    made = await rest.new_session(
        url="example.org/x", timeout_minutes=1440, viewport={"width": 320, "height": 2160}, transport="vnc", unknown=1
    )

    stored = await store.browser_sessions.get(made["browser_session_id"], "o_1")
    assert stored is not None
    assert (stored.url, stored.timeout_minutes) == ("https://example.org/x", 1440)
    assert made["viewport"] == {"width": 320, "height": 2160}


async def test_an_empty_body_is_an_order_of_everything_usual(rest: RestClient) -> None:
    assert (await rest("POST", "/api/v1/browser_sessions")).status == 201
    assert (
        await rest("POST", "/api/v1/browser_sessions", data="{}", headers={"content-type": "text/plain"})
    ).status == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"timeout_minutes": 0}, "timeout_minutes"),
        ({"timeout_minutes": 1441}, "timeout_minutes"),
        ({"timeout_minutes": "soon"}, "timeout_minutes"),
        ({"timeout_minutes": True}, "timeout_minutes"),
        ({"timeout_minutes": 1.5}, "timeout_minutes"),
        ({"viewport": {"width": 319}}, "viewport.width"),
        ({"viewport": {"height": 2161}}, "viewport.height"),
        ({"viewport": "big"}, "viewport"),
        ({"transport": "pigeon"}, "transport"),
        ({"transport": "cdp"}, "transport"),
        ({"provider": "cloud"}, "provider"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": 7}, "url"),
        ({"url": "x" * 5000}, "url"),
        ({"vnc_address": "tcp://127.0.0.1:5900"}, "vnc_address"),
        ({"provider": "attached"}, "vnc_address"),
        ({**ATTACHED, "vnc_address": "tcp://10.0.0.1:5900"}, "vnc_address"),
        ({**ATTACHED, "vnc_address": "http://127.0.0.1:5900"}, "vnc_address"),
        ({**ATTACHED, "cdp_address": "tcp://127.0.0.1:9222"}, "cdp_address"),
        ({**ATTACHED, "cdp_address": "http://metadata.internal/"}, "cdp_address"),
        ({**ATTACHED, "transport": "cdp"}, "transport"),
        ({**ATTACHED, "url": "https://example.org"}, "url"),
        ({**ATTACHED, "vnc_password": "x" * 257}, "vnc_password"),
        ([], None),
        (None, None),
        ("x", None),
    ],
)
async def test_a_wrong_order_is_refused_by_name(
    rest: RestClient, sessions: FakeSessions, body: Any, field: str
) -> None:
    answer = await rest.post("/browser_sessions", body)

    assert answer.field == field
    assert sessions.orders == []
    assert (await rest.get("/browser_sessions")).json == []


@pytest.mark.parametrize(
    ("body", "transport"),
    [
        (ATTACHED, "vnc"),
        ({**ATTACHED, "transport": "vnc"}, "vnc"),
        ({**ATTACHED, "vnc_address": "unix:///run/vnc.sock"}, "vnc"),
        ({**ATTACHED, "vnc_address": "ws://localhost:6080/websockify"}, "vnc"),
        ({"provider": "attached", "cdp_address": "http://[::1]:9222"}, "cdp"),
        ({**ATTACHED, "cdp_address": "ws://127.0.0.1:9222/devtools/browser/x", "transport": "cdp"}, "cdp"),
    ],
)
async def test_a_browser_of_somebody_else_is_attached(
    rest: RestClient, store: Store, body: dict[str, str], transport: str
) -> None:
    answer = await rest.post("/browser_sessions", body)

    assert answer.status == 201
    assert answer.json["stream_transport"] == transport
    assert "opensesame" not in answer.text
    stored = await store.browser_sessions.get(answer.json["browser_session_id"], "o_1")
    assert stored is not None
    assert stored.provider == "attached"
    assert stored.vnc_password == body.get("vnc_password")


async def test_lists_are_newest_first_and_lead_on(rest: RestClient, store: Store) -> None:
    ids = [(await rest.new_session())["browser_session_id"] for _ in range(5)]
    await store.browser_sessions.change(ids[0], status="running")

    seen, path = [], "/api/v1/browser_sessions?limit=2"
    while path:
        answer = await rest("GET", path)
        seen += [session["browser_session_id"] for session in answer.json]
        assert len(answer.json) <= 2
        link = answer.headers.get("Link", "")
        assert not link or link.endswith('>; rel="next"')
        path = link.partition(">")[0].lstrip("<")

    assert seen == ids[::-1]
    assert [each["browser_session_id"] for each in (await rest.get("/browser_sessions?status=running")).json] == ids[:1]
    assert (await rest.with_key(OTHER_KEY).get("/browser_sessions")).json == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=dancing", "status"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=", "cursor"),
        ("cursor=%C3%A9", "cursor"),
        ("cursor=AAAA", "cursor"),
        ("cursor=MjAyNi0wMS0wMSB4", "cursor"),
    ],
)
async def test_a_wrong_question_is_refused_by_name(rest: RestClient, query: str, field: str) -> None:
    assert (await rest.get(f"/browser_sessions?{query}")).field == field


async def test_a_session_is_extended(rest: RestClient) -> None:
    path = f"/browser_sessions/{(await rest.new_session())['browser_session_id']}"

    answer = await rest.patch(path, {"timeout_minutes": 5})

    assert (answer.status, answer.json["timeout_minutes"]) == (200, 5)
    assert (await rest.get(path)).json["timeout_minutes"] == 5
    assert (await rest.patch(path, {})).field == "timeout_minutes"
    assert (await rest.patch(path, {"timeout_minutes": 0})).field == "timeout_minutes"


@pytest.mark.parametrize(("method", "suffix"), [("DELETE", ""), ("POST", "/close")])
async def test_ending_a_session_is_repeatable(
    rest: RestClient, sessions: FakeSessions, method: str, suffix: str
) -> None:
    session_id = (await rest.new_session())["browser_session_id"]

    answers = [await rest(method, f"/api/v1/browser_sessions/{session_id}{suffix}") for _ in range(2)]

    assert [(answer.status, answer.text) for answer in answers] == [(204, "")] * 2
    assert sessions.orders == [("create", session_id), ("end", session_id, "completed")]
    ended = (await rest.get(f"/browser_sessions/{session_id}")).json
    assert ended["status"] == "completed"
    assert ended["completed_at"] is not None


async def test_an_ended_session_takes_no_orders(rest: RestClient) -> None:
    session_id = (await rest.new_session())["browser_session_id"]
    await rest.delete(f"/browser_sessions/{session_id}")

    control = {"action": "take_control", "client_id": "a"}
    for answer in (
        await rest.patch(f"/browser_sessions/{session_id}", {"timeout_minutes": 5}),
        await rest.put(f"/browser_sessions/{session_id}/control", control),
        await rest.post("/tasks", {"browser_session_id": session_id}),
        await rest.post("/workflow_runs", {"browser_session_id": session_id}),
    ):
        assert (answer.status, answer.error) == (409, "session_ended")
        assert answer.json["error"]["details"] == {"status": "completed"}


async def test_what_is_not_there_and_what_is_not_ours_look_the_same(rest: RestClient, sessions: FakeSessions) -> None:
    session_id = (await rest.new_session())["browser_session_id"]
    others = rest.with_key(OTHER_KEY)

    answers = []
    for somebody, wanted in ((others, session_id), (rest, "pbs_0"), (rest, "%00"), (rest, "'; DROP TABLE api_keys;--")):
        path = f"/browser_sessions/{wanted}"
        answers += [
            await somebody.get(path),
            await somebody.delete(path),
            await somebody.patch(path, {"timeout_minutes": 5}),
            await somebody.post(f"{path}/close", {}),
            await somebody.get(f"{path}/stream"),
            await somebody.put(f"{path}/control", {"action": "take_control", "client_id": "a"}),
            await somebody.post("/tasks", {"browser_session_id": wanted}),
        ]

    assert {(answer.status, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert answers[0].error == "not_found"
    assert sessions.orders == [("create", session_id)]


async def test_a_session_deleted_by_plain_sql_is_gone(rest: RestClient, database_path: Path) -> None:
    session_id = (await rest.new_session())["browser_session_id"]

    outside = sqlite3.connect(database_path)
    outside.execute("DELETE FROM browser_sessions")
    outside.commit()
    outside.close()

    assert (await rest.get(f"/browser_sessions/{session_id}")).status == 404
    assert (await rest.delete(f"/browser_sessions/{session_id}")).status == 404
