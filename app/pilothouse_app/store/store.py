"""The store as the rest of the server sees it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import attrs
import sqlite_utils

from pilothouse_app.store.api_keys import ApiKeys
from pilothouse_app.store.browser_sessions import SESSIONS, BrowserSessions
from pilothouse_app.store.database import PATIENCE_SECONDS, Database, open_database
from pilothouse_app.store.entities import BrowserSession, Entity, EntityKind
from pilothouse_app.store.events import Events
from pilothouse_app.store.organizations import Organizations
from pilothouse_app.store.runnables import RUNNABLES, Runnables
from pilothouse_app.store.signing_keys import SigningKeys
from pilothouse_app.store.stream_tokens import StreamTokens

PING_SECONDS = 1.0

ChangeCallback = Callable[[EntityKind, str], None]


@attrs.frozen
class Looked:
    """What verification needs to know.

    Attributes:
        entity: what was looked up.
        browser_session: the entity itself, or the session of a task or a run; None while it has none.
    """

    entity: Entity
    browser_session: BrowserSession | None


class Store:
    """Everything that is kept, and who is told of changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._callbacks: list[ChangeCallback] = []
        self.organizations = Organizations(database)
        self._revocation_callbacks: list[Callable[[str], None]] = []
        self.api_keys = ApiKeys(database, self._revoked)
        self.signing_keys = SigningKeys(database)
        self.stream_tokens = StreamTokens(database, self._revoked)
        self.browser_sessions = BrowserSessions(database, partial(self._changed, "browser_session"))
        self.runnables = Runnables(database, self._changed)
        self.events = Events(database)

    def on_change(self, callback: ChangeCallback) -> None:
        """Have the kind and the id of each session, task and run told that this process has written.

        The callback is called in the Trio thread when the change is on disk; it must not wait.
        """
        self._callbacks.append(callback)

    def on_revocation(self, callback: Callable[[str], None]) -> None:
        """Have the id of each key and token told that this process has revoked; as for `on_change`."""
        self._revocation_callbacks.append(callback)

    async def ping(self) -> None:
        """Ask whether the store answers, and be less patient than usual.

        Raises:
            StoreUnavailable: it does not.
        """

        def query(db: sqlite_utils.Database) -> None:
            db.execute("SELECT 1 FROM organizations").fetchone()

        await self._database.read(query, patience_seconds=PING_SECONDS)

    async def look_up(self, kind: EntityKind, entity_id: str, organization_id: str) -> Looked | None:
        """Look an entity up for verification, with its browser session, in one go.

        Returns:
            None if there is none, or if it is another organization's.
        """

        def query(db: sqlite_utils.Database) -> Looked | None:
            if kind == "browser_session":
                session = SESSIONS.get(db, entity_id, organization_id)
                return Looked(session, session) if session else None
            runnable = RUNNABLES[kind].get(db, entity_id, organization_id)
            if runnable is None:
                return None
            session_id = runnable.browser_session_id
            return Looked(runnable, SESSIONS.get(db, session_id, organization_id) if session_id else None)

        return await self._database.read(query)

    def _revoked(self, credential_id: str) -> None:
        for callback in self._revocation_callbacks:
            callback(credential_id)

    def _changed(self, kind: EntityKind, entity_id: str) -> None:
        for callback in self._callbacks:
            callback(kind, entity_id)


@contextlib.asynccontextmanager
async def open_store(path: Path, *, patience_seconds: float = PATIENCE_SECONDS) -> AsyncIterator[Store]:
    """Open the store.

    Args:
        path: the database file; made, with its directory, if it is missing.
        patience_seconds: how long a locked database is asked again before `StoreUnavailable` is raised.

    Raises:
        StoreUnavailable: the file cannot be opened, is no database, or stays locked.
        StoreError: the database is of a newer version.
    """
    async with open_database(path, patience_seconds) as database:
        yield Store(database)
