from __future__ import annotations

import base64
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from itertools import pairwise

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked
from websocket_pair import open_websocket_pair

from pilothouse.channels.errors import MessageTooLarge, ViewerLeft
from pilothouse.channels.websocket_server import WebSocketServer
from pilothouse.testing.transport_contract import MESSAGE_TRANSPORT_CHECKS, Check
from pilothouse.testing.websocket_client import client_frame

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A
LIMIT = 1000
PATIENCE = 10


@pytest.mark.parametrize("check", MESSAGE_TRANSPORT_CHECKS, ids=lambda check: check.__name__)
async def test_contract(check: Check) -> None:
    await check(open_websocket_pair)


def upgrade_request(**changes: str | None) -> bytes:
    """A good one, but for `changes`; None leaves a header out, `line` is the request line."""
    fields: dict[str, str | None] = {
        "line": "GET /stream?apikey=sesame HTTP/1.1",
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "keep-alive, Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    line = fields.pop("line")
    lines = [line, *(f"{name}: {value}" for name, value in fields.items() if value is not None), "", ""]
    return "\r\n".join(map(str, lines)).encode()


@asynccontextmanager
async def open_raw() -> AsyncIterator[tuple[WebSocketServer, trio.SocketStream]]:
    """A server, and the other end of its socket."""
    ours, theirs = trio.socket.socketpair()
    async with trio.SocketStream(ours) as stream, trio.SocketStream(theirs) as peer:
        yield WebSocketServer(stream, max_message_size=LIMIT), peer


@asynccontextmanager
async def open_accepted() -> AsyncIterator[tuple[WebSocketServer, trio.SocketStream]]:
    async with open_raw() as (server, peer):
        await peer.send_all(upgrade_request())
        assert await server.accept()
        await peer.receive_some()
        yield server, peer


async def rest(peer: trio.SocketStream) -> bytes:
    """What arrives up to the end of the stream."""
    data = b""
    with trio.fail_after(PATIENCE):
        while more := await peer.receive_some():
            data += more
    return data


# The upgrade


async def test_request_can_be_looked_at_before_it_is_accepted() -> None:
    async with open_raw() as (server, peer):
        await peer.send_all(upgrade_request(Origin="https://example.org"))
        request = await server.read_request()
        assert request.path == "/stream?apikey=sesame"
        assert request.headers["origin"] == "https://example.org"
        assert await server.accept()
        assert (await peer.receive_some()).startswith(b"HTTP/1.1 101 ")


async def test_request_that_comes_byte_by_byte() -> None:
    async with open_raw() as (server, peer), trio.open_nursery() as nursery:
        nursery.start_soon(server.accept)
        for byte in upgrade_request() + client_frame(BINARY, b"early"):
            await peer.send_all(bytes([byte]))
            await trio.lowlevel.checkpoint()
        with trio.fail_after(PATIENCE):
            assert await server.receive() == b"early"


async def test_frames_right_behind_the_request() -> None:
    async with open_raw() as (server, peer):
        await peer.send_all(upgrade_request() + client_frame(BINARY, b"early") + client_frame(TEXT, b"bird"))
        assert await server.accept()
        with trio.fail_after(PATIENCE):
            assert [await server.receive(), server.receive_nowait(), server.receive_nowait()] == [
                b"early",
                "bird",
                None,
            ]


async def test_compression_is_not_negotiated() -> None:
    offer = "permessage-deflate; client_max_window_bits"
    async with open_raw() as (server, peer):
        await peer.send_all(upgrade_request(Sec_WebSocket_Extensions=offer))
        assert await server.accept()
        assert b"extensions" not in (await peer.receive_some()).lower()
        await server.send(b"a" * 500)
        with trio.fail_after(PATIENCE):
            assert (await peer.receive_some()).endswith(b"a" * 500)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (upgrade_request(Upgrade=None), 426),
        (upgrade_request(Upgrade="h2c"), 426),
        (upgrade_request(Connection=None), 426),
        (upgrade_request(Connection="close"), 426),
        (upgrade_request(Sec_WebSocket_Version=None), 400),
        (upgrade_request(Sec_WebSocket_Version="8"), 400),
        (upgrade_request(Sec_WebSocket_Key=None), 400),
        (upgrade_request(Sec_WebSocket_Key="short"), 400),
    ],
)
async def test_request_that_is_no_websocket_upgrade(request_: bytes, status: int) -> None:
    async with open_raw() as (server, peer):
        await peer.send_all(request_)
        assert not await server.accept()
        assert (await rest(peer)).startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (b"", b""),
        (b"GET / HT", b""),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b""),
        (b"RFB 003.008\n", b""),
        (upgrade_request(line="GET / HTTP/2.0"), b""),
        (upgrade_request(line="GET /" + "x" * 10_000 + " HTTP/1.1"), b"HTTP/1.1 414 "),
        (upgrade_request(X_Long="x" * 10_000), b"HTTP/1.1 431 "),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"HTTP/1.1 431 "),
    ],
)
async def test_request_that_cannot_be_read(request_: bytes, answer: bytes) -> None:
    async with open_raw() as (server, peer):
        await peer.send_all(request_)
        await peer.send_eof()
        with trio.fail_after(PATIENCE), pytest.raises(ViewerLeft):
            await server.read_request()
        assert (await rest(peer)).startswith(answer)


async def test_request_without_an_end() -> None:
    async with open_raw() as (server, peer):
        await peer.send_all(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000)
        with trio.fail_after(PATIENCE):
            with pytest.raises(ViewerLeft):
                await server.read_request()
            with pytest.raises(trio.BrokenResourceError):
                await peer.send_all(b"A: b\r\n")


async def test_what_comes_before_the_answer_cannot_confuse_it() -> None:
    """A client must wait for the answer. The one that does not is read after it, and not taken for broken frames."""
    async with open_raw() as (server, peer):
        await peer.send_all(upgrade_request() + b"\x00\x00 no frame" + client_frame(CLOSE, b""))
        assert await server.accept()
        assert (await peer.receive_some()).startswith(b"HTTP/1.1 101 ")
        with pytest.raises(ViewerLeft):
            await server.receive()


async def test_reject() -> None:
    body = '{"error": {"code": "origin_not_allowed"}}'
    async with open_raw() as (server, peer):
        await peer.send_all(upgrade_request())
        await server.read_request()
        await server.reject(HTTPStatus.FORBIDDEN, body, {"Content-Type": "application/json", "X-More": "1"})
        head, _, sent = (await rest(peer)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-type")] == [
            b"Content-Type: application/json"
        ]
        assert b"\r\nX-More: 1" in head
        assert sent == body.encode()


async def test_reject_somebody_who_has_gone() -> None:
    async with open_raw() as (server, peer):
        await peer.send_all(upgrade_request())
        await server.read_request()
        await peer.aclose()
        await server.reject(HTTPStatus.FORBIDDEN, "no", {})


async def test_credentials_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_raw() as (server, peer):
        await peer.send_all(upgrade_request(X_Api_Key="sesame"))
        assert await server.accept()
        await server.send(b"frame")
        await peer.aclose()
        with pytest.raises(ViewerLeft):
            await server.receive()
    assert "sesame" not in caplog.text


# Frames


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


async def test_nothing_is_sent_behind_half_a_frame() -> None:
    async with open_accepted() as (server, peer), trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:

            async def cancel_when_blocked() -> None:
                await wait_all_tasks_blocked()
                scope.cancel()

            nursery.start_soon(cancel_when_blocked)
            await server.send(bytes(10_000_000))
        assert scope.cancelled_caught
        with pytest.raises(ViewerLeft):
            await server.send(b"more")
        await server.close(1000, "the session has ended")
        half = await rest(peer)
        assert len(half) < 10_000_000
        assert half[10:] == bytes(len(half) - 10)


async def test_send_that_is_cancelled_before_it_began_does_no_harm() -> None:
    async with open_accepted() as (server, peer), trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            scope.cancel()
            await server.send(b"never sent")
        nursery.start_soon(server.close, 1000, "bye")
        with trio.fail_after(PATIENCE):
            assert await peer.receive_some() == bytes([CLOSE, 5]) + (1000).to_bytes(2) + b"bye"
        await peer.aclose()


# Garbage


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


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=30) | FRAMES, max_size=8), CUTS)
def test_garbage_for_frames(pieces: list[bytes], cuts: list[int]) -> None:
    trio.run(lambda: survives(read_everything, b"".join(pieces), cuts, accept=True))


@settings(max_examples=150, deadline=None)
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


@settings(max_examples=60, deadline=None)
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
