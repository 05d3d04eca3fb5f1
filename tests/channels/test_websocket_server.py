from __future__ import annotations

import pytest
from websocket_pair import open_websocket_pair

from pilothouse.testing.transport_contract import MESSAGE_TRANSPORT_CHECKS, Check


@pytest.mark.parametrize("check", MESSAGE_TRANSPORT_CHECKS, ids=lambda check: check.__name__)
async def test_contract(check: Check) -> None:
    await check(open_websocket_pair)
