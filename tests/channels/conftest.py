from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from vnc_stage import Stage, open_stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as stage:
        yield stage
