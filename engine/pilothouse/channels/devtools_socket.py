"""A WebSocket to a browser's DevTools for a proxy: whole messages in bytes, no task and no queue of its own.

The protocol is `websockets`' sans-I/O code. What DevTools send, text messages in one frame, passes it by: they may have
many megabytes, and are read straight into the place where they stay. From the first frame of another kind on, the
protocol reads everything.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidURI
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from pilothouse.channels.devtools_dialing import CONNECT_SECONDS, connected, encrypted, parts_of
from pilothouse.channels.direct_stream import DirectStream
from pilothouse.channels.errors import BrowserGone
from pilothouse.channels.transport import BROKEN, READ_SIZE
from pilothouse.protocol.websocket_frames import text_head

# The library's debug log quotes what pages send.
_quiet = logging.getLogger(__name__ + ".protocol")
_quiet.setLevel(logging.WARNING)


_LONGEST_HEAD = 10
_END_OF_HEAD = b"\r\n\r\n"
_LONGEST_HEAD_OF_HTTP = 65_536


class DevToolsSocket:
    """An open connection. Made by `open_devtools_socket`."""

    def __init__(self, stream: trio.abc.Stream, direct: DirectStream | None, protocol: ClientProtocol) -> None:
        self._stream = stream
        self._direct = direct
        self._protocol = protocol
        self._largest = protocol.max_message_size or 0
        self._early = b""
        self._plain = True
        self._ready: deque[bytes] = deque()
        self._fragments: list[bytes] = []
        self._sending = trio.Lock()

    async def receive(self) -> bytes | bytearray:
        """The next message, in UTF-8.

        Raises:
            BrowserGone: there will be no more, or it is over the limit.
        """
        while not self._ready:
            data, self._early = self._early or await self._received(), b""
            if self._plain and (head := text_head(data)) is not None:
                return await self._rest_of_text(data, *head)
            if self._plain and len(data) < _LONGEST_HEAD and text_head(data + bytes(_LONGEST_HEAD)) is not None:
                self._early = data + await self._received()  # cut within its head
                continue
            self._plain = False
            await self._feed(data)
        return self._ready.popleft()

    async def send(self, *texts: str) -> None:
        """Send messages. Several tasks may send.

        Raises:
            BrowserGone: they cannot be sent.
        """
        frames = [Frame(Opcode.TEXT, text.encode("utf-8", "replace")).serialize(mask=True) for text in texts]
        await self._send_all(b"".join(frames))

    async def upgrade(self) -> None:
        """The handshake.

        Raises:
            BrowserGone: it failed.
        """
        self._protocol.send_request(self._protocol.connect())
        await self._flush()
        head = b""
        while _END_OF_HEAD not in head:
            head += await self._received()
            if len(head) > _LONGEST_HEAD_OF_HTTP:
                raise BrowserGone(detail="its answer has no end")
        # What has come behind the head is for `receive`.
        answer, end, self._early = head.partition(_END_OF_HEAD)
        self._protocol.receive_data(answer + end)
        self._protocol.events_received()
        if self._protocol.state is not State.OPEN:
            raise BrowserGone(detail=str(self._protocol.handshake_exc))

    async def _rest_of_text(self, data: bytes, start: int, size: int) -> bytes | bytearray:
        if size > self._largest:
            raise BrowserGone(detail=f"a message of {size} bytes, which is over the limit")
        if start + size <= len(data):
            self._early = data[start + size :]
            return data[start : start + size]
        whole = bytearray(size)
        there = len(data) - start
        whole[:there] = data[start:]
        view = memoryview(whole)
        while there < size:
            there += await self._received_into(view[there:])
        return whole

    async def _feed(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for frame in self._protocol.events_received():
            if not isinstance(frame, Frame) or frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                continue  # the protocol has answered it
            self._fragments.append(bytes(frame.data))
            if frame.fin:
                self._ready.append(b"".join(self._fragments))
                self._fragments.clear()
        await self._flush()
        if self._protocol.state is not State.OPEN and not self._ready:
            raise BrowserGone(detail="the browser has closed the connection")

    async def _flush(self) -> None:
        await self._send_all(b"".join(self._protocol.data_to_send()))

    async def _send_all(self, data: bytes) -> None:
        try:
            if self._direct is not None:
                await self._direct.send_all(data)
                return
            async with self._sending:
                await self._stream.send_all(data)
        except BROKEN as error:
            raise BrowserGone(detail=str(error)) from error

    async def _received(self) -> bytes:
        try:
            data = await self._stream.receive_some(READ_SIZE)
        except BROKEN as error:
            raise BrowserGone(detail=str(error)) from error
        if not data:
            raise BrowserGone(detail="the browser has hung up")
        return bytes(data)

    async def _received_into(self, place: memoryview) -> int:
        if self._direct is None:
            data = await self._received()
            place[: len(data)] = data[: len(place)]
            self._early = data[len(place) :]
            return min(len(data), len(place))
        try:
            count = await self._direct.receive_into(place)
        except BROKEN as error:
            raise BrowserGone(detail=str(error)) from error
        if not count:
            raise BrowserGone(detail="the browser has hung up")
        return count


@asynccontextmanager
async def open_devtools_socket(address: str, *, max_message_size: int) -> AsyncIterator[DevToolsSocket]:
    """Connect; leaving the context closes the connection.

    Args:
        address: `ws://…` or `wss://…`.
        max_message_size: bytes of one message from the browser.

    Raises:
        BrowserGone: on entering, nobody answers.
    """
    parts = parts_of(address)
    async with connected(parts) as socket:
        direct = DirectStream(socket)
        try:
            protocol = ClientProtocol(parse_uri(address), max_size=max_message_size, logger=_quiet)
            with trio.fail_after(CONNECT_SECONDS):
                if parts.scheme == "wss":
                    opened = DevToolsSocket(await encrypted(direct, parts.hostname), None, protocol)
                else:
                    opened = DevToolsSocket(direct, direct, protocol)
                await opened.upgrade()
        except InvalidURI as error:
            raise BrowserGone(detail="this is no address of a WebSocket") from error
        except trio.TooSlowError as error:
            raise BrowserGone(detail="it does not answer") from error
        except BROKEN as error:
            raise BrowserGone(detail=str(error)) from error
        yield opened
