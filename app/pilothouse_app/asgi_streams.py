"""The streams for those who mount the app under an ASGI server of their own: same requests, same channels.

Quart hands every WebSocket to `asgi_websocket_class`. Ours speaks ASGI itself: it learns the peer's close code, which
Quart does not pass on, and reads without a queue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from quart_trio import QuartTrio

from pilothouse.channels.errors import MessageTooLarge, ViewerLeft
from pilothouse.channels.transport import LARGEST_MESSAGE
from pilothouse_app.services import services_of
from pilothouse_app.streams import StreamRequest, refusal_of, serve_stream


class Receive(Protocol):
    """ASGI's receive."""

    async def __call__(self) -> Mapping[str, Any]: ...


class Send(Protocol):
    """ASGI's send."""

    async def __call__(self, event: dict[str, Any]) -> None: ...


class AsgiWebSocket:
    """A `MessageTransport` on an ASGI connection that has been accepted."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._closed: int | None = None

    async def receive(self) -> bytes | str:
        """The next message; see `MessageTransport`."""
        if self._closed is not None:
            raise ViewerLeft(self._closed)
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            self._closed = event.get("code") or ViewerLeft().close_code
            raise ViewerLeft(self._closed)
        message: bytes | str = event["text"] if event.get("bytes") is None else event["bytes"]
        if len(message) > LARGEST_MESSAGE:
            raise MessageTooLarge
        return message

    def receive_nowait(self) -> bytes | str | None:
        """Never anything: ASGI cannot be asked without waiting."""
        return None

    async def send(self, data: bytes | str) -> None:
        """Send one message; see `MessageTransport`."""
        if self._closed is not None:
            raise ViewerLeft(self._closed)
        await self._send({"type": "websocket.send", "text" if isinstance(data, str) else "bytes": data})

    async def close(self, close_code: int, reason: str) -> None:
        """Say why; the ASGI server does the rest."""
        if self._closed is None:
            self._closed = close_code
            await self._send({"type": "websocket.close", "code": close_code, "reason": reason})


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
        await send({"type": "websocket.accept"})
        await serve_stream(request, AsgiWebSocket(receive, send), self._services)


async def _refuse(scope: Mapping[str, Any], send: Send, status: int, body: str, headers: Mapping[str, str]) -> None:
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})  # the server answers 403
        return
    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "websocket.http.response.start", "status": status, "headers": lines})
    await send({"type": "websocket.http.response.body", "body": body.encode()})
