"""`/tasks` and `/workflow_runs`."""

from __future__ import annotations

from typing import Any

import pytest
from fake_sessions import FakeSessions
from rest_client import OTHER_KEY, RestClient

BOTH = pytest.mark.parametrize(
    ("path", "key", "prefix", "kind"),
    [("/tasks", "task_id", "tsk_", "task"), ("/workflow_runs", "workflow_run_id", "wr_", "workflow_run")],
)
FINAL = ["completed", "failed", "terminated", "timed_out", "canceled"]


@BOTH
async def test_one_is_made_for_a_session(rest: RestClient, path: str, key: str, prefix: str, kind: str) -> None:
    session_id = (await rest.new_session())["browser_session_id"]

    answer = await rest.post(path, {"browser_session_id": session_id})

    made = answer.json
    assert answer.status == 201
    assert answer.headers["Location"] == f"/api/v1{path}/{made[key]}"
    assert made[key].startswith(prefix)
    assert made == {
        key: made[key],
        "organization_id": "o_1",
        "status": "created",
        "browser_session_id": session_id,
        "created_at": made["created_at"],
        "completed_at": None,
    }
    assert (await rest.get(f"{path}/{made[key]}")).json == made
    session = (await rest.get(f"/browser_sessions/{session_id}")).json
    assert (session["runnable_type"], session["runnable_id"]) == (kind, made[key])


@BOTH
async def test_lists_lead_on(rest: RestClient, path: str, key: str, prefix: str, kind: str) -> None:
    ids = [(await rest.post(path, {})).json[key] for _ in range(3)]
    await rest.patch(f"{path}/{ids[1]}", {"status": "running"})

    first = await rest.get(f"{path}?limit=2")
    second = await rest("GET", first.headers["Link"].partition(">")[0].lstrip("<"))

    assert [each[key] for each in first.json + second.json] == ids[::-1]
    assert "Link" not in second.headers
    assert [each[key] for each in (await rest.get(f"{path}?status=running")).json] == [ids[1]]
    assert (await rest.with_key(OTHER_KEY).get(path)).json == []


@BOTH
@pytest.mark.parametrize("final", FINAL)
async def test_a_final_status_stays_and_closes_channels(
    rest: RestClient, sessions: FakeSessions, path: str, key: str, prefix: str, kind: str, final: str
) -> None:
    entity_id = (await rest.post(path, {})).json[key]
    running = await rest.patch(f"{path}/{entity_id}", {"status": "running"})
    assert (running.status, running.json["status"], sessions.orders) == (200, "running", [])

    for _ in range(2):
        ended = await rest.patch(f"{path}/{entity_id}", {"status": final})
        assert (ended.status, ended.json["status"]) == (200, final)
        assert ended.json["completed_at"] is not None
    assert sessions.orders == [("end_runnable", kind, entity_id, final)]

    again = await rest.patch(f"{path}/{entity_id}", {"status": "running"})
    assert (again.status, again.error) == (409, "already_final")
    assert again.json["error"]["details"] == {"status": final}


async def test_only_a_run_can_be_paused(rest: RestClient) -> None:
    task_id = (await rest.post("/tasks", {})).json["task_id"]
    run_id = (await rest.post("/workflow_runs", {})).json["workflow_run_id"]

    assert (await rest.patch(f"/tasks/{task_id}", {"status": "paused"})).field == "status"
    assert (await rest.patch(f"/workflow_runs/{run_id}", {"status": "paused"})).json["status"] == "paused"


@BOTH
@pytest.mark.parametrize(
    ("body", "field"), [({}, "status"), ({"status": "x"}, "status"), ({"status": None}, "status"), ([], None)]
)
async def test_a_wrong_change_is_refused_by_name(
    rest: RestClient, path: str, key: str, prefix: str, kind: str, body: Any, field: str | None
) -> None:
    entity_id = (await rest.post(path, {})).json[key]

    assert (await rest.patch(f"{path}/{entity_id}", body)).field == field


@BOTH
async def test_what_is_not_there_and_what_is_not_ours_look_the_same(
    rest: RestClient, sessions: FakeSessions, path: str, key: str, prefix: str, kind: str
) -> None:
    entity_id = (await rest.post(path, {})).json[key]
    others = rest.with_key(OTHER_KEY)

    answers = []
    for somebody, wanted in ((others, entity_id), (rest, f"{prefix}0")):
        answers.append(await somebody.get(f"{path}/{wanted}"))
        answers.append(await somebody.patch(f"{path}/{wanted}", {"status": "failed"}))

    assert {(answer.status, answer.error, answer.text) for answer in answers} == {(404, "not_found", answers[0].text)}
    assert sessions.orders == []
    assert (await rest.post(path, {"browser_session_id": 7})).field == "browser_session_id"
