from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from vnc_stage import Stage, open_stage

# So that a failed contract check says which values it compared.
pytest.register_assert_rewrite("pilothouse.testing.transport_contract", "pilothouse.testing.byte_transport_contract")


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as stage:
        yield stage
