"""Bodies of requests and answers. Their types are the rules that msgspec checks and the OpenAPI document shows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import attrs
from msgspec import Meta

from pilothouse.channels.takeovers import Takeover
from pilothouse.protocol.control import ControlState, Scope
from pilothouse.protocol.takeover import LARGEST_NOTE, LARGEST_REASON, LONGEST_DEADLINE, Outcome, Phase
from pilothouse.protocol.user_flow import MAX_STEPS
from pilothouse_app.store.entities import (
    BrowserSession,
    DisplayStatus,
    Entity,
    Provider,
    RunnableKind,
    SessionStatus,
    StreamTransport,
    Task,
    TaskStatus,
    WorkflowRun,
    WorkflowRunStatus,
    format_time,
)
from pilothouse_app.stream_tokens import LONGEST_LIFE_SECONDS

ViewT = TypeVar("ViewT", bound=attrs.AttrsInstance)

Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
TimeoutMinutes = Annotated[int, Meta(ge=1, le=1440)]
Address = Annotated[str, Meta(min_length=1, max_length=2048)]
# Python's $ would let a line break through at the end.
ClientId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:-]{1,128}$(?!\n)")]
NoteText = Annotated[str, Meta(max_length=LARGEST_NOTE)]
EntityId = Annotated[str, Meta(max_length=64)]
Limit = Annotated[int, Meta(ge=1, le=100)]
Seq = Annotated[int, Meta(ge=0, lt=10**18)]
Cursor = Annotated[str, Meta(max_length=256)]


@attrs.frozen
class Viewport:
    """The browser's screen, in pixels."""

    width: Annotated[int, Meta(ge=320, le=3840)] = 1280
    height: Annotated[int, Meta(ge=240, le=2160)] = 800


@attrs.frozen(kw_only=True)
class NewSession:
    """A browser to start, or to attach to. Fields that are not known are ignored."""

    provider: Provider = "local"
    url: Annotated[str, Meta(max_length=4096)] | None = None
    timeout_minutes: TimeoutMinutes = 60
    viewport: Viewport = Viewport()
    transport: Literal["auto", "vnc", "cdp"] = "auto"
    cdp_address: Address | None = None
    vnc_address: Address | None = None
    vnc_password: Annotated[str, Meta(max_length=256)] | None = attrs.field(default=None, repr=False)
    task: Annotated[dict[str, Any], Meta(description="A user flow, as Chrome's Recorder exports it.")] | None = (
        attrs.field(default=None, repr=False)
    )
    max_steps: Annotated[int, Meta(ge=1, le=MAX_STEPS)] | None = None


@attrs.frozen
class SessionPatch:
    """What may be changed of a session."""

    timeout_minutes: TimeoutMinutes


@attrs.frozen
class ControlAction:
    """Who wants control, or gives it back; or a pause, which needs no client.

    Attributes:
        note: of whoever gives control back to an agent that had asked for help.
    """

    action: Literal["take_control", "return_control", "pause", "resume"]
    client_id: ClientId | None = None
    note: NoteText = ""


@attrs.frozen
class NewTakeoverRequest:
    """What an agent needs a person for.

    Attributes:
        reason: short, such as `captcha`; people read it.
        deadline_seconds: how long the agent waits.
        note: more about it, for people.
    """

    reason: Annotated[str, Meta(min_length=1, max_length=LARGEST_REASON)]
    deadline_seconds: Annotated[int, Meta(ge=1, le=LONGEST_DEADLINE)] = 300
    note: NoteText = ""


@attrs.frozen
class WaitQuery:
    """Whether to answer when there is something to tell."""

    wait: bool = False


@attrs.frozen
class NewStreamToken:
    """What a token is to be for, and for how long."""

    scope: Scope
    ttl_seconds: Annotated[int, Meta(ge=1, le=LONGEST_LIFE_SECONDS)] = 600


@attrs.frozen
class StreamTokenView:
    """A token. It is shown this once; its id is what revokes it."""

    token: str = attrs.field(repr=False)
    expires_at: Moment
    token_id: str


@attrs.frozen
class ViewerView:
    """Somebody who is with a session."""

    viewer_id: str
    client_id: str
    scope: Scope
    holds_control: bool


@attrs.frozen
class NewRunnable:
    """A task or a workflow run."""

    browser_session_id: EntityId | None = None


