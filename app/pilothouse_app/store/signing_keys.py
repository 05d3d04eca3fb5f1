"""The keys that sign stream tokens: the newest one signs, the two newest ones verify."""

from __future__ import annotations

import secrets
from datetime import timedelta

import sqlite_utils

from pilothouse_app.ids import SIGNING_KEY_ID, new_id
from pilothouse_app.store.database import Database
from pilothouse_app.store.entities import SigningKey, utc_now
from pilothouse_app.store.tables import Table

LIVE_KEYS = 2

ROTATE_AFTER = timedelta(days=7)
"""Far longer than a token may live: when a key goes because of its age, no token of its time is left."""

SIGNING_KEYS = Table("signing_keys", "key_id", SigningKey)


class SigningKeys:
    """Reads and rotates signing keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def live(self) -> list[SigningKey]:
        """The keys that verify, newest first."""
        return await self._database.read(_live)

    async def to_sign(self) -> list[SigningKey]:
        """The keys that verify, newest first; that one is to sign. Made where there is none, or none young enough."""
        keys = await self.live()
        return keys if _is_young(keys) else await self._database.write(_renewed)

    async def rotate(self) -> SigningKey:
        """A new key signs from now on; of the older ones only the newest is kept."""
        return (await self._database.write(_rotated))[0]


def _live(db: sqlite_utils.Database) -> list[SigningKey]:
    return SIGNING_KEYS.where(db, "TRUE", [], f"ORDER BY created_at DESC, rowid DESC LIMIT {LIVE_KEYS}")


def _is_young(keys: list[SigningKey]) -> bool:
    return bool(keys) and utc_now() - keys[0].created_at < ROTATE_AFTER


def _renewed(db: sqlite_utils.Database) -> list[SigningKey]:
    keys = _live(db)  # another process may have been here meanwhile
    return keys if _is_young(keys) else _rotated(db)


def _rotated(db: sqlite_utils.Database) -> list[SigningKey]:
    SIGNING_KEYS.insert(db, SigningKey(key_id=new_id(SIGNING_KEY_ID), secret=secrets.token_urlsafe(32)))
    keys = _live(db)
    kept = [key.key_id for key in keys]
    db.execute(f"DELETE FROM signing_keys WHERE key_id NOT IN ({', '.join('?' * len(kept))})", kept)  # noqa: S608
    return keys
