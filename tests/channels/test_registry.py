from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio
from channel_world import ALICE, BOB, SESSION_ID, Frontend, World, open_world
from trio.testing import MockClock, wait_all_tasks_blocked

from pilothouse.channels.end_signal import EndSignal
from pilothouse.channels.errors import NoLongerValid, SessionEnded
from pilothouse.channels.live_session import LiveSession
from pilothouse.channels.member import Member
from pilothouse.channels.registry import open_registry
from pilothouse.protocol.control import GRACE_SECONDS, Viewer
from pilothouse.protocol.messages import CedeControl, ControlChanged, Ping, Pong, TakeControl, decode_from_server


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as world:
        yield world


async def in_control(frontend: Frontend) -> Frontend:
    """Take control, and read up to the news that it worked."""
    await frontend.tell(TakeControl())
    while not (await heard(frontend)).you_hold_control:
        pass
    return frontend


async def heard(frontend: Frontend) -> ControlChanged:
    news = await frontend.hear()
    assert isinstance(news, ControlChanged)
    return news


async def test_second_channel_of_the_same_viewer_replaces_the_first(world: World) -> None:
    first = world.frontend()
    await first.hear()
    second = world.frontend()
    await second.hear()
    assert (await first.running.outcome()).close_code == 4409
    assert first.client.close_code == 4409
    await second.tell(TakeControl())
    assert (await heard(second)).you_hold_control


async def test_late_leaver_does_not_touch_its_successor(world: World) -> None:
    """The one that was replaced leaves after the new one came, with a code that would end the lease."""
    first = await in_control(world.frontend())
    second = world.frontend()
    assert (await heard(second)).you_hold_control
    assert (await first.running.outcome()).close_code == 4409
    await wait_all_tasks_blocked()
    assert world.session.control.control_epoch == 1
    assert world.session.holds_control(ALICE)
    third = world.frontend()
    assert (await second.running.outcome()).close_code == 4409, "the successor had been evicted"
    assert (await heard(third)).you_hold_control


async def test_other_kinds_and_other_viewers_are_not_replaced() -> None:
    async with open_registry() as registry:
        with registry.attend(SESSION_ID) as session:
            signals = [EndSignal() for _ in range(3)]
            for signal, kind, viewer in zip(signals, ("vnc", "messages", "vnc"), (ALICE, ALICE, BOB), strict=True):
                session.join(Member(kind, viewer, signal, lambda: None))
            async with trio.open_nursery() as nursery:
                for signal in signals:
                    nursery.start_soon(signal.wait)
                await wait_all_tasks_blocked()
                nursery.cancel_scope.cancel()


async def test_same_client_id_with_another_credential_is_another_viewer(world: World) -> None:
    ours = await in_control(world.frontend(Viewer("key-1", "tab")))
    theirs = world.frontend(Viewer("key-2", "tab"))
    assert not (await heard(theirs)).you_hold_control
    await wait_all_tasks_blocked()
    assert not ours.running.over
    await theirs.client.close(1000)
    await theirs.running.outcome()
    assert world.session.holds_control(Viewer("key-1", "tab"))


@pytest.mark.parametrize("close_code", [1000, 1001])
async def test_clean_goodbye_cedes_at_once(world: World, close_code: int) -> None:
    bob = world.frontend(BOB)
    await bob.hear()
    alice = await in_control(world.frontend())
    await bob.hear()
    await alice.client.close(close_code)
    news = await heard(bob)
    assert (news.interactor, news.holder_client_id, news.control_epoch) == ("agent", None, 2)


async def test_another_channel_of_the_holder_keeps_the_lease(world: World) -> None:
    with world.registry.attend(SESSION_ID) as session:
        messages = await in_control(world.frontend())
        other = Member("vnc", ALICE, EndSignal(), lambda: None)
        session.join(other)
        await messages.client.close(1000)
        await messages.running.outcome()
        assert session.holds_control(ALICE)
        session.leave(other, 1000)
        assert session.control.interactor == "agent"


async def test_broken_holder_gets_control_back(world: World, autojump_clock: MockClock) -> None:
    bob = world.frontend(BOB)
    await bob.hear()
    alice = await in_control(world.frontend())
    await bob.hear()
    await alice.client.break_off()
    assert (await alice.running.outcome()).close_code == 1006
    await trio.sleep(GRACE_SECONDS - 0.1)
    assert world.session.control.holder_client_id == "alice"

    again = world.frontend()
    assert (await heard(again)).you_hold_control
    await trio.sleep(10 * GRACE_SECONDS)
    assert world.session.control.control_epoch == 1
    assert world.session.holds_control(ALICE)
    await bob.tell(Ping("was there news?"))
    assert await bob.hear() == Pong("was there news?")


async def test_no_grace_period_outlives_the_return(world: World) -> None:
    alice = await in_control(world.frontend())
    for _ in range(2):
        await alice.client.break_off()
        await alice.running.outcome()
        alice = world.frontend()
        assert (await heard(alice)).you_hold_control
    await alice.client.close(1000)
    await alice.running.outcome()
    await wait_all_tasks_blocked()
    assert len(world.registry) == 0


async def test_grace_begins_anew_each_time(world: World, autojump_clock: MockClock) -> None:
    """An earlier grace period does not end a later one."""
    keeper = world.frontend(BOB)
    await keeper.hear()
    for _ in range(3):
        alice = world.frontend()
        await in_control(alice)
        await alice.client.break_off()
        await alice.running.outcome()
        await trio.sleep(GRACE_SECONDS * 0.9)
        assert world.session.control.holder_client_id == "alice"
    assert world.session.control.control_epoch == 1