@attrs.frozen
class TaskPatch:
    """What may be changed of a task."""

    status: TaskStatus


@attrs.frozen
class WorkflowRunPatch:
    """What may be changed of a workflow run."""

    status: WorkflowRunStatus


@attrs.frozen
class _PageQuery:
    limit: Limit = 20
    cursor: Cursor | None = None


@attrs.frozen
class SessionQuery(_PageQuery):
    """Which sessions to list."""

    status: SessionStatus | None = None


@attrs.frozen
class TaskQuery(_PageQuery):
    """Which tasks to list."""

    status: TaskStatus | None = None


@attrs.frozen
class WorkflowRunQuery(_PageQuery):
    """Which workflow runs to list."""

    status: WorkflowRunStatus | None = None


@attrs.frozen
class EventQuery:
    """Which events to list."""

    after: Seq = 0
    limit: Limit = 20


@attrs.frozen(kw_only=True)
class SessionView:
    """A browser session. Where its browser is remains ours."""

    browser_session_id: str
    organization_id: str
    status: SessionStatus
    failure_reason: str | None
    display_status: DisplayStatus
    stream_transport: StreamTransport
    control_state: str
    interactor: str
    holder_client_id: str | None
    control_epoch: int
    viewport: Viewport
    timeout_minutes: int
    created_at: Moment
    started_at: Moment | None
    last_activity_at: Moment | None
    completed_at: Moment | None
    runnable_type: RunnableKind | None
    runnable_id: str | None

    @classmethod
    def of(cls, session: BrowserSession, control: ControlState) -> SessionView:
        """What the client sees of a session."""
        viewport = Viewport(session.viewport_width, session.viewport_height)
        return _view(cls, session, viewport=viewport, **attrs.asdict(control))


@attrs.frozen(kw_only=True)
class StreamView:
    """Where a session's streams are; null is not there. They want a credential, which these URLs do not carry."""

    transport: StreamTransport
    vnc_url: str | None
    messages_url: str
    screencast_url: str | None
    input_url: str | None
    cdp_url: str | None
    events_url: str | None


@attrs.frozen(kw_only=True)
class TakeoverRequestView:
    """A request for help. What is null is not known yet, or not at all.

    Attributes:
        state: `taken` while a person has control.
        note: what the person had to say.
        url_before: where the browser was when help was asked for.
        url_after: where it was when the request was over.
    """

    request_id: str
    browser_session_id: str
    state: Phase
    reason: str
    asked_at: Moment
    deadline_at: Moment
    outcome: Outcome | None
    note: str | None
    url_before: str | None
    url_after: str | None

    @classmethod
    def of(cls, takeover: Takeover, session_id: str) -> TakeoverRequestView:
        """What the client sees of a request."""
        request = takeover.request
        return cls(
            request_id=request.request_id,
            browser_session_id=session_id,
            state=request.phase,
            reason=request.reason,
            asked_at=format_time(takeover.asked_at),
            deadline_at=format_time(takeover.deadline_at),
            outcome=request.outcome,
            note=request.answer or None,
            url_before=takeover.url_before,
            url_after=takeover.url_after,
        )


@attrs.frozen(kw_only=True)
class TaskView:
    """A task."""

    task_id: str
    organization_id: str
    status: TaskStatus
    browser_session_id: str | None
    created_at: Moment
    completed_at: Moment | None

    @classmethod
    def of(cls, task: Task) -> TaskView:
        """What the client sees of a task."""
        return _view(cls, task)


@attrs.frozen(kw_only=True)
class WorkflowRunView:
    """A workflow run."""

    workflow_run_id: str
    organization_id: str
    status: WorkflowRunStatus
    browser_session_id: str | None
    created_at: Moment
    completed_at: Moment | None

    @classmethod
    def of(cls, run: WorkflowRun) -> WorkflowRunView:
        """What the client sees of a run."""
        return _view(cls, run)


def _view(view: type[ViewT], entity: Entity, **more: Any) -> ViewT:
    """The entity's fields of the same names, and more."""
    values = {name: getattr(entity, name) for name in attrs.fields_dict(view) if name not in more}
    texts = {name: format_time(value) for name, value in values.items() if isinstance(value, datetime)}
    return view(**{**values, **texts, **more})
