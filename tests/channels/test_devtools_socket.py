"""The proxy's WebSocket to DevTools: whole messages, however the browser cuts and frames them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import pytest
import trio
from trio.testing import memory_stream_pair
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from pilothouse.channels.devtools_socket import DevToolsSocket, open_devtools_socket
from pilothouse.channels.errors import BrowserGone
from pilothouse.protocol.cdp_executor import ConnectionLost

LARGEST = 200_000


class Browser:
    """The other end of the stream."""

    def __init__(self) -> None:
        ours, self.stream = memory_stream_pair()
        protocol = ClientProtocol(parse_uri("ws://browser/"), state=State.OPEN, max_size=LARGEST)
        self.socket = DevToolsSocket(ours, None, protocol)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    yield Browser()


def frame(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin=fin).serialize(mask=False)


MESSAGES = [b"", b"x", b"\xe2\x98\xb8" * 42, b"y" * 126, b"z" * 70_000, b"{}"]


@pytest.mark.parametrize("cut", [1, 2, 3, 11, 1000, 10**9])
async def test_texts_are_whole_however_they_are_cut(browser: Browser, cut: int) -> None:
    data = b"".join(frame(Opcode.TEXT, message) for message in MESSAGES)
    async with trio.open_nursery() as nursery:

        async def send() -> None:
            for start in range(0, len(data), cut):
                await browser.stream.send_all(data[start : start + cut])

        nursery.start_soon(send)
        assert [bytes(await browser.socket.receive()) for _ in MESSAGES] == MESSAGES


@pytest.mark.parametrize("cut", [1, 5, 10**9])
async def test_fragments_and_pings_are_understood(browser: Browser, cut: int) -> None:
    data = (
        frame(Opcode.TEXT, b"before")
        + frame(Opcode.TEXT, b"in ", fin=False)
        + frame(Opcode.PING, b"?")
        + frame(Opcode.CONT, b"parts")
        + frame(Opcode.TEXT, b"after")
    )
    async with trio.open_nursery() as nursery:

        async def send() -> None:
            for start in range(0, len(data), cut):
                await browser.stream.send_all(data[start : start + cut])

        nursery.start_soon(send)
        assert [bytes(await browser.socket.receive()) for _ in range(3)] == [b"before", b"in parts", b"after"]
    assert (await browser.stream.receive_some())[0] == 0x8A  # a pong


@pytest.mark.parametrize(
    "data",
    [
        frame(Opcode.CLOSE, b"\x03\xe8"),
        frame(Opcode.TEXT, b"x" * (LARGEST + 1)),
        frame(Opcode.TEXT, b"x", fin=False) + frame(Opcode.CONT, b"x" * LARGEST),
        b"\xff\xff",
    ],
)
async def test_the_end_is_the_end(browser: Browser, data: bytes) -> None:
    await browser.stream.send_all(data)
    with pytest.raises(BrowserGone), trio.fail_after(5):
        await browser.socket.receive()


async def test_a_browser_that_hangs_up_in_the_middle(browser: Browser) -> None:
    await browser.stream.send_all(frame(Opcode.TEXT, b"x" * 1000)[:500])
    await browser.stream.aclose()
    with pytest.raises(BrowserGone):
        await browser.socket.receive()


async def _open(answer: bytes) -> bytes:
    """The first message of a server whose answer to the handshake is this."""

    async def serve(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(answer)
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        address = f"ws://127.0.0.1:{listener.socket.getsockname()[1]}/"
        failure: Exception | None = None
        try:
            async with open_devtools_socket(address, max_message_size=LARGEST) as socket:
                return bytes(await socket.receive())
        except (BrowserGone, ConnectionLost) as error:
            failure = error
        finally:
            nursery.cancel_scope.cancel()
    assert failure is not None
    raise failure


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 403 Forbidden\r\n\r\n", b"nonsense\r\n\r\n", b"x" * 100_000])
async def test_a_server_that_is_none(answer: bytes) -> None:
    with pytest.raises(BrowserGone):
        await _open(answer)


async def test_addresses_that_are_none() -> None:
    for address in ("http://x/", "ws://", "ws://127.0.0.1:1/"):
        with pytest.raises((BrowserGone, ConnectionLost)):
            async with open_devtools_socket(address, max_message_size=LARGEST):
                pass
