"""What every `MessageTransport` must do, as checks that run against the fake and the real ones.

Each check opens a pair of its own:

    @pytest.mark.parametrize("check", MESSAGE_TRANSPORT_CHECKS)
    async def test_contract(check):
        await check(open_my_pair)

The clients that Pilothouse brings are `MemoryClient` and `WebSocketClient`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol

import trio
from trio.testing import wait_all_tasks_blocked

from pilothouse.channels.errors import ABNORMAL, MessageTooLarge, ViewerLeft
from pilothouse.channels.transport import LARGEST_MESSAGE, MessageTransport

_PATIENCE = 10
_CHUNK = bytes(65_536)
_OTHER_CHUNK = b"\xff" * 100_000
_MORE_THAN_BUFFERS_HOLD = 1024


class Client(Protocol):
    """The viewer's end of the transport under test.

    On a closed connection `send` raises `trio.BrokenResourceError`, `receive` raises `trio.EndOfChannel`.
    """

    @property
    def close_code(self) -> int | None: ...
    @property
    def close_reason(self) -> str: ...
    async def send(self, data: bytes | str) -> None: ...
    async def send_fragments(self, parts: Sequence[bytes]) -> None: ...
    async def receive(self) -> bytes | str: ...
    async def close(self, close_code: int = 1000) -> None: ...
    async def break_off(self) -> None: ...


OpenPair = Callable[[], AbstractAsyncContextManager[tuple[MessageTransport, Client]]]
"""Opens the server's and the viewer's end. `LARGEST_MESSAGE` is the limit of what the viewer may send."""

Check = Callable[[OpenPair], Awaitable[None]]


async def check_both_kinds_both_ways(open_pair: OpenPair) -> None:
    """Binary and text arrive as what they were sent as, empty, odd and large ones too."""
    everything = bytes(range(256))
    messages: list[bytes | str] = [b"", "", everything, "grüß dich ☸", everything * 4096, "x" * 200_000]
    async with open_pair() as (server, client):
        for message in messages:
            assert await _passed(client.send, server.receive, message) == message
            assert await _passed(server.send, client.receive, message) == message


async def check_order(open_pair: OpenPair) -> None:
    """Messages arrive in the order in which they were sent."""
    messages = [b"%d " % number * (number % 500) for number in range(1000)]
    async with open_pair() as (server, client):
        for send, receive in ((client.send, server.receive), (server.send, client.receive)):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_send_each, send, messages)
                with trio.fail_after(_PATIENCE):
                    assert [await receive() for _ in messages] == messages


async def check_receive_nowait(open_pair: OpenPair) -> None:
    """`receive_nowait` never waits, loses nothing and keeps the order."""
    messages = [b"%d" % number for number in range(10)]
    async with open_pair() as (server, client):
        assert server.receive_nowait() is None
        await _send_each(client.send, messages)
        arrived: list[bytes | str] = []
        with trio.fail_after(_PATIENCE):
            while len(arrived) < len(messages):
                arrived.append(await server.receive())
                while (more := server.receive_nowait()) is not None:
                    arrived.append(more)
        assert arrived == messages
        assert server.receive_nowait() is None


async def check_fragments(open_pair: OpenPair) -> None:
    """A message in several frames is one message."""
    async with open_pair() as (server, client):
        await client.send_fragments([b"to ", b"", b"be continued"])
        await client.send(b"next")
        with trio.fail_after(_PATIENCE):
            assert await server.receive() == b"to be continued"
            assert await server.receive() == b"next"


async def check_message_over_the_limit(open_pair: OpenPair) -> None:
    """A message that is too large ends the connection with 1009; one that just fits does not."""
    async with open_pair() as (server, client):
        fits = bytes(LARGEST_MESSAGE)
        assert await _passed(client.send, server.receive, fits) == fits
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_send_while_possible, client, bytes(LARGEST_MESSAGE + 1))
            with trio.fail_after(_PATIENCE):
                try:
                    raise AssertionError(f"received {len(await server.receive())} bytes")
                except MessageTooLarge as error:
                    nursery.start_soon(server.close, error.close_code, error.reason)
                await _read_to_the_end(client)
            assert client.close_code == MessageTooLarge().close_code
            await client.break_off()


async def check_client_closes(open_pair: OpenPair) -> None:
    """The viewer's close code arrives, after what it sent before."""
    for close_code in (1000, 1001, 4000):
        async with open_pair() as (server, client), trio.open_nursery() as nursery:
            await client.send(b"last words")
            nursery.start_soon(client.close, close_code)
            with trio.fail_after(_PATIENCE):
                assert await server.receive() == b"last words"
                assert await _code_of_leaver(server) == close_code
                await server.close(1000, "")


async def check_connection_breaks(open_pair: OpenPair) -> None:
    """A broken connection is a viewer that left with 1006, for those who receive and for those who send."""
    async with open_pair() as (server, client), trio.open_nursery() as nursery:
        nursery.start_soon(client.break_off)
        with trio.fail_after(_PATIENCE):
            assert await _code_of_leaver(server) == ABNORMAL
            assert await _code_of_leaver(server) == ABNORMAL
            try:
                for _ in range(_MORE_THAN_BUFFERS_HOLD):
                    await server.send(_CHUNK)
            except ViewerLeft as left:
                assert left.close_code == ABNORMAL
            else:
                raise AssertionError("nobody is there, and send does not mind")


async def check_close(open_pair: OpenPair) -> None:
    """The viewer gets what was sent before, then code and reason; sending is over."""
    async with open_pair() as (server, client), trio.open_nursery() as nursery:
        await server.send(b"last words")
        nursery.start_soon(server.close, 4410, "no longer välid")
        with trio.fail_after(_PATIENCE):
            assert await client.receive() == b"last words"
            await _read_to_the_end(client)
        assert (client.close_code, client.close_reason) == (4410, "no longer välid")


