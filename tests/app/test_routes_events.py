"""`/browser_sessions/{id}/events`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from rest_client import OTHER_KEY, RestClient

from pilothouse_app.store import Store
from pilothouse_app.store.events import NewEvent

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def with_events(rest: RestClient, store: Store, count: int) -> str:
    """The id of a session with so many events."""
    session_id: str = (await rest.new_session())["browser_session_id"]
    await store.events.append([NewEvent(session_id, NOON, "agent-step", f'{{"step":{n}}}') for n in range(count)])
    return session_id


async def test_events_are_shown_as_the_wire_has_them(rest: RestClient, store: Store) -> None:
    session_id = await with_events(rest, store, 1)

    answer = await rest.get(f"/browser_sessions/{session_id}/events")

    assert answer.json == [
        {
            "seq": 1,
            "at": "2026-03-01T12:00:00.000000Z",
            "kind": "agent-step",
            "browser_session_id": session_id,
            "data": {"step": 0},
        }
    ]
    assert "Link" not in answer.headers


async def test_pages_follow_each_other_to_the_end(rest: RestClient, store: Store) -> None:
    session_id = await with_events(rest, store, 1_000)
    path: str | None = f"/api/v1/browser_sessions/{session_id}/events?limit=90"
    sizes: list[int] = []
    seen: list[Any] = []

    while path is not None:
        answer = await rest("GET", path)
        sizes.append(len(answer.json))
        seen += [event["seq"] for event in answer.json]
        link = answer.headers.get("Link")
        path = link and link.removeprefix("<").removesuffix('>; rel="next"')

    assert seen == list(range(1, 1_001))
    assert sizes == [90] * 11 + [10]


async def test_a_reader_goes_on_behind_what_it_has(rest: RestClient, store: Store) -> None:
    session_id = await with_events(rest, store, 40)
    path = f"/browser_sessions/{session_id}/events"

    assert [event["seq"] for event in (await rest.get(path)).json] == list(range(1, 21))
    assert [event["seq"] for event in (await rest.get(f"{path}?after=20")).json] == list(range(21, 41))
    assert [event["seq"] for event in (await rest.get(f"{path}?after=38&limit=100")).json] == [39, 40]
    assert (await rest.get(f"{path}?after=40")).json == []
    assert "Link" not in (await rest.get(f"{path}?after=20")).headers


async def test_a_session_that_is_over_keeps_its_trail(rest: RestClient, store: Store) -> None:
    session_id = await with_events(rest, store, 1)
    await store.browser_sessions.change(session_id, status="completed")

    assert len((await rest.get(f"/browser_sessions/{session_id}/events")).json) == 1


async def test_the_trail_is_for_the_sessions_organization(rest: RestClient, store: Store) -> None:
    session_id = await with_events(rest, store, 1)
    path = f"/browser_sessions/{session_id}/events"

    assert (await rest.with_key(OTHER_KEY).get(path)).status == 404
    assert (await rest.with_key(None).get(path)).status == 401
    assert (await rest.get("/browser_sessions/pbs_nowhere/events")).status == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=-1", "after"),
        ("after=x", "after"),
        ("after=1.5", "after"),
        (f"after={10**18}", "after"),
        (f"after={'9' * 400}", "after"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
    ],
)
async def test_a_wrong_place_is_refused_by_name(rest: RestClient, store: Store, query: str, field: str) -> None:
    session_id = await with_events(rest, store, 1)

    assert (await rest.get(f"/browser_sessions/{session_id}/events?{query}")).field == field
