"""The streams for those who mount the app under an ASGI server of their own: same requests, same channels.

Quart hands every WebSocket to `asgi_websocket_class`. Ours speaks ASGI itself: it learns the peer's close code, which
Quart does not pass on, and reads without a queue.

What is different from the fast lane: ASGI cannot break a connection off. One whose peer has stopped reading stays, with
the task that delivers to it, until the peer reads or the ASGI server gives up; its channel has left by then. And
Hypercorn gives every leaver's close code as 1006, so a holder of control who says good-bye is waited for all the same,
for the grace period. It also falls, as a whole server, to a client that sends frames before the upgrade is answered
(0.18): only trusted clients should reach it without a proxy in between.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

import trio
from quart_trio import QuartTrio

from pilothouse.channels.errors import MessageTooLarge, ViewerLeft
from pilothouse.channels.transport import LARGEST_MESSAGE
from pilothouse_app.services import services_of
from pilothouse_app.streams import StreamRequest, largest_message, refusal_of, serve_stream


class Receive(Protocol):
    """ASGI's receive."""

    async def __call__(self) -> Mapping[str, Any]: ...


class Send(Protocol):
    """ASGI's send."""

    async def __call__(self, event: dict[str, Any]) -> None: ...


class AsgiWebSocket:
    """A `MessageTransport` on an ASGI connection that has been accepted. Made by `open_asgi_websocket`.

    A task of its own talks to the ASGI server, because that may be deaf to cancellation while it sends: Hypercorn is.
    """

    def __init__(self, receive: Receive, send: Send, max_message_size: int = LARGEST_MESSAGE) -> None:
        self._max_message_size = max_message_size
        self._receive = receive
        self._send = send
        self._closed: int | None = None
        self._gone = False
        self._last_words: dict[str, Any] | None = None
        self._outgoing, self._to_deliver = trio.open_memory_channel[dict[str, Any]](0)

    async def receive(self) -> bytes | str:
        """The next message; see `MessageTransport`."""
        if self._closed is not None:
            raise ViewerLeft(self._closed)
        event = await self._next_event()
        if self._gone:
            self._closed = event.get("code") or ViewerLeft().close_code
            raise ViewerLeft(self._closed)
        message: bytes | str = event["text"] if event.get("bytes") is None else event["bytes"]
        if len(message.encode() if isinstance(message, str) else message) > self._max_message_size:
            raise MessageTooLarge
        return message

    def receive_nowait(self) -> bytes | str | None:
        """Never anything: ASGI cannot be asked without waiting."""
        return None

    async def send(self, data: bytes | str) -> None:
        """Send one message, as soon as the one before it has been delivered; see `MessageTransport`."""
        if self._closed is not None:
            raise ViewerLeft(self._closed)
        try:
            await self._outgoing.send({"type": "websocket.send", "text" if isinstance(data, str) else "bytes": data})
        except trio.BrokenResourceError as error:
            raise ViewerLeft from error

    async def close(self, close_code: int, reason: str) -> None:
        """Say why, and wait for the peer's answer; the ASGI server closes the connection."""
        if self._closed is not None:
            return
        self._closed = close_code
        self._last_words = {"type": "websocket.close", "code": close_code, "reason": reason}
        self._outgoing.close()
        await self.wait_gone()

    async def wait_gone(self) -> None:
        """Wait until the peer has gone; what still comes is thrown away."""
        while not self._gone:
            await self._next_event()

    async def deliver(self) -> None:
        """Give the ASGI server everything that is to be sent, to the last words."""
        # An OSError is how ASGI says that the peer has gone.
        with self._to_deliver, suppress(OSError):
            async for event in self._to_deliver:
                await self._send(event)
            if self._last_words is not None:
                await self._send(self._last_words)

    async def _next_event(self) -> Mapping[str, Any]:
        event = await self._receive()
        self._gone = event["type"] == "websocket.disconnect"
        return event


@asynccontextmanager
async def open_asgi_websocket(
    receive: Receive, send: Send, max_message_size: int = LARGEST_MESSAGE
) -> AsyncIterator[AsgiWebSocket]:
    """The transport, and the owner of the task that delivers. The caller closes it."""
    websocket = AsgiWebSocket(receive, send, max_message_size)
    # When the server stops, the last words are still to be said. `close` has its bounds from those who call it.
    delivery = trio.CancelScope(shield=True)

    async def deliver() -> None:
        with delivery:
            await websocket.deliver()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(deliver)
        try:
            yield websocket
            # Hypercorn would wait for ever for somebody to take what it has still received, and never hear of the end.
            await websocket.wait_gone()
        finally:
            delivery.cancel()


class StreamConnection:
    """One WebSocket connection, as Quart constructs it."""

    def __init__(self, app: QuartTrio, scope: Mapping[str, Any]) -> None:
        self._services = services_of(app)
        self._scope = scope

    async def __call__(self, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        scope = self._scope
        request = StreamRequest.parse(
            target=scope["raw_path"].decode("latin-1") + "?" + scope["query_string"].decode("latin-1"),
            headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
            peer_ip=(scope.get("client") or ("", 0))[0],
            local_address=tuple(scope.get("server") or ("", 0)),
        )
        refusal = refusal_of(request, self._services)
        if refusal is not None:
            await _refuse(scope, send, refusal.status, refusal.body, refusal.headers)
            return
        await send({"type": "websocket.accept", "subprotocol": request.subprotocol})
        size = largest_message(request, self._services.settings)
        async with open_asgi_websocket(receive, send, size) as websocket:
            await serve_stream(request, websocket, self._services)


async def _refuse(scope: Mapping[str, Any], send: Send, status: int, body: str, headers: Mapping[str, str]) -> None:
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})  # the server answers 403
        return
    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "websocket.http.response.start", "status": status, "headers": lines})
    await send({"type": "websocket.http.response.body", "body": body.encode()})