async def test_grace_ends(world: World, autojump_clock: MockClock) -> None:
    bob = world.frontend(BOB)
    await bob.hear()
    alice = await in_control(world.frontend())
    await bob.hear()
    await alice.client.break_off()
    await alice.running.outcome()
    broke_off = trio.current_time()
    with trio.fail_after(2 * GRACE_SECONDS):
        news = decode_from_server(await bob.client.receive())
        while isinstance(news, ControlChanged) and news.control_epoch == 1:
            news = decode_from_server(await bob.client.receive())
    assert isinstance(news, ControlChanged)
    assert (news.interactor, news.holder_client_id, news.control_epoch) == ("agent", None, 2)
    assert trio.current_time() - broke_off == pytest.approx(GRACE_SECONDS)
    returned = world.frontend()
    assert not (await heard(returned)).you_hold_control


async def test_others_may_take_control_during_grace(world: World, autojump_clock: MockClock) -> None:
    alice = await in_control(world.frontend())
    await alice.client.break_off()
    await alice.running.outcome()
    bob = await in_control(world.frontend(BOB))
    await trio.sleep(2 * GRACE_SECONDS)
    assert world.session.holds_control(BOB)
    assert not bob.running.over
    assert not (await heard(world.frontend())).you_hold_control


async def test_grace_keeps_the_session_and_then_lets_it_go(world: World, autojump_clock: MockClock) -> None:
    alice = await in_control(world.frontend())
    await alice.client.break_off()
    await alice.running.outcome()
    await trio.sleep(GRACE_SECONDS - 0.1)
    assert len(world.registry) == 1
    await trio.sleep(0.2)
    assert len(world.registry) == 0


async def test_session_end_during_grace_leaves_nothing(world: World) -> None:
    alice = await in_control(world.frontend())
    await alice.client.break_off()
    await alice.running.outcome()
    world.session.end(SessionEnded())
    await wait_all_tasks_blocked()
    assert len(world.registry) == 0


async def test_end_closes_every_channel(world: World) -> None:
    everybody = [world.frontend(), world.frontend(BOB), world.frontend(Viewer("key-2", "alice"))]
    for frontend in everybody:
        await frontend.hear()
    session = world.session
    session.end(NoLongerValid("the session's time is over"))
    for frontend in everybody:
        outcome = await frontend.running.outcome()
        assert (outcome.close_code, outcome.reason) == (4410, "the session's time is over")
    assert len(world.registry) == 0


async def test_who_comes_after_the_end_is_turned_away(world: World) -> None:
    with world.registry.attend(SESSION_ID) as session:
        session.end(SessionEnded())
        assert (await world.frontend().running.outcome()).close_code == 1000


async def test_end_wakes_whoever_waits_for_the_browser(nursery: trio.Nursery) -> None:
    async with open_registry() as registry:
        with registry.attend(SESSION_ID) as session, trio.fail_after(10):
            nursery.start_soon(end_when_all_wait, session)
            with pytest.raises(NoLongerValid):
                await session.upstream()
            with pytest.raises(NoLongerValid):
                await session.upstream()


async def end_when_all_wait(session: LiveSession) -> None:
    await wait_all_tasks_blocked()
    session.end(NoLongerValid())


async def test_max_viewers() -> None:
    async with open_world(max_viewers=2) as world:
        viewers = [Viewer("key-1", name) for name in ("a", "b", "c")]
        a, b = (world.frontend(viewer) for viewer in viewers[:2])
        await a.hear()
        await b.hear()
        refused = await world.frontend(viewers[2]).running.outcome()
        assert (refused.close_code, refused.reason) == (1013, "too many viewers")
        await world.frontend(viewers[0]).hear()
        assert (await a.running.outcome()).close_code == 4409, "whoever replaces itself is not one more"
        await b.client.close(1000)
        await b.running.outcome()
        await world.frontend(viewers[2]).hear()


async def test_a_holder_comes_back_to_a_session_that_is_full() -> None:
    async with open_world(max_viewers=1) as world:
        alice = await in_control(world.frontend())
        await alice.client.break_off()
        await alice.running.outcome()
        await world.frontend(BOB).hear()
        assert (await heard(world.frontend())).you_hold_control
        assert (await world.frontend(Viewer("key-1", "carol")).running.outcome()).close_code == 1013


async def test_registry_is_empty_after_everything(world: World) -> None:
    alice, bob = world.frontend(), world.frontend(BOB)
    await in_control(alice)
    await bob.tell(TakeControl())
    await bob.tell(CedeControl())
    await alice.client.close(1000)
    await bob.client.close(1001)
    await alice.running.outcome()
    await bob.running.outcome()
    await wait_all_tasks_blocked()
    assert len(world.registry) == 0
    assert world.registry.find(SESSION_ID) is None
    assert len(world.verification) == 0


async def test_closing_the_registry_ends_grace_periods() -> None:
    async with open_registry() as registry:
        with registry.attend(SESSION_ID) as session:
            member = Member("vnc", ALICE, EndSignal(), lambda: None)
            session.join(member)
            await session.take_control(ALICE)
            session.leave(member, 1006)
        await wait_all_tasks_blocked()
        assert len(registry) == 1
    assert len(registry) == 0
