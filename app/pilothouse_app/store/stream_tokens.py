"""Stream tokens in the store: which there are, and which were revoked. The tokens themselves are not here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import sqlite_utils

from pilothouse_app.store.database import Database
from pilothouse_app.store.entities import StreamToken, format_time, utc_now
from pilothouse_app.store.tables import Table

KEPT_AFTER_EXPIRY = timedelta(days=1)

STREAM_TOKENS = Table("stream_tokens", "token_id", StreamToken)


class StreamTokens:
    """Reads and writes stream tokens.

    Args:
        database: where they are.
        revoked: told the id of each token that was revoked.
    """

    def __init__(self, database: Database, revoked: Callable[[str], None]) -> None:
        self._database = database
        self._revoked = revoked

    async def add(self, token: StreamToken) -> None:
        """Store a new token; those that expired long ago are forgotten.

        Raises:
            StoreConflict: there is no such session.
        """
        long_ago = format_time(utc_now() - KEPT_AFTER_EXPIRY)

        def insert(db: sqlite_utils.Database) -> None:
            db.execute("DELETE FROM stream_tokens WHERE expires_at < ?", [long_ago])
            STREAM_TOKENS.insert(db, token)

        await self._database.write(insert)

    async def stands(self, token_id: str) -> bool:
        """Whether a token's time is not over, and neither it nor the API key that it was issued with was revoked."""
        query = """
            SELECT 1 FROM stream_tokens AS token LEFT JOIN api_keys AS issuer ON issuer.key_id = token.issued_by
            WHERE token.token_id = ? AND token.expires_at > ? AND token.revoked_at IS NULL AND issuer.revoked_at IS NULL
        """
        parameters = [token_id, format_time(utc_now())]
        return await self._database.read(lambda db: db.execute(query, parameters).fetchone() is not None)

    async def revoke(self, token_id: str, session_id: str) -> bool:
        """Make a token useless; says whether this session has such a token, revoked before or not."""
        change = """
            UPDATE stream_tokens SET revoked_at = coalesce(revoked_at, ?)
            WHERE token_id = ? AND browser_session_id = ?
        """
        parameters = [format_time(utc_now()), token_id, session_id]
        found = await self._database.write(lambda db: db.execute(change, parameters).rowcount == 1)
        if found:
            self._revoked(token_id)
        return found
