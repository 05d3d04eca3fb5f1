"""Entities in the store: what goes in comes out, to its own organization only, and a final status stays."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pilothouse_app.store import Store, StoreConflict, StoreError, open_store
from pilothouse_app.store.entities import (
    ApiKey,
    BrowserSession,
    Organization,
    Task,
    WorkflowRun,
    format_time,
    parse_time,
)
from pilothouse_app.store.tables import Position

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def session(number: int = 1, **fields: object) -> BrowserSession:
    values = {
        "browser_session_id": f"pbs_{number}",
        "organization_id": "o_1",
        "provider": "local",
        "created_at": NOON + timedelta(seconds=number),
    }
    return BrowserSession(**{**values, **fields})  # type: ignore[arg-type]


async def test_a_session_comes_back_as_it_was_stored(store: Store) -> None:
    full = session(
        provider="attached",
        status="running",
        failure_reason="x",
        url="about:blank",
        vnc_address="tcp://127.0.0.1:5900",
        vnc_password="secret",
        cdp_address="http://127.0.0.1:9222",
        started_at=NOON,
        last_activity_at=NOON,
        completed_at=NOON,
    )
    await store.browser_sessions.add(full)

    assert await store.browser_sessions.get("pbs_1", "o_1") == full
    assert "secret" not in repr(full)


async def test_an_entity_is_seen_by_its_own_organization_only(store: Store) -> None:
    await store.browser_sessions.add(session())
    await store.runnables.add(Task(task_id="tsk_1", organization_id="o_1"))

    assert await store.browser_sessions.get("pbs_1", "o_2") is None
    assert await store.runnables.get("task", "tsk_1", "o_2") is None
    assert await store.look_up("browser_session", "pbs_1", "o_2") is None
    assert await store.look_up("task", "tsk_1", "o_2") is None
    assert await store.browser_sessions.page("o_2", status=None, limit=10, behind=None) == []


async def test_only_the_log_tells_a_foreign_entity_from_none(store: Store) -> None:
    await store.browser_sessions.add(session())
    with capture_logs() as logs:
        assert await store.look_up("browser_session", "pbs_1", "o_2") is None
        assert await store.look_up("browser_session", "pbs_9", "o_2") is None
    assert [(line["entity"], line["why"]) for line in logs] == [
        ("pbs_1", "it is another organization's"),
        ("pbs_9", "it does not exist"),
    ]


async def test_lists_are_newest_first_and_go_on_behind_a_position(store: Store) -> None:
    # Two of one moment: the id decides.
    moments = [1, 2, 2, 3, 4]
    for number, second in enumerate(moments, start=1):
        await store.browser_sessions.add(session(number, created_at=NOON + timedelta(seconds=second)))
    await store.browser_sessions.change("pbs_4", status="running")

    seen: list[str] = []
    behind = None
    while page := await store.browser_sessions.page("o_1", status=None, limit=2, behind=behind):
        seen += [each.browser_session_id for each in page]
        behind = Position(format_time(page[-1].created_at), page[-1].browser_session_id)

    assert seen == ["pbs_5", "pbs_4", "pbs_3", "pbs_2", "pbs_1"]
    running = await store.browser_sessions.page("o_1", status="running", limit=10, behind=None)
    assert [each.browser_session_id for each in running] == ["pbs_4"]


async def test_a_change_sets_what_it_names_and_the_times_follow_the_status(store: Store) -> None:
    await store.browser_sessions.add(session())

    assert await store.browser_sessions.change(
        "pbs_1", status="running", display_status="ready", vnc_address="unix:///x", last_activity_at=NOON
    )
    running = await store.browser_sessions.get("pbs_1", "o_1")
    assert running is not None
    assert (running.status, running.display_status, running.vnc_address) == ("running", "ready", "unix:///x")
    assert running.started_at is not None
    assert running.last_activity_at == NOON
    assert running.completed_at is None

    assert await store.browser_sessions.change("pbs_1", status="failed", failure_reason="gone")
    failed = await store.browser_sessions.get("pbs_1", "o_1")
    assert failed is not None
    assert failed.started_at == running.started_at
    assert failed.completed_at is not None


@pytest.mark.parametrize("final", ["completed", "failed", "timeout"])
async def test_a_final_session_is_never_changed(store: Store, final: str) -> None:
    await store.browser_sessions.add(session(status=final))

    assert not await store.browser_sessions.change("pbs_1", status="running")
    assert not await store.browser_sessions.change("pbs_none", status="running")

    assert await store.browser_sessions.get("pbs_1", "o_1") == session(status=final)


@pytest.mark.parametrize("final", ["completed", "failed", "terminated", "timed_out", "canceled"])
async def test_a_final_task_or_run_is_never_changed(store: Store, final: str) -> None:
    run = WorkflowRun(workflow_run_id="wr_1", organization_id="o_1", created_at=NOON)
    await store.runnables.add(run)
    assert await store.runnables.set_status("workflow_run", "wr_1", "paused")
    assert await store.runnables.set_status("workflow_run", "wr_1", final)  # type: ignore[arg-type]

    assert not await store.runnables.set_status("workflow_run", "wr_1", "running")
    assert not await store.runnables.set_status("task", "wr_1", "running")

    found = await store.runnables.get("workflow_run", "wr_1", "o_1")
    assert found is not None
    assert found.status == final
    assert found.completed_at is not None


async def test_looking_up_a_run_brings_its_session(store: Store) -> None:
    await store.browser_sessions.add(session())
    task = Task(task_id="tsk_1", organization_id="o_1", browser_session_id="pbs_1", created_at=NOON)
    run = WorkflowRun(workflow_run_id="wr_1", organization_id="o_1", created_at=NOON)
    await store.runnables.add(task)
    await store.runnables.add(run)

    of_task = await store.look_up("task", "tsk_1", "o_1")
    of_run = await store.look_up("workflow_run", "wr_1", "o_1")
    of_session = await store.look_up("browser_session", "pbs_1", "o_1")

    expected = session(runnable_type="task", runnable_id="tsk_1")
    assert of_task is not None and of_run is not None and of_session is not None
    assert (of_task.entity, of_task.browser_session) == (task, expected)
    assert (of_run.entity, of_run.browser_session) == (run, None)
    assert (of_session.entity, of_session.browser_session) == (expected, expected)


@pytest.mark.parametrize("foreign_keys", ["ON", "OFF"])
async def test_a_plain_delete_from_outside_is_seen(store: Store, database_path: Path, foreign_keys: str) -> None:
    await store.browser_sessions.add(session())
    await store.runnables.add(Task(task_id="tsk_1", organization_id="o_1", browser_session_id="pbs_1"))

    outside = sqlite3.connect(database_path)
    outside.execute(f"PRAGMA foreign_keys = {foreign_keys}")
    outside.execute("DELETE FROM browser_sessions WHERE browser_session_id = 'pbs_1'")
    outside.commit()
    outside.close()

    assert await store.look_up("browser_session", "pbs_1", "o_1") is None
    looked = await store.look_up("task", "tsk_1", "o_1")
    assert looked is not None
    assert looked.browser_session is None


async def test_writes_of_sessions_tasks_and_runs_are_told_when_they_are_committed(store: Store) -> None:
    told: list[tuple[str, str]] = []
    store.on_change(lambda kind, entity_id: told.append((kind, entity_id)))

    await store.browser_sessions.add(session())
    await store.browser_sessions.change("pbs_1", status="completed")
    await store.browser_sessions.change("pbs_1", status="running")
    await store.runnables.add(Task(task_id="tsk_1", organization_id="o_1"))
    await store.runnables.add(WorkflowRun(workflow_run_id="wr_1", organization_id="o_1"))
    await store.runnables.set_status("task", "tsk_1", "running")
    with pytest.raises(StoreConflict):
        await store.browser_sessions.add(session())

    assert told == [
        ("browser_session", "pbs_1"),
        ("browser_session", "pbs_1"),
        ("task", "tsk_1"),
        ("workflow_run", "wr_1"),
        ("task", "tsk_1"),
    ]


async def test_contradictions_are_refused_and_leave_nothing_behind(store: Store) -> None:
    with pytest.raises(StoreConflict):
        await store.browser_sessions.add(session(organization_id="o_none"))
    with pytest.raises(StoreConflict):
        await store.runnables.add(Task(task_id="tsk_1", organization_id="o_1", browser_session_id="pbs_none"))

    assert await store.browser_sessions.unfinished() == []
    assert await store.runnables.get("task", "tsk_1", "o_1") is None


async def test_unfinished_sessions_of_every_organization_are_found(store: Store) -> None:
    await store.browser_sessions.add(session(1))
    await store.browser_sessions.add(session(2, organization_id="o_2", status="running"))
    await store.browser_sessions.add(session(3, status="timeout"))

    assert {each.browser_session_id for each in await store.browser_sessions.unfinished()} == {"pbs_1", "pbs_2"}


async def test_keys_are_found_by_hash_and_revoked_once(store: Store) -> None:
    key = ApiKey(key_id="key_1", organization_id="o_1", name="laptop", key_hash="abc", created_at=NOON)
    await store.api_keys.add(key)

    assert await store.api_keys.by_hash("abc") == key
    assert await store.api_keys.by_hash("abd") is None
    assert await store.api_keys.revoke("key_1")
    assert not await store.api_keys.revoke("key_1")
    assert not await store.api_keys.revoke("key_none")
    [revoked] = await store.api_keys.all()
    assert revoked.revoked_at is not None


async def test_the_default_organization_is_the_oldest_and_made_once(tmp_path: Path) -> None:
    async with open_store(tmp_path / "x.sqlite3") as store:
        made = await store.organizations.default()
        other = Organization(organization_id="o_other", name="other")
        await store.organizations.add(other)

        assert await store.organizations.default() == made
        assert await store.organizations.get("o_other") == other
        assert await store.organizations.get("o_none") is None


async def test_a_row_that_somebody_spoilt_is_a_named_error(store: Store, database_path: Path) -> None:
    await store.browser_sessions.add(session())
    outside = sqlite3.connect(database_path)
    outside.execute("UPDATE browser_sessions SET status = 'dancing'")
    outside.commit()
    outside.close()

    with pytest.raises(StoreError, match="a row of browser_sessions cannot be read"):
        await store.browser_sessions.get("pbs_1", "o_1")


def test_times_have_one_form_that_sorts() -> None:
    summer = datetime.fromisoformat("2026-07-01T02:00:00+02:00")

    assert format_time(summer) == "2026-07-01T00:00:00.000000Z"
    assert format_time(summer) < format_time(summer + timedelta(microseconds=1))
    assert parse_time(format_time(summer)) == summer
    assert parse_time("2026-07-01T00:00:00Z").tzinfo == UTC
