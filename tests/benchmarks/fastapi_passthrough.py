"""The usual way to build this: a FastAPI route that passes a WebSocket's messages on to websockify, and back."""

from __future__ import annotations

import asyncio  # noqa: TID251  (the peer that we measure is an asyncio program)
import sys

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect

app = FastAPI()


@app.websocket("/stream")
async def stream(viewer: WebSocket) -> None:
    """Carry messages both ways until one side leaves."""
    await viewer.accept()
    async with connect(app.state.upstream) as server:
        carriers = {asyncio.create_task(_to_server(viewer, server)), asyncio.create_task(_to_viewer(server, viewer))}
        _, running = await asyncio.wait(carriers, return_when=asyncio.FIRST_COMPLETED)
        for carrier in running:
            carrier.cancel()


async def _to_server(viewer: WebSocket, server: ClientConnection) -> None:
    try:
        while True:
            await server.send(await viewer.receive_bytes())
    except WebSocketDisconnect:
        pass


async def _to_viewer(server: ClientConnection, viewer: WebSocket) -> None:
    async for message in server:
        assert isinstance(message, bytes)
        await viewer.send_bytes(message)


if __name__ == "__main__":
    app.state.upstream = sys.argv[2]
    uvicorn.run(app, port=int(sys.argv[1]))
