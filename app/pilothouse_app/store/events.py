"""What happened to sessions, in the store: rows that are added, read in their order, and in the end thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import attrs
import orjson
import sqlite_utils

from pilothouse.protocol.verdict import FINAL_SESSION_STATUSES
from pilothouse_app.store.database import Database
from pilothouse_app.store.entities import format_time
from pilothouse_app.store.errors import StoreError

# Whoever writes holds the lock, so the numbers are given, and can be seen, in one order.
_INSERT = """
    INSERT INTO events (browser_session_id, seq, at, kind, data)
    SELECT :browser_session_id, coalesce(max(seq), 0) + 1, :at, :kind, :data
    FROM events WHERE browser_session_id = :browser_session_id
"""
_PAGE = """
    SELECT seq, at, kind, browser_session_id, data FROM events
    WHERE browser_session_id = ? AND seq > ? ORDER BY seq LIMIT ?
"""
_LAST_SEQ = "SELECT max(seq) FROM events WHERE browser_session_id = ?"
_LAST_OF_KIND = """
    SELECT seq, at, kind, browser_session_id, data FROM events
    WHERE browser_session_id = ? AND kind = ? ORDER BY seq DESC LIMIT 1
"""
_PRUNE = f"""
    DELETE FROM events WHERE (browser_session_id, seq) IN (
        SELECT browser_session_id, seq FROM events WHERE at < ? AND browser_session_id NOT IN (
            SELECT browser_session_id FROM browser_sessions
            WHERE status NOT IN ({", ".join(f"'{status}'" for status in sorted(FINAL_SESSION_STATUSES))})
        )
        ORDER BY at LIMIT ?
    )
"""  # noqa: S608 (the statuses are ours)


@attrs.frozen
class NewEvent:
    """An event that is to be written.

    Attributes:
        browser_session_id: whose event it is.
        at: when it happened.
        kind: in the words of the wire.
        data: the rest of it, as JSON text.
    """

    browser_session_id: str
    at: datetime
    kind: str
    data: str


@attrs.frozen
class StoredEvent:
    """An event as the wire shows it.

    Attributes:
        seq: 1, 2, 3… within its session: a number that is missing is a row that is missing.
        at: when it happened, as `format_time` writes it.
        kind: in the words of the wire.
        browser_session_id: whose event it is.
        data: the rest of it.
    """

    seq: int
    at: str
    kind: str
    browser_session_id: str
    data: dict[str, Any]


class Events:
    """Reads and writes events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, events: Sequence[NewEvent]) -> None:
        """Store events in the order of their happening, all of them or none."""
        rows = [{**attrs.asdict(event), "at": format_time(event.at)} for event in events]

        def insert(db: sqlite_utils.Database) -> None:
            db.conn.executemany(_INSERT, rows)

        await self._database.write(insert)

    async def page(self, session_id: str, *, after: int, limit: int) -> list[StoredEvent]:
        """A session's events in their order.

        Args:
            session_id: whose.
            after: only those with a greater `seq`.
            limit: at most so many.
        """

        def query(db: sqlite_utils.Database) -> list[StoredEvent]:
            return [_stored(row) for row in db.execute(_PAGE, [session_id, after, limit])]

        return await self._database.read(query)

    async def last_seq(self, session_id: str) -> int:
        """The `seq` of a session's newest event; 0 if it has none."""

        def query(db: sqlite_utils.Database) -> int:
            return db.execute(_LAST_SEQ, [session_id]).fetchone()[0] or 0

        return await self._database.read(query)

    async def last_of_kind(self, session_id: str, kind: str) -> StoredEvent | None:
        """A session's newest event of one kind."""

        def query(db: sqlite_utils.Database) -> StoredEvent | None:
            found = db.execute(_LAST_OF_KIND, [session_id, kind]).fetchone()
            return found and _stored(found)

        return await self._database.read(query)

    async def prune(self, *, before: datetime, limit: int) -> int:
        """Throw old events away, the oldest first. Those of sessions that are not over are kept, so that a running
        session's trail is whole, and its numbers go on.

        Args:
            before: what happened earlier is old.
            limit: at most so many.

        Returns:
            How many there were.
        """

        def delete(db: sqlite_utils.Database) -> int:
            return db.execute(_PRUNE, [format_time(before), limit]).rowcount

        return await self._database.write(delete)


def _stored(row: tuple[int, str, str, str, str]) -> StoredEvent:
    seq, at, kind, session_id, data = row
    try:
        return StoredEvent(seq, at, kind, session_id, orjson.loads(data))
    except orjson.JSONDecodeError as error:
        raise StoreError("a row of events cannot be read") from error
