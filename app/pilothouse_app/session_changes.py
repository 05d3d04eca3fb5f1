"""What a change of a session's row means in the audit trail. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pilothouse.channels.session_events import DisplayStatus, SessionEnded, SessionError, SessionEvent, SessionStatus
from pilothouse.protocol.verdict import FINAL_SESSION_STATUSES
from pilothouse_app.store.browser_sessions import SessionChange


def events_of(session_id: str, change: SessionChange) -> Iterator[SessionEvent]:
    """The events of a change that has been written down, in their order; the end comes last."""
    status, reason = change.get("status"), change.get("failure_reason")
    if status == "failed":
        yield SessionError(session_id, reason)
    if status is not None:
        yield SessionStatus(session_id, status, reason)
    if "display_status" in change:
        yield DisplayStatus(session_id, change["display_status"])
    if status in FINAL_SESSION_STATUSES:
        yield SessionEnded(session_id, status, reason)
