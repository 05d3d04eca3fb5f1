"""The transport that ASGI gives, with Hypercorn and a real client at its ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import trio
from eventually import time_flies
from hypercorn.config import Config
from hypercorn.trio import serve
from raw_client import HOST, PLAIN_UPGRADE, raw_client, request
from trio.testing import MockClock
from whole_server import open_whole_server, watched

from pilothouse.channels.errors import ABNORMAL, ViewerLeft
from pilothouse.testing.transport_contract import MESSAGE_TRANSPORT_CHECKS, Check, check_client_closes
from pilothouse.testing.websocket_client import WebSocketClient, client_frame, open_websocket_client
from pilothouse_app.asgi_streams import AsgiWebSocket, Receive, Send, open_asgi_websocket
from pilothouse_app.settings import Settings

TEXT = 0x81


class Application:
    """An ASGI application that hands its one WebSocket over."""

    def __init__(self) -> None:
        self.opened, self.done = trio.Event(), trio.Event()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        assert scope["type"] == "websocket"  # the ASGI way to say that one has no lifespan
        await receive()
        await send({"type": "websocket.accept"})
        async with open_asgi_websocket(receive, send) as self.websocket:
            self.opened.set()
            await self.done.wait()


@asynccontextmanager
async def open_pair() -> AsyncIterator[tuple[AsgiWebSocket, WebSocketClient]]:
    application, stop = Application(), trio.Event()
    config = Config()
    config.bind = [f"{HOST}:0"]

    async def serving(*, task_status: trio.TaskStatus[list[str]]) -> None:
        await serve(application, config, mode="asgi", shutdown_trigger=stop.wait, task_status=task_status)

    async with trio.open_nursery() as nursery:
        [url] = await nursery.start(serving)
        async with open_websocket_client(HOST, urlsplit(url).port or 0) as client:
            await application.opened.wait()
            yield application.websocket, client
        application.done.set()
        stop.set()


@pytest.mark.parametrize(
    "check",
    [check for check in MESSAGE_TRANSPORT_CHECKS if check is not check_client_closes],
    ids=lambda check: check.__name__,
)
async def test_contract(check: Check) -> None:
    await check(open_pair)


async def test_hypercorn_keeps_the_leavers_close_code_to_itself() -> None:
    """The one thing of the contract that cannot be kept: whoever leaves seems to have broken off."""
    async with open_pair() as (server, client), trio.open_nursery() as nursery:
        await client.send(b"last words")
        nursery.start_soon(client.close, 1000)
        with trio.fail_after(10):
            assert await server.receive() == b"last words"
            with pytest.raises(ViewerLeft) as left:
                await server.receive()
            await server.close(1000, "")
    assert left.value.close_code == ABNORMAL


async def test_who_goes_on_talking_after_the_end_leaves_nothing_behind(
    server_settings: Settings, clock: MockClock
) -> None:
    async with (
        open_whole_server("asgi", server_settings) as server,
        watched(server),
        raw_client(server.port) as client,
        trio.open_nursery() as nursery,
    ):
        await client.send(request("/api/v1/stream/vnc/task/x", PLAIN_UPGRADE))
        await client.up_to(b"no valid credential")
        # No answer to the close frame, and more than Hypercorn's queue holds at the moment when patience ends.
        nursery.start_soon(client.send_while_possible, client_frame(TEXT, b"and another thing") * 20_000)
        async with time_flies(clock):
            await trio.sleep(10)
        await client.reset()
        nursery.cancel_scope.cancel()
