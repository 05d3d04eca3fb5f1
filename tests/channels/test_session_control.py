"""Control of a session in time: who waits for whom, who is asked, and who comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import attrs
import pytest
import trio
from channel_world import ALICE, BOB, SESSION_ID, Frontend, World, open_world
from trio.testing import MockClock, wait_all_tasks_blocked

from pilothouse.channels.end_signal import EndSignal
from pilothouse.channels.errors import Removed, SessionEnded
from pilothouse.channels.live_session import LiveSession
from pilothouse.channels.member import Member
from pilothouse.channels.registry import open_registry
from pilothouse.channels.session_events import ControlChanged as ControlEvent
from pilothouse.channels.session_events import SessionEvent
from pilothouse.protocol.control import ControlHeld, ControlState, LeaseRules, NotInControl, Viewer
from pilothouse.protocol.messages import (
    CedeControl,
    ControlAsked,
    ControlChanged,
    ControlRequested,
    ControlRequestOver,
    Error,
    GoBack,
    GrantControl,
    Ping,
    Pong,
    RefuseControl,
    TakeControl,
)

CAROL = Viewer("key-2", "carol")
AGENT = Viewer("key-1", "agent-1", "agent")
ASKING = LeaseRules(takeover="ask")


@attrs.define
class Slow:
    """A channel with something under way until the test says that it is done."""

    session: LiveSession
    viewer: Viewer = AGENT
    done: trio.Event = attrs.field(factory=trio.Event)
    heard: list[tuple[bool, bool]] = attrs.field(factory=list)
    gave_up: bool = False

    def control_changed(self) -> None:
        self.heard.append((self.session.agent_may_act, self.session.holds_control(ALICE)))

    async def quiet(self) -> None:
        try:
            await self.done.wait()
        except trio.Cancelled:
            self.gave_up = True
            raise

    def join(self) -> Member:
        member = Member("cdp", self.viewer, EndSignal(), self.control_changed, self.quiet)
        self.session.join(member)
        return member


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as world:
        yield world


@pytest.fixture
async def asking() -> AsyncIterator[World]:
    async with open_world(rules=ASKING) as world:
        yield world


@pytest.fixture
async def session(world: World) -> AsyncIterator[LiveSession]:
    with world.registry.attend(SESSION_ID) as session:
        yield session


async def opened(world: World, viewer: Viewer = ALICE) -> Frontend:
    frontend = world.frontend(viewer)
    assert isinstance(await frontend.hear(), ControlChanged)
    return frontend


async def nothing_more(frontend: Frontend) -> bool:
    await frontend.tell(Ping("more?"))
    return await frontend.hear() == Pong("more?")


def moves(world: World) -> list[tuple[str, str | None, str]]:
    return [
        (event.control_state, event.holder_client_id, event.why)
        for event in world.events
        if isinstance(event, ControlEvent)
    ]


async def test_a_frontend_that_takes_control_is_heard_while_the_agent_finishes(
    world: World, session: LiveSession
) -> None:
    session.set_upstream(None)
    agent = Slow(session)
    agent.join()
    frontend = await opened(world)
    for message in (TakeControl(), GoBack(), Ping("1")):
        await frontend.tell(message)
    assert await frontend.hear() == Pong("1")
    agent.done.set()
    changed = await frontend.hear()
    assert isinstance(changed, ControlChanged)
    assert changed.you_hold_control
    # What came behind the request for control was meant with it.
    answer = await frontend.hear()
    assert isinstance(answer, Error)
    assert (answer.failed_kind, answer.code) == ("go-back", "not_possible")


async def test_the_agent_stops_at_once_and_the_person_waits_for_it(
    session: LiveSession, autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    agent, told = Slow(session), list[ControlState]()
    agent.join()
    with session.watching_control(told.append):
        nursery.start_soon(session.take_control, ALICE)
        await trio.sleep(0.5)
        assert agent.heard == [(False, False)], "it heard of it at the moment of the change"
        assert not session.agent_may_act
        assert not session.holds_control(ALICE)
        assert not told
        agent.done.set()
        await wait_all_tasks_blocked()
        assert session.holds_control(ALICE)
        assert told == [ControlState("user", "user_control", "alice", 1)]
    assert not agent.gave_up


async def test_nobody_waits_longer_than_a_second(session: LiveSession, autojump_clock: MockClock) -> None:
    agent = Slow(session)
    agent.join()
    began = trio.current_time()
    assert await session.take_control(ALICE) == ControlState("user", "user_control", "alice", 1)
    assert trio.current_time() - began == pytest.approx(1.0)
    assert agent.gave_up
    assert session.holds_control(ALICE)


async def test_with_nothing_under_way_nobody_waits(session: LiveSession, autojump_clock: MockClock) -> None:
    for number in range(30):
        agent = Slow(session, Viewer("key-1", f"agent-{number}", "agent"))
        agent.done.set()
        agent.join()
    began = trio.current_time()
    await session.take_control(ALICE)
    assert session.holds_control(ALICE)
    assert trio.current_time() == began


async def test_a_channel_with_a_bug_keeps_nobody_from_control(
    session: LiveSession, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> None:
        raise KeyError("a bug")

    session.join(Member("cdp", AGENT, EndSignal(), lambda: None, broken))
    await session.take_control(ALICE)
    assert session.holds_control(ALICE)
    assert "a bug while control moves" in caplog.text


async def test_a_taker_that_goes_away_meanwhile_leaves_nothing_half_done(
    session: LiveSession, autojump_clock: MockClock
) -> None:
    agent = Slow(session)
    agent.join()
    with trio.move_on_after(0.1) as scope:
        await session.take_control(ALICE)
    assert scope.cancelled_caught
    assert session.control.holder_client_id == "alice"
    await trio.sleep(1)
    assert session.holds_control(ALICE)


@pytest.mark.parametrize("first", [ALICE, BOB])
async def test_two_take_at_the_same_moment(world: World, first: Viewer) -> None:
    """The later one has it; both know."""
    second = BOB if first is ALICE else ALICE
    alice, bob = await opened(world), await opened(world, BOB)
    async with trio.open_nursery() as nursery:
        for viewer in (first, second):
            nursery.start_soon(world.session.take_control, viewer)
    assert world.session.control.control_epoch == 2
    winner = ALICE if world.session.holds_control(ALICE) else BOB
    assert world.session.holds_control(winner)
    for frontend, viewer in ((alice, ALICE), (bob, BOB)):
        news = await frontend.hear()
        while isinstance(news, ControlChanged) and news.control_epoch == 1:
            news = await frontend.hear()
        assert isinstance(news, ControlChanged)
        assert (news.holder_client_id, news.you_hold_control) == (winner.client_id, viewer is winner)


async def test_a_pause_stops_everybody_until_it_ends(world: World, autojump_clock: MockClock) -> None:
    alice = await opened(world)
    session, agent = world.session, Slow(world.session)
    member = agent.join()
    began = trio.current_time()
    assert await session.pause() == ControlState("agent", "paused", None, 1)
    assert trio.current_time() - began == pytest.approx(1.0), "what was under way may end"
    assert not session.agent_may_act
    news = await alice.hear()
    assert isinstance(news, ControlChanged)
    assert (news.control_state, news.control_epoch) == ("paused", 1)
    session.leave(member, 1000)

    assert (await session.pause()).control_epoch == 1
    await alice.tell(TakeControl())
    news = await alice.hear()
    assert news == ControlChanged("user", "paused", "alice", 2, you_hold_control=False)
    assert not session.holds_control(ALICE)

    assert await session.resume() == ControlState("user", "user_control", "alice", 3)
    assert session.holds_control(ALICE)
    assert (await session.resume()).control_epoch == 3
    assert moves(world) == [
        ("paused", None, "pause"),
        ("paused", "alice", "take"),
        ("user_control", "alice", "resume"),
    ]


async def test_whoever_has_control_is_asked_for_it(asking: World) -> None:
    alice, bob, carol = await opened(asking), await opened(asking, BOB), await opened(asking, CAROL)
    await alice.tell(TakeControl())
    for frontend in (alice, bob, carol):
        await frontend.hear()
    await bob.tell(TakeControl())
    assert await alice.hear() == ControlRequested("bob", 15)
    assert await bob.hear() == ControlAsked(15)
    with pytest.raises(ControlHeld):
        await asking.session.take_control(BOB)

    await carol.tell(TakeControl())
    refused = await carol.hear()
    assert isinstance(refused, Error)
    assert (refused.failed_kind, refused.code) == ("take-control", "control_held")

    for stranger in (bob, carol):
        for answer in (GrantControl(), RefuseControl()):
            await stranger.tell(answer)
            error = await stranger.hear()
            assert isinstance(error, Error)
            assert (error.failed_kind, error.code) == (answer.kind, "not_asked")

    await alice.tell(RefuseControl())
    refused = await bob.hear()
    assert isinstance(refused, Error)
    assert (refused.failed_kind, refused.code) == ("take-control", "control_refused")
    assert asking.session.holds_control(ALICE)
    assert asking.session.control.control_epoch == 1

    await bob.tell(TakeControl())
    assert await alice.hear() == ControlRequested("bob", 15)
    assert await bob.hear() == ControlAsked(15)
    await alice.tell(GrantControl())
    for frontend in (alice, bob, carol):
        news = await frontend.hear()
        assert isinstance(news, ControlChanged)
        assert (news.holder_client_id, news.you_hold_control) == ("bob", frontend is bob)


async def test_no_answer_is_a_yes(asking: World, autojump_clock: MockClock) -> None:
    alice, bob = await opened(asking), await opened(asking, BOB)
    await asking.session.take_control(ALICE)
    await bob.hear()
    began = trio.current_time()
    await bob.tell(TakeControl())
    await trio.sleep(5)
    await alice.client.break_off()
    await alice.running.outcome()
    again = await opened(asking)
    assert await again.hear() == ControlRequested("bob", 10), "who comes back has not missed it"
    with trio.fail_after(20):
        await trio.sleep(10.01)
        assert asking.session.holds_control(BOB)
    assert trio.current_time() - began == pytest.approx(15, abs=0.1)
    assert moves(asking)[-1] == ("user_control", "bob", "take")


@pytest.mark.parametrize("way", ["changes its mind", "closes its tab", "breaks off"])
async def test_whoever_has_asked_may_go_without(asking: World, way: str) -> None:
    alice, bob = await opened(asking), await opened(asking, BOB)
    await asking.session.take_control(ALICE)
    await alice.hear()
    await bob.hear()
    await bob.tell(TakeControl())
    assert await alice.hear() == ControlRequested("bob", 15)
    assert await bob.hear() == ControlAsked(15)
    if way == "changes its mind":
        await bob.tell(CedeControl())
        news = await bob.hear()
        assert isinstance(news, ControlChanged)
        assert news.control_epoch == 1
    elif way == "closes its tab":
        await bob.client.close(1000)
    else:
        await bob.client.break_off()
    assert await alice.hear() == ControlRequestOver("bob")
    await alice.tell(GrantControl())
    error = await alice.hear()
    assert isinstance(error, Error)
    assert error.code == "not_asked"


async def test_a_holder_who_goes_leaves_control_to_whoever_has_asked(asking: World) -> None:
    alice, bob = await opened(asking), await opened(asking, BOB)
    await asking.session.take_control(ALICE)
    await bob.hear()
    await bob.tell(TakeControl())
    assert await bob.hear() == ControlAsked(15)
    await alice.client.close(1000)
    news = await bob.hear()
    assert news == ControlChanged("user", "user_control", "bob", 2, you_hold_control=True)


async def test_whoever_has_asked_and_comes_back_still_waits(asking: World, autojump_clock: MockClock) -> None:
    alice, bob = await opened(asking), await opened(asking, BOB)
    asking.session.join(Member("vnc", BOB, EndSignal(), lambda: None))
    await asking.session.take_control(ALICE)
    await alice.hear()
    await bob.hear()
    await bob.tell(TakeControl())
    assert await bob.hear() == ControlAsked(15)
    await trio.sleep(5)
    await bob.client.break_off()
    await bob.running.outcome()
    again = await opened(asking, BOB)
    assert await again.hear() == ControlAsked(10)
    await alice.tell(Ping("not asked twice"))
    assert await alice.hear() == ControlRequested("bob", 15)
    assert await alice.hear() == Pong("not asked twice")


async def test_an_idle_holder_loses_control(autojump_clock: MockClock) -> None:
    async with open_world(rules=LeaseRules(idle_seconds=60)) as world:
        alice = await opened(world)
        session = world.session
        await session.take_control(ALICE)
        await trio.sleep(50)
        session.acted(ALICE)
        await trio.sleep(50)
        await alice.tell(Ping("still there"))
        session.acted(BOB)
        assert session.holds_control(ALICE)
        await trio.sleep(10.01)
        assert session.agent_may_act
        assert moves(world)[-1] == ("ai_control", None, "idle")


async def test_presence(world: World) -> None:
    alice = world.frontend()
    (first,) = await alice.hear_viewers(1)
    assert (first.scope, first.you, first.holds_control) == ("control", True, False)
    watcher = world.frontend(Viewer("tok_1", "bob", "view"))
    seen = await watcher.hear_viewers(2)
    assert [(viewer.scope, viewer.you) for viewer in seen] == [("control", False), ("view", True)]
    assert [viewer.viewer_id for viewer in await alice.hear_viewers(2)] == [viewer.viewer_id for viewer in seen]
    assert len({viewer.viewer_id for viewer in seen}) == 2
    await alice.tell(TakeControl())
    news = await watcher.hear_all()
    assert isinstance(news, ControlChanged)
    assert [viewer.holds_control for viewer in news.viewers] == [True, False]
    await alice.client.close(1000)
    (left,) = await watcher.hear_viewers(1)
    assert left.viewer_id == seen[1].viewer_id
    (again,) = [viewer for viewer in await world.frontend().hear_viewers(2) if viewer.you]
    assert again.viewer_id not in (viewer.viewer_id for viewer in seen)


async def test_names_say_nothing_about_who_it_is(world: World) -> None:
    frontends = [world.frontend(Viewer(f"secret-{number}", f"tab-{number}")) for number in range(20)]
    viewers = await frontends[-1].hear_viewers(20)
    for viewer in viewers:
        assert "secret" not in str(viewer)
        assert "tab" not in viewer.viewer_id
        assert len(viewer.viewer_id) >= 12


async def test_a_crowd_that_comes_at_once_is_told_of_in_few_messages(world: World, autojump_clock: MockClock) -> None:
    alice = world.frontend()
    await alice.hear_viewers(1)
    for number in range(30):
        world.frontend(Viewer("key-1", f"tab-{number}"))
        await wait_all_tasks_blocked()
    told = 0
    while True:
        message = await alice.hear_all()
        told += 1
        if isinstance(message, ControlChanged) and message.viewer_count == 31:
            break
    assert told <= 3


async def test_a_long_list_is_cut(autojump_clock: MockClock) -> None:
    async with open_world(max_viewers=200) as world:
        alice = world.frontend()
        await alice.hear_viewers(1)
        for number in range(120):
            world.session.join(Member("cdp", Viewer("key-1", str(number), "agent"), EndSignal(), lambda: None))
        assert len(await alice.hear_viewers(121)) == 100
        late = await world.frontend(BOB).hear_viewers(122)
        assert len(late) == 101
        assert [viewer.you for viewer in late].index(True) == 100, "whoever reads it finds itself"


def viewer_id(world: World, viewer: Viewer) -> str:
    return next(present.viewer_id for present in world.session.viewers if present.viewer == viewer)


async def test_a_viewer_can_be_shown_out(world: World) -> None:
    alice, bob = await opened(world), await opened(world, BOB)
    await alice.tell(TakeControl())
    await alice.hear()
    await bob.hear()
    vnc = EndSignal()
    world.session.join(Member("vnc", ALICE, vnc, lambda: None))
    assert world.session.remove_viewer(viewer_id(world, ALICE))
    assert world.session.agent_may_act, "no grace"
    outcome = await alice.running.outcome()
    assert (outcome.close_code, outcome.reason) == (4401, "removed from the session")
    with pytest.raises(Removed), trio.fail_after(1):
        await vnc.wait()
    assert await bob.hear() == ControlChanged("agent", "ai_control", None, 2, you_hold_control=False)
    assert moves(world)[-1] == ("ai_control", None, "removed")
    assert not world.session.remove_viewer("v_nobody")


async def test_an_absent_holder_can_be_shown_out(world: World) -> None:
    keeper, alice = await opened(world, BOB), await opened(world)
    await world.session.take_control(ALICE)
    name = viewer_id(world, ALICE)
    await alice.client.break_off()
    await alice.running.outcome()
    assert viewer_id(world, ALICE) == name
    assert world.session.remove_viewer(name)
    assert world.session.agent_may_act
    assert [present.viewer for present in world.session.viewers] == [BOB]
    assert not keeper.running.over


async def test_an_absent_holder_is_forgotten_with_its_grace(world: World, autojump_clock: MockClock) -> None:
    keeper, alice = await opened(world, BOB), await opened(world)
    await world.session.take_control(ALICE)
    await alice.client.break_off()
    await alice.running.outcome()
    assert len(world.session.viewers) == 2
    await trio.sleep(30.01)
    assert [present.viewer for present in world.session.viewers] == [BOB]
    assert moves(world)[-1] == ("ai_control", None, "grace_over")
    assert not keeper.running.over


async def test_a_revoked_holder_has_no_grace(session: LiveSession, world: World) -> None:
    member = Member("vnc", ALICE, EndSignal(), lambda: None)
    session.join(member)
    await session.take_control(ALICE)
    session.leave(member, 4401)
    assert session.agent_may_act
    assert moves(world)[-1] == ("ai_control", None, "revoked")


@pytest.mark.parametrize("before", ["agent", "user", "grace", "paused", "taking"])
async def test_nobody_acts_when_the_session_is_over(session: LiveSession, world: World, before: str) -> None:
    agent = Slow(session)
    if before != "taking":
        agent.done.set()
    agent.join()
    member = Member("vnc", ALICE, EndSignal(), lambda: None)
    session.join(member)
    if before == "paused":
        await session.pause()
    elif before == "taking":
        with trio.move_on_after(0):
            await session.take_control(ALICE)
    elif before != "agent":
        await session.take_control(ALICE)
    if before == "grace":
        session.leave(member, 1006)
    heard = len(agent.heard)
    session.end(SessionEnded())
    assert not session.agent_may_act
    assert not session.holds_control(ALICE)
    assert all(may == (False, False) for may in agent.heard[heard:])
    assert len(agent.heard) - heard == (before != "agent")
    session.leave(member, 1000)
    for late in (lambda: session.take_control(BOB), session.pause, session.resume):
        with trio.fail_after(1):
            try:
                await late()
            except NotInControl:
                assert late is not session.pause
    assert not session.agent_may_act
    assert not session.holds_control(BOB)
    assert (moves(world)[-1:] == [("ai_control", None, "ended")]) == (before != "agent")


async def test_whoever_watches_is_not_told_any_more_afterwards(session: LiveSession) -> None:
    told: list[ControlState] = []
    with session.watching_control(told.append):
        await session.take_control(ALICE)
    session.cede_control(ALICE)
    await wait_all_tasks_blocked()
    assert [state.control_epoch for state in told] == [1]


async def test_a_watcher_may_move_control_itself(session: LiveSession) -> None:
    """As an application does that gives control back for somebody."""
    session.join(Member("vnc", ALICE, EndSignal(), lambda: None))

    def give_back(state: ControlState) -> None:
        if state.interactor == "user":
            session.cede_control(ALICE)

    with session.watching_control(give_back):
        await session.take_control(ALICE)
    assert session.control.control_epoch == 2
    assert session.agent_may_act


async def test_control_that_moves_again_as_soon_as_all_is_quiet(session: LiveSession, nursery: trio.Nursery) -> None:
    """What ends the first wait is not taken for the end of the second one."""
    told, waits = list[ControlState](), [trio.Event(), trio.Event()]
    remaining = iter(waits)

    async def quiet() -> None:
        wait = next(remaining)
        await wait.wait()
        if wait is waits[0]:
            session.cede_control(ALICE)

    session.join(Member("cdp", AGENT, EndSignal(), lambda: None, quiet))
    with session.watching_control(told.append):
        nursery.start_soon(session.take_control, ALICE)
        await wait_all_tasks_blocked()
        waits[0].set()
        await wait_all_tasks_blocked()
        assert not told
        waits[1].set()
        await wait_all_tasks_blocked()
        assert [state.control_epoch for state in told] == [2]


@pytest.mark.parametrize("before", ["pause", "take"])
async def test_a_registry_that_closes_gives_control_back(before: str) -> None:
    events: list[SessionEvent] = []
    async with open_registry(on_event=events.append) as registry:
        session = registry.hold(SESSION_ID)
        member = Member("vnc", ALICE, EndSignal(), lambda: None)
        session.join(member)
        await (session.pause() if before == "pause" else session.take_control(ALICE))
    assert isinstance(events[-1], ControlEvent)
    assert (events[-1].control_state, events[-1].why) == ("ai_control", "ended")
    assert not session.agent_may_act
    session.leave(member, 1001)
    assert len(events) == 2
