"""The fake keeps the contract of the real transports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from pilothouse.testing.memory_transport import MemoryClient, MemoryTransport, memory_transport_pair
from pilothouse.testing.transport_contract import MESSAGE_TRANSPORT_CHECKS, Check


@asynccontextmanager
async def open_pair() -> AsyncIterator[tuple[MemoryTransport, MemoryClient]]:
    yield memory_transport_pair()


@pytest.mark.parametrize("check", MESSAGE_TRANSPORT_CHECKS, ids=lambda check: check.__name__)
async def test_contract(check: Check) -> None:
    await check(open_pair)
