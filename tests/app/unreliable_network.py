"""What lies between an agent and its server, and does not always hold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import trio
from eventually import eventually


class UnreliableNetwork:
    """Carries bytes to a server and back.

    Attributes:
        port: where it listens on the loopback interface.
        lose_answers: how many of the next answers are not carried back; their connections break instead.
        lost_answers: how many were not.
        connections: how many there were.
    """

    def __init__(self, port: int, server_port: int) -> None:
        self.port = port
        self.lose_answers = 0
        self.lost_answers = 0
        self.connections = 0
        self._server_port = server_port
        self._open: set[trio.CancelScope] = set()

    async def break_all(self) -> None:
        """Break the connections that there are, as soon as there is one."""
        await eventually(lambda: self._open)
        for scope in list(self._open):
            scope.cancel()

    async def carry(self, agent: trio.SocketStream) -> None:
        """Carry one connection."""
        self.connections += 1
        async with agent, await trio.open_tcp_stream("127.0.0.1", self._server_port) as server:
            with trio.CancelScope() as scope:
                self._open.add(scope)
                try:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(self._forward, agent, server)
                        await self._answer(server, agent)
                        nursery.cancel_scope.cancel()
                finally:
                    self._open.remove(scope)

    async def _forward(self, source: trio.SocketStream, sink: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError):
            async for data in source:
                await sink.send_all(data)
            await sink.send_eof()

    async def _answer(self, server: trio.SocketStream, agent: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError):
            async for data in server:
                if self.lose_answers:
                    self.lose_answers -= 1
                    self.lost_answers += 1
                    return
                await agent.send_all(data)


@asynccontextmanager
async def open_unreliable_network(server_port: int) -> AsyncIterator[UnreliableNetwork]:
    """Carry while the context lasts."""
    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        network = UnreliableNetwork(listener.socket.getsockname()[1], server_port)
        nursery.start_soon(trio.serve_listeners, network.carry, [listener])
        yield network
        nursery.cancel_scope.cancel()
