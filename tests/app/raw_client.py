"""A client that writes its own HTTP, for what well-behaved ones do not do."""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlencode

import attrs
import trio
from rest_client import KEY

HOST = "127.0.0.1"

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def stream_target(session_id: str, channel: str = "messages") -> str:
    """The request target of a session's stream."""
    query = urlencode({"client_id": "tab-1", "apikey": KEY})
    return f"/api/v1/stream/{channel}/browser_session/{session_id}?{query}"


def request(target: str, headers: Mapping[str, str] | None = None, *, start: str = "GET {} HTTP/1.1") -> bytes:
    """A request without a body."""
    lines = [start.format(target), "Host: somewhere", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


PLAIN_UPGRADE = {
    "Connection": "keep-alive, Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}

# With the offer that every browser makes. The fast lane declines, Hypercorn accepts: that tells them apart.
UPGRADE = {**PLAIN_UPGRADE, "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}


@attrs.frozen
class Answer:
    """The head of an HTTP answer."""

    status: int
    headers: Mapping[str, str]

    @property
    def lane(self) -> str:
        """Who has answered an upgrade."""
        assert self.status == 101
        return "http" if "sec-websocket-extensions" in self.headers else "stream"


class RawClient:
    """One connection."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._arrived = b""

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def send_while_possible(self, data: bytes) -> None:
        """The server need not hear it all."""
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await self.send(data)

    async def end(self) -> None:
        """Say that no more is coming, if there is still somebody to hear it."""
        with suppress(trio.BrokenResourceError):
            await self.stream.send_eof()

    async def send_byte_by_byte(self, data: bytes) -> None:
        """In as many segments as there are bytes."""
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in data:
            await self.stream.send_all(bytes([byte]))

    async def answer(self) -> Answer:
        """The head of the next answer."""
        head = await self.up_to(b"\r\n\r\n")
        start, *lines = head.decode("latin-1").split("\r\n")
        fields = (line.partition(":") for line in lines)
        return Answer(int(start.split()[1]), {name.lower(): value.strip() for name, _, value in fields})

    async def up_to(self, mark: bytes) -> bytes:
        """The next bytes up to a mark, which has to come."""
        await self._more_until(lambda: mark in self._arrived)
        before, _, self._arrived = self._arrived.partition(mark)
        return before

    async def exactly(self, count: int) -> bytes:
        """The next bytes."""
        await self._more_until(lambda: len(self._arrived) >= count)
        taken, self._arrived = self._arrived[:count], self._arrived[count:]
        return taken

    async def rest(self) -> bytes:
        """Everything up to the end, which has to come."""
        with trio.fail_after(60):  # by a clock that a test may have put forward
            try:
                while some := await self.stream.receive_some():
                    self._arrived += some
            except trio.BrokenResourceError:
                pass  # a reset is an end, too
        return self._arrived

    async def _more_until(self, enough: Callable[[], bool]) -> None:
        with trio.fail_after(10):
            while not enough():
                some = await self.stream.receive_some()
                assert some, f"closed after {self._arrived!r}"
                self._arrived += some

    async def reset(self) -> None:
        """Go as when the network fails."""
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        await trio.aclose_forcefully(self.stream)


def reset_at_once(port: int, said: bytes) -> None:
    """Connect, say something and go as when the network fails, before the server has had its turn."""
    with socket.create_connection((HOST, port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        connection.sendall(said)


@asynccontextmanager
async def raw_client(port: int, *, receive_buffer: int | None = None) -> AsyncIterator[RawClient]:
    """Connect.

    Args:
        port: on this machine.
        receive_buffer: bytes that the system takes in for us, so that it does not take long to fill.
    """
    with trio.socket.socket() as sock:
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await sock.connect((HOST, port))
        yield RawClient(trio.SocketStream(sock))
