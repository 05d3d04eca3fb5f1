"""What every `ByteTransport` must do, as checks like those of `transport_contract`."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import trio

from pilothouse.channels.errors import BrowserGone
from pilothouse.channels.transport import ByteTransport

_PATIENCE = 10
_MORE_THAN_BUFFERS_HOLD = 1024

OpenPair = Callable[[], AbstractAsyncContextManager[tuple[ByteTransport, trio.SocketStream]]]
"""Opens a transport, and the VNC server's end of the connection."""

Check = Callable[[OpenPair], Awaitable[None]]


async def check_bytes_both_ways(open_pair: OpenPair) -> None:
    """All bytes arrive, in order, whatever they are and however they were cut; in both directions at once."""
    data = random.Random(1).randbytes(1_500_000)  # noqa: S311 (reproducible, not secret)
    async with open_pair() as (transport, server), trio.open_nursery() as nursery:
        nursery.start_soon(_send_in_pieces, transport.send_all, data)
        nursery.start_soon(_send_in_pieces, server.send_all, data[::-1])
        nursery.start_soon(_expect, server.receive_some, data)
        await _expect(transport.receive_some, data[::-1])


async def check_nothing_is_sent_as_nothing(open_pair: OpenPair) -> None:
    """No bytes are no end of the stream."""
    async with open_pair() as (transport, server):
        await transport.send_all(b"")
        await transport.send_all(b"something")
        await _expect(server.receive_some, b"something")


async def check_end(open_pair: OpenPair) -> None:
    """After the VNC server has closed, what it sent before arrives, then the end, as often as one asks."""
    async with open_pair() as (transport, server):
        await server.send_all(b"last words")
        await server.aclose()
        await _expect(transport.receive_some, b"last words")
        with trio.fail_after(_PATIENCE):
            assert [await transport.receive_some() for _ in range(2)] == [b"", b""]


async def check_send_to_nobody(open_pair: OpenPair) -> None:
    """Sending to a VNC server that has gone ends in `BrowserGone`."""
    async with open_pair() as (transport, server):
        await trio.aclose_forcefully(server)
        with trio.fail_after(_PATIENCE):
            try:
                for _ in range(_MORE_THAN_BUFFERS_HOLD):
                    await transport.send_all(bytes(65_536))
            except BrowserGone:
                return
        raise AssertionError("nobody is there, and send_all does not mind")


async def check_concurrent_senders(open_pair: OpenPair) -> None:
    """What one call sends arrives in one piece."""
    pieces = [bytes([number]) * 150_000 for number in range(8)]
    async with open_pair() as (transport, server), trio.open_nursery() as nursery:
        for piece in pieces:
            nursery.start_soon(transport.send_all, piece)
        arrived = await _take(server.receive_some, sum(map(len, pieces)))
        assert sorted(arrived[start : start + 150_000] for start in range(0, len(arrived), 150_000)) == pieces


BYTE_TRANSPORT_CHECKS: tuple[Check, ...] = (
    check_bytes_both_ways,
    check_nothing_is_sent_as_nothing,
    check_end,
    check_send_to_nobody,
    check_concurrent_senders,
)
"""All of them; run each."""


async def _send_in_pieces(send_all: Callable[[bytes], Awaitable[None]], data: bytes) -> None:
    sizes = random.Random(2)  # noqa: S311
    start = 0
    while start < len(data):
        end = start + sizes.choice((1, 7, 1000, 65_536, 200_000))
        await send_all(data[start:end])
        start = end


async def _take(receive_some: Callable[[], Awaitable[bytes | bytearray]], count: int) -> bytes:
    arrived = bytearray()
    with trio.fail_after(_PATIENCE):
        while len(arrived) < count:
            some = await receive_some()
            assert some, f"the stream ended after {len(arrived)} bytes"
            arrived += some
    return bytes(arrived)


async def _expect(receive_some: Callable[[], Awaitable[bytes | bytearray]], data: bytes) -> None:
    assert await _take(receive_some, len(data)) == data
