from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio
from channel_world import ALICE, BOB, SESSION_ID, Frontend, World, open_world
from trio.testing import MockClock, wait_all_tasks_blocked

from pilothouse.channels.errors import SessionEnded
from pilothouse.channels.registry import open_registry
from pilothouse.channels.session_events import HelpAsked, HelpOver
from pilothouse.channels.takeovers import AlreadyAsked, Takeover
from pilothouse.protocol.control import GRACE_SECONDS, Viewer
from pilothouse.protocol.messages import (
    CedeControl,
    ControlChanged,
    DeclineTakeover,
    Error,
    MessageId,
    Note,
    Ping,
    Pong,
    TakeControl,
    TakeoverRequested,
    TakeoverResolved,
    ToFrontend,
)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as world:
        yield world


async def hear(frontend: Frontend) -> ToFrontend:
    """The next message that is not about who has control."""
    while isinstance(message := await frontend.hear(), ControlChanged):
        pass
    return message


async def opened(world: World, viewer: Viewer = ALICE) -> Frontend:
    frontend = world.frontend(viewer)
    assert isinstance(await frontend.hear(), ControlChanged)
    return frontend


def ask(world: World, *, note: str = "", seconds: float = 300, key: str | None = None, who: str = "key-1") -> Takeover:
    return world.session.takeovers.ask("captcha", note, seconds, credential_id=who, key=key)


async def answer(takeover: Takeover) -> tuple[str | None, str]:
    with trio.fail_after(1000):
        await takeover.resolved()
    return takeover.request.outcome, takeover.request.answer


async def test_every_viewer_is_told_and_told_when_it_is_over(world: World) -> None:
    viewers = [await opened(world), await opened(world, BOB)]
    takeover = ask(world, note="the one with the boats")
    asked = TakeoverRequested(takeover.request.request_id, "captcha", "the one with the boats", "waiting", 300)
    assert [await hear(viewer) for viewer in viewers] == [asked, asked]
    await viewers[1].tell(TakeControl())
    taken = TakeoverRequested(asked.request_id, "captcha", "the one with the boats", "taken", 300)
    assert [await hear(viewer) for viewer in viewers] == [taken, taken]
    await viewers[1].tell(CedeControl(Note("it was a trawler")))
    over = TakeoverResolved(asked.request_id, "completed")
    assert [await hear(viewer) for viewer in viewers] == [over, over]
    assert await answer(takeover) == ("completed", "it was a trawler")


async def test_who_comes_later_is_told_what_is_left_of_the_time(world: World, autojump_clock: MockClock) -> None:
    await opened(world)
    takeover = ask(world)
    await trio.sleep(100)
    bob = await opened(world, BOB)
    told = await hear(bob)
    assert told == TakeoverRequested(takeover.request.request_id, "captcha", "", "waiting", 200)
    world.session.takeovers.cancel(takeover.request.request_id)
    carol = await opened(world, Viewer("key-2", "carol"))
    await carol.tell(Ping("is there more?"))
    assert await hear(carol) == Pong("is there more?"), "what is over is told to nobody who comes later"


async def test_other_sessions_hear_nothing(world: World) -> None:
    alice = await opened(world)
    with world.registry.attend("pbs_2") as other:
        other.takeovers.ask("captcha", "", 300, credential_id="key-1")
    await alice.tell(Ping("was there news?"))
    assert await alice.hear() == Pong("was there news?")


async def test_a_viewer_declines_with_a_note(world: World) -> None:
    alice = await opened(world)
    takeover = ask(world)
    decline = DeclineTakeover(MessageId(takeover.request.request_id), Note("I cannot read it either"))
    await hear(alice)
    await alice.tell(decline)
    assert await hear(alice) == TakeoverResolved(takeover.request.request_id, "declined")
    assert await answer(takeover) == ("declined", "I cannot read it either")
    await alice.tell(decline)
    error = await hear(alice)
    assert isinstance(error, Error)
    assert (error.failed_kind, error.code) == ("decline-takeover", "not_asked")


async def test_a_viewer_who_may_only_watch_is_told_and_does_not_decline(world: World) -> None:
    watcher = await opened(world, Viewer("key-2", "watcher", "view"))
    takeover = ask(world)
    assert isinstance(await hear(watcher), TakeoverRequested)
    await watcher.tell(DeclineTakeover(MessageId(takeover.request.request_id)))
    error = await hear(watcher)
    assert isinstance(error, Error)
    assert (error.failed_kind, error.code) == ("decline-takeover", "not_allowed")
    assert takeover.request.outcome is None


