"""What the store keeps, as frozen classes: one field per column."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import attrs

from pilothouse.protocol.control import Scope
from pilothouse.protocol.verdict import FINAL_RUNNABLE_STATUSES, FINAL_SESSION_STATUSES

EntityKind = Literal["browser_session", "task", "workflow_run"]
RunnableKind = Literal["task", "workflow_run"]

SessionStatus = Literal["created", "starting", "running", "completed", "failed", "timeout"]
DisplayStatus = Literal["starting", "ready", "no_browser", "unavailable", "passthrough"]
StreamTransport = Literal["vnc", "cdp"]
Provider = Literal["local", "attached"]
TaskStatus = Literal["created", "queued", "running", "completed", "failed", "terminated", "timed_out", "canceled"]
WorkflowRunStatus = Literal[TaskStatus, "paused"]


def utc_now() -> datetime:
    """This moment, aware of its time zone."""
    return datetime.now(UTC)


def format_time(moment: datetime) -> str:
    """The one form of a moment, in the database and in JSON: ISO 8601 in UTC, of fixed width so that it sorts."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    """Read what `format_time` wrote, or any other ISO 8601 time with a zone."""
    return datetime.fromisoformat(text).astimezone(UTC)


@attrs.frozen(kw_only=True)
class Organization:
    """Owns everything else."""

    organization_id: str
    name: str
    created_at: datetime = attrs.field(factory=utc_now)


@attrs.frozen(kw_only=True)
class ApiKey:
    """A key, known only by its hash."""

    key_id: str
    organization_id: str
    name: str
    key_hash: str = attrs.field(repr=False)
    created_at: datetime = attrs.field(factory=utc_now)
    revoked_at: datetime | None = None


@attrs.frozen(kw_only=True)
class SigningKey:
    """A secret that signs stream tokens."""

    key_id: str
    secret: str = attrs.field(repr=False)
    created_at: datetime = attrs.field(factory=utc_now)


@attrs.frozen(kw_only=True)
class StreamToken:
    """A credential for one browser session, known only by its id.

    Attributes:
        issued_by: the API key with which it was asked for; None is the server itself.
    """

    token_id: str
    organization_id: str
    browser_session_id: str
    scope: Scope
    issued_by: str | None
    created_at: datetime = attrs.field(factory=utc_now)
    expires_at: datetime
    revoked_at: datetime | None = None


@attrs.frozen(kw_only=True)
class BrowserSession:
    """A browser that we started, or that somebody else did and we attached to.

    Attributes:
        url: where a local browser begins.
        vnc_address, cdp_address: where its VNC server and its DevTools are, once that is known.
        runnable_type, runnable_id: the task or workflow run that was given this session last.
    """

    browser_session_id: str
    organization_id: str
    provider: Provider
    status: SessionStatus = "created"
    failure_reason: str | None = None
    display_status: DisplayStatus = "starting"
    stream_transport: StreamTransport = "vnc"
    viewport_width: int = 1280
    viewport_height: int = 800
    timeout_minutes: int = 60
    url: str | None = None
    vnc_address: str | None = attrs.field(default=None, repr=False)
    vnc_password: str | None = attrs.field(default=None, repr=False)
    cdp_address: str | None = attrs.field(default=None, repr=False)
    runnable_type: RunnableKind | None = None
    runnable_id: str | None = None
    created_at: datetime = attrs.field(factory=utc_now)
    started_at: datetime | None = None
    last_activity_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def is_final(self) -> bool:
        """Whether the session is over."""
        return self.status in FINAL_SESSION_STATUSES


@attrs.frozen(kw_only=True)
class Task:
    """A task of an agent; it may have a browser session."""

    task_id: str
    organization_id: str
    status: TaskStatus = "created"
    browser_session_id: str | None = None
    created_at: datetime = attrs.field(factory=utc_now)
    completed_at: datetime | None = None

    @property
    def is_final(self) -> bool:
        """Whether the task is over."""
        return self.status in FINAL_RUNNABLE_STATUSES


@attrs.frozen(kw_only=True)
class WorkflowRun:
    """A run of a workflow; it may have a browser session."""

    workflow_run_id: str
    organization_id: str
    status: WorkflowRunStatus = "created"
    browser_session_id: str | None = None
    created_at: datetime = attrs.field(factory=utc_now)
    completed_at: datetime | None = None

    @property
    def is_final(self) -> bool:
        """Whether the run is over."""
        return self.status in FINAL_RUNNABLE_STATUSES


Runnable = Task | WorkflowRun
Entity = BrowserSession | Task | WorkflowRun
