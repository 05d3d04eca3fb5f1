"""Messages, control frames, the end of the connection, and garbage."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import pairwise

import pytest
import trio
from channel_world import PATIENCE
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_websocket import BINARY, CLOSE, LIMIT, PING, PONG, TEXT, open_accepted, open_raw, rest, upgrade_request
from trio.testing import MockClock, wait_all_tasks_blocked
from websocket_pair import open_websocket_pair

from pilothouse.channels.errors import MessageTooLarge, ViewerLeft
from pilothouse.channels.websocket_server import WebSocketServer
from pilothouse.testing.transport_contract import MESSAGE_TRANSPORT_CHECKS, Check
from pilothouse.testing.websocket_client import client_frame


@pytest.mark.parametrize("check", MESSAGE_TRANSPORT_CHECKS, ids=lambda check: check.__name__)
async def test_contract(check: Check) -> None:
    await check(open_websocket_pair)


async def test_pings_are_answered_also_between_fragments() -> None:
    async with open_accepted() as (server, peer), trio.open_nursery() as nursery:
        nursery.start_soon(server.receive)
        await peer.send_all(client_frame(BINARY & 0x7F, b"half ") + client_frame(PING, b"hello?"))
        with trio.fail_after(PATIENCE):
            assert await peer.receive_some() == bytes([PONG, 6]) + b"hello?"
        nursery.cancel_scope.cancel()
    async with open_accepted() as (server, peer):
        pieces = [client_frame(0x02, b"one "), client_frame(PING, b""), client_frame(0x80, b"message")]
        await peer.send_all(b"".join(pieces))
        with trio.fail_after(PATIENCE):
            assert await server.receive() == b"one message"


async def test_unasked_pongs_mean_nothing() -> None:
    async with open_accepted() as (server, peer):
        await peer.send_all(client_frame(PONG, b"") + client_frame(BINARY, b"data"))
        with trio.fail_after(PATIENCE):
            assert await server.receive() == b"data"


async def test_peer_that_does_not_answer_the_close_frame() -> None:
    """It has the close frame, and the connection is gone when the caller's patience is over."""
    async with open_accepted() as (server, peer), trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:

            async def lose_patience() -> None:
                await wait_all_tasks_blocked()
                scope.cancel()

            nursery.start_soon(lose_patience)
            await server.close(4410, "no longer valid")
        assert scope.cancelled_caught
        assert await rest(peer) == bytes([CLOSE, 17]) + (4410).to_bytes(2) + b"no longer valid"


@pytest.mark.parametrize(
    ("frame", "close_code"),
    [
        (bytes([BINARY, 0xFE]) + (LIMIT + 1).to_bytes(2) + bytes(4), 1009),
        (bytes([BINARY, 0xFF]) + (1 << 62).to_bytes(8) + bytes(4), 1009),
        (client_frame(0x02, bytes(LIMIT)) + client_frame(0x80, b"x"), 1009),
        (bytes([BINARY, 1]) + b"unmasked", 1002),
        (client_frame(0xF2, b"reserved bits"), 1002),
        (client_frame(0x83, b"reserved opcode"), 1002),
        (client_frame(0x80, b"continues nothing"), 1002),
        (client_frame(0x09, b"fragmented ping"), 1002),
        (client_frame(CLOSE, b"\x03"), 1002),
    ],
)
async def test_frame_that_must_not_be(frame: bytes, close_code: int) -> None:
    """The peer gets the reason, and sees the end without having to close its own side first."""
    async with open_accepted() as (server, peer), trio.open_nursery() as nursery:
        await peer.send_all(frame + client_frame(BINARY, b"never read"))
        with pytest.raises(MessageTooLarge if close_code == 1009 else ViewerLeft):
            await server.receive()
        nursery.start_soon(server.close, 1011, "not said: the protocol has closed already")
        told = await rest(peer)
        assert told[0] == CLOSE
        assert int.from_bytes(told[2:4]) == close_code
        await peer.aclose()


async def cancelled_half_way(server: WebSocketServer, message: bytes) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.send, message)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()


