"""Tasks and workflow runs in the store: what may be given a browser session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlite_utils

from pilothouse.protocol.verdict import FINAL_RUNNABLE_STATUSES
from pilothouse_app.store.browser_sessions import SESSIONS
from pilothouse_app.store.database import Database
from pilothouse_app.store.entities import (
    Runnable,
    RunnableKind,
    Task,
    WorkflowRun,
    WorkflowRunStatus,
    format_time,
    utc_now,
)
from pilothouse_app.store.tables import Position, Table

RUNNABLES: dict[RunnableKind, Table[Any]] = {
    "task": Table("tasks", "task_id", Task, FINAL_RUNNABLE_STATUSES),
    "workflow_run": Table("workflow_runs", "workflow_run_id", WorkflowRun, FINAL_RUNNABLE_STATUSES),
}


class Runnables:
    """Reads and writes tasks and workflow runs.

    Args:
        database: where they are.
        changed: told the kind and the id of each one that was written.
    """

    def __init__(self, database: Database, changed: Callable[[RunnableKind, str], None]) -> None:
        self._database = database
        self._changed = changed

    async def add(self, runnable: Runnable) -> None:
        """Store a new task or run, and note it at its browser session.

        Raises:
            StoreConflict: there is no such organization, or no such browser session.
        """
        kind: RunnableKind = "task" if isinstance(runnable, Task) else "workflow_run"
        table = RUNNABLES[kind]
        entity_id: str = getattr(runnable, table.key)

        def insert(db: sqlite_utils.Database) -> None:
            table.insert(db, runnable)
            if runnable.browser_session_id is not None:
                SESSIONS.change(db, runnable.browser_session_id, {"runnable_type": kind, "runnable_id": entity_id})

        await self._database.write(insert)
        self._changed(kind, entity_id)

    async def get(self, kind: RunnableKind, entity_id: str, organization_id: str) -> Runnable | None:
        """One task or run; None if there is none, or if it is another organization's."""
        return await self._database.read(lambda db: RUNNABLES[kind].get(db, entity_id, organization_id))

    async def page(
        self,
        kind: RunnableKind,
        organization_id: str,
        *,
        status: WorkflowRunStatus | None,
        limit: int,
        behind: Position | None,
    ) -> list[Any]:
        """Tasks or runs of an organization, newest first; see `BrowserSessions.page`."""
        return await self._database.read(
            lambda db: RUNNABLES[kind].page(db, organization_id, status=status, limit=limit, behind=behind)
        )

    async def set_status(self, kind: RunnableKind, entity_id: str, status: WorkflowRunStatus) -> bool:
        """Change the status unless it is final.

        Returns:
            Whether it was changed: False if it is final already, or gone.
        """
        table = RUNNABLES[kind]
        columns: dict[str, Any] = {"status": status}
        if status in table.final:
            columns["completed_at"] = format_time(utc_now())
        changed = await self._database.write(lambda db: table.change(db, entity_id, columns))
        if changed:
            self._changed(kind, entity_id)
        return changed
