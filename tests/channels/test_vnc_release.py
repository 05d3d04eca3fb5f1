"""Keys and buttons that are held when control moves or a channel ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal

import pytest
import trio
from channel_world import ALICE, BOB, PATIENCE, SESSION_ID, open_world
from rfb_viewer import LETTER_A, LETTER_B, SHIFT, RfbViewer, key, pointer
from trio.testing import wait_all_tasks_blocked
from vnc_stage import HELD, MAY_BE_OVER, RELEASED, Stage, open_stage, received, without_markers

from pilothouse.channels.errors import SessionEnded
from pilothouse.channels.upstream import Upstream
from pilothouse.channels.vnc import DEFAULT_DEADLINES
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer, VncScript


async def test_who_loses_control_lets_go_of_everything(stage: Stage) -> None:
    """Keys and buttons are lifted, modifiers last, on the connection that pressed them; what comes later is late."""
    alice, alices = await stage.driving()
    bob, bobs = await stage.watching(BOB, 1)
    await alice.say(HELD)
    assert await received(alices, alice) == HELD
    await stage.session.take_control(BOB)
    with trio.fail_after(PATIENCE):
        await alices.received_until(RELEASED)
    await alice.say(key(LETTER_A, down=False) + key(LETTER_B) + pointer(1))
    assert await received(alices, alice) == HELD + RELEASED
    await bob.say(key(LETTER_B))
    assert await received(bobs, bob) == key(LETTER_B)


async def test_who_cedes_lets_go_of_everything(stage: Stage) -> None:
    viewer, connection = await stage.driving()
    await viewer.say(HELD)
    assert await received(connection, viewer) == HELD
    stage.session.cede_control(ALICE)
    assert await received(connection, viewer) == HELD + RELEASED


async def test_control_that_comes_back_starts_with_nothing_held(stage: Stage) -> None:
    viewer, connection = await stage.driving()
    await viewer.say(key(SHIFT))
    assert await received(connection, viewer) == key(SHIFT)
    await stage.session.take_control(BOB)
    await stage.session.take_control(ALICE)
    await viewer.say(key(SHIFT, down=False) + key(LETTER_B))
    assert await received(connection, viewer) == key(SHIFT) + key(SHIFT, down=False) + key(LETTER_B)


async def test_what_is_pressed_right_after_taking_control_stays_pressed(stage: Stage) -> None:
    viewer, connection = await stage.watching()
    shifted = b""
    for _ in range(30):
        await stage.session.take_control(ALICE)
        await viewer.say(key(SHIFT))
        await viewer.say(key(LETTER_A) + key(LETTER_A, down=False) + key(SHIFT, down=False))
        shifted += key(SHIFT) + key(LETTER_A) + key(LETTER_A, down=False) + key(SHIFT, down=False)
        assert await received(connection, viewer) == shifted
        await stage.session.take_control(BOB)


async def test_only_what_was_forwarded_is_released(stage: Stage) -> None:
    viewer, connection = await stage.watching()
    await viewer.say(HELD)
    assert await received(connection, viewer) == b""
    await viewer.client.close(1000)
    with trio.fail_after(PATIENCE):
        await connection.gone()
    assert without_markers(connection) == b""


async def leave_by_breaking(stage: Stage, viewer: RfbViewer) -> None:
    await viewer.client.break_off()


async def leave_by_closing(stage: Stage, viewer: RfbViewer) -> None:
    await viewer.client.close(1000)


async def leave_by_garbage(stage: Stage, viewer: RfbViewer) -> None:
    await viewer.say(b"\xee")


async def leave_by_cancellation(stage: Stage, viewer: RfbViewer) -> None:
    viewer.running.scope.cancel()


async def leave_by_end_of_session(stage: Stage, viewer: RfbViewer) -> None:
    stage.session.end(SessionEnded())


async def leave_by_replacement(stage: Stage, viewer: RfbViewer) -> None:
    stage.enter()


@pytest.mark.parametrize(
    "leave",
    [
        leave_by_breaking,
        leave_by_closing,
        leave_by_garbage,
        leave_by_cancellation,
        leave_by_end_of_session,
        leave_by_replacement,
    ],
)
async def test_who_goes_lets_go_of_everything(
    leave: Callable[[Stage, RfbViewer], Awaitable[None]], stage: Stage
) -> None:
    viewer, connection = await stage.driving()
    await viewer.say(HELD)
    assert await received(connection, viewer) == HELD
    await leave(stage, viewer)
    await viewer.running.ended()
    with trio.fail_after(PATIENCE):
        await connection.gone()
    assert without_markers(connection) == HELD + RELEASED


@pytest.mark.parametrize("over", ["unix", "tcp"])
async def test_who_goes_while_pixels_flow_lets_go_of_everything(over: Literal["unix", "tcp"]) -> None:
    """Pixels that nobody reads any more must not take the releases with them when the connection closes."""
    async with ScriptedVncServer(over=over) as server, open_world() as world:
        with world.registry.attend(SESSION_ID) as session:
            session.set_upstream(Upstream(server.address))
            viewer, connection = await Stage(world, session, server, DEFAULT_DEADLINES).driving()
            await viewer.say(HELD)
            assert await received(connection, viewer) == HELD

            async def flood() -> None:
                with suppress(*MAY_BE_OVER):
                    while True:
                        await connection.send(bytes(65_536))

            async with trio.open_nursery() as nursery:
                nursery.start_soon(flood)
                await wait_all_tasks_blocked()
                await viewer.client.break_off()
                with trio.fail_after(PATIENCE):
                    await connection.gone()
            assert without_markers(connection) == HELD + RELEASED


async def test_keys_that_can_no_longer_be_lifted() -> None:
    """A viewer that says good-bye has said it, whether the VNC server still listens or not."""
    async with open_stage(VncScript(deaf=True)) as stage:
        viewer, connection = await stage.driving()
        await viewer.say(HELD)
        await wait_all_tasks_blocked()
        connection.stream.socket.shutdown(trio.socket.SHUT_RD)
        await viewer.client.close(1000)
        assert (await viewer.running.outcome()).close_code == 1000
        assert stage.session.control.interactor == "agent"


async def test_browser_goes_while_the_server_stops() -> None:
    async with open_stage(VncScript(deaf=True)) as stage:
        viewer, connection = await stage.driving()
        await viewer.say(HELD)
        await wait_all_tasks_blocked()
        connection.stream.socket.shutdown(trio.socket.SHUT_RD)
        viewer.running.scope.cancel()
        await viewer.running.ended()
        assert viewer.client.close_code == 1001
