"""What happens to a session and is worth writing down: one class per kind of event.

The application is called with each of them (`open_registry(on_event=…)`), and keeps them as it likes. An event never
says what was typed, copied or pasted, and never carries a credential.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import attrs

from pilothouse.protocol.control import Viewer
from pilothouse.protocol.rfb.decisions import Drop


@attrs.frozen
class SessionEvent:
    """What all events have in common.

    Attributes:
        kind: in the words of the wire.
        expendable: whether it may be left out, and only counted, when more happens than can be written down.
        session_id: of the browser session.
    """

    kind: ClassVar[str]
    expendable: ClassVar[bool] = False

    session_id: str

    def data(self) -> dict[str, object]:
        """The rest of it, as JSON."""
        return {name: getattr(self, name) for name in attrs.fields_dict(type(self)) if name != "session_id"}


@attrs.frozen
class SessionCreated(SessionEvent):
    """A session was ordered.

    Attributes:
        provider: `local` or `attached`.
        stream_transport: `vnc` or `cdp`.
        timeout_minutes: how long it may go on.
    """

    kind: ClassVar[str] = "session-created"

    provider: str
    stream_transport: str
    timeout_minutes: int


@attrs.frozen
class SessionStatus(SessionEvent):
    """A session's status has changed.

    Attributes:
        status: what it is now.
        failure_reason: why it failed or timed out.
    """

    kind: ClassVar[str] = "session-status"

    status: str
    failure_reason: str | None


@attrs.frozen
class DisplayStatus(SessionEvent):
    """Whether there is something to see has changed.

    Attributes:
        display_status: what it is now.
    """

    kind: ClassVar[str] = "display-status"

    display_status: str


@attrs.frozen
class SessionError(SessionEvent):
    """Something went wrong that ends the session, or only the flow of its own agent.

    Attributes:
        reason: for people; leaks nothing.
    """

    kind: ClassVar[str] = "session-error"

    reason: str | None


@attrs.frozen
class SessionEnded(SessionEvent):
    """A session is over. Of the session itself there is nothing more to come.

    Attributes:
        status: `completed`, `failed` or `timeout`.
        reason: why, unless somebody ended it as planned.
    """

    kind: ClassVar[str] = "session-ended"

    status: str
    reason: str | None


@attrs.frozen
class EventsLeftOut(SessionEvent):
    """More happened at this point than could be written down.

    Attributes:
        counts: how many events there were, by their kind.
    """

    kind: ClassVar[str] = "events-left-out"

    counts: Mapping[str, int]

    def data(self) -> dict[str, object]:
        """How many events there were, by their kind."""
        return {"counts": dict(self.counts)}


@attrs.frozen
class ControlChanged(SessionEvent):
    """Control has moved, or what one may do with it has.

    Attributes:
        interactor: `agent` or `user`.
        control_state: `ai_control`, `user_control` or `paused`.
        holder_client_id: of the viewer who has control now.
        control_epoch: grows by one with each change.
        why: one word of what moved it.
        holder_credential_id: names the holder's credential, is not itself secret.
    """

    kind: ClassVar[str] = "control-changed"

    interactor: str
    control_state: str
    holder_client_id: str | None
    control_epoch: int
    why: str
    holder_credential_id: str | None = None


@attrs.frozen
class InputBlocked(SessionEvent):
    """Input of one viewer that did not pass. It never says which key or text it was.

    Attributes:
        viewer: who sent it.
        what: what it would have done, why it was blocked, and which group of the policy it belongs to.
        count: how many messages since the last such event.
    """

    kind: ClassVar[str] = "input-blocked"
    expendable: ClassVar[bool] = True

    viewer: Viewer
    what: Drop
    count: int

    def data(self) -> dict[str, object]:
        """Who sent it, what it would have done, why it was blocked, and how often."""
        what = self.what
        return {
            **_who(self.viewer),
            "input": what.kind.value,
            "reason": what.reason.value,
            "group": what.group,
            "count": self.count,
        }


@attrs.frozen
class ClipboardUsed(SessionEvent):
    """Text went between a viewer's clipboard and the browser. It never says which text it was.

    Attributes:
        viewer: whose clipboard it is.
        direction: `copy` is out of the browser, `paste` is into it.
        characters: how many.
    """

    kind: ClassVar[str] = "clipboard-used"

    viewer: Viewer
    direction: Literal["copy", "paste"]
    characters: int

    def data(self) -> dict[str, object]:
        """Whose clipboard it is, which way the text went, and how long it was."""
        return {**_who(self.viewer), "direction": self.direction, "characters": self.characters}


@attrs.frozen
class AgentCommands(SessionEvent):
    """What an agent has asked of the browser. It never says with which parameters.

    Attributes:
        viewer: the agent.
        methods: how often each, since the last such event, whatever became of it.
    """

    kind: ClassVar[str] = "agent-command"
    expendable: ClassVar[bool] = True

    viewer: Viewer
    methods: Mapping[str, int]

    def data(self) -> dict[str, object]:
        """Which agent it was, and what it has asked how often."""
        return {**_who(self.viewer), "methods": dict(self.methods)}


def _who(viewer: Viewer) -> dict[str, object]:
    return {"credential_id": viewer.credential_id, "client_id": viewer.client_id}


@attrs.frozen
class HelpAsked(SessionEvent):
    """An agent asks that a person takes control.

    Attributes:
        request_id: names the request.
        reason: in the agent's words.
        deadline_seconds: how long it waits.
    """

    kind: ClassVar[str] = "takeover-requested"

    request_id: str
    reason: str
    deadline_seconds: float


@attrs.frozen
class HelpOver(SessionEvent):
    """An agent has stopped waiting for a person. What they wrote to each other is theirs alone.

    Attributes:
        request_id: names the request.
        outcome: `completed`, `declined`, `timed_out`, `canceled` or `session_ended`.
    """

    kind: ClassVar[str] = "takeover-resolved"

    request_id: str
    outcome: str


@attrs.frozen
class AgentStep(SessionEvent):
    """The embedded agent has begun a step of its flow, has done it, or could not.

    Attributes:
        number: of the step, from 1 on.
        total: how many it will play.
        type: of the step, as in the flow.
        status: `started`, `done` or `failed`.
        reason: why it failed; never what was to be typed.
    """

    kind: ClassVar[str] = "agent-step"

    number: int
    total: int
    type: str
    status: str
    reason: str | None = None


@attrs.frozen
class AgentPaused(SessionEvent):
    """The embedded agent waits in the middle of its flow, because it does not have control.

    Attributes:
        number: of the step that it is at; 0 before the first.
        control_state: why: `user_control` or `paused`.
    """

    kind: ClassVar[str] = "agent-paused"

    number: int
    control_state: str


@attrs.frozen
class AgentResumed(SessionEvent):
    """The embedded agent goes on.

    Attributes:
        number: of the step that it was at.
        control_state: `ai_control`.
    """

    kind: ClassVar[str] = "agent-resumed"

    number: int
    control_state: str
