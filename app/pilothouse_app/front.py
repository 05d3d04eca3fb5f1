"""One listener, two lanes.

Streams are served straight from the socket by the engine's WebSocket server, everything else by Hypercorn. The request
head is looked at without consuming it, so each lane reads the connection from its first byte.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import cast

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ASGIFramework, ConnectionState
from quart_trio import QuartTrio

from pilothouse.channels.errors import ViewerLeft
from pilothouse.channels.transport import LARGEST_MESSAGE
from pilothouse.channels.websocket_server import WebSocketServer
from pilothouse_app.lanes import LARGEST_HEAD, Lane, lane_of
from pilothouse_app.services import Services
from pilothouse_app.streams import StreamRequest, largest_message, refusal_of, serve_stream

HEAD_SECONDS = 10.0

# A viewer whose network was cut says nothing any more: the system finds out and ends the connection.
_KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000),
)


_Http = Callable[[trio.SocketStream], Awaitable[None]]

_log = logging.getLogger(__name__)


async def serve(
    app: QuartTrio,
    services: Services,
    listeners: list[trio.SocketListener],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled.

    Args:
        app: the ASGI application of the HTTP lane.
        services: of the stream lane.
        listeners: bound sockets.
        task_status: told when connections are accepted.
    """
    http = partial(
        TCPServer,
        ASGIWrapper(cast(ASGIFramework, app)),
        _hypercorn_config(),
        WorkerContext(None),
        ConnectionState({}),
    )
    handler = partial(_serve_connection, services, http)
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(trio.serve_listeners, handler, listeners))
        task_status.started()


def _hypercorn_config() -> Config:
    config = Config()
    config.accesslog = logging.getLogger("pilothouse_app.access")
    config.errorlog = logging.getLogger("pilothouse_app.http")
    config.include_server_header = False
    return config


async def _serve_connection(services: Services, http: _Http, stream: trio.SocketStream) -> None:
    try:
        await _serve_by_lane(services, http, stream)
    except* Exception as group:  # noqa: BLE001 (a bug in one connection must not end the server; it is logged here)
        _log.error("a bug ended a connection", exc_info=group)


async def _serve_by_lane(services: Services, http: _Http, stream: trio.SocketStream) -> None:
    lane = None
    with suppress(OSError), trio.move_on_after(HEAD_SECONDS):  # gone before it said anything, or silent
        for option in _KEEPALIVE:
            stream.socket.setsockopt(*option)
        lane = await _choose_lane(stream.socket)
    if lane is Lane.STREAM:
        await _serve_websocket(services, stream)
    elif lane is Lane.HTTP:
        await _serve_http(http, stream)


async def _serve_http(http: _Http, stream: trio.SocketStream) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_close_when_cancelled, stream)
        await http(stream)
        nursery.cancel_scope.cancel()


async def _close_when_cancelled(stream: trio.SocketStream) -> None:
    # Hypercorn is deaf to cancellation while it sends, and a peer that does not read would keep us from stopping.
    try:
        await trio.sleep_forever()
    finally:
        stream.socket.close()


async def _choose_lane(sock: trio.socket.SocketType) -> Lane | None:
    """Peek until the lane is clear; None when the peer hangs up before."""
    seen = 0
    try:
        while True:
            # The system wakes us when there is more than we have seen, and not for what we leave in the buffer.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, seen + 1)
            await trio.lowlevel.wait_readable(sock)
            head = await sock.recv(LARGEST_HEAD, socket.MSG_PEEK)
            lane = lane_of(head)
            if lane is not None or len(head) <= seen:
                return lane
            seen = len(head)
    finally:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)


async def _serve_websocket(services: Services, stream: trio.SocketStream) -> None:
    websocket = WebSocketServer(stream, max_message_size=LARGEST_MESSAGE)
    try:
        with trio.fail_after(HEAD_SECONDS):
            head = await websocket.read_request()
            request = StreamRequest.parse(
                target=head.path,
                headers={name.lower(): value for name, value in head.headers.raw_items()},
                peer_ip=stream.socket.getpeername()[0],
                local_address=stream.socket.getsockname()[:2],
            )
            refusal = refusal_of(request, services)
            if refusal is not None:
                await websocket.reject(HTTPStatus(refusal.status), refusal.body, refusal.headers)
                return
            websocket.max_message_size = largest_message(request, services.settings)
            if not await websocket.accept(request.subprotocol):
                return
    except (ViewerLeft, trio.TooSlowError, OSError):
        await trio.aclose_forcefully(stream)
        return
    await serve_stream(request, websocket, services)
