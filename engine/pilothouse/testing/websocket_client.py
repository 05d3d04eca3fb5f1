"""A viewer's end of a real WebSocket, for contract checks and tests over real sockets."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import trio
import trio_websocket

from pilothouse.channels.transport import LARGEST_MESSAGE

_BINARY, _CONTINUATION, _FINAL = 0x02, 0x00, 0x80
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class WebSocketClient:
    """A client that reads on its own only as much as its small queue holds. Made by `open_websocket_client`.

    Attributes:
        stream: the connection underneath, for what a well-behaved client does not do.
    """

    def __init__(self, connection: trio_websocket.WebSocketConnection, stream: trio.SocketStream) -> None:
        self._connection = connection
        self.stream = stream

    @property
    def close_code(self) -> int | None:
        """With which code the connection closed; None as long as it did not."""
        return self._connection.closed.code if self._connection.closed else None

    @property
    def close_reason(self) -> str:
        """The reason that the server gave for closing."""
        return (self._connection.closed.reason or "") if self._connection.closed else ""

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that the server has chosen."""
        return self._connection.subprotocol

    async def send(self, data: bytes | str) -> None:
        """Send one message.

        Raises:
            trio.BrokenResourceError: the connection is closed.
        """
        try:
            await self._connection.send_message(data)
        except trio_websocket.ConnectionClosed:
            raise trio.BrokenResourceError from None

    async def send_fragments(self, parts: Sequence[bytes]) -> None:
        """Send one binary message as several frames."""
        last = len(parts) - 1
        for index, part in enumerate(parts):
            head = (_CONTINUATION if index else _BINARY) | (_FINAL if index == last else 0)
            await self.stream.send_all(client_frame(head, part))

    async def receive(self) -> bytes | str:
        """The next message.

        Raises:
            trio.EndOfChannel: the connection is closed, and everything has been read.
        """
        try:
            return await self._connection.get_message()
        except trio_websocket.ConnectionClosed:
            raise trio.EndOfChannel from None

    async def close(self, close_code: int = 1000) -> None:
        """Leave with this code, and wait for the server's answer."""
        await self._connection.aclose(close_code)

    async def break_off(self) -> None:
        """Reset the connection, as when the network fails."""
        self.stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        await trio.aclose_forcefully(self.stream)


def client_frame(head: int, payload: bytes) -> bytes:
    """One masked frame.

    Args:
        head: the first byte: opcode, and 0x80 for the last frame of a message.
        payload: up to 65,535 bytes.
    """
    mask = os.urandom(4)
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else struct.pack(">BH", 0x80 | 126, len(payload))
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return bytes([head]) + length + mask + masked


@asynccontextmanager
async def open_websocket_client(
    host: str,
    port: int,
    resource: str = "/",
    *,
    headers: Mapping[str, str] | None = None,
    subprotocols: Sequence[str] = (),
) -> AsyncIterator[WebSocketClient]:
    """Connect to a WebSocket server; leaving the context drops the connection if it is still there.

    Args:
        host: name or address.
        port: TCP port.
        resource: path and query.
        headers: sent with the upgrade request.
        subprotocols: offered with it.
    """
    extra = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    async with trio.open_nursery() as nursery:
        stream = await trio.open_tcp_stream(host, port)
        try:
            connection = await trio_websocket.wrap_client_stream(
                nursery,
                stream,
                f"{host}:{port}",
                resource,
                subprotocols=subprotocols,
                extra_headers=extra,
                max_message_size=2 * LARGEST_MESSAGE,
            )
            yield WebSocketClient(connection, stream)
        finally:
            await trio.aclose_forcefully(stream)
            nursery.cancel_scope.cancel()
