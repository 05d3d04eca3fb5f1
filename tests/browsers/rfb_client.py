"""A client of a VNC server that asks for no password: it says what it is told to, and reads whatever comes."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

CONTROL = 0xFFE3

_FORMAT = struct.pack(">BxxxBBBBHHHBBBxxx", 0, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)


def set_encodings(*encodings: int) -> bytes:
    return struct.pack(f">BxH{len(encodings)}i", 2, len(encodings), *encodings)


@attrs.frozen
class Picture:
    width: int
    height: int
    pixels: bytes = attrs.field(repr=False)

    def colour(self, x: int, y: int) -> str:
        at = (y * self.width + x) * 4
        blue, green, red = self.pixels[at : at + 3]
        return f"#{red:02x}{green:02x}{blue:02x}"


@asynccontextmanager
async def open_rfb_client(socket: Path) -> AsyncIterator[RfbClient]:
    async with await trio.open_unix_socket(str(socket)) as stream:
        client = RfbClient(stream)
        await client.enter()
        yield client


async def take_picture(socket: Path) -> Picture:
    async with open_rfb_client(socket) as client:
        return await client.picture()


class RfbClient:
    """Attributes:
    width: of the screen, as the server said in the beginning.
    height: likewise.
    cut_texts: what the server's clipboard held, so far.
    """

    def __init__(self, stream: trio.SocketStream) -> None:
        self.width = self.height = 0
        self.cut_texts: list[bytes] = []
        self._stream = stream
        self._buffer = bytearray()

    async def enter(self) -> None:
        await self._take(12)
        await self.say(b"RFB 003.008\n")
        assert await self._take(2) == b"\x01\x01", "one security type, None"
        await self.say(b"\x01")
        assert await self._take(4) == bytes(4)
        await self.say(b"\x01")
        self.width, self.height = struct.unpack(">HH16x", await self._take(20))
        await self._take_text()
        await self.say(_FORMAT + set_encodings(0))

    @property
    def update_request(self) -> bytes:
        """For the whole screen."""
        return struct.pack(">BBHHHH", 3, 0, 0, 0, self.width, self.height)

    async def say(self, data: bytes) -> None:
        await self._stream.send_all(data)

    async def hear(self) -> bytes:
        """Whatever comes next; nothing at the end."""
        return bytes(await self._stream.receive_some())

    async def press(self, *keysyms: int) -> None:
        """All of them down, in this order, and up again."""
        await self.say(b"".join(struct.pack(">BBxxI", 4, 1, keysym) for keysym in keysyms))
        await self.say(b"".join(struct.pack(">BBxxI", 4, 0, keysym) for keysym in reversed(keysyms)))

    async def picture(self) -> Picture:
        """The whole screen as it is now; what comes before it is read too."""
        await self.say(self.update_request)
        while True:
            (kind,) = await self._take(1)
            if kind == 0:
                return Picture(self.width, self.height, await self._pixels())
            assert kind == 3, f"server message {kind}"
            await self._take(3)
            self.cut_texts.append(await self._take_text())

    async def _pixels(self) -> bytes:
        pixels = bytearray(self.width * self.height * 4)
        (count,) = struct.unpack(">xH", await self._take(3))
        for _ in range(count):
            x, y, w, h, encoding = struct.unpack(">HHHHi", await self._take(12))
            assert encoding == 0
            data = await self._take(w * h * 4)
            for row in range(h):
                at = ((y + row) * self.width + x) * 4
                pixels[at : at + w * 4] = data[row * w * 4 : (row + 1) * w * 4]
        return bytes(pixels)

    async def _take_text(self) -> bytes:
        return await self._take(int.from_bytes(await self._take(4)))

    async def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            chunk = await self._stream.receive_some(262_144)
            assert chunk, "the VNC server closed"
            self._buffer += chunk
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken
