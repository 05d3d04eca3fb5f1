"""The viewer's side of RFB, as noVNC speaks it."""

from __future__ import annotations

import struct

import trio

from pilothouse.testing.websocket_client import WebSocketClient

VERSION = b"RFB 003.008\n"
CLIENT_INIT = b"\x01"
UPDATE_REQUEST = struct.pack(">BBHHHH", 3, 1, 0, 0, 640, 480)


def key_event(keysym: int, *, down: bool) -> bytes:
    """One KeyEvent message."""
    return struct.pack(">BBxxI", 4, down, keysym)


class RfbViewer:
    """RFB over a WebSocket.

    Attributes:
        client: the WebSocket.
    """

    def __init__(self, client: WebSocketClient) -> None:
        self.client = client
        self._arrived = b""

    async def send(self, data: bytes) -> None:
        """Send bytes in one message."""
        await self.client.send(data)

    async def exactly(self, count: int) -> bytes:
        """The next bytes, however the server cut them."""
        with trio.fail_after(10):
            while len(self._arrived) < count:
                message = await self.client.receive()
                assert isinstance(message, bytes)
                self._arrived += message
        taken, self._arrived = self._arrived[:count], self._arrived[count:]
        return taken

    async def shake_hands(self) -> str:
        """The whole handshake; returns the desktop's name."""
        assert await self.exactly(12) == VERSION
        await self.send(VERSION)
        assert await self.exactly(2) == b"\x01\x01"
        await self.send(b"\x01")
        assert await self.exactly(4) == bytes(4)
        await self.send(CLIENT_INIT)
        (length,) = struct.unpack(">20xI", await self.exactly(24))
        return (await self.exactly(length)).decode()
