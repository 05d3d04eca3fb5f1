"""An agent at the gate of a whole server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import trio
from whole_server import HOST, WholeServer

from pilothouse.testing.websocket_client import WebSocketClient, open_websocket_client


def gate(
    server: WholeServer, path: str, *, headers: Mapping[str, str] | None = None
) -> AbstractAsyncContextManager[WebSocketClient]:
    """Open a WebSocket under `/api/v1/cdp/`."""
    return open_websocket_client(HOST, server.port, f"/api/v1/cdp/{path}", headers=headers)


async def ask(client: WebSocketClient, method: str, **params: Any) -> Any:
    """A command's answer, whatever else comes before it."""
    await client.send(json.dumps({"id": 1, "method": method, "params": params}))
    return await answer(client)


async def answer(client: WebSocketClient) -> Any:
    with trio.fail_after(20):
        while "id" not in (message := json.loads(await client.receive())):
            pass
    return message
