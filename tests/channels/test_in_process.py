from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from pilothouse.channels.errors import ViewerLeft
from pilothouse.channels.in_process import in_process_pair
from pilothouse.protocol.cdp_executor import ConnectionLost


async def test_messages_arrive_in_their_order_both_ways() -> None:
    transport, client = in_process_pair()
    assert transport.receive_nowait() is None
    for text in ("a", "b", "c"):
        await client.send(text)
        await transport.send(text.upper())
    assert [transport.receive_nowait(), await transport.receive(), await transport.receive()] == ["a", "b", "c"]
    assert [await client.receive() for _ in range(3)] == ["A", "B", "C"]


async def test_whoever_sends_waits_for_whoever_does_not_read() -> None:
    transport, client = in_process_pair()
    sent = []

    async def send_many() -> None:
        for number in range(100):
            await client.send(str(number))
            sent.append(number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send_many)
        await wait_all_tasks_blocked()
        assert len(sent) < 100
        assert [await transport.receive() for _ in range(100)] == [str(number) for number in range(100)]


async def test_a_channel_that_ends_says_why_after_what_it_has_sent() -> None:
    transport, client = in_process_pair()
    await transport.send("last words")
    await transport.close(4411, "the browser has gone")
    assert await client.receive() == "last words"
    for _ in range(2):
        with pytest.raises(ConnectionLost, match="the browser has gone"):
            await client.receive()
        with pytest.raises(ConnectionLost, match="the browser has gone"):
            await client.send("x")


async def test_a_client_that_leaves_has_left() -> None:
    transport, client = in_process_pair()
    await client.send("last words")
    client.close()
    assert await transport.receive() == "last words"
    with pytest.raises(ViewerLeft):
        await transport.receive()
    with pytest.raises(ViewerLeft):
        await transport.send("x")
    assert transport.receive_nowait() is None
    with pytest.raises(ConnectionLost):
        await client.receive()
