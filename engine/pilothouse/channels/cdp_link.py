"""One connection to a browser's DevTools: a WebSocket, one task that reads, one that writes.

Every command has an owner, the task that waits for it: cancelled, it leaves nothing behind and harms no other.
Deadlines are the owner's, too. When the connection goes, everybody who waits hears so at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Protocol, cast
from urllib.parse import SplitResult, urlunsplit

import h11
import trio
import trio_websocket
import wsproto.utilities

from pilothouse.channels.devtools_dialing import CONNECT_SECONDS, connected, encrypted, parts_of
from pilothouse.channels.direct_stream import DirectStream
from pilothouse.channels.errors import leaves
from pilothouse.channels.transport import BROKEN
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

_CLOSE_SECONDS = 0.1
# A browser that takes nothing for so long is lost, so that nobody waits behind it for ever.
_WRITE_SECONDS = 10.0
_OUTBOX = 256

# trio-websocket lets through what the two libraries underneath it raise.
_NO_WEBSOCKET = (trio_websocket.HandshakeError, wsproto.utilities.ProtocolError, h11.ProtocolError)


class CdpConnection(Protocol):
    """What carries the messages: a WebSocket, or the other end of a channel in this process."""

    async def receive(self) -> str | bytes:
        """The next message; raises `ConnectionLost`."""

    async def send(self, message: str) -> None:
        """Send one; raises `ConnectionLost`."""


class _Begun:
    """A command on its way."""

    def __init__(self) -> None:
        self._settled = trio.Event()
        self._answer: dict[str, Any] | CdpFailure = {}

    def settle(self, answer: dict[str, Any] | CdpFailure) -> None:
        self._answer = answer
        self._settled.set()

    async def answer(self) -> dict[str, Any] | CdpFailure:
        await self._settled.wait()
        return self._answer


class CdpLink:
    """A connection that is open. Made by `open_cdp_link`, or by `linked`."""

    def __init__(self, connection: CdpConnection, on_event: Callable[[CdpEvent], None]) -> None:
        self._connection = connection
        self._on_event = on_event
        self._executor = CdpExecutor()
        self._outbox, self._to_send = trio.open_memory_channel[str](_OUTBOX)

    @property
    def waiting(self) -> int:
        """The number of commands that wait for their answer."""
        return len(self._executor)

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
        [answer] = await self.execute_all([(method, params or {})], session_id=session_id)
        if isinstance(answer, CdpFailure):
            raise answer
        return answer

    async def execute_all(
        self, commands: Iterable[tuple[str, Mapping[str, Any]]], *, session_id: str | None = None
    ) -> list[dict[str, Any] | CdpFailure]:
        """Carry out commands in this order, none of which waits until the one before is answered.

        Args:
            commands: methods with their parameters.
            session_id: as in `execute`.

        Returns:
            What each came to, in the same order.

        Raises:
            ConnectionLost: before all were sent.
        """
        begun: dict[int, _Begun] = {}
        try:
            for method, params in commands:
                command = _Begun()
                number, message = self._executor.send(method, params, command.settle, session_id=session_id)
                begun[number] = command
                with suppress(trio.BrokenResourceError):  # the connection went, which settles the command
                    await self._outbox.send(message)
            return [await command.answer() for command in begun.values()]
        finally:
            for number in begun:
                self._executor.forget(number)

    async def run(self, command: CommandGenerator[ResultT], *, session_id: str | None = None) -> ResultT:
        """Carry out one of PyCDP's commands; like `execute`, with a typed result."""
        method, params = request_of(command)
        return result_of(command, await self.execute(method, params, session_id=session_id))

    def target_gone(self, session_id: str) -> None:
        """Whoever waits for this page or frame hears that it has gone."""
        self._executor.target_gone(session_id)

    async def _read(self) -> None:
        try:
            while True:
                event = self._executor.receive_untrusted(await self._connection.receive())
                if event is not None:
                    self._on_event(event)
        except (ConnectionLost, CdpViolation) as error:
            raise self._lose(str(error)) from error

    async def _write(self) -> None:
        try:
            async for message in self._to_send:
                with trio.fail_after(_WRITE_SECONDS):
                    await self._connection.send(message)
        except trio.TooSlowError as error:
            raise self._lose(f"the browser has taken nothing for {_WRITE_SECONDS:g} s") from error
        except (ConnectionLost, trio.ClosedResourceError) as error:
            raise self._lose(str(error)) from error

    def _lose(self, reason: str) -> ConnectionLost:
        self._executor.connection_lost(reason)
        self._to_send.close()
        return ConnectionLost(reason)


