"""Every error is JSON of one form under the base path, and never a traceback."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from quart_trio import QuartTrio
from rest_client import KEY, Answer, RestClient
from store_lock import locked_by_another_process
from structlog.testing import capture_logs

from pilothouse_app.store import Store

PROTECTED = [
    ("GET", "/browser_sessions"),
    ("POST", "/browser_sessions"),
    ("GET", "/browser_sessions/pbs_1"),
    ("PATCH", "/browser_sessions/pbs_1"),
    ("DELETE", "/browser_sessions/pbs_1"),
    ("POST", "/browser_sessions/pbs_1/close"),
    ("PUT", "/browser_sessions/pbs_1/control"),
    ("GET", "/browser_sessions/pbs_1/stream"),
    ("GET", "/cdp/pbs_1/json"),
    ("GET", "/cdp/pbs_1/json/list"),
    ("GET", "/cdp/pbs_1/json/protocol"),
    ("GET", "/cdp/pbs_1/json/version"),
    ("GET", "/browser_sessions/pbs_1/events"),
    ("POST", "/browser_sessions/pbs_1/stream_tokens"),
    ("DELETE", "/browser_sessions/pbs_1/stream_tokens/tok_1"),
    ("POST", "/browser_sessions/pbs_1/takeover_requests"),
    ("GET", "/browser_sessions/pbs_1/takeover_requests/tor_1"),
    ("DELETE", "/browser_sessions/pbs_1/takeover_requests/tor_1"),
    ("GET", "/browser_sessions/pbs_1/viewers"),
    ("DELETE", "/browser_sessions/pbs_1/viewers/v_1"),
    ("GET", "/tasks"),
    ("POST", "/tasks"),
    ("GET", "/tasks/tsk_1"),
    ("PATCH", "/tasks/tsk_1"),
    ("GET", "/workflow_runs"),
    ("POST", "/workflow_runs"),
    ("GET", "/workflow_runs/wr_1"),
    ("PATCH", "/workflow_runs/wr_1"),
]


def assert_unauthorized(answer: Answer) -> None:
    assert (answer.status, answer.error) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), PROTECTED)
async def test_nothing_is_done_without_a_key(rest: RestClient, method: str, path: str) -> None:
    # The body is wrong, too: strangers are not told.
    assert_unauthorized(await rest.with_key(None)(method, f"/api/v1{path}", data="{"))
    assert_unauthorized(await rest.with_key("ph_wrong")(method, f"/api/v1{path}", data="{"))


async def test_every_route_of_ours_is_looked_at(app: QuartTrio) -> None:
    routes = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/")
    }

    open_to_all = {("GET", "/api/v1/health"), ("GET", "/api/v1/openapi.json")}
    assert len(routes - open_to_all) == len(PROTECTED)
    assert open_to_all < routes


async def test_where_a_key_may_stand(rest: RestClient, store: Store) -> None:
    stranger = rest.with_key(None)

    assert (await stranger.get("/browser_sessions", headers={"X-API-Key": KEY})).status == 200
    assert (await stranger.get("/browser_sessions", headers={"Authorization": f"Bearer {KEY}"})).status == 200
    assert_unauthorized(await stranger.get(f"/browser_sessions?apikey={KEY}"))
    assert_unauthorized(await stranger.get(f"/browser_sessions?token={KEY}"))
    await store.api_keys.revoke("key_1")
    assert_unauthorized(await rest.get("/browser_sessions"))


NO_JSON = [b"{", b"{'a': 1}", b"\xff\xfe", b'{"url": "\\ud800"}', b"[" * 100_000, b"NaN", b"{}{}"]


@pytest.mark.parametrize("body", NO_JSON)
async def test_what_is_no_json_is_400(rest: RestClient, body: bytes) -> None:
    answer = await rest("POST", "/api/v1/browser_sessions", data=body, headers={"content-type": "application/json"})

    assert (answer.status, answer.error) == (400, "malformed_json")


async def test_unknown_paths_and_methods(rest: RestClient) -> None:
    for path in ("/api/v1/nothing", "/api/v1/", "/api/v1/browser_sessions/", "/api/v1//health", "/api/v1/health/x"):
        answer = await rest("GET", path)
        assert (answer.status, answer.error) == (404, "not_found"), path
    answer = await rest("DELETE", "/api/v1/browser_sessions")
    assert (answer.status, answer.error) == (405, "method_not_allowed")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize("host", ["a..b", "x" * 300, "<script>", ""])
async def test_no_host_header_breaks_anything(rest: RestClient, host: str) -> None:
    assert (await rest.get("/health", headers={"host": host})).status == 200


async def test_nothing_under_the_base_path_is_html(rest: RestClient) -> None:
    session_id = (await rest.new_session())["browser_session_id"]

    for method, path in [("OPTIONS", ""), ("DELETE", f"/{session_id}"), ("GET", "/pbs_0"), ("BREW", "")]:
        answer = await rest(method, f"/api/v1/browser_sessions{path}")
        assert "html" not in answer.headers.get("Content-Type", "")


async def test_a_body_of_more_than_a_mebibyte_is_413(rest: RestClient) -> None:
    just_right = await rest("POST", "/api/v1/browser_sessions", data=b" " * (2**20 - 2) + b"{}")
    too_large = await rest("POST", "/api/v1/browser_sessions", data=b" " * (2**20 - 1) + b"{}")

    assert just_right.status == 201
    assert (too_large.status, too_large.error) == (413, "too_large")


async def test_a_bug_is_logged_under_an_id_and_not_shown(rest: RestClient) -> None:
    @rest.app.get("/api/v1/bug")
    async def bug() -> str:
        raise KeyError("details that leak")

    with capture_logs() as logs:
        answer = await rest.get("/bug")

    assert (answer.status, answer.error) == (500, "internal_error")
    assert "leak" not in answer.text
    [logged] = [each for each in logs if each["log_level"] == "error"]
    assert logged["error_id"] == answer.json["error"]["details"]["error_id"]
    assert logged["exc_info"].args == ("details that leak",)


async def test_a_locked_store_is_503_and_recovers(rest: RestClient, store: Store, database_path: Path) -> None:
    session_id = (await rest.new_session())["browser_session_id"]

    async with locked_by_another_process(database_path, "writes"):
        for answer in (await rest.post("/browser_sessions", {}), await rest.post("/tasks", {})):
            assert (answer.status, answer.error) == (503, "unavailable")
            assert int(answer.headers["Retry-After"]) > 0
        # Readers of a database that writes ahead do not care.
        assert (await rest.get(f"/browser_sessions/{session_id}")).status == 200
        assert (await rest.get("/health")).status == 200

    assert [each["browser_session_id"] for each in (await rest.get("/browser_sessions")).json] == [session_id]
    assert (await rest.post("/browser_sessions", {})).status == 201


async def test_health_names_the_part_that_fails(rest: RestClient, store: Store, database_path: Path) -> None:
    stranger = rest.with_key(None)
    assert (await stranger.get("/health")).json == {"status": "ok", "version": "1.2.3", "instance_id": "instance-1"}

    vandal = sqlite3.connect(database_path)
    vandal.execute("ALTER TABLE organizations RENAME TO elsewhere")
    answer = await stranger.get("/health")
    vandal.execute("ALTER TABLE elsewhere RENAME TO organizations")
    vandal.close()

    assert (answer.status, answer.error) == (503, "unavailable")
    assert answer.json["error"]["details"] == {"failing": ["store"]}
    assert (await stranger.get("/health")).status == 200
