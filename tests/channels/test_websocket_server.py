from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from pilothouse.channels.transport import LARGEST_MESSAGE
from pilothouse.channels.websocket_server import WebSocketServer
from pilothouse.testing.transport_contract import MESSAGE_TRANSPORT_CHECKS, Check
from pilothouse.testing.websocket_client import WebSocketClient, open_websocket_client


@asynccontextmanager
async def open_pair() -> AsyncIterator[tuple[WebSocketServer, WebSocketClient]]:
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    servers: list[WebSocketServer] = []

    async def accept() -> None:
        async with listener:
            server = WebSocketServer(await listener.accept(), max_message_size=LARGEST_MESSAGE)
            assert await server.accept()
            servers.append(server)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(accept)
        async with open_websocket_client("127.0.0.1", listener.socket.getsockname()[1]) as client:
            yield servers[0], client
            await servers[0].close(1000, "")


@pytest.mark.parametrize("check", MESSAGE_TRANSPORT_CHECKS, ids=lambda check: check.__name__)
async def test_contract(check: Check) -> None:
    await check(open_pair)
