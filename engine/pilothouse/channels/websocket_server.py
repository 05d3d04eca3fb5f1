"""WebSockets served straight from a Trio socket: the lane for streams.

The protocol is `websockets`' own sans-I/O code. There is no reader task and no queue: whoever calls `receive` reads
the socket, so back-pressure is the socket's own. permessage-deflate is never negotiated: pixels are compressed
already, and browsers would make us inflate and deflate every frame.

The commonest frames pass the protocol by, which would cost as much as all the rest of their way: what we send, for
which it keeps no state, and short messages that arrive alone between two others. It is between two messages when all
bytes that it was given have come back as whole messages.
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

from pilothouse.channels.direct_stream import DirectStream
from pilothouse.channels.errors import MessageTooLarge, ViewerLeft
from pilothouse.channels.transport import BROKEN, READ_SIZE
from pilothouse.protocol.websocket_frames import BINARY, TEXT, head, least_size, only_short_binary, only_short_text

_SUBPROTOCOL = "Sec-WebSocket-Protocol"
_END_OF_HEAD = b"\r\n\r\n"
_LARGEST_HEAD = READ_SIZE
_LAST_WORDS_SECONDS = 0.2

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
        self._bytes = DirectStream(stream, broken=lambda _: ViewerLeft())
        self._protocol = ServerProtocol(extensions=None, max_size=max_message_size, logger=_quiet)
        self._ready: deque[bytes | str] = deque()
        self._fragments: list[bytes] = []
        self._text = False
        self._request: Request | None = None
        self._early = b""
        self._undecoded = 0
        self._between_messages = False

    @property
    def max_message_size(self) -> int:
        """In bytes. May be changed until `accept`."""
        return self._protocol.max_message_size or 0

    @max_message_size.setter
    def max_message_size(self, size: int) -> None:
        self._protocol.max_message_size = size

    async def read_request(self) -> Request:
        """The upgrade request.

        Raises:
            ViewerLeft: the peer went away, or sent no valid HTTP.
        """
        if self._request is None:
            # What is behind the head has to wait: the protocol would take it for frames before there is a WebSocket.
            request, end, self._early = (await self._received_head()).partition(_END_OF_HEAD)
            self._feed(request + end)
            if not end:
                self._feed(b"")
            for event in self._protocol.events_received():
                if isinstance(event, Request):
                    self._request = event
            if self._request is None:
                await self._answer_and_close()
                raise ViewerLeft
        return self._request

    async def accept(self, subprotocol: str | None = None) -> bool:
        """Answer 101; or, when this is no proper WebSocket upgrade, say so and close.

        Args:
            subprotocol: one that the peer has offered.

        Returns:
            Whether the WebSocket is open.

        Raises:
            ViewerLeft: the peer went away.
        """
        request = await self.read_request()
        if _SUBPROTOCOL in request.headers:
            del request.headers[_SUBPROTOCOL]  # may carry a credential, which the protocol's complaints would quote
        response = self._protocol.accept(request)
        if subprotocol is not None and self._protocol.handshake_exc is None:
            response.headers[_SUBPROTOCOL] = subprotocol
        self._protocol.send_response(response)
        if self._protocol.state is not State.OPEN:
            await self._answer_and_close()
            return False
        await self._flush()
        self._undecoded, self._between_messages = 0, True
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
            data = await self._received()
            if self._between_messages:
                message = only_short_binary(data) or only_short_text(data)
                if message is not None:
                    return message
            self._feed(data)
            await self._take_in_events()
        return self._ready.popleft()

    def receive_nowait(self) -> bytes | str | None:
        """A message that has arrived already; see `MessageTransport`."""
        return self._ready.popleft() if self._ready else None

    async def send(self, data: bytes | str) -> None:
        """Send one message; see `MessageTransport`."""
        if self._protocol.state is not State.OPEN:
            raise self._why_closed()
        first, payload = (TEXT, data.encode()) if isinstance(data, str) else (BINARY, data)
        await self._bytes.send_all(head(first, len(payload)), payload)

    async def close(self, close_code: int, reason: str) -> None:
        """Close handshake, then the socket; see `MessageTransport`."""
        try:
            if self._protocol.state is State.OPEN:
                self._protocol.send_close(close_code, reason)
            with trio.fail_after(_LAST_WORDS_SECONDS):
                await self._flush()
            if self._protocol.parser_exc is not None:
                # The protocol reads no more frames, so the peer's answer is to close its end when we close ours.
                await self._stream.send_eof()
            while self._protocol.state is not State.CLOSED and not self._protocol.close_rcvd:
                self._feed(await self._received())
                self._protocol.events_received()
        except (ViewerLeft, trio.TooSlowError, *BROKEN):
            pass
        finally:
            await trio.aclose_forcefully(self._stream)

    async def _received_head(self) -> bytes:
        received = b""
        while _END_OF_HEAD not in received and len(received) < _LARGEST_HEAD:
            data = await self._received()
            if not data:
                break
            received += data
        return received

    async def _received(self) -> bytes:
        if self._early:
            early, self._early = self._early, b""
            return early
        try:
            return await self._bytes.receive_some()
        except ViewerLeft:
            self._protocol.receive_eof()
            raise

    def _feed(self, data: bytes) -> None:
        if data:
            self._undecoded += len(data)
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

    async def _take_in_events(self) -> None:
        pinged = False
        for frame in self._protocol.events_received():
            if isinstance(frame, Frame):
                self._undecoded -= least_size(len(frame.data))
                self._take_in(frame)
                pinged = pinged or frame.opcode is Opcode.PING
        self._between_messages = not (self._undecoded or self._fragments)
        # Only a pong is urgent. Without one, a viewer that reads slowly is still heard at once.
        if pinged:
            await self._flush()

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
        # b"" is the protocol's way to say that our half should be closed; `close` does that.
        await self._bytes.send_all(b"".join(self._protocol.data_to_send()))

    def _why_closed(self) -> Exception:
        if isinstance(self._protocol.parser_exc, PayloadTooBig):
            return MessageTooLarge()
        received = self._protocol.close_rcvd
        return ViewerLeft(received.code) if received else ViewerLeft()
