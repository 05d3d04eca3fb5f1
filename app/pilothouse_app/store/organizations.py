"""Organizations in the store."""

from __future__ import annotations

import sqlite_utils

from pilothouse_app.ids import ORGANIZATION, new_id
from pilothouse_app.store.database import Database
from pilothouse_app.store.entities import Organization
from pilothouse_app.store.tables import Table

ORGANIZATIONS = Table("organizations", "organization_id", Organization)


class Organizations:
    """Reads and writes organizations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, organization: Organization) -> None:
        """Store a new organization."""
        await self._database.write(lambda db: ORGANIZATIONS.insert(db, organization))

    async def get(self, organization_id: str) -> Organization | None:
        """One organization."""
        found = await self._database.read(lambda db: ORGANIZATIONS.where(db, "organization_id = ?", [organization_id]))
        return found[0] if found else None

    async def default(self) -> Organization:
        """The default organization, which is the oldest one. It is made where there is none."""

        def find_or_insert(db: sqlite_utils.Database) -> Organization:
            found = ORGANIZATIONS.where(db, "TRUE", [], "ORDER BY created_at, rowid LIMIT 1")
            if found:
                return found[0]
            made = Organization(organization_id=new_id(ORGANIZATION), name="default")
            ORGANIZATIONS.insert(db, made)
            return made

        return await self._database.write(find_or_insert)
