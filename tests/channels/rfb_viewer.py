"""A viewer that speaks RFB, for the tests of the VNC channel."""

from __future__ import annotations

import struct

import attrs
import trio
from channel_world import PATIENCE, Running

from pilothouse.testing.transport_contract import Client

SHIFT, CONTROL, LETTER_A, LETTER_B = 0xFFE1, 0xFFE3, 0x61, 0x62

SET_PIXEL_FORMAT = struct.pack(">B3xBBBBHHHBBB3x", 0, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
CONTINUOUS_UPDATES = struct.pack(">BBHHHH", 150, 1, 0, 0, 1280, 720)
FENCE = struct.pack(">B3xIB", 248, 1, 4) + b"abcd"


def key(keysym: int, *, down: bool = True) -> bytes:
    return struct.pack(">BBxxI", 4, down, keysym)


def pointer(mask: int, x: int = 10, y: int = 20) -> bytes:
    return struct.pack(">BBHH", 5, mask, x, y)


def cut_text(text: bytes) -> bytes:
    return struct.pack(">B3xI", 6, len(text)) + text


def set_encodings(*encodings: int) -> bytes:
    return struct.pack(f">BxH{len(encodings)}i", 2, len(encodings), *encodings)


def update_request(x: int = 0) -> bytes:
    """Also a marker: `x` tells one from another in what the VNC server has received."""
    return struct.pack(">BBHHHH", 3, 1, x, 0, 1280, 720)


@attrs.frozen
class RfbViewer:
    """The viewer's end of a VNC channel."""

    running: Running
    client: Client

    async def shake_hands(self, behind_client_init: bytes = b"") -> bytes:
        """RFB 3.8 to its end; returns the ServerInit."""
        assert await self.hear() == b"RFB 003.008\n"
        await self.say(b"RFB 003.008\n")
        assert await self.hear() == b"\x01\x01"
        await self.say(b"\x01")
        assert await self.hear() == bytes(4)
        await self.say(b"\x00" + behind_client_init)
        return await self.hear()

    async def say(self, data: bytes) -> None:
        with trio.fail_after(PATIENCE):
            await self.client.send(data)

    async def hear(self) -> bytes:
        with trio.fail_after(PATIENCE):
            message = await self.client.receive()
        assert isinstance(message, bytes)
        return message

    async def pixels(self, count: int) -> bytes:
        """At least as many bytes."""
        data = b""
        while len(data) < count:
            data += await self.hear()
        return data