def open_cdp_link(
    address: str, on_event: Callable[[CdpEvent], None], *, max_message_size: int = LARGEST_MESSAGE
) -> AbstractAsyncContextManager[CdpLink]:
    """Connect to a browser's DevTools; leaving the context closes the connection.

    What the context's body raises comes out as it is, in no group.

    Args:
        address: `ws://…` or `wss://…` of the browser, as its `/json/version` tells it.
        on_event: called, without awaiting, with each event in its order.
        max_message_size: bytes of one message from the browser.

    Raises:
        ConnectionLost: on entering, when nobody answers; in the context, when the connection goes.
    """
    return linked(_websocket(address, max_message_size), on_event)


@asynccontextmanager
async def linked(
    connecting: AbstractAsyncContextManager[CdpConnection], on_event: Callable[[CdpEvent], None]
) -> AsyncIterator[CdpLink]:
    """The same over any connection, which is opened by entering its context, and closed by leaving it."""
    failure: Exception | None = None
    left = False
    try:
        async with connecting as connection, trio.open_nursery() as nursery:
            link = CdpLink(connection, on_event)
            nursery.start_soon(link._read)
            nursery.start_soon(link._write)
            try:
                yield link
                left = True
            except Exception as error:  # noqa: BLE001 (raised below: out of the nursery it would come in a group)
                failure = error
            finally:
                link._lose("the connection to the browser was closed")
                nursery.cancel_scope.cancel()
    except* (ConnectionLost, *_NO_WEBSOCKET) as group:
        if failure is None and not left:
            failure = ConnectionLost(f"no connection to the browser: {leaves(group)[0]}")
    if failure is not None:
        raise failure


@asynccontextmanager
async def _websocket(address: str, max_message_size: int) -> AsyncIterator[CdpConnection]:
    parts = parts_of(address)
    async with connected(parts) as socket, trio.open_nursery() as nursery:
        connection = await _upgraded(nursery, socket, parts, max_message_size)
        try:
            yield _WebSocket(connection)
        finally:
            with trio.move_on_after(_CLOSE_SECONDS, shield=True):
                await connection.aclose()
            nursery.cancel_scope.cancel()


class _WebSocket:
    def __init__(self, connection: trio_websocket.WebSocketConnection) -> None:
        self._connection = connection

    async def receive(self) -> str | bytes:
        try:
            return await self._connection.get_message()
        except trio_websocket.ConnectionClosed as error:
            raise ConnectionLost(str(error)) from error

    async def send(self, message: str) -> None:
        try:
            await self._connection.send_message(message)
        except trio_websocket.ConnectionClosed as error:
            raise ConnectionLost(str(error)) from error


async def _upgraded(
    nursery: trio.Nursery, socket: trio.SocketStream, parts: SplitResult, max_message_size: int
) -> trio_websocket.WebSocketConnection:
    answering = _Answering(socket)
    try:
        with trio.fail_after(CONNECT_SECONDS):
            stream = await encrypted(answering, parts.hostname) if parts.scheme == "wss" else answering
            connection = await trio_websocket.wrap_client_stream(
                nursery,
                cast(trio.SocketStream, stream),  # any Stream will do, whatever the annotation says
                parts.netloc.rpartition("@")[2],
                urlunsplit(("", "", parts.path or "/", parts.query, "")),
                max_message_size=max_message_size,
                receive_buffer_size=None,
            )
    except trio.TooSlowError as error:
        raise ConnectionLost("it does not answer") from error
    except BROKEN as error:
        raise ConnectionLost(f"{error.__cause__ or error}") from error
    answering.handshake = False
    return connection


class _Answering(DirectStream):
    """Ends the handshake when the browser hangs up in the middle of it. trio-websocket would wait on."""

    handshake = True

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        try:
            data = await super().receive_some(max_bytes)
        except trio.BrokenResourceError:
            data = b""
        if self.handshake and not data:
            raise ConnectionLost("it has hung up")
        return data
