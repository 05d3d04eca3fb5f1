"""A WebSocket server with a bare socket at the other end, for what no client does."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from channel_world import PATIENCE

from pilothouse.channels.websocket_server import WebSocketServer

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A
LIMIT = 1000


def upgrade_request(**changes: str | None) -> bytes:
    """A good one, but for `changes`; None leaves a header out, `line` is the request line."""
    fields: dict[str, str | None] = {
        "line": "GET /stream?apikey=sesame HTTP/1.1",
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "keep-alive, Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    line = fields.pop("line")
    lines = [line, *(f"{name}: {value}" for name, value in fields.items() if value is not None), "", ""]
    return "\r\n".join(map(str, lines)).encode()


@asynccontextmanager
async def open_raw() -> AsyncIterator[tuple[WebSocketServer, trio.SocketStream]]:
    """A server, and the other end of its socket."""
    ours, theirs = trio.socket.socketpair()
    async with trio.SocketStream(ours) as stream, trio.SocketStream(theirs) as peer:
        yield WebSocketServer(stream, max_message_size=LIMIT), peer


@asynccontextmanager
async def open_accepted() -> AsyncIterator[tuple[WebSocketServer, trio.SocketStream]]:
    async with open_raw() as (server, peer):
        await peer.send_all(upgrade_request())
        assert await server.accept()
        await peer.receive_some()
        yield server, peer


async def rest(peer: trio.SocketStream) -> bytes:
    """What arrives up to the end of the stream."""
    data = b""
    with trio.fail_after(PATIENCE):
        while more := await peer.receive_some():
            data += more
    return data