async def test_only_the_open_request_is_declined_or_canceled(world: World) -> None:
    await opened(world)
    first = ask(world)
    world.session.takeovers.cancel(first.request.request_id)
    second = ask(world)
    takeovers = world.session.takeovers
    assert not takeovers.decline(first.request.request_id, "")
    assert not takeovers.cancel(first.request.request_id)
    assert second.request.outcome is None


async def test_who_breaks_off_while_helping_has_not_helped(world: World, autojump_clock: MockClock) -> None:
    bob = await opened(world, BOB)
    alice = await opened(world)
    takeover = ask(world)
    await alice.tell(TakeControl())
    told = [await hear(bob), await hear(bob)]
    assert [message.state for message in told if isinstance(message, TakeoverRequested)] == ["waiting", "taken"]
    await alice.client.break_off()
    await trio.sleep(GRACE_SECONDS + 1)
    lost = await hear(bob)
    assert isinstance(lost, TakeoverRequested)
    assert (lost.state, lost.deadline_seconds) == ("waiting", 300 - GRACE_SECONDS)
    assert takeover.request.outcome is None
    await bob.tell(TakeControl())
    await bob.tell(CedeControl())
    assert await answer(takeover) == ("completed", "")


async def test_who_closes_the_page_has_given_back(world: World) -> None:
    alice = await opened(world)
    takeover = ask(world)
    await alice.tell(TakeControl())
    await hear(alice)
    await hear(alice)
    with world.registry.attend(SESSION_ID):
        await alice.client.close(1001)
        assert await answer(takeover) == ("completed", "")


async def test_the_deadline_passes_for_whoever_waits_and_while_somebody_helps(
    world: World, autojump_clock: MockClock
) -> None:
    alice = await opened(world)
    for held in (False, True):
        if held:
            await alice.tell(TakeControl())
        asked = trio.current_time()
        takeover = ask(world, seconds=60)
        assert await answer(takeover) == ("timed_out", "")
        assert trio.current_time() - asked == pytest.approx(62, abs=0.1), "the browser has 2 s to say where it is"


async def test_the_end_of_the_session_answers(world: World) -> None:
    with world.registry.attend(SESSION_ID) as session:
        takeover = ask(world)
        session.end(SessionEnded())
        assert await answer(takeover) == ("session_ended", "")
        assert await answer(ask(world)) == ("session_ended", "")


async def test_the_end_of_the_registry_answers() -> None:
    async with open_registry() as registry:
        with registry.attend(SESSION_ID) as session:
            takeover = session.takeovers.ask("captcha", "", 300, credential_id="key-1")
    assert await answer(takeover) == ("session_ended", "")
    assert not len(registry)


async def test_a_second_request_is_told_of_the_first(world: World) -> None:
    await opened(world)
    first = ask(world)
    with pytest.raises(AlreadyAsked) as caught:
        ask(world)
    assert caught.value.takeover is first


async def test_a_request_of_the_same_name_is_the_same(world: World) -> None:
    await opened(world)
    first = ask(world, key="mine")
    assert ask(world, key="mine") is first
    with pytest.raises(AlreadyAsked):
        ask(world, key="mine", who="key-2")
    world.session.takeovers.cancel(first.request.request_id)
    assert ask(world, key="mine") is first, "also when it is over"
    assert ask(world) is not ask_again(world)


def ask_again(world: World) -> Takeover:
    """After the open one was canceled."""
    open_request = world.session.takeovers.open_request()
    assert open_request is not None
    world.session.takeovers.cancel(open_request.request_id)
    return ask(world)


async def test_a_request_keeps_the_session_until_its_answer(world: World, autojump_clock: MockClock) -> None:
    with world.registry.attend(SESSION_ID):
        ask(world, seconds=60)
    await trio.sleep(59)
    assert len(world.registry) == 1
    await trio.sleep(10)
    assert len(world.registry) == 0


async def test_only_the_latest_are_remembered(world: World) -> None:
    await opened(world)
    takeovers = [ask(world)]
    takeovers += [ask_again(world) for _ in range(20)]
    found = [takeover for takeover in takeovers if world.session.takeovers.find(takeover.request.request_id)]
    assert found == takeovers[-16:]


async def test_events_say_what_for_and_how_it_ended_and_nothing_that_was_written(world: World) -> None:
    await opened(world)
    takeover = ask(world, note="a secret")
    world.session.takeovers.decline(takeover.request.request_id, "another secret")
    await wait_all_tasks_blocked()
    request_id = takeover.request.request_id
    assert world.events == [
        HelpAsked(SESSION_ID, request_id, "captcha", 300),
        HelpOver(SESSION_ID, request_id, "declined"),
    ]
    assert [event.kind for event in world.events] == ["takeover-requested", "takeover-resolved"]
    assert "secret" not in str([event.data() for event in world.events])
