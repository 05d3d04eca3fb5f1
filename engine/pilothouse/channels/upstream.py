"""Connections to VNC servers: `unix://`, `tcp://`, and `ws://` or `wss://` where websockify stands in front."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from urllib.parse import SplitResult, urlsplit

import attrs
import trio
import trio_websocket

from pilothouse.channels.errors import BrowserGone, BrowserTooSlow
from pilothouse.channels.send_lock import SendLock
from pilothouse.channels.transport import BROKEN, READ_SIZE, ByteTransport

_LARGEST_FRAME = 16 * 1024 * 1024
_CLOSE_SECONDS = 1


@attrs.frozen
class Upstream:
    """Where a session's VNC server is.

    Attributes:
        address: `unix:///path`, `tcp://host:port`, `ws://…` or `wss://…`.
        password: for VncAuth; None when the server asks for none.
    """

    address: str
    password: str | None = attrs.field(default=None, repr=False)


class StreamTransport:
    """A `ByteTransport` over a Unix or TCP socket."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._sending = SendLock()

    async def receive_some(self) -> bytes:
        """See `ByteTransport`."""
        try:
            return bytes(await self._stream.receive_some(READ_SIZE))
        except BROKEN as error:
            raise BrowserGone(detail=str(error)) from error

    async def send_all(self, data: bytes) -> None:
        """See `ByteTransport`."""
        async with self._sending:
            try:
                await self._stream.send_all(data)
            except BROKEN as error:
                raise BrowserGone(detail=str(error)) from error


class WebSocketTransport:
    """A `ByteTransport` over the binary messages of a WebSocket."""

    def __init__(self, connection: trio_websocket.WebSocketConnection) -> None:
        self._connection = connection

    async def receive_some(self) -> bytes:
        """See `ByteTransport`."""
        try:
            while True:
                message = await self._connection.get_message()
                if isinstance(message, str):
                    raise BrowserGone(detail="websockify sent text")
                if message:
                    return bytes(message)
        except trio_websocket.ConnectionClosed:
            return b""

    async def send_all(self, data: bytes) -> None:
        """See `ByteTransport`."""
        try:
            await self._connection.send_message(data)
        except trio_websocket.ConnectionClosed as error:
            raise BrowserGone(detail=str(error)) from error


def open_upstream(address: str, seconds: float) -> AbstractAsyncContextManager[ByteTransport]:
    """Connect to a VNC server; leaving the context closes the connection.

    Args:
        address: as in `Upstream`.
        seconds: how long connecting may take.

    Raises:
        BrowserGone: on entering, when there is nobody, or the address is none.
        BrowserTooSlow: on entering, when nobody answers.
    """
    parts = urlsplit(address)
    return _open_websocket(address, seconds) if parts.scheme in ("ws", "wss") else _open_socket(parts, seconds)


@asynccontextmanager
async def _open_socket(parts: SplitResult, seconds: float) -> AsyncIterator[ByteTransport]:
    with _unreachable_in(seconds):
        stream = await _connect(parts)
    try:
        yield StreamTransport(stream)
    finally:
        await trio.aclose_forcefully(stream)


async def _connect(parts: SplitResult) -> trio.SocketStream:
    if parts.scheme == "unix":
        return await trio.open_unix_socket(parts.path)
    if parts.scheme == "tcp" and parts.hostname and parts.port:
        return await trio.open_tcp_stream(parts.hostname, parts.port)
    raise ValueError("no address of a VNC server")


@asynccontextmanager
async def _open_websocket(address: str, seconds: float) -> AsyncIterator[ByteTransport]:
    async with trio.open_nursery() as nursery:
        with _unreachable_in(seconds):
            connection = await trio_websocket.connect_websocket_url(nursery, address, max_message_size=_LARGEST_FRAME)
        try:
            yield WebSocketTransport(connection)
        finally:
            with trio.move_on_after(_CLOSE_SECONDS, shield=True):
                await connection.aclose()
            nursery.cancel_scope.cancel()


@contextmanager
def _unreachable_in(seconds: float) -> Iterator[None]:
    try:
        with trio.fail_after(seconds):
            yield
    except (OSError, ValueError, trio_websocket.HandshakeError) as error:
        raise BrowserGone(detail=f"cannot reach the VNC server: {error}") from error
    except trio.TooSlowError as error:
        raise BrowserTooSlow(detail=f"no connection to the VNC server within {seconds} s") from error
