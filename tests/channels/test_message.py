from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio
from channel_world import ALICE, BOB, PATIENCE, SESSION_ID, Frontend, World, open_world
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from pilothouse.channels.errors import SessionEnded
from pilothouse.protocol.control import Viewer
from pilothouse.protocol.messages import AgentStep, CedeControl, ControlChanged, Error, Ping, Pong, TakeControl

CAROL = Viewer("key-2", "carol")
AGENT_HAS_IT = ControlChanged("agent", "ai_control", None, 0, you_hold_control=False)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as world:
        yield world


async def opened(world: World, viewer: Viewer = ALICE, *, capacity: int = 16) -> Frontend:
    """A message channel whose first message has been read."""
    frontend = world.frontend(viewer, capacity=capacity)
    assert isinstance(await frontend.hear(), ControlChanged)
    return frontend


def held_by(viewer: Viewer, epoch: int, *, told: Viewer) -> ControlChanged:
    return ControlChanged("user", "user_control", viewer.client_id, epoch, you_hold_control=viewer == told)


async def test_tells_who_has_control_on_connect(world: World) -> None:
    assert await world.frontend().hear() == AGENT_HAS_IT
    await world.session.take_control(ALICE)
    assert await world.frontend(BOB).hear() == held_by(ALICE, 1, told=BOB)
    assert await world.frontend(ALICE).hear() == held_by(ALICE, 1, told=ALICE)


async def test_tells_how_far_the_agent_is_on_connect_and_then_with_each_step(world: World) -> None:
    first, second = AgentStep(1, 9, "click", "started", None), AgentStep(1, 9, "click", "done", None)
    with world.registry.attend(SESSION_ID) as session:
        session.agent_progressed(first)
        frontend = await opened(world)
        assert await frontend.hear() == first
        session.agent_progressed(second)
        assert await frontend.hear() == second


async def test_every_channel_hears_of_every_change(world: World) -> None:
    viewers = (ALICE, BOB, CAROL)
    channels = {viewer: await opened(world, viewer) for viewer in viewers}

    await channels[ALICE].tell(TakeControl())
    for viewer, channel in channels.items():
        assert await channel.hear() == held_by(ALICE, 1, told=viewer)

    await channels[BOB].tell(TakeControl())
    for viewer, channel in channels.items():
        assert await channel.hear() == held_by(BOB, 2, told=viewer)

    await channels[BOB].tell(CedeControl())
    for channel in channels.values():
        assert await channel.hear() == ControlChanged("agent", "ai_control", None, 3, you_hold_control=False)


async def test_other_sessions_hear_nothing(world: World) -> None:
    alice = await opened(world)
    with world.registry.attend("pbs_2") as other:
        await other.take_control(BOB)
    await alice.tell(Ping("was there news?"))
    assert await alice.hear() == Pong("was there news?")


async def test_who_has_control_already_is_answered_alone(world: World) -> None:
    alice, bob = await opened(world), await opened(world, BOB)
    for _ in range(2):
        await alice.tell(TakeControl())
        assert await alice.hear() == held_by(ALICE, 1, told=ALICE)
    assert await bob.hear() == held_by(ALICE, 1, told=BOB)
    await bob.tell(Ping("was there more news?"))
    assert await bob.hear() == Pong("was there more news?")


@pytest.mark.parametrize("holder", [None, ALICE])
async def test_ceding_what_one_does_not_have(holder: Viewer | None, world: World) -> None:
    with world.registry.attend(SESSION_ID) as session:
        if holder is not None:
            await session.take_control(holder)
        bob = await opened(world, BOB)
        await bob.tell(CedeControl())
        error = await bob.hear()
        assert isinstance(error, Error)
        assert (error.failed_kind, error.code) == ("cede-control", "not_in_control")
        assert session.control.holder_client_id == (holder and holder.client_id)


BAD_MESSAGES: list[tuple[str | bytes, str, str]] = [
    ("", "", "malformed_json"),
    ("{", "", "malformed_json"),
    ('{"kind": "ping", "id": "x"} and more', "", "malformed_json"),
    ("[" * 100_000, "", "malformed_json"),
    ("null", "", "malformed_message"),
    ('"ping"', "", "malformed_message"),
    ("{}", "", "malformed_message"),
    ('{"kind": null}', "", "malformed_message"),
    ('{"kind": ["ping"]}', "", "malformed_message"),
    ('{"kind": "seize-control"}', "seize-control", "unknown_kind"),
    ('{"kind": "pong", "id": "x"}', "pong", "unknown_kind"),
    ('{"kind": "ping"}', "ping", "invalid_field"),
    ('{"kind": "ping", "id": 1}', "ping", "invalid_field"),
    ('{"kind": "ping", "id": null}', "ping", "invalid_field"),
    (b'{"kind": "take-control"}', "", "not_text"),
    (b"\x00\xff", "", "not_text"),
    (b"", "", "not_text"),
]


