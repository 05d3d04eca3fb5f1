from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest

from pilothouse.protocol.verdict import (
    FINAL_RUNNABLE_STATUSES,
    FINAL_SESSION_STATUSES,
    Refused,
    Unknown,
    Valid,
    Verdict,
    judge_runnable,
    judge_session,
)

CREATED = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)
STARTED = CREATED + timedelta(minutes=5)
MOMENT = timedelta(microseconds=1)


@attrs.frozen
class Session:
    status: str = "running"
    timeout_minutes: int = 60
    created_at: datetime = CREATED
    started_at: datetime | None = STARTED


@attrs.frozen
class Runnable:
    status: str = "running"


@pytest.mark.parametrize("status", ["created", "starting", "running"])
def test_a_session_that_is_not_final_is_valid(status: str) -> None:
    assert judge_session("pbs_1", Session(status=status), STARTED) == Valid("pbs_1")


@pytest.mark.parametrize("status", ["completed", "failed", "timeout"])
def test_a_final_session_is_refused_and_says_how_it_ended(status: str) -> None:
    verdict = judge_session("pbs_1", Session(status=status), STARTED)
    assert isinstance(verdict, Refused)
    assert status in verdict.reason
    assert verdict.timed_out == (status == "timeout")
    assert status in FINAL_SESSION_STATUSES


def test_a_sessions_time_runs_from_its_start() -> None:
    ends = STARTED + timedelta(minutes=60)
    assert judge_session("pbs_1", Session(), ends - MOMENT) == Valid("pbs_1")
    verdict = judge_session("pbs_1", Session(), ends)
    assert isinstance(verdict, Refused)
    assert verdict.timed_out


def test_before_the_start_it_runs_from_the_creation() -> None:
    waiting = Session(status="created", started_at=None)
    ends = CREATED + timedelta(minutes=60)
    assert judge_session("pbs_1", waiting, ends - MOMENT) == Valid("pbs_1")
    assert isinstance(judge_session("pbs_1", waiting, ends), Refused)


def test_the_time_is_the_sessions_own() -> None:
    assert isinstance(judge_session("pbs_1", Session(timeout_minutes=1), STARTED + timedelta(minutes=1)), Refused)
    assert judge_session("pbs_1", Session(timeout_minutes=1440), STARTED + timedelta(hours=23)) == Valid("pbs_1")


def test_time_zones_do_not_matter() -> None:
    now = (STARTED + timedelta(minutes=59)).astimezone(timezone(timedelta(hours=13)))
    assert judge_session("pbs_1", Session(), now) == Valid("pbs_1")


@pytest.mark.parametrize("status", ["created", "queued", "running", "paused"])
def test_a_run_without_a_session_is_valid_until_it_is_final(status: str) -> None:
    assert judge_runnable(Runnable(status=status), None) == Valid(None)


@pytest.mark.parametrize("session_verdict", [None, Valid("pbs_1")])
@pytest.mark.parametrize("status", ["completed", "failed", "terminated", "timed_out", "canceled"])
def test_a_final_run_is_refused_whatever_its_session_says(status: str, session_verdict: Verdict | None) -> None:
    verdict = judge_runnable(Runnable(status=status), session_verdict)
    assert isinstance(verdict, Refused)
    assert status in verdict.reason
    assert not verdict.timed_out
    assert status in FINAL_RUNNABLE_STATUSES


@pytest.mark.parametrize("session_verdict", [Valid("pbs_1"), Refused("over", timed_out=True), Unknown()])
def test_a_run_is_as_valid_as_its_session(session_verdict: Verdict) -> None:
    assert judge_runnable(Runnable(), session_verdict) == session_verdict