async def check_close_of_what_is_closed(open_pair: OpenPair) -> None:
    """`close` does not raise when the viewer has gone before, whichever way, noticed or not."""
    for leave in ("close", "break_off"):
        for noticed in (True, False):
            async with open_pair() as (server, client), trio.open_nursery() as nursery:
                nursery.start_soon(getattr(client, leave))
                await wait_all_tasks_blocked()
                with trio.fail_after(_PATIENCE):
                    if noticed:
                        code = await _code_of_leaver(server)
                        await server.close(code, "the viewer left")
                    else:
                        await server.close(1000, "the session has ended")


async def check_cancelled_close(open_pair: OpenPair) -> None:
    """A cancelled `close` closes at once."""
    async with open_pair() as (server, client):
        with trio.CancelScope() as scope:
            scope.cancel()
            await server.close(1001, "the server is stopping")
        with trio.fail_after(_PATIENCE):
            await _read_to_the_end(client)
        assert client.close_code is not None


async def check_back_pressure(open_pair: OpenPair) -> None:
    """`send` waits for a viewer that does not read, and goes on when it reads again."""
    async with open_pair() as (server, client), trio.open_nursery() as nursery:
        sent = _Progress()
        nursery.start_soon(_fill, server, sent)
        await wait_all_tasks_blocked()
        before = sent.messages
        assert before < _MORE_THAN_BUFFERS_HOLD, "send never waits"
        with trio.fail_after(_PATIENCE):
            while sent.messages == before:
                assert await client.receive() == _CHUNK
        nursery.cancel_scope.cancel()


async def check_input_overtakes_output(open_pair: OpenPair) -> None:
    """A viewer that does not read is still heard."""
    async with open_pair() as (server, client), trio.open_nursery() as nursery:
        nursery.start_soon(_fill, server, _Progress())
        await wait_all_tasks_blocked()
        with trio.fail_after(_PATIENCE):
            for message in (b"let go", b"of everything"):
                await client.send(message)
                assert await server.receive() == message
        nursery.cancel_scope.cancel()


async def check_cancelled_send(open_pair: OpenPair) -> None:
    """After a `send` was cancelled half way the viewer sees whole messages or the end, never a broken one."""
    async with open_pair() as (server, client), trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            nursery.start_soon(_cancel_when_blocked, scope)
            await _fill(server, _Progress())
        assert scope.cancelled_caught, "send never waits"
        nursery.start_soon(_send_and_close, server, _OTHER_CHUNK)
        with trio.fail_after(_PATIENCE):
            for message in await _read_to_the_end(client):
                assert message in (_CHUNK, _OTHER_CHUNK)
        assert client.close_code is not None


async def check_concurrent_senders(open_pair: OpenPair) -> None:
    """Messages of several tasks come whole, each task's own in order."""
    sizes = (1, 300, 70_000)
    messages = {size: [b"%d" % number + bytes([number]) * size for number in range(40)] for size in sizes}
    async with open_pair() as (server, client), trio.open_nursery() as nursery:
        for of_one_task in messages.values():
            nursery.start_soon(_send_each, server.send, of_one_task)
        arrived: list[bytes | str] = []
        with trio.fail_after(_PATIENCE):
            while len(arrived) < 40 * len(sizes):
                arrived.append(await client.receive())
        for of_one_task in messages.values():
            assert [message for message in arrived if message in of_one_task] == of_one_task


MESSAGE_TRANSPORT_CHECKS: tuple[Check, ...] = (
    check_both_kinds_both_ways,
    check_order,
    check_receive_nowait,
    check_fragments,
    check_message_over_the_limit,
    check_client_closes,
    check_connection_breaks,
    check_close,
    check_close_of_what_is_closed,
    check_cancelled_close,
    check_back_pressure,
    check_input_overtakes_output,
    check_cancelled_send,
    check_concurrent_senders,
)
"""All of them; run each."""


class _Progress:
    messages = 0


async def _fill(server: MessageTransport, sent: _Progress) -> None:
    while sent.messages < _MORE_THAN_BUFFERS_HOLD:
        await server.send(_CHUNK)
        sent.messages += 1


async def _passed(
    send: Callable[[bytes | str], Awaitable[None]], receive: Callable[[], Awaitable[bytes | str]], message: bytes | str
) -> bytes | str:
    """What arrives at one end when `message` is sent from the other."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send, message)
        with trio.fail_after(_PATIENCE):
            return await receive()


async def _send_each(send: Callable[[bytes | str], Awaitable[None]], messages: Sequence[bytes]) -> None:
    for message in messages:
        await send(message)


async def _send_while_possible(client: Client, message: bytes) -> None:
    """The server may close before it has all."""
    with suppress(trio.BrokenResourceError):
        await client.send(message)


async def _read_to_the_end(client: Client) -> list[bytes | str]:
    messages = []
    while True:
        try:
            messages.append(await client.receive())
        except trio.EndOfChannel:
            return messages


async def _code_of_leaver(server: MessageTransport) -> int:
    try:
        raise AssertionError(f"received {await server.receive()!r}")
    except ViewerLeft as left:
        return left.close_code


async def _cancel_when_blocked(scope: trio.CancelScope) -> None:
    await wait_all_tasks_blocked()
    scope.cancel()


async def _send_and_close(server: MessageTransport, message: bytes) -> None:
    with suppress(ViewerLeft):
        await server.send(message)
    await server.close(1001, "the server is stopping")
