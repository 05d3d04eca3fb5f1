from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
import trio_websocket
from certificates import self_signed_certificate
from trio.testing import wait_all_tasks_blocked

from pilothouse.channels.errors import BrowserGone, BrowserTooSlow, ChannelEnded, ViewerLeft, leaves
from pilothouse.channels.transport import ByteTransport
from pilothouse.channels.upstream import Upstream, open_upstream
from pilothouse.testing.byte_transport_contract import BYTE_TRANSPORT_CHECKS, Check
from websockify_process import running_websockify

Listen = Callable[[], AbstractAsyncContextManager[tuple[str, trio.SocketListener]]]


@asynccontextmanager
async def listen_on_unix(directory: Path) -> AsyncIterator[tuple[str, trio.SocketListener]]:
    path = directory / "rfb"
    listening = trio.socket.socket(trio.socket.AF_UNIX)
    await listening.bind(str(path))
    listening.listen()
    async with trio.SocketListener(listening) as listener:
        yield f"unix://{path}", listener


@asynccontextmanager
async def listen_on_tcp() -> AsyncIterator[tuple[str, trio.SocketListener]]:
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        yield f"tcp://127.0.0.1:{listener.socket.getsockname()[1]}", listener


@asynccontextmanager
async def listen_behind(address: str, target: socket.socket) -> AsyncIterator[tuple[str, trio.SocketListener]]:
    async with trio.SocketListener(trio.socket.from_stdlib_socket(target.dup())) as listener:
        yield address, listener


@pytest.fixture(scope="module")
def websockify() -> Iterator[tuple[str, socket.socket]]:
    """A real websockify, and the listening socket to which it connects for each WebSocket."""
    with socket.create_server(("127.0.0.1", 0)) as target, running_websockify(target.getsockname()[1]) as address:
        yield address, target


@pytest.fixture(params=["unix", "tcp", "ws"])
def listen(request: pytest.FixtureRequest, tmp_path: Path) -> Listen:
    if request.param == "unix":
        return partial(listen_on_unix, tmp_path)
    return listen_on_tcp if request.param == "tcp" else partial(listen_behind, *request.getfixturevalue("websockify"))


@asynccontextmanager
async def connected(listen: Listen) -> AsyncIterator[tuple[ByteTransport, trio.SocketStream]]:
    async with (
        listen() as (address, listener),
        open_upstream(address, 10) as transport,
        await listener.accept() as server,
    ):
        yield transport, server


@pytest.mark.parametrize("check", BYTE_TRANSPORT_CHECKS, ids=lambda check: check.__name__)
async def test_contract(check: Check, listen: Listen) -> None:
    await check(partial(connected, listen))


async def test_leaving_closes_the_connection(listen: Listen) -> None:
    async with listen() as (address, listener):
        async with open_upstream(address, 10):
            server = await listener.accept()
        async with server:
            with trio.fail_after(10):
                assert await server.receive_some() == b""


async def test_an_error_inside_comes_out(listen: Listen) -> None:
    with pytest.raises((ViewerLeft, BaseExceptionGroup)) as caught:
        async with connected(listen):
            raise ViewerLeft(1001)
    assert only_error(caught.value).close_code == 1001


@pytest.mark.parametrize("listen", ["unix", "tcp"], indirect=True)
async def test_what_a_cancelled_send_left_behind_goes_first(listen: Listen) -> None:
    async with connected(listen) as (transport, server), trio.open_nursery() as nursery:
        sent = await fill_until_cancelled(transport, b"\x01" * 65_536)
        nursery.start_soon(transport.send_all, b"\x02\x02")
        arrived = b""
        with trio.fail_after(10):
            while not arrived.endswith(b"\x02\x02"):
                arrived += await server.receive_some()
        assert arrived == b"\x01" * sent + b"\x02\x02"


async def test_a_cancelled_send_cuts_no_websocket_frame() -> None:
    messages: list[bytes | str] = []
    may_read, closed = trio.Event(), trio.Event()

    async def read_late(connection: trio_websocket.WebSocketConnection) -> None:
        await may_read.wait()
        try:
            while True:
                messages.append(await connection.get_message())
        except trio_websocket.ConnectionClosed as end:
            assert end.reason is not None and end.reason.code == 1000, end.reason
            closed.set()

    async with websocket_upstream(read_late) as transport:
        sent = await fill_until_cancelled(transport, b"\x01" * 65_536)
        may_read.set()
        await transport.send_all(b"\x02\x02")
    with trio.fail_after(10):
        await closed.wait()
    assert messages == [b"\x01" * 65_536] * (sent // 65_536) + [b"\x02\x02"]


async def fill_until_cancelled(transport: ByteTransport, piece: bytes) -> int:
    """Send to a server that does not read, until the last call is cancelled half way; how many bytes it took."""
    sent = len(piece)
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:

            async def cancel_when_blocked() -> None:
                await wait_all_tasks_blocked()
                scope.cancel()

            nursery.start_soon(cancel_when_blocked)
            for _ in range(1024):
                await transport.send_all(piece)
                sent += len(piece)
    assert scope.cancelled_caught, "send_all never waits"
    return sent


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nonsense",
        "http://127.0.0.1:80",
        "unix://",
        "unix:///nobody/listens/here",
        "unix:///" + "x" * 200,
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:1",
        "tcp://127.0.0.1:99999",
        "tcp://[",
        "tcp://a..b:1",
        "ws://127.0.0.1:1/",
        "ws://127.0.0.1:port/",
        "ws://",
        "ws://[",
        "wss://127.0.0.1:1/",
    ],
)
async def test_nobody_at_this_address(address: str) -> None:
    error = await why_not(address)
    assert isinstance(error, BrowserGone)
    assert error.detail
    assert error.reason == BrowserGone().reason, "the address is not for viewers"


