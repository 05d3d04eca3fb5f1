"""One picture from a VNC server that asks for no password."""

from __future__ import annotations

import struct
from pathlib import Path

import attrs
import trio

_FORMAT = struct.pack(">BxxxBBBBHHHBBBxxx", 0, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
_ENCODINGS = struct.pack(">BxHi", 2, 1, 0)


@attrs.frozen
class Picture:
    width: int
    height: int
    pixels: bytes = attrs.field(repr=False)

    def colour(self, x: int, y: int) -> str:
        at = (y * self.width + x) * 4
        blue, green, red = self.pixels[at : at + 3]
        return f"#{red:02x}{green:02x}{blue:02x}"


async def take_picture(socket: Path) -> Picture:
    async with await trio.open_unix_socket(str(socket)) as stream:
        reader = _Reader(stream)
        await reader.take(12)
        await stream.send_all(b"RFB 003.008\n")
        assert await reader.take(2) == b"\x01\x01", "one security type, None"
        await stream.send_all(b"\x01")
        assert await reader.take(4) == bytes(4)
        await stream.send_all(b"\x01")
        width, height = struct.unpack(">HH16x", await reader.take(20))
        await reader.take(int.from_bytes(await reader.take(4)))
        await stream.send_all(_FORMAT + _ENCODINGS + struct.pack(">BBHHHH", 3, 0, 0, 0, width, height))
        return Picture(width, height, await _pixels(reader, width, height))


async def _pixels(reader: _Reader, width: int, height: int) -> bytes:
    pixels = bytearray(width * height * 4)
    kind, count = struct.unpack(">BxH", await reader.take(4))
    assert kind == 0
    for _ in range(count):
        x, y, w, h, encoding = struct.unpack(">HHHHi", await reader.take(12))
        assert encoding == 0
        data = await reader.take(w * h * 4)
        for row in range(h):
            at = ((y + row) * width + x) * 4
            pixels[at : at + w * 4] = data[row * w * 4 : (row + 1) * w * 4]
    return bytes(pixels)


class _Reader:
    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._buffer = bytearray()

    async def take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            chunk = await self._stream.receive_some(262_144)
            assert chunk, "the VNC server closed"
            self._buffer += chunk
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken
