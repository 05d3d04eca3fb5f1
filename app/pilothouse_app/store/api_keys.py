"""API keys in the store, as hashes."""

from __future__ import annotations

from collections.abc import Callable

import sqlite_utils

from pilothouse_app.store.database import Database
from pilothouse_app.store.entities import ApiKey, format_time, utc_now
from pilothouse_app.store.tables import Table

API_KEYS = Table("api_keys", "key_id", ApiKey)


class ApiKeys:
    """Reads and writes API keys.

    Args:
        database: where they are.
        revoked: told the id of each key that was revoked, and those of the tokens that go with it.
    """

    def __init__(self, database: Database, revoked: Callable[[str], None]) -> None:
        self._database = database
        self._revoked = revoked

    async def add(self, key: ApiKey) -> None:
        """Store a new key.

        Raises:
            StoreConflict: there is no such organization, or the key is there already.
        """
        await self._database.write(lambda db: API_KEYS.insert(db, key))

    async def by_hash(self, key_hash: str) -> ApiKey | None:
        """The key with this hash, revoked or not."""
        found = await self._database.read(lambda db: API_KEYS.where(db, "key_hash = ?", [key_hash]))
        return found[0] if found else None

    async def all(self) -> list[ApiKey]:
        """Every key of every organization, oldest first."""
        return await self._database.read(lambda db: API_KEYS.where(db, "TRUE", [], "ORDER BY created_at, rowid"))

    async def revoke(self, key_id: str) -> bool:
        """Make a key useless, and the tokens that it has issued; says whether it was of use before."""
        statement = "UPDATE api_keys SET revoked_at = ? WHERE key_id = ? AND revoked_at IS NULL"
        parameters = [format_time(utc_now()), key_id]

        def change(db: sqlite_utils.Database) -> list[str] | None:
            if db.execute(statement, parameters).rowcount == 0:
                return None
            issued = db.execute("SELECT token_id FROM stream_tokens WHERE issued_by = ?", [key_id])
            return [token_id for (token_id,) in issued]

        issued = await self._database.write(change)
        if issued is None:
            return False
        for credential_id in (key_id, *issued):
            self._revoked(credential_id)
        return True

    async def stands(self, key_id: str) -> bool:
        """Whether a key is known, and was not revoked."""
        query = "SELECT 1 FROM api_keys WHERE key_id = ? AND revoked_at IS NULL"
        return await self._database.read(lambda db: db.execute(query, [key_id]).fetchone() is not None)