@pytest.mark.parametrize("scheme", ["tcp", "ws"])
async def test_says_why_nobody_is_there(scheme: str) -> None:
    assert "refused" in (await why_not(f"{scheme}://127.0.0.1:1")).detail


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
        b"RFB 003.008\r\n\r\n",
    ],
)
async def test_no_websocket_there(answer: bytes) -> None:
    async with answering_http(answer) as address:
        with trio.fail_after(5):
            assert isinstance(await why_not(address), BrowserGone)


async def test_websocket_that_never_answers() -> None:
    async with answering_http(b"") as address:
        assert isinstance(await why_not(address, seconds=0.05), BrowserTooSlow)


async def test_text_from_websockify_is_no_rfb() -> None:
    async def send_text(connection: trio_websocket.WebSocketConnection) -> None:
        await connection.send_message("RFB 003.008\n")

    async with websocket_upstream(send_text) as transport:
        with pytest.raises(BrowserGone):
            await transport.receive_some()


async def test_an_empty_message_is_not_the_end() -> None:
    async def send_nothing_first(connection: trio_websocket.WebSocketConnection) -> None:
        await connection.send_message(b"")
        await connection.send_message(b"something")

    async with websocket_upstream(send_nothing_first) as transport:
        assert await transport.receive_some() == b"something"


async def test_frames_that_are_none() -> None:
    async def send_garbage(connection: trio_websocket.WebSocketConnection) -> None:
        await connection._stream.send_all(b"\xff" * 1000)
        await trio.sleep_forever()

    async with websocket_upstream(send_garbage) as transport:
        with trio.fail_after(10):
            assert await transport.receive_some() == b""
            with pytest.raises(BrowserGone):
                await transport.send_all(b"\x04\x01\0\0\0\0\0\x61")


async def test_a_websocket_that_does_not_answer_the_close_frame(autojump_clock: trio.testing.MockClock) -> None:
    autojump_clock.autojump_threshold = 0.05  # the kernel may take a moment to deliver

    async def never_read(connection: trio_websocket.WebSocketConnection) -> None:
        await trio.sleep_forever()

    async with websocket_upstream(never_read) as transport:
        for _ in range(3):
            await transport.send_all(b"fills the other end's queue, so that it does not come to the close frame")
        began = trio.current_time()
    assert trio.current_time() - began == pytest.approx(0.1)


async def test_wss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = self_signed_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def greet(connection: trio_websocket.WebSocketConnection) -> None:
        await connection.send_message(b"RFB 003.008\n")
        await trio.sleep_forever()

    with pytest.raises((BrowserGone, BaseExceptionGroup)) as caught:
        async with websocket_upstream(greet, context):
            pass
    assert "CERTIFICATE_VERIFY_FAILED" in str(only_error(caught.value).detail)

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with websocket_upstream(greet, context) as transport:
        assert await transport.receive_some() == b"RFB 003.008\n"


def test_the_password_is_not_shown() -> None:
    assert "sesame" not in repr(Upstream("unix:///x", "sesame"))


@asynccontextmanager
async def answering_http(answer: bytes) -> AsyncIterator[str]:
    """A server that answers an upgrade request with these bytes; yields its address."""

    async def serve(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(answer)
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        yield f"ws://127.0.0.1:{listener.socket.getsockname()[1]}/"
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def websocket_upstream(
    serve: Callable[[trio_websocket.WebSocketConnection], Awaitable[None]], context: ssl.SSLContext | None = None
) -> AsyncIterator[ByteTransport]:
    """A transport over a WebSocket whose other end is played by `serve`."""

    async def accept(request: trio_websocket.WebSocketRequest) -> None:
        await serve(await request.accept())

    async with trio.open_nursery() as nursery:
        server = await nursery.start(trio_websocket.serve_websocket, accept, "127.0.0.1", 0, context)
        address = f"wss://localhost:{server.port}/" if context else f"ws://127.0.0.1:{server.port}/?token=x"
        async with open_upstream(address, 10) as transport:
            yield transport
        nursery.cancel_scope.cancel()


def only_error(error: BaseException) -> ChannelEnded:
    [only] = leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    assert isinstance(only, ChannelEnded)
    return only


async def why_not(address: str, seconds: float = 10) -> ChannelEnded:
    with pytest.raises((ChannelEnded, BaseExceptionGroup)) as caught:
        async with open_upstream(address, seconds):
            pass
    return only_error(caught.value)
