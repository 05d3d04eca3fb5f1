"""Connections to VNC servers: `unix://`, `tcp://`, and `ws://` or `wss://` where websockify stands in front."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import cast
from urllib.parse import SplitResult, urlsplit, urlunsplit

import attrs
import h11
import trio
import trio_websocket
import wsproto.utilities

from pilothouse.channels.direct_stream import DirectStream
from pilothouse.channels.errors import BrowserGone, BrowserTooSlow, leaves
from pilothouse.channels.transport import BROKEN, ByteTransport

# trio-websocket lets through what the two libraries underneath it raise.
_NO_WEBSOCKET = (trio_websocket.HandshakeError, wsproto.utilities.ProtocolError, h11.ProtocolError)
_DEFAULT_PORTS = {"ws": 80, "wss": 443}
_LARGEST_FRAME = 16 * 1024 * 1024
# The viewer's good-bye comes after this one, and a session's channels are to be closed within 250 ms.
_CLOSE_SECONDS = 0.1


@attrs.frozen
class Upstream:
    """Where a session's VNC server is.

    Attributes:
        address: `unix:///path`, `tcp://host:port`, `ws://…` or `wss://…`.
        password: for VncAuth; None when the server asks for none.
        takes_clipboard: whether it is known to take text of any alphabet as the display's clipboard without being asked
            first, as TigerVNC does. Others may not understand it at all; to them text is typed.
    """

    address: str
    password: str | None = attrs.field(default=None, repr=False)
    takes_clipboard: bool = False


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
        if not data:
            return  # an empty message would be none of RFB's
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
        BrowserGone: on entering, when there is nobody, or the address is none; for a WebSocket perhaps in a group.
        BrowserTooSlow: on entering, when nobody answers; for a WebSocket perhaps in a group.
    """
    opener = _open_websocket if address.startswith(("ws://", "wss://")) else _open_socket
    return opener(address, seconds)


@asynccontextmanager
async def _open_socket(address: str, seconds: float) -> AsyncIterator[ByteTransport]:
    async with _connected(address, seconds) as stream:
        yield DirectStream(stream, broken=lambda words: BrowserGone(detail=words))


@asynccontextmanager
async def _open_websocket(address: str, seconds: float) -> AsyncIterator[ByteTransport]:
    try:
        async with _connected(address, seconds) as stream, trio.open_nursery() as nursery:
            with _unreachable_in(seconds):
                connection = await _upgraded(nursery, DirectStream(stream), urlsplit(address))
            try:
                yield WebSocketTransport(connection)
            finally:
                with trio.move_on_after(_CLOSE_SECONDS, shield=True):
                    await connection.aclose()
                nursery.cancel_scope.cancel()
    except* _NO_WEBSOCKET as group:
        # The library's reader task raises these in the nursery, now or later.
        raise BrowserGone(detail=f"no WebSocket to the VNC server: {leaves(group)}") from group


@asynccontextmanager
async def _connected(address: str, seconds: float) -> AsyncIterator[trio.SocketStream]:
    with _unreachable_in(seconds):
        stream = await _connect(urlsplit(address))
    try:
        yield stream
    finally:
        await trio.aclose_forcefully(stream)


async def _connect(parts: SplitResult) -> trio.SocketStream:
    if parts.scheme == "unix":
        return await trio.open_unix_socket(parts.path)
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    if parts.scheme in ("tcp", *_DEFAULT_PORTS) and parts.hostname and port:
        return await trio.open_tcp_stream(parts.hostname, port)
    raise ValueError("no address of a VNC server")


async def _upgraded(
    nursery: trio.Nursery, stream: trio.abc.Stream, parts: SplitResult
) -> trio_websocket.WebSocketConnection:
    if parts.scheme == "wss":
        context = ssl.create_default_context()
        encrypted = trio.SSLStream(stream, context, server_hostname=parts.hostname, https_compatible=True)
        await encrypted.do_handshake()
        stream = encrypted
    resource = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    return await trio_websocket.wrap_client_stream(
        nursery,
        cast(trio.SocketStream, stream),  # any Stream will do, whatever the annotation says
        parts.netloc.rpartition("@")[2],
        resource,
        max_message_size=_LARGEST_FRAME,
    )


def _cause(error: Exception) -> str:
    """Trio says only that all attempts have failed, and keeps in a group how each of them did."""
    cause = error.__cause__ or error
    return ", ".join(map(str, leaves(cause))) if isinstance(cause, BaseExceptionGroup) else str(cause)


@contextmanager
def _unreachable_in(seconds: float) -> Iterator[None]:
    try:
        with trio.fail_after(seconds):
            yield
    except (*BROKEN, ValueError) as error:
        raise BrowserGone(detail=f"cannot reach the VNC server: {_cause(error)}") from error
    except trio.TooSlowError as error:
        raise BrowserTooSlow(detail=f"no connection to the VNC server within {seconds} s") from error
