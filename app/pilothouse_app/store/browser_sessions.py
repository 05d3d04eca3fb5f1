"""Browser sessions in the store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypedDict, Unpack

from pilothouse.protocol.verdict import FINAL_SESSION_STATUSES
from pilothouse_app.store.database import Database
from pilothouse_app.store.entities import BrowserSession, DisplayStatus, SessionStatus, format_time, utc_now
from pilothouse_app.store.tables import Position, Table, to_columns

SESSIONS = Table("browser_sessions", "browser_session_id", BrowserSession, FINAL_SESSION_STATUSES)


class SessionChange(TypedDict, total=False):
    """What may change in a session's life."""

    status: SessionStatus
    failure_reason: str | None
    display_status: DisplayStatus
    vnc_address: str | None
    cdp_address: str | None
    timeout_minutes: int
    last_activity_at: datetime


class BrowserSessions:
    """Reads and writes browser sessions.

    Args:
        database: where they are.
        changed: told the id of each session that was written.
    """

    def __init__(self, database: Database, changed: Callable[[str], None]) -> None:
        self._database = database
        self._changed = changed

    async def add(self, session: BrowserSession) -> None:
        """Store a new session.

        Raises:
            StoreConflict: there is no such organization.
        """
        await self._database.write(lambda db: SESSIONS.insert(db, session))
        self._changed(session.browser_session_id)

    async def get(self, session_id: str, organization_id: str) -> BrowserSession | None:
        """One session; None if there is none, or if it is another organization's."""
        return await self._database.read(lambda db: SESSIONS.get(db, session_id, organization_id))

    async def page(
        self, organization_id: str, *, status: SessionStatus | None, limit: int, behind: Position | None
    ) -> list[BrowserSession]:
        """Sessions of an organization, newest first.

        Args:
            organization_id: whose.
            status: only these.
            limit: at most so many.
            behind: only what comes after this place in the list.
        """
        return await self._database.read(
            lambda db: SESSIONS.page(db, organization_id, status=status, limit=limit, behind=behind)
        )

    async def unfinished(self) -> list[BrowserSession]:
        """Every organization's sessions whose status is not final: after a start, those that a crash left behind."""
        not_final = ", ".join("?" * len(SESSIONS.final))
        condition = f"status NOT IN ({not_final})"
        return await self._database.read(lambda db: SESSIONS.where(db, condition, [*SESSIONS.final]))

    async def change(self, session_id: str, **changes: Unpack[SessionChange]) -> bool:
        """Change a session unless it is final. `started_at` and `completed_at` follow the status.

        Returns:
            Whether it was changed: False if it is final already, or gone.
        """
        columns = to_columns(changes)
        if changes.get("status") == "running":
            columns["started_at"] = format_time(utc_now())
        elif changes.get("status") in SESSIONS.final:
            columns["completed_at"] = format_time(utc_now())
        changed = await self._database.write(lambda db: SESSIONS.change(db, session_id, columns))
        if changed:
            self._changed(session_id)
        return changed
