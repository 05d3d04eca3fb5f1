"""The way to a browser's DevTools, as far as the socket."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import SplitResult, urlsplit

import trio

from pilothouse.channels.transport import BROKEN
from pilothouse.protocol.cdp_executor import ConnectionLost

CONNECT_SECONDS = 10.0
"""For the socket, and then for the WebSocket's handshake."""

_DEFAULT_PORTS = {"ws": 80, "wss": 443}


def parts_of(address: str) -> SplitResult:
    """The parts of an address, `ws://…` or `wss://…`.

    Raises:
        ConnectionLost: it is none.
    """
    try:
        parts = urlsplit(address)
        if parts.scheme in _DEFAULT_PORTS and parts.hostname and parts.port != 0:
            return parts
    except ValueError:
        pass
    raise ConnectionLost("this is no address of a WebSocket")


@asynccontextmanager
async def connected(parts: SplitResult) -> AsyncIterator[trio.SocketStream]:
    """A socket; leaving the context closes it.

    Raises:
        ConnectionLost: on entering, nobody takes the connection.
    """
    try:
        with trio.fail_after(CONNECT_SECONDS):
            stream = await trio.open_tcp_stream(parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme])
    except (*BROKEN, trio.TooSlowError, ValueError) as error:  # some names cannot even be looked up
        raise ConnectionLost(f"it cannot be reached: {error}") from error
    try:
        yield stream
    finally:
        await trio.aclose_forcefully(stream)


async def encrypted(stream: trio.abc.Stream, host: str | None) -> trio.abc.Stream:
    """TLS on a connection, its handshake done."""
    context = ssl.create_default_context()
    secure = trio.SSLStream(stream, context, server_hostname=host, https_compatible=True)
    await secure.do_handshake()
    return secure
