from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import ClassVar

import pytest
import trio
from channel_world import ALICE, BOB, SESSION, SESSION_ID, World, open_world
from left_behind import open_files, tasks
from trio.testing import MockClock, wait_all_tasks_blocked

from pilothouse.channels.channel import GOODBYE_SECONDS, Channel, Connection
from pilothouse.channels.end_signal import EndSignal
from pilothouse.channels.errors import (
    CLOSE_CODES,
    MAX_REASON,
    BrowserGone,
    ChannelEnded,
    MalformedStream,
    Replaced,
    SessionEnded,
    ViewerLeft,
)
from pilothouse.channels.live_session import LiveSession
from pilothouse.protocol.messages import TakeControl
from pilothouse.protocol.verdict import Refused
from pilothouse.testing.memory_transport import MemoryTransport, memory_transport_pair

Stream = Callable[[LiveSession, EndSignal], Awaitable[None]]


class PlainChannel(Channel):
    """A channel whose `stream` is whatever the test says."""

    kind: ClassVar[str] = "plain"

    def __init__(self, connection: Connection, stream: Stream) -> None:
        self.connection = connection
        self.stream = stream

    def control_changed(self) -> None: ...


async def forever(_session: LiveSession, _signal: EndSignal) -> None:
    await trio.sleep_forever()


def raising(*errors: BaseException) -> Stream:
    async def stream(_session: LiveSession, _signal: EndSignal) -> None:
        if len(errors) == 1:
            raise errors[0]
        raise BaseExceptionGroup("several at once", errors)

    return stream


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as world:
        yield world


async def test_stream_that_returns_ends_the_rest(world: World) -> None:
    async def stream(_session: LiveSession, _signal: EndSignal) -> None:
        assert len(world.verification) == 1
        assert len(world.registry) == 1

    transport, client = memory_transport_pair()
    outcome = await world.run(PlainChannel(world.connection(transport), stream)).outcome()
    assert outcome.close_code == 1000
    assert (client.close_code, client.close_reason) == (1000, "the session has ended")
    assert len(world.verification) == len(world.registry) == 0


async def test_refusal_ends_the_stream(world: World) -> None:
    cleaned_up = trio.Event()

    async def stream(_session: LiveSession, _signal: EndSignal) -> None:
        try:
            await trio.sleep_forever()
        finally:
            cleaned_up.set()

    transport, client = memory_transport_pair()
    running = world.run(PlainChannel(world.connection(transport), stream))
    await wait_all_tasks_blocked()
    world.store.verdicts[SESSION] = Refused("the session is over (failed)")
    world.verification.notify(SESSION.kind, SESSION.id)
    assert (await running.outcome()).close_code == 4410
    assert (client.close_code, client.close_reason) == (4410, "the session is over (failed)")
    assert cleaned_up.is_set()


async def test_signal_from_inside_ends_the_stream(world: World) -> None:
    async def stream(_session: LiveSession, signal: EndSignal) -> None:
        signal.send(Replaced())
        signal.send(SessionEnded())
        await trio.sleep_forever()

    transport, _ = memory_transport_pair()
    assert (await world.run(PlainChannel(world.connection(transport), stream)).outcome()).close_code == 4409


@pytest.mark.parametrize("error", [kind for kind in CLOSE_CODES if kind is not ViewerLeft])
async def test_close_code_and_reason_go_to_the_viewer(error: type[ChannelEnded], world: World) -> None:
    transport, client = memory_transport_pair()
    outcome = await world.run(PlainChannel(world.connection(transport), raising(error()))).outcome()
    assert (outcome.close_code, outcome.reason) == CLOSE_CODES[error]
    assert (client.close_code, client.close_reason) == CLOSE_CODES[error]


