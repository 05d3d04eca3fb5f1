"""`/browser_sessions/{id}/stream_tokens`, and what a token may do over REST."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from quart_trio import QuartTrio
from rest_client import KEY, OTHER_KEY, Answer, RestClient

from pilothouse_app.authentication import Unauthorized, authenticate
from pilothouse_app.services import Services
from pilothouse_app.store import Store
from pilothouse_app.store.entities import parse_time, utc_now

SCOPES = ("view", "control", "agent")
STRANGER = "pbs_000000000000000000000000"

MAY: set[tuple[str, str, str]] = {
    *(("GET", "/browser_sessions/{id}/stream", scope) for scope in SCOPES),
    ("PUT", "/browser_sessions/{id}/control", "control"),
    ("GET", "/browser_sessions/{id}", "agent"),
    ("POST", "/browser_sessions/{id}/takeover_requests", "agent"),
    ("GET", "/browser_sessions/{id}/takeover_requests/<request_id>", "agent"),
    ("DELETE", "/browser_sessions/{id}/takeover_requests/<request_id>", "agent"),
    *(("GET", f"/cdp/{{id}}/json{page}", "agent") for page in ("", "/list", "/version", "/protocol")),
}
"""All that tokens may do."""


async def new_token(rest: RestClient, session_id: str, scope: str = "view", **body: Any) -> Any:
    answer = await rest.post(f"/browser_sessions/{session_id}/stream_tokens", {"scope": scope, **body})
    assert answer.status == 201, answer
    return answer.json


async def ask_as(rest: RestClient, token: str, method: str, path: str) -> Answer:
    body = {
        "action": "take_control",
        "client_id": "a",
        "status": "running",
        "scope": "view",
        "timeout_minutes": 60,
        "reason": "captcha",
    }
    arguments = {} if method == "GET" else {"json": body}
    anonymous = rest.with_key(None)
    return await anonymous(method, f"/api/v1{path}", headers={"authorization": f"Bearer {token}"}, **arguments)


def routes_of(app: QuartTrio) -> list[tuple[str, str]]:
    """Every method and path under the base path that wants a credential."""
    found = []
    for rule in app.url_map.iter_rules():
        path = rule.rule.removeprefix("/api/v1")
        if path == rule.rule or path in ("/health", "/openapi.json"):
            continue
        found += [(method, path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}]
    return found


@pytest.mark.parametrize(
    ("body", "seconds"), [({}, 600), ({"ttl_seconds": 1}, 1), ({"ttl_seconds": 86400}, 86400)], ids=str
)
@pytest.mark.parametrize("scope", SCOPES)
async def test_a_token_is_made(rest: RestClient, store: Store, scope: str, body: Any, seconds: int) -> None:
    session_id = (await rest.new_session())["browser_session_id"]
    before = utc_now().replace(microsecond=0)
    made = await new_token(rest, session_id, scope, **body)

    assert set(made) == {"token", "expires_at", "token_id"}
    expires_at = parse_time(made["expires_at"])
    assert before <= expires_at - timedelta(seconds=seconds) <= utc_now()
    credential = await authenticate(store, made["token"])
    assert (credential.credential_id, credential.scope, credential.session_id) == (made["token_id"], scope, session_id)
    assert credential.expires_at == expires_at


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "scope"),
        ({"scope": "all"}, "scope"),
        ({"scope": "View"}, "scope"),
        ({"scope": ["view"]}, "scope"),
        ({"scope": "view", "ttl_seconds": 0}, "ttl_seconds"),
        ({"scope": "view", "ttl_seconds": -1}, "ttl_seconds"),
        ({"scope": "view", "ttl_seconds": 86401}, "ttl_seconds"),
        ({"scope": "view", "ttl_seconds": 1.5}, "ttl_seconds"),
        ({"scope": "view", "ttl_seconds": None}, "ttl_seconds"),
    ],
)
async def test_a_wrong_wish_is_refused_by_name(rest: RestClient, body: Any, field: str) -> None:
    session_id = (await rest.new_session())["browser_session_id"]

    assert (await rest.post(f"/browser_sessions/{session_id}/stream_tokens", body)).field == field


async def test_a_session_that_is_over_gets_no_token(rest: RestClient) -> None:
    session_id = (await rest.new_session())["browser_session_id"]
    await rest.delete(f"/browser_sessions/{session_id}")

    answer = await rest.post(f"/browser_sessions/{session_id}/stream_tokens", {"scope": "view"})

    assert (answer.status, answer.error) == (409, "session_ended")


async def test_a_revoked_token_is_refused_at_once_and_for_good(rest: RestClient, store: Store) -> None:
    session_id = (await rest.new_session())["browser_session_id"]
    made, kept = await new_token(rest, session_id), await new_token(rest, session_id)
    path = f"/browser_sessions/{session_id}/stream_tokens/{made['token_id']}"

    for _ in range(2):
        assert (await rest.delete(path)).status == 204
        with pytest.raises(Unauthorized):
            await authenticate(store, made["token"])
    assert (await authenticate(store, kept["token"])).credential_id == kept["token_id"]


async def test_strangers_neither_make_nor_revoke(rest: RestClient, store: Store) -> None:
    session_id, other_id = [(await rest.new_session())["browser_session_id"] for _ in range(2)]
    made = await new_token(rest, session_id)
    theirs = rest.with_key(OTHER_KEY)

    answers = [
        await theirs.post(f"/browser_sessions/{session_id}/stream_tokens", {"scope": "view"}),
        await theirs.delete(f"/browser_sessions/{session_id}/stream_tokens/{made['token_id']}"),
        await rest.delete(f"/browser_sessions/{other_id}/stream_tokens/{made['token_id']}"),
        await rest.delete(f"/browser_sessions/{session_id}/stream_tokens/tok_none"),
        await rest.post(f"/browser_sessions/{STRANGER}/stream_tokens", {"scope": "view"}),
    ]

    assert {(answer.status, answer.error) for answer in answers} == {(404, "not_found")}
    assert await authenticate(store, made["token"])


@pytest.mark.parametrize("scope", SCOPES)
async def test_what_a_token_may_do(rest: RestClient, services: Services, scope: str) -> None:
    session_id = (await rest.new_session())["browser_session_id"]
    token = (await new_token(rest, session_id, scope))["token"]
    ids = {"session_id": session_id, "entity_id": "tsk_1", "token_id": "tok_1", "request_id": "tor_1"}

    with services.registry.attend(session_id) as live:
        live.set_upstream(None)  # or its browser would be waited for
        for method, path in routes_of(rest.app):
            answer = await ask_as(rest, token, method, _filled_in(path, ids))
            if (method, path.replace("<session_id>", "{id}"), scope) in MAY:
                assert answer.status not in (401, 403), (path, answer)
            else:
                assert (answer.status, answer.error) == (403, "not_allowed"), (path, answer)


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_token_is_not_told_whether_there_are_other_sessions(rest: RestClient, scope: str) -> None:
    session_id, other_id, over_id = [(await rest.new_session())["browser_session_id"] for _ in range(3)]
    token = (await new_token(rest, session_id, scope))["token"]
    await rest.delete(f"/browser_sessions/{over_id}")
    theirs = (await rest.with_key(OTHER_KEY).new_session())["browser_session_id"]

    for (method, path), id_ in product(routes_of(rest.app), (other_id, over_id, theirs, STRANGER)):
        if "<session_id>" in path:
            filled_in = _filled_in(path, {"session_id": id_, "token_id": "tok_1", "request_id": "tor_1"})
            answer = await ask_as(rest, token, method, filled_in)
            assert answer.json == {"error": {"code": "not_found", "message": "There is no such browser session."}}
            assert answer.status == 404


async def test_control_that_a_token_takes_is_the_tokens(rest: RestClient) -> None:
    session_id = (await rest.new_session())["browser_session_id"]
    token = (await new_token(rest, session_id, "control"))["token"]
    path = f"/browser_sessions/{session_id}/control"

    assert (await ask_as(rest, token, "PUT", path)).json["holder_client_id"] == "a"
    answer = await rest.put(path, {"action": "return_control", "client_id": "a"})
    assert (answer.status, answer.error) == (409, "not_in_control")


async def test_a_token_in_a_url_opens_nothing_over_rest(rest: RestClient) -> None:
    session_id = (await rest.new_session())["browser_session_id"]
    token = (await new_token(rest, session_id))["token"]

    for query in (f"token={token}", f"apikey={token}", f"apikey={KEY}"):
        answer = await rest.with_key(None).get(f"/browser_sessions/{session_id}/stream?{query}")
        assert (answer.status, answer.error) == (401, "unauthorized")


def _filled_in(path: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        path = path.replace(f"<{name}>", value)
    return path
