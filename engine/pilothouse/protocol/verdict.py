"""Is this entity still valid? From (entity, now) to Valid or Refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

import attrs

FINAL_SESSION_STATUSES = frozenset({"completed", "failed", "timeout"})
FINAL_RUNNABLE_STATUSES = frozenset({"completed", "failed", "terminated", "timed_out", "canceled"})


class SessionFacts(Protocol):
    """What the verdict needs to know of a browser session."""

    @property
    def status(self) -> str: ...
    @property
    def timeout_minutes(self) -> int: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def started_at(self) -> datetime | None: ...


class RunnableFacts(Protocol):
    """What the verdict needs to know of a task or a workflow run."""

    @property
    def status(self) -> str: ...


@attrs.frozen
class Valid:
    """The entity may go on.

    Attributes:
        session_id: the browser session that it stands for; None while a task or run has none.
    """

    session_id: str | None


@attrs.frozen
class Refused:
    """It may not.

    Attributes:
        reason: for people; leaks nothing.
        timed_out: whether a session's time is over.
    """

    reason: str
    timed_out: bool = False


@attrs.frozen
class Unknown:
    """There is no such entity, or it belongs to somebody else: the client is not told which."""


Verdict = Valid | Refused | Unknown


def judge_session(session_id: str, session: SessionFacts, now: datetime) -> Verdict:
    """A session is valid until it is final, or its time is over.

    Args:
        session_id: of this session.
        session: its facts; the time runs from `started_at`, before the start from `created_at`.
        now: aware of its time zone.
    """
    if session.status in FINAL_SESSION_STATUSES:
        return Refused(f"the session is over ({session.status})", timed_out=session.status == "timeout")
    ends = (session.started_at or session.created_at) + timedelta(minutes=session.timeout_minutes)
    if now >= ends:
        return Refused("the session's time is over", timed_out=True)
    return Valid(session_id)


def judge_runnable(runnable: RunnableFacts, session_verdict: Verdict | None) -> Verdict:
    """A task or a workflow run is valid until it is final, and as long as its browser session is.

    Args:
        runnable: its facts.
        session_verdict: of its browser session; None while it has none.
    """
    if runnable.status in FINAL_RUNNABLE_STATUSES:
        return Refused(f"the run is over ({runnable.status})")
    return session_verdict or Valid(None)