async def test_rest_of_a_cancelled_message_goes_before_what_is_said_next() -> None:
    async with open_accepted() as (server, peer), trio.open_nursery() as nursery:
        message = bytes(10_000_000)
        await cancelled_half_way(server, message)
        nursery.start_soon(server.close, 1000, "bye")
        with trio.fail_after(PATIENCE):
            told = b""
            while len(told) < 10 + len(message) + 7:
                told += await peer.receive_some()
        assert told[:10] == bytes([BINARY, 127]) + len(message).to_bytes(8)
        assert told[10:-7] == message
        assert told[-7:] == bytes([CLOSE, 5]) + (1000).to_bytes(2) + b"bye"
        await peer.aclose()


async def test_peer_that_does_not_read_is_not_told_why(autojump_clock: MockClock) -> None:
    async with open_accepted() as (server, peer):
        await cancelled_half_way(server, bytes(10_000_000))
        await server.close(1000, "the session has ended")
        assert trio.current_time() <= 0.2
        half = await rest(peer)
        assert len(half) < 10_000_000
        assert half[10:] == bytes(len(half) - 10)


async def test_short_message_inside_a_fragmented_one_must_not_be() -> None:
    async with open_accepted() as (server, peer), trio.open_nursery() as nursery:

        async def play() -> None:
            for frame in (client_frame(BINARY, b"whole"), client_frame(0x02, b""), client_frame(BINARY, b"whole")):
                await peer.send_all(frame)
                await wait_all_tasks_blocked()

        nursery.start_soon(play)
        assert await server.receive() == b"whole"
        with pytest.raises(ViewerLeft):
            await server.receive()
        nursery.start_soon(server.close, 1011, "not said: the protocol has closed already")
        told = await rest(peer)
        assert int.from_bytes(told[2:4]) == 1002
        await peer.aclose()


async def survives(
    use: Callable[[WebSocketServer], Awaitable[None]], data: bytes, cuts: list[int], *, accept: bool
) -> None:
    """Whatever arrives, however it is cut, `use` ends in one of our own errors, and `close` in none."""
    async with (open_accepted if accept else open_raw)() as (server, peer), trio.open_nursery() as nursery:

        async def play() -> None:
            ends = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
            with suppress(trio.BrokenResourceError):
                for start, end in pairwise(ends):
                    await peer.send_all(data[start:end])
                    await trio.lowlevel.checkpoint()
                await peer.send_eof()

        nursery.start_soon(play)
        with trio.fail_after(PATIENCE):
            with suppress(ViewerLeft, MessageTooLarge):
                await use(server)
            await server.close(1000, "")


async def read_everything(server: WebSocketServer) -> None:
    while True:
        await server.receive()


async def upgrade_and_read(server: WebSocketServer) -> None:
    if await server.accept():
        await read_everything(server)


CUTS = st.lists(st.integers(0, 1000), max_size=4)
FRAMES = st.builds(client_frame, st.integers(0, 255), st.binary(max_size=130))


@settings(max_examples=150)
@given(st.lists(st.binary(max_size=30) | FRAMES, max_size=8), CUTS)
def test_garbage_for_frames(pieces: list[bytes], cuts: list[int]) -> None:
    trio.run(lambda: survives(read_everything, b"".join(pieces), cuts, accept=True))


@settings(max_examples=150)
@given(
    st.lists(
        st.binary(max_size=40)
        | st.sampled_from([upgrade_request(), b"GET / HTTP/1.1\r\n", b"Upgrade: websocket\r\n", b"\r\n", b": \r\n"]),
        max_size=6,
    ),
    CUTS,
)
def test_garbage_for_an_upgrade(pieces: list[bytes], cuts: list[int]) -> None:
    trio.run(lambda: survives(upgrade_and_read, b"".join(pieces), cuts, accept=False))


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=300) | st.text(max_size=100), max_size=8), CUTS)
def test_whole_messages_however_they_are_cut(messages: list[bytes | str], cuts: list[int]) -> None:
    async def check() -> None:
        arrived: list[bytes | str] = []

        async def read(server: WebSocketServer) -> None:
            while True:
                arrived.append(await server.receive())

        frames = [
            client_frame(TEXT, message.encode()) if isinstance(message, str) else client_frame(BINARY, message)
            for message in messages
        ]
        await survives(read, b"".join(frames), cuts, accept=True)
        assert arrived == messages

    trio.run(check)