@pytest.mark.parametrize(("message", "failed_kind", "code"), BAD_MESSAGES, ids=lambda value: str(value)[:30])
async def test_bad_message_is_answered_and_changes_nothing(
    message: str | bytes, failed_kind: str, code: str, world: World
) -> None:
    alice = await opened(world)
    await alice.client.send(message)
    error = await alice.hear()
    assert isinstance(error, Error)
    assert (error.failed_kind, error.code) == (failed_kind, code)
    await alice.tell(Ping("still there?"))
    assert await alice.hear() == Pong("still there?")
    assert world.session.control.control_epoch == 0


@given(st.lists(st.text() | st.binary(), max_size=20))
def test_garbage_never_ends_the_channel(messages: list[str | bytes]) -> None:
    async def check() -> None:
        async with open_world() as world:
            alice = await opened(world, capacity=64)
            for message in messages:
                await alice.client.send(message)
            await alice.tell(Ping("still there?"))
            for _ in messages:
                assert isinstance(await alice.hear(), Error)
            assert await alice.hear() == Pong("still there?")

    trio.run(check)


async def test_a_burst_is_answered_in_order(world: World, nursery: trio.Nursery) -> None:
    alice = await opened(world)
    ids = [str(number) for number in range(1000)]

    async def ping() -> None:
        for ping_id in ids:
            await alice.tell(Ping(ping_id))

    nursery.start_soon(ping)
    assert [await alice.hear() for _ in ids] == [Pong(ping_id) for ping_id in ids]


async def test_frontend_that_does_not_read_while_control_moves(world: World) -> None:
    deaf, reader = await opened(world), await opened(world, BOB)
    holders = [BOB, CAROL] * 100
    for epoch, holder in enumerate(holders, start=1):
        await world.session.take_control(holder)
        assert await reader.hear() == held_by(holder, epoch, told=BOB)
    outcome = await deaf.running.outcome()
    assert (outcome.close_code, outcome.reason) == (4429, "too slow")
    assert not reader.running.over


async def test_frontend_that_asks_and_does_not_read(world: World) -> None:
    """Its questions wait, so nothing piles up; whoever asks and reads later gets every answer."""
    alice = await opened(world)
    told = 0
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:

            async def give_up_when_blocked() -> None:
                await wait_all_tasks_blocked()
                scope.cancel()

            nursery.start_soon(give_up_when_blocked)
            while told < 10_000:
                await alice.tell(Ping(str(told)))
                told += 1
    assert told < 200
    assert not alice.running.over
    assert [await alice.hear() for _ in range(told)] == [Pong(str(number)) for number in range(told)]


async def test_frontend_that_does_not_read_is_ended_with_its_session(world: World) -> None:
    deaf = world.frontend(capacity=0)
    await wait_all_tasks_blocked()
    world.session.end(SessionEnded())
    assert (await deaf.running.outcome()).close_code == 1000


async def test_who_comes_while_control_moves_hears_the_latest(world: World) -> None:
    with world.registry.attend(SESSION_ID) as session:
        alice = world.frontend()
        async with trio.open_nursery() as nursery:
            for holder in (BOB, CAROL):
                nursery.start_soon(session.take_control, holder)
        news = await alice.hear()
        while isinstance(news, ControlChanged) and news.control_epoch < 2:
            news = await alice.hear()
        assert news == held_by(BOB if session.holds_control(BOB) else CAROL, 2, told=ALICE)


async def test_close_code_of_the_frontend_is_the_outcome(world: World) -> None:
    for close_code in (1000, 1001, 3000, 1006):
        alice = await opened(world)
        await alice.client.close(close_code)
        assert (await alice.running.outcome()).close_code == close_code


async def test_message_over_the_limit(world: World) -> None:
    alice = await opened(world)
    await alice.client.send("x" * (2 * 1024 * 1024 + 1))
    assert (await alice.running.outcome()).close_code == 1009
    with trio.fail_after(PATIENCE), pytest.raises(trio.EndOfChannel):
        await alice.client.receive()
    assert alice.client.close_code == 1009
