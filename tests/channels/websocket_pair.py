"""Both ends of a WebSocket over a real loopback socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from pilothouse.channels.transport import LARGEST_MESSAGE
from pilothouse.channels.websocket_server import WebSocketServer
from pilothouse.testing.websocket_client import WebSocketClient, open_websocket_client


@asynccontextmanager
async def open_websocket_pair() -> AsyncIterator[tuple[WebSocketServer, WebSocketClient]]:
    """The server's end, which is closed on leaving if nobody did so before, and the viewer's."""
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    accepted: list[WebSocketServer] = []

    async def accept() -> None:
        server = WebSocketServer(await listener.accept(), max_message_size=LARGEST_MESSAGE)
        assert await server.accept()
        accepted.append(server)

    async with listener, trio.open_nursery() as nursery:
        nursery.start_soon(accept)
        async with open_websocket_client("127.0.0.1", listener.socket.getsockname()[1]) as client:
            [server] = accepted
            try:
                yield server, client
            finally:
                with trio.CancelScope() as scope:
                    scope.cancel()
                    await server.close(1000, "")
