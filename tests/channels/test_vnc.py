"""Pixels, back-pressure, and how a VNC channel ends."""

from __future__ import annotations

import random

import pytest
import trio
from channel_world import ALICE, BOB
from left_behind import open_files, tasks
from rfb_viewer import RfbViewer, cut_text
from trio.testing import MockClock, wait_all_tasks_blocked
from vnc_stage import HELD, Stage, open_stage, received
from websocket_pair import open_websocket_pair

from pilothouse.channels.errors import SessionEnded
from pilothouse.channels.vnc import VncChannel
from pilothouse.testing.memory_transport import memory_transport_pair
from pilothouse.testing.scripted_vnc_server import VncScript, server_init


async def test_pixels_pass_untouched(stage: Stage) -> None:
    viewer, connection = await stage.watching()
    sizes = [1, 65_535, 65_536, 65_537, 200_000, 3]
    data = random.Random(4).randbytes(sum(sizes))

    async def send() -> None:
        start = 0
        for size in sizes:
            await connection.send(data[start : start + size])
            start += size

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        assert await viewer.pixels(len(data)) == data


async def test_pixels_that_came_with_the_server_init() -> None:
    async with open_stage(VncScript(pixels=b"first pixels")) as stage:
        viewer = stage.enter()
        assert await viewer.shake_hands() == server_init()
        assert await viewer.hear() == b"first pixels"


async def test_browser_goes_away(stage: Stage) -> None:
    viewer, connection = await stage.watching()
    await connection.send(b"last pixels")
    connection.hang_up()
    assert await viewer.hear() == b"last pixels"
    assert (await viewer.running.outcome()).close_code == 4411
    assert viewer.client.close_reason == "the browser went away"


@pytest.mark.parametrize("over", ["memory", "websocket"])
async def test_viewer_that_does_not_read(over: str, stage: Stage, autojump_clock: MockClock) -> None:
    """The VNC server has to wait, we keep nothing; the viewer is still heard, and the end does not wait for it long."""
    autojump_clock.autojump_threshold = 0.05  # the kernel may take a moment to deliver
    async with open_websocket_pair() as (websocket, client):
        transport, memory_client = memory_transport_pair()
        if over == "websocket":
            viewer = RfbViewer(stage.world.run(VncChannel(stage.world.connection(websocket))), client)
        else:
            viewer = RfbViewer(stage.world.run(VncChannel(stage.world.connection(transport))), memory_client)
        await viewer.shake_hands()
        connection = await stage.server.connection()
        sent = 0

        async def flood() -> None:
            nonlocal sent
            for _ in range(1024):
                await connection.send(bytes(65_536))
                sent += 65_536

        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood)
            await wait_all_tasks_blocked(0.02)
            assert sent < 32 * 1024 * 1024
            assert await received(connection, viewer) == b""
            nursery.cancel_scope.cancel()
        began = trio.current_time()
        stage.session.end(SessionEnded())
        await viewer.running.outcome()
        assert trio.current_time() <= began + 0.2


async def test_vnc_server_that_does_not_read(autojump_clock: MockClock) -> None:
    """Its viewer waits, and the keys that can no longer be lifted hold up the end for a second at most."""
    async with open_stage(VncScript(deaf=True)) as stage:
        viewer, _ = await stage.driving()
        await viewer.say(HELD)
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:

                async def give_up_when_blocked() -> None:
                    await wait_all_tasks_blocked()
                    scope.cancel()

                nursery.start_soon(give_up_when_blocked)
                for _ in range(1024):
                    await viewer.client.send(cut_text(bytes(65_536)))
        assert scope.cancelled_caught
        began = trio.current_time()
        stage.session.end(SessionEnded())
        assert (await viewer.running.outcome()).close_code == 1000
        assert trio.current_time() - began <= 1.1


async def test_nothing_is_left(stage: Stage) -> None:
    async def visit(number: int) -> None:
        await stage.session.take_control(ALICE)
        viewer, connection = await stage.watching(ALICE, number)
        await viewer.say(HELD)
        await received(connection, viewer)
        await (viewer.client.break_off if number % 2 else viewer.client.close)()
        await viewer.running.outcome()
        await connection.gone()
        await stage.session.take_control(BOB)  # ends the grace period
        await wait_all_tasks_blocked()

    await visit(0)
    before = tasks(), open_files()
    for number in range(1, 6):
        await visit(number)
    assert (tasks(), open_files()) == before
    assert len(stage.world.verification) == 0
