"""One connection to a browser's DevTools: a WebSocket, one task that reads, one that writes.

Every command has an owner, the task that waits for it: cancelled, it leaves nothing behind and harms no other.
Deadlines are the owner's, too. When the connection goes, everybody who waits hears so at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import h11
import trio
import trio_websocket
import wsproto.utilities

from pilothouse.channels.errors import leaves
from pilothouse.protocol.cdp_executor import (
    CdpEvent,
    CdpExecutor,
    CdpFailure,
    CdpViolation,
    CommandGenerator,
    ConnectionLost,
    ResultT,
    request_of,
    result_of,
)

LARGEST_MESSAGE = 64 * 1024 * 1024
"""Bytes of one message from the browser. Screenshots of large pages are the largest."""

_CONNECT_SECONDS = 10.0
_CLOSE_SECONDS = 0.1
# A browser that takes nothing for so long is lost, so that nobody waits behind it for ever.
_WRITE_SECONDS = 10.0
_OUTBOX = 256

_NO_WEBSOCKET = (trio_websocket.HandshakeError, wsproto.utilities.ProtocolError, h11.ProtocolError, OSError, ValueError)


class CdpLink:
    """A connection that is open. Made by `open_cdp_link`."""

    def __init__(self, connection: trio_websocket.WebSocketConnection, on_event: Callable[[CdpEvent], None]) -> None:
        self._connection = connection
        self._on_event = on_event
        self._executor = CdpExecutor()
        self._outbox, self._to_send = trio.open_memory_channel[str](_OUTBOX)

    async def execute(
        self, method: str, params: Mapping[str, Any] | None = None, *, session_id: str | None = None
    ) -> dict[str, Any]:
        """Carry out a command, and wait for its result as the browser wrote it.

        Cancelled, it is forgotten: the browser may still carry it out.

        Args:
            method: such as `Page.navigate`.
            params: JSON.
            session_id: of the page or frame; None for the browser itself.

        Raises:
            CdpFailure: there is no result; its class says why.
        """
        settled = trio.Event()
        answers: list[dict[str, Any] | CdpFailure] = []

        def settle(answer: dict[str, Any] | CdpFailure) -> None:
            answers.append(answer)
            settled.set()

        command_id, message = self._executor.send(method, params or {}, settle, session_id=session_id)
        try:
            await self._outbox.send(message)
            await settled.wait()
        finally:
            self._executor.forget(command_id)
        if isinstance(answers[0], CdpFailure):
            raise answers[0]
        return answers[0]

    async def run(self, command: CommandGenerator[ResultT], *, session_id: str | None = None) -> ResultT:
        """Carry out one of PyCDP's commands; like `execute`, with a typed result."""
        method, params = request_of(command)
        return result_of(command, await self.execute(method, params, session_id=session_id))

    def target_gone(self, session_id: str) -> None:
        """Whoever waits for this page or frame hears that it has gone."""
        self._executor.target_gone(session_id)

    async def _read(self) -> None:
        while True:
            event = self._executor.receive_untrusted(await self._connection.get_message())
            if event is not None:
                self._on_event(event)

    async def _write(self) -> None:
        async for message in self._to_send:
            with trio.fail_after(_WRITE_SECONDS):
                await self._connection.send_message(message)

    def _lose(self, reason: str) -> None:
        self._executor.connection_lost(reason)


@asynccontextmanager
async def open_cdp_link(
    address: str, on_event: Callable[[CdpEvent], None], *, max_message_size: int = LARGEST_MESSAGE
) -> AsyncIterator[CdpLink]:
    """Connect to a browser's DevTools; leaving the context closes the connection.

    Args:
        address: `ws://…` of the browser, as its `/json/version` tells it.
        on_event: called, without awaiting, with each event in its order.
        max_message_size: bytes of one message from the browser.

    Raises:
        ConnectionLost: on entering, when nobody answers; in the context, when the connection goes.
    """
    link: CdpLink | None = None
    reason = "the connection to the browser was closed"
    try:
        async with trio.open_nursery() as nursery:
            with trio.fail_after(_CONNECT_SECONDS):
                connection = await trio_websocket.connect_websocket_url(
                    nursery, address, max_message_size=max_message_size
                )
            link = CdpLink(connection, on_event)
            try:
                async with trio.open_nursery() as pumps:
                    pumps.start_soon(link._read)
                    pumps.start_soon(link._write)
                    yield link
                    pumps.cancel_scope.cancel()
            finally:
                link._lose(reason)
                with trio.move_on_after(_CLOSE_SECONDS, shield=True):
                    await connection.aclose()
                nursery.cancel_scope.cancel()
    except* (trio_websocket.ConnectionClosed, CdpViolation, trio.TooSlowError, *_NO_WEBSOCKET) as group:
        raise ConnectionLost(f"no connection to the browser: {leaves(group)[0]!r}") from group