async def test_reason_fits_into_a_close_frame(world: World) -> None:
    transport, client = memory_transport_pair()
    await world.run(PlainChannel(world.connection(transport), raising(BrowserGone("ü" * 100)))).outcome()
    assert client.close_reason == "ü" * (MAX_REASON // 2)


async def test_details_are_for_the_log_only(world: World) -> None:
    transport, client = memory_transport_pair()
    error = BrowserGone(detail="tcp://10.0.0.7 refused, password sesame")
    outcome = await world.run(PlainChannel(world.connection(transport), raising(error))).outcome()
    assert outcome.detail == "tcp://10.0.0.7 refused, password sesame"
    assert client.close_reason == "the browser went away"


async def test_bug_is_1011_with_an_incident_id(world: World, caplog: pytest.LogCaptureFixture) -> None:
    transport, client = memory_transport_pair()
    running = world.run(PlainChannel(world.connection(transport), raising(ZeroDivisionError("secret detail"))))
    assert (await running.outcome()).close_code == 1011
    assert client.close_code == 1011
    told = re.fullmatch(r"internal error ([0-9a-f]{8})", client.close_reason)
    assert told is not None
    [record] = [record for record in caplog.records if told[1] in record.getMessage()]
    assert record.exc_info is not None
    assert "ZeroDivisionError" in caplog.text


async def test_bug_in_one_channel_does_not_end_the_others(world: World) -> None:
    other = world.frontend(BOB)
    await other.hear()
    transport, _ = memory_transport_pair()
    await world.run(PlainChannel(world.connection(transport), raising(KeyError("x")))).outcome()
    await other.tell(TakeControl())
    await other.hear()


@pytest.mark.parametrize(
    ("errors", "close_code"),
    [
        ([ViewerLeft(1006), BrowserGone()], 4411),
        ([BrowserGone(), Replaced(), ViewerLeft(1000)], 4409),
        ([MalformedStream(), SessionEnded()], 1000),
        ([ViewerLeft(1000), ValueError("bug")], 1011),
        ([ExceptionGroup("deeper", [BrowserGone(), ExceptionGroup("down", [Replaced()])])], 4409),
    ],
)
async def test_several_errors_at_once(errors: list[Exception], close_code: int, world: World) -> None:
    transport, _ = memory_transport_pair()
    outcome = await world.run(PlainChannel(world.connection(transport), raising(*errors))).outcome()
    assert outcome.close_code == close_code


async def test_cancellation_from_outside_says_1001_and_cleans_up(world: World) -> None:
    alice = world.frontend()
    await alice.tell(TakeControl())
    await wait_all_tasks_blocked()
    assert world.session.holds_control(ALICE)
    with world.registry.attend(SESSION_ID) as session:
        alice.running.scope.cancel()
        await alice.running.ended()
        assert (alice.client.close_code, alice.client.close_reason) == (1001, "the server is stopping")
        assert session.control.interactor == "agent", "nobody comes back to a server that is stopped"
    assert len(world.registry) == len(world.verification) == 0


@pytest.mark.parametrize("in_between", range(12))
async def test_cancellation_at_any_moment(in_between: int, world: World) -> None:
    """Whichever step of its life a channel is cancelled at, it says good-bye and leaves nothing."""
    alice = world.frontend()
    await alice.tell(TakeControl())
    for _ in range(in_between):
        await trio.lowlevel.checkpoint()
    alice.running.scope.cancel()
    await alice.running.ended()
    assert alice.client.close_code == 1001
    assert len(world.registry) == len(world.verification) == 0


async def test_refused_channels_are_closed_too(world: World) -> None:
    world.store.verdicts[SESSION] = Refused("the session is over (completed)")
    alice = world.frontend()
    await alice.running.outcome()
    assert (alice.client.close_code, alice.client.close_reason) == (4410, "the session is over (completed)")


class ReluctantTransport:
    """One whose `close` takes for ever."""

    def __init__(self, transport: MemoryTransport) -> None:
        self._transport = transport
        self.receive = transport.receive
        self.receive_nowait = transport.receive_nowait
        self.send = transport.send

    async def close(self, close_code: int, reason: str) -> None:
        try:
            await trio.sleep_forever()
        finally:
            await self._transport.close(close_code, reason)


@pytest.mark.parametrize("cancelled", [False, True])
async def test_close_is_bounded(cancelled: bool, world: World, autojump_clock: MockClock) -> None:
    transport, client = memory_transport_pair()
    running = world.run(PlainChannel(world.connection(ReluctantTransport(transport)), forever))
    await wait_all_tasks_blocked()
    began = trio.current_time()
    if cancelled:
        running.scope.cancel()
    else:
        world.session.end(SessionEnded())
    await running.ended()
    assert trio.current_time() - began == pytest.approx(GOODBYE_SECONDS)
    assert client.close_code == (1001 if cancelled else 1000)


async def test_nothing_is_left() -> None:
    async def visit(world: World) -> None:
        alice, bob = world.frontend(), world.frontend(BOB)
        for frontend in (alice, bob):
            await frontend.hear()
            await frontend.tell(TakeControl())
        await wait_all_tasks_blocked()
        await alice.client.close(1000)
        await alice.running.outcome()
        world.session.end(SessionEnded())
        await bob.running.outcome()
        transport, _ = memory_transport_pair()
        await world.run(PlainChannel(world.connection(transport), raising(ViewerLeft(1000)))).outcome()
        await wait_all_tasks_blocked()

    async with open_world() as world:
        await visit(world)
        before = tasks(), open_files()
        for _ in range(5):
            await visit(world)
        assert (tasks(), open_files()) == before
        assert len(world.registry) == len(world.verification) == 0
