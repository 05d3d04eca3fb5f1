"""WebSockets served straight from a Trio socket: the lane for streams.

The protocol is `websockets`' own sans-I/O code. There is no reader task and no queue: whoever calls `receive` reads
the socket, so back-pressure is the socket's own. permessage-deflate is never negotiated: pixels are compressed
already, and browsers would make us inflate and deflate every frame.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping
from http import HTTPStatus

import trio
from websockets.exceptions import PayloadTooBig
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from pilothouse.channels.errors import MessageTooLarge, ViewerLeft
from pilothouse.channels.send_lock import SendLock
from pilothouse.channels.transport import BROKEN, READ_SIZE

_END_OF_HEAD = b"\r\n\r\n"
_LARGEST_HEAD = READ_SIZE

# The library's debug log quotes request lines, and those carry credentials.
_quiet = logging.getLogger(__name__ + ".protocol")
_quiet.setLevel(logging.WARNING)


class WebSocketServer:
    """The server's end of one WebSocket, a `MessageTransport` once `accept` has returned.

    Args:
        stream: a connection on which an HTTP/1.1 upgrade request arrives; closed by `close`, `reject`, failed `accept`.
        max_message_size: in bytes.
    """

    def __init__(self, stream: trio.SocketStream, *, max_message_size: int) -> None:
        self._stream = stream
        self._protocol = ServerProtocol(extensions=None, max_size=max_message_size, logger=_quiet)
        self._ready: deque[bytes | str] = deque()
        self._fragments: list[bytes] = []
        self._text = False
        self._sending = SendLock()
        self._broken = False
        self._request: Request | None = None
        self._early = b""

    async def read_request(self) -> Request:
        """The upgrade request.

        Raises:
            ViewerLeft: the peer went away, or sent no valid HTTP.
        """
        if self._request is None:
            await self._receive_head()
            # What is behind the head has to wait: the protocol would take it for frames before there is a WebSocket.
            head, end, self._early = self._early.partition(_END_OF_HEAD)
            self._feed(head + end)
            if not end:
                self._feed(b"")
            for event in self._protocol.events_received():
                if isinstance(event, Request):
                    self._request = event
            if self._request is None:
                await self._answer_and_close()
                raise ViewerLeft
        return self._request

    async def accept(self) -> bool:
        """Answer 101; or, when this is no proper WebSocket upgrade, say so and close.

        Returns:
            Whether the WebSocket is open.

        Raises:
            ViewerLeft: the peer went away.
        """
        request = await self.read_request()
        response = self._protocol.accept(request)
        self._protocol.send_response(response)
        if self._protocol.state is not State.OPEN:
            await self._answer_and_close()
            return False
        await self._flush()
        return True

    async def reject(self, status: HTTPStatus, body: str, headers: Mapping[str, str]) -> None:
        """Answer the request with an HTTP error, and close."""
        response = self._protocol.reject(status, body)
        for name, value in headers.items():
            if name in response.headers:
                del response.headers[name]  # assigning would add a second one
            response.headers[name] = value
        self._protocol.send_response(response)
        await self._answer_and_close()

    async def receive(self) -> bytes | str:
        """The next message; see `MessageTransport`."""
        while not self._ready:
            if self._protocol.state is not State.OPEN:
                raise self._why_closed()
            await self._read()
            frames = [event for event in self._protocol.events_received() if isinstance(event, Frame)]
            for frame in frames:
                self._take_in(frame)
            # Only a pong is urgent. Without one, a viewer that reads slowly is still heard at once.
            if any(frame.opcode is Opcode.PING for frame in frames):
                await self._flush()
        return self._ready.popleft()

    def receive_nowait(self) -> bytes | str | None:
        """A message that has arrived already; see `MessageTransport`."""
        return self._ready.popleft() if self._ready else None

    async def send(self, data: bytes | str) -> None:
        """Send one message; see `MessageTransport`."""
        async with self._sending:
            if self._protocol.state is not State.OPEN:
                raise self._why_closed()
            if isinstance(data, str):
                self._protocol.send_text(data.encode())
            else:
                self._protocol.send_binary(data)
            await self._write()

    async def close(self, close_code: int, reason: str) -> None:
        """Close handshake, then the socket; see `MessageTransport`."""
        try:
            if self._broken:
                return
            if self._protocol.state is State.OPEN:
                self._protocol.send_close(close_code, reason)
            await self._flush()
            if self._protocol.parser_exc is not None:
                # The protocol reads no more frames, so the peer's answer is to close its end when we close ours.
                await self._stream.send_eof()
            while self._protocol.state is not State.CLOSED and not self._protocol.close_rcvd:
                await self._read()
                self._protocol.events_received()
        except (ViewerLeft, *BROKEN):
            pass
        finally:
            await trio.aclose_forcefully(self._stream)

    async def _receive_head(self) -> None:
        while _END_OF_HEAD not in self._early and len(self._early) < _LARGEST_HEAD:
            data = await self._received()
            if not data:
                break
            self._early += data

    async def _read(self) -> None:
        data, self._early = self._early, b""
        self._feed(data or await self._received())

    async def _received(self) -> bytes:
        try:
            return bytes(await self._stream.receive_some(READ_SIZE))
        except BROKEN as error:
            self._protocol.receive_eof()
            raise ViewerLeft from error

    def _feed(self, data: bytes) -> None:
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()

    async def _answer_and_close(self) -> None:
        """Send the HTTP error that the protocol has ready, if it has one."""
        try:
            await self._flush()
        except ViewerLeft:
            pass
        finally:
            await trio.aclose_forcefully(self._stream)

    def _take_in(self, frame: Frame) -> None:
        """Put fragments together; control frames were answered by the protocol."""
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._text = frame.opcode is Opcode.TEXT
        elif frame.opcode is not Opcode.CONT:
            return
        self._fragments.append(bytes(frame.data))
        if frame.fin:
            whole = b"".join(self._fragments)
            self._fragments.clear()
            self._ready.append(whole.decode(errors="replace") if self._text else whole)

    async def _flush(self) -> None:
        """Send what the protocol itself has to say: pongs, close frames."""
        async with self._sending:
            await self._write()

    async def _write(self) -> None:
        if self._broken:
            raise ViewerLeft
        # b"" is the protocol's way to say that our half should be closed; `close` does that.
        data = memoryview(b"".join(self._protocol.data_to_send()))
        sent = 0
        try:
            while sent < len(data):
                sent += await self._stream.socket.send(data[sent:])
        except BROKEN as error:
            self._broken = True
            raise ViewerLeft from error
        finally:
            # A cancelled send may leave half a frame behind, and nothing can follow that.
            self._broken = self._broken or 0 < sent < len(data)

    def _why_closed(self) -> Exception:
        if isinstance(self._protocol.parser_exc, PayloadTooBig):
            return MessageTooLarge()
        received = self._protocol.close_rcvd
        return ViewerLeft(received.code) if received else ViewerLeft()
