"""`/browser_sessions/{id}/takeover_requests`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio
from eventually import eventually, time_flies
from rest_client import OTHER_KEY, Answer, RestClient
from trio.testing import MockClock

from pilothouse.channels.errors import SessionEnded
from pilothouse.protocol.control import Viewer
from pilothouse.protocol.takeover import LARGEST_NOTE, LARGEST_REASON, LONGEST_DEADLINE
from pilothouse_app.authentication import hash_key
from pilothouse_app.routes.takeover_requests import LONGEST_WAIT
from pilothouse_app.services import Services
from pilothouse_app.store import Store, open_store
from pilothouse_app.store.entities import ApiKey, Organization

ALICE = Viewer("key_1", "alice")


@pytest.fixture
async def store(database_path: Path) -> AsyncIterator[Store]:
    """With patience beyond the time that a test lets fly."""
    async with open_store(database_path, patience_seconds=2 * LONGEST_DEADLINE) as store:
        await store.organizations.add(Organization(organization_id="o_1", name="ours"))
        await store.organizations.add(Organization(organization_id="o_2", name="theirs"))
        yield store


@pytest.fixture
async def session_id(rest: RestClient) -> str:
    session_id: str = (await rest.new_session())["browser_session_id"]
    return session_id


@pytest.fixture
def path(session_id: str) -> str:
    return f"/browser_sessions/{session_id}/takeover_requests"


async def ask(rest: RestClient, path: str, **body: Any) -> Any:
    answer = await rest.post(path, {"reason": "captcha", **body})
    assert answer.status == 201, answer
    return answer.json


async def test_help_is_asked_for_and_given(rest: RestClient, services: Services, session_id: str, path: str) -> None:
    with services.registry.attend(session_id) as session:
        asked = await rest.post(path, {"reason": "captcha", "deadline_seconds": 60})
        request_id = asked.json["request_id"]
        assert asked.status == 201
        assert asked.headers["Location"] == f"/api/v1{path}/{request_id}"
        assert {"state": "waiting", "reason": "captcha", "outcome": None, "note": None}.items() <= asked.json.items()
        assert asked.json["asked_at"] < asked.json["deadline_at"]

        await session.take_control(ALICE)
        assert (await rest.get(f"{path}/{request_id}")).json["state"] == "taken"
        session.cede_control(ALICE, "solved it")
        done = await rest.get(f"{path}/{request_id}?wait=1")
        assert done.status == 200
        assert {"state": "resolved", "outcome": "completed", "note": "solved it"}.items() <= done.json.items()
        assert (done.json["url_before"], done.json["url_after"]) == (None, None)


async def test_who_waits_is_answered_at_once_when_it_is_over(
    rest: RestClient, services: Services, session_id: str, path: str
) -> None:
    answers: list[Answer] = []

    async def wait() -> None:
        answers.append(await rest.post(f"{path}?wait=1", {"reason": "captcha", "deadline_seconds": 3600}))

    with services.registry.attend(session_id) as session, trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            asked = await eventually(session.takeovers.open_request)
            assert not answers
            session.takeovers.decline(asked.request_id, "not today")
    assert (answers[0].status, answers[0].json["outcome"], answers[0].json["note"]) == (201, "declined", "not today")


async def test_who_waits_is_answered_after_a_minute_in_any_case(rest: RestClient, path: str, clock: MockClock) -> None:
    asked = await ask(rest, path, deadline_seconds=LONGEST_DEADLINE)
    before = trio.current_time()
    async with time_flies(clock):
        answer = await rest.get(f"{path}/{asked['request_id']}?wait=1")
    assert answer.json["state"] == "waiting"
    assert LONGEST_WAIT <= trio.current_time() - before < 3 * LONGEST_WAIT


async def test_the_deadline_ends_it(rest: RestClient, path: str, clock: MockClock) -> None:
    asked = await ask(rest, path, deadline_seconds=30)
    async with time_flies(clock):
        answer = await rest.get(f"{path}/{asked['request_id']}?wait=1")
    assert (answer.json["state"], answer.json["outcome"]) == ("resolved", "timed_out")
    assert (await ask(rest, path))["request_id"] != asked["request_id"], "there is room for the next one"


async def test_whoever_asked_cancels(rest: RestClient, services: Services, session_id: str, path: str) -> None:
    with services.registry.attend(session_id):
        asked = await ask(rest, path)
        for _ in range(2):
            canceled = await rest.delete(f"{path}/{asked['request_id']}")
            assert (canceled.status, canceled.json["outcome"]) == (200, "canceled")


async def test_one_request_is_open_at_a_time(rest: RestClient, path: str) -> None:
    first = await ask(rest, path)
    second = await rest.post(path, {"reason": "another"})
    assert (second.status, second.error) == (409, "already_asked")
    assert second.json["error"]["details"] == {"request_id": first["request_id"]}


async def test_a_repeated_request_is_asked_once(rest: RestClient, store: Store, path: str) -> None:
    await store.api_keys.add(ApiKey(key_id="key_3", organization_id="o_1", name="", key_hash=hash_key("third")))
    named = {"headers": {"Idempotency-Key": "mine"}}
    first = await rest.post(path, {"reason": "captcha"}, **named)
    again = await rest.post(path, {"reason": "captcha"}, **named)
    assert (again.status, again.json) == (201, first.json)
    somebody_else = await rest.with_key("third").post(path, {"reason": "captcha"}, **named)
    assert somebody_else.error == "already_asked"
    assert (await rest.post(path, {"reason": "x"}, headers={"Idempotency-Key": "k" * 129})).field == "Idempotency-Key"


async def test_the_end_of_the_session_ends_it(
    rest: RestClient, services: Services, store: Store, session_id: str, path: str
) -> None:
    with services.registry.attend(session_id) as session:
        asked = await ask(rest, path)
        session.end(SessionEnded())
        assert (await rest.get(f"{path}/{asked['request_id']}?wait=1")).json["outcome"] == "session_ended"
    await store.browser_sessions.change(session_id, status="completed")
    for answer in (await rest.post(path, {"reason": "x"}), await rest.get(f"{path}/{asked['request_id']}")):
        assert (answer.status, answer.error) == (409, "session_ended")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * (LARGEST_REASON + 1)}, "reason"),
        ({"reason": 7}, "reason"),
        ({"reason": "x", "deadline_seconds": 0}, "deadline_seconds"),
        ({"reason": "x", "deadline_seconds": LONGEST_DEADLINE + 1}, "deadline_seconds"),
        ({"reason": "x", "deadline_seconds": "soon"}, "deadline_seconds"),
        ({"reason": "x", "note": "x" * (LARGEST_NOTE + 1)}, "note"),
    ],
)
async def test_a_wrong_request_is_refused_by_name(
    rest: RestClient, services: Services, session_id: str, path: str, body: dict[str, Any], field: str
) -> None:
    with services.registry.attend(session_id) as session:
        assert (await rest.post(path, body)).field == field
        assert session.takeovers.open_request() is None


async def test_what_is_not_there_is_not_found(rest: RestClient, path: str) -> None:
    asked = await ask(rest, path)
    strangers = rest.with_key(OTHER_KEY)
    for answer in (
        await rest.get(f"{path}/tor_0"),
        await rest.delete(f"{path}/tor_0"),
        await rest.post("/browser_sessions/pbs_0/takeover_requests", {"reason": "x"}),
        await strangers.post(path, {"reason": "x"}),
        await strangers.get(f"{path}/{asked['request_id']}"),
        await strangers.delete(f"{path}/{asked['request_id']}"),
    ):
        assert (answer.status, answer.error) == (404, "not_found")
    assert (await rest.with_key("wrong").post(path, {"reason": "x"})).status == 401
    assert (await rest.get(f"{path}/{asked['request_id']}")).json["state"] == "waiting"
