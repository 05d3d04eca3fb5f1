from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import assert_checkpoints, assert_no_checkpoints, wait_all_tasks_blocked

from pilothouse.channels.direct_stream import DirectStream

MORE_THAN_FITS = 5_000_000


@asynccontextmanager
async def open_pair() -> AsyncIterator[tuple[DirectStream, trio.SocketStream]]:
    ours, theirs = trio.socket.socketpair()
    async with DirectStream(trio.SocketStream(ours)) as stream, trio.SocketStream(theirs) as peer:
        yield stream, peer


async def take(peer: trio.SocketStream, count: int) -> bytes:
    data = b""
    with trio.fail_after(10):
        while len(data) < count:
            data += await peer.receive_some()
    return data


async def test_order_is_the_order_of_the_calls_whoever_is_cancelled() -> None:
    async with open_pair() as (stream, peer), trio.open_nursery() as nursery:
        scopes = [trio.CancelScope() for _ in range(4)]

        async def send(number: int) -> None:
            with scopes[number]:
                await stream.send_all(bytes([number]) * (1 if number else MORE_THAN_FITS))

        for number in range(4):
            nursery.start_soon(send, number)
            await wait_all_tasks_blocked()
        for number in (2, 0):
            scopes[number].cancel()
            await wait_all_tasks_blocked()
        assert await take(peer, MORE_THAN_FITS + 3) == bytes(MORE_THAN_FITS) + b"\1\2\3"


async def test_a_call_with_nothing_to_say_finishes_what_others_left() -> None:
    async with open_pair() as (stream, peer), trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            scope.cancel()
            await stream.send_all(b"left behind")
        nursery.start_soon(stream.send_all, b"")
        assert await take(peer, 11) == b"left behind"


async def test_nobody_is_there() -> None:
    async with open_pair() as (stream, peer):
        await peer.aclose()
        with pytest.raises(trio.BrokenResourceError):
            await stream.send_all(b"hello?")


async def test_closed() -> None:
    async with open_pair() as (stream, _):
        await stream.aclose()
        for use in (lambda: stream.send_all(b"hello?"), stream.receive_some):
            with pytest.raises((trio.ClosedResourceError, trio.BrokenResourceError)):
                await use()


async def test_send_that_fits_makes_no_trip_through_the_scheduler() -> None:
    async with open_pair() as (stream, peer):
        with assert_no_checkpoints():
            await stream.send_all(b"head", b" and ", b"payload")
        assert await take(peer, 16) == b"head and payload"


async def test_receiving_always_lets_others_have_their_turn() -> None:
    async with open_pair() as (stream, peer):
        await peer.send_all(b"12")
        for byte in (b"1", b"2"):
            with assert_checkpoints():
                assert await stream.receive_some(1) == byte


async def test_parts_stay_together() -> None:
    async with open_pair() as (stream, peer), trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(stream.send_all, bytes([number]) * MORE_THAN_FITS, bytes([number]) * 3)
        data = await take(peer, 4 * (MORE_THAN_FITS + 3))
        assert data == b"".join(bytes([number]) * (MORE_THAN_FITS + 3) for number in sorted(set(data), key=data.index))


async def test_closed_by_another_task() -> None:
    async with open_pair() as (stream, _), trio.open_nursery() as nursery:

        async def expect_end(use: Callable[[], Awaitable[object]]) -> None:
            with pytest.raises(trio.BrokenResourceError):
                await use()

        nursery.start_soon(expect_end, stream.receive_some)
        nursery.start_soon(expect_end, lambda: stream.send_all(bytes(MORE_THAN_FITS)))
        await wait_all_tasks_blocked()
        await stream.aclose()


async def test_errors_in_the_words_of_whoever_opened_it() -> None:
    ours, theirs = trio.socket.socketpair()
    async with DirectStream(trio.SocketStream(ours), broken=LookupError) as stream:
        theirs.close()
        with pytest.raises(LookupError):
            await stream.send_all(b"hello?")
    for use in (lambda: stream.send_all(b"hello?"), stream.receive_some):
        with pytest.raises(LookupError):
            await use()
