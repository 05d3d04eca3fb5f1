"""A bare proxy for DevTools on trio-websocket: what a gate costs that decides nothing.

python -m benchmarks.cdp_passthrough <ws://… of the browser>; prints its port.
"""

from __future__ import annotations

import sys
from functools import partial

import trio
import trio_websocket

LARGEST = 2**26


async def _serve(address: str, request: trio_websocket.WebSocketRequest) -> None:
    client = await request.accept()
    async with (
        trio_websocket.open_websocket_url(address, max_message_size=LARGEST) as browser,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(_pump, client, browser)
        await _pump(browser, client)
        nursery.cancel_scope.cancel()


async def _pump(source: trio_websocket.WebSocketConnection, sink: trio_websocket.WebSocketConnection) -> None:
    try:
        while True:
            await sink.send_message(await source.get_message())
    except trio_websocket.ConnectionClosed:
        await sink.aclose()


async def main(address: str) -> None:
    """Serve until terminated."""
    async with trio.open_nursery() as nursery:
        serve = partial(trio_websocket.serve_websocket, ssl_context=None, max_message_size=LARGEST)
        server = await nursery.start(partial(serve, partial(_serve, address), "127.0.0.1", 0))
        print(server.port, flush=True)


if __name__ == "__main__":
    trio.run(main, sys.argv[1])
