from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pilothouse_app.store import Store, open_store
from pilothouse_app.store.entities import Organization

ORGANIZATION = Organization(organization_id="o_1", name="ours")


@pytest.fixture
def database_path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "pilothouse.sqlite3"


@pytest.fixture
async def store(database_path: Path) -> AsyncIterator[Store]:
    async with open_store(database_path, patience_seconds=0.5) as store:
        await store.organizations.add(ORGANIZATION)
        await store.organizations.add(Organization(organization_id="o_2", name="theirs"))
        yield store
