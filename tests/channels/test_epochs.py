"""What belongs to an older epoch of control never goes out, and nobody acts before what did is through."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import attrs
import pytest
import trio
from channel_world import ALICE, BOB, PATIENCE, SESSION_ID, World, open_world
from hypothesis import example, given
from hypothesis import strategies as st
from rfb_viewer import CONTROL, LETTER_A, SHIFT, key, pointer, update_request
from trio.testing import MockClock, wait_all_tasks_blocked
from vnc_stage import open_stage, received

from pilothouse.channels.browser_requests import BrowserRequests
from pilothouse.channels.end_signal import EndSignal
from pilothouse.channels.execution import ExecutionFailed, NotPossible
from pilothouse.channels.live_session import LiveSession
from pilothouse.channels.member import Member
from pilothouse.channels.noted_input import NotedInput
from pilothouse.channels.vnc_input import VncInput
from pilothouse.protocol.clipboard_policy import BOTH
from pilothouse.protocol.control import LeaseRules, Viewer
from pilothouse.protocol.messages import BrowserUrl, Error, GetBrowserUrl, GoBack, Reload, ToFrontend
from pilothouse.protocol.rfb.input_policy import GUARDED
from pilothouse.testing.scripted_vnc_server import VncScript

FIRST_KEY = 0x0100_0400
"""From here on each press of a story has a key of its own."""


class Recorder:
    """A VNC server: which keys were pressed, at each of which epoch; and what is held."""

    def __init__(self, session: LiveSession) -> None:
        self._session = session
        self.pressed: list[tuple[int, int]] = []
        self.held: set[int] = set()

    async def receive_some(self) -> bytes:
        raise NotImplementedError

    async def send_all(self, data: bytes) -> None:
        for start in range(0, len(data), 8):
            kind, down, keysym = struct.unpack(">BBxxI", data[start : start + 8])
            assert kind == 4
            if down:
                self.pressed.append((keysym, self._session.control.control_epoch))
                self.held.add(keysym)
            else:
                self.held.discard(keysym)
        await trio.lowlevel.checkpoint()


@attrs.define
class Clipboards:
    """A viewer's clipboard that has to be asked, and answers when the test says so."""

    answer: trio.Event = attrs.field(factory=trio.Event)
    passes: bool = True

    def mark(self) -> None:
        """There is no browser that could say what was copied."""

    async def paste(self, _send: object, _put_elsewhere: object) -> bool:
        await self.answer.wait()
        return not self.passes


@attrs.define
class Hands:
    """One viewer with its input channel."""

    way: VncInput
    server: Recorder
    clipboard: Clipboards
    pasted_in: int
    send: trio.MemorySendChannel[bytes]


@asynccontextmanager
async def hands_of(session: LiveSession) -> AsyncIterator[dict[Viewer, Hands]]:
    hands = {}
    async with trio.open_nursery() as nursery:
        for viewer in (ALICE, BOB):
            server, clipboard = Recorder(session), Clipboards()
            send, receive = trio.open_memory_channel[bytes](100)
            way = VncInput(viewer, GUARDED, clipboard, server, session)  # type: ignore[arg-type]
            session.join(Member("vnc", viewer, EndSignal(), way.control_changed))
            nursery.start_soon(way.run, b"", receive.receive)
            hands[viewer] = Hands(way, server, clipboard, -1, send)
        yield hands
        nursery.cancel_scope.cancel()


@attrs.frozen
class Arrival:
    """How things stood when a key arrived."""

    viewer: Viewer
    epoch: int
    in_control: bool
    behind_paste: bool


Step = Literal["type", "hold", "paste", "answer", "take", "cede", "pause", "resume", "breathe"]


@example([("take", ALICE), ("paste", ALICE), ("hold", ALICE), ("take", BOB), ("take", ALICE), ("type", ALICE)])
@given(st.lists(st.tuples(st.sampled_from(Step.__args__), st.sampled_from([ALICE, BOB])), max_size=40))  # type: ignore[attr-defined]
def test_what_arrived_in_an_epoch_goes_out_in_it_or_never(steps: list[tuple[Step, Viewer]]) -> None:
    async def play() -> None:
        async with open_world() as world:
            with world.registry.attend(SESSION_ID) as session:
                async with hands_of(session) as hands:
                    arrived = dict[int, Arrival]()
                    for number, (step, viewer) in enumerate(steps):
                        await take_step(step, number, viewer, hands, session, arrived)
                    await wait_all_tasks_blocked()
                    for viewer, hand in hands.items():
                        fresh = [(keysym, epoch) for keysym, epoch in hand.server.pressed if keysym >= FIRST_KEY]
                        assert [epoch for _, epoch in fresh] == [arrived[keysym].epoch for keysym, _ in fresh]
                        assert all(arrived[keysym].in_control for keysym, _ in fresh)
                        out = [keysym for keysym, _ in fresh]
                        assert out == sorted(set(out))
                        for keysym, arrival in arrived.items():
                            if arrival.viewer == viewer and arrival.in_control and not arrival.behind_paste:
                                assert keysym in out
                        if not session.holds_control(viewer):
                            assert not hand.server.held

    trio.run(play)


async def take_step(
    step: Step,
    number: int,
    viewer: Viewer,
    hands: dict[Viewer, Hands],
    session: LiveSession,
    arrived: dict[int, Arrival],
) -> None:
    hand = hands[viewer]
    match step:
        case "type" | "hold":
            keysym = FIRST_KEY + number
            await hand.send.send(key(keysym) + (key(keysym, down=False) if step == "type" else b""))
            await wait_all_tasks_blocked()
            epoch = session.control.control_epoch
            arrived[keysym] = Arrival(viewer, epoch, session.holds_control(viewer), hand.pasted_in == epoch)
        case "paste":
            hand.clipboard.answer = trio.Event()
            hand.pasted_in = session.control.control_epoch
            await hand.send.send(key(CONTROL) + key(ord("v")) + key(ord("v"), down=False) + key(CONTROL, down=False))
            await wait_all_tasks_blocked()
        case "answer":
            hand.clipboard.answer.set()
        case "take":
            await session.take_control(viewer)
        case "cede":
            if session.holder == viewer:
                session.cede_control(viewer)
        case "pause":
            await session.pause()
        case "resume":
            await session.resume()
        case "breathe":
            await wait_all_tasks_blocked()


async def test_a_word_that_is_cut_off_leaves_no_key_down() -> None:
    """The network goes in the middle of a word: what was held is lifted, and the word goes on after the return."""
    async with open_stage() as stage:
        viewer, connection = await stage.driving()
        await viewer.say(key(SHIFT) + key(LETTER_A) + key(LETTER_A, down=False) + key(LETTER_A + 1))
        assert len(await received(connection, viewer)) == 32
        await viewer.client.break_off()
        with trio.fail_after(PATIENCE):
            await connection.gone()
        assert bytes(connection.received).endswith(key(LETTER_A + 1, down=False) + key(SHIFT, down=False))
        assert stage.session.control.holder_client_id == ALICE.client_id

        again, second = await stage.watching(index=1)
        assert stage.session.holds_control(ALICE)
        await again.say(key(LETTER_A + 1, down=False) + key(SHIFT, down=False) + key(LETTER_A))
        assert await received(second, again) == key(LETTER_A), "what it holds down now, it has pressed now"


async def test_nobody_acts_before_the_keys_of_the_one_before_are_lifted() -> None:
    """A VNC server that does not read: the lifts are under way, and the taker waits for them, but not for ever."""
    async with open_stage(VncScript(deaf=True)) as stage:
        viewer, _connection = await stage.driving()
        await stage.watching(BOB, 1)
        session = stage.session
        async with trio.open_nursery() as nursery:

            async def flood() -> None:
                while True:
                    await viewer.client.send(pointer(0) * 10_000)

            nursery.start_soon(flood)
            await wait_all_tasks_blocked()
            with trio.fail_after(PATIENCE):
                told = trio.Event()
                with session.watching_control(lambda _: told.set()):
                    nursery.start_soon(session.take_control, BOB)
                    await wait_all_tasks_blocked()
                    assert session.control.holder_client_id == "bob"
                    assert not session.holds_control(BOB)
                    await told.wait()
            assert session.holds_control(BOB)
            nursery.cancel_scope.cancel()


async def test_input_keeps_control_and_looking_does_not(autojump_clock: MockClock) -> None:
    noted, sent = 0, list[bytes]()

    def note() -> None:
        nonlocal noted
        noted += 1

    class Server:
        async def receive_some(self) -> bytes:
            return b"pixels"

        async def send_all(self, data: bytes) -> None:
            sent.append(data)

    way = NotedInput(Server(), note)
    looking = [b"", update_request(), update_request() * 3, update_request()[:7], bytes(20)]
    acting = [key(LETTER_A), update_request() * 2 + pointer(1), pointer(0) + update_request()]
    for data in looking + acting:
        await way.send_all(data)
    assert sent == looking + acting
    assert noted == len(acting)
    assert await way.receive_some() == b"pixels"


@given(st.binary(max_size=64))
def test_any_bytes_pass(data: bytes) -> None:
    async def check() -> None:
        class Server:
            async def receive_some(self) -> bytes:
                return b""

            async def send_all(self, data: bytes) -> None:
                sent.append(data)

        sent: list[bytes] = []
        await NotedInput(Server(), lambda: None).send_all(data)
        assert sent == [data]

    trio.run(check)


async def test_who_types_is_not_idle(mock_clock: MockClock) -> None:
    async with open_stage(rules=LeaseRules(idle_seconds=1.0)) as stage:
        viewer, connection = await stage.driving()
        for _ in range(3):
            mock_clock.jump(0.9)
            await viewer.say(key(LETTER_A) + key(LETTER_A, down=False))
            await received(connection, viewer)
            assert stage.session.holds_control(ALICE)
        mock_clock.jump(0.9)
        await viewer.say(update_request())
        await received(connection, viewer)
        assert stage.session.holds_control(ALICE)
        mock_clock.jump(0.11)
        await wait_all_tasks_blocked()
        assert stage.session.agent_may_act


class Operation:
    """One operation of a browser that takes its time."""

    def __init__(self) -> None:
        self.begun = 0
        self.done = trio.Event()
        self.failure: ExecutionFailed | None = None

    async def __call__(self, **_options: object) -> None:
        self.begun += 1
        await self.done.wait()
        if self.failure is not None:
            raise self.failure


class SlowBrowser:
    """A `RemoteBrowser` whose operations are done when the test says so."""

    def __init__(self) -> None:
        self.execution = self
        self.reload, self.back = Operation(), Operation()

    async def url(self) -> str:
        return "about:blank"


@attrs.define
class Asking:
    """A frontend's requests, and the answers."""

    requests: BrowserRequests
    browser: SlowBrowser
    session: LiveSession
    answers: list[ToFrontend]
    may_answer: trio.Event | None = None

    def codes(self) -> list[str]:
        return [answer.code for answer in self.answers if isinstance(answer, Error)]


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    browser, answers = SlowBrowser(), list[ToFrontend]()

    async def answer(message: ToFrontend) -> None:
        if frontend.may_answer is not None:
            await frontend.may_answer.wait()
        answers.append(message)

    async with open_world() as world, trio.open_nursery() as nursery:
        with world.registry.attend(SESSION_ID) as session:
            session.set_upstream(None, browser)  # type: ignore[arg-type]
            requests = BrowserRequests(session, ALICE, BOTH, answer, nursery)
            session.join(Member("messages", ALICE, EndSignal(), lambda: None, requests.quiet))
            await session.take_control(ALICE)
            frontend = Asking(requests, browser, session, answers)
            yield frontend
            nursery.cancel_scope.cancel()


async def test_a_request_under_way_may_end_and_those_behind_it_are_of_the_past(
    asking: Asking, autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    for _ in range(3):
        assert asking.requests.begin(Reload()) is None
    await wait_all_tasks_blocked()
    nursery.start_soon(asking.session.take_control, BOB)
    await trio.sleep(0.5)
    assert not asking.session.holds_control(BOB), "it waits for what is under way"
    asking.browser.reload.done.set()
    await wait_all_tasks_blocked()
    assert asking.session.holds_control(BOB)
    assert asking.browser.reload.begun == 1
    assert asking.codes() == ["not_in_control"] * 2


async def test_control_that_comes_back_does_not_bring_back_what_was_asked_before(
    asking: Asking, autojump_clock: MockClock
) -> None:
    """The frontend does not read, so that its second request waits for the answer to the first one."""
    asking.may_answer = trio.Event()
    asking.browser.reload.failure = NotPossible("not today")
    asking.browser.reload.done.set()
    for _ in range(2):
        asking.requests.begin(Reload())
    await wait_all_tasks_blocked()
    await asking.session.take_control(BOB)
    await asking.session.take_control(ALICE)
    assert asking.session.holds_control(ALICE)
    asking.may_answer.set()
    await wait_all_tasks_blocked()
    assert asking.browser.reload.begun == 1
    assert asking.codes() == ["not_possible", "not_in_control"]
    asking.requests.begin(Reload())
    await wait_all_tasks_blocked()
    assert asking.browser.reload.begun == 2


async def test_a_request_that_takes_too_long_is_given_up(asking: Asking, autojump_clock: MockClock) -> None:
    asking.requests.begin(GoBack())
    await wait_all_tasks_blocked()
    began = trio.current_time()
    await asking.session.take_control(BOB)
    assert trio.current_time() - began == pytest.approx(1.0)
    await wait_all_tasks_blocked()
    assert asking.codes() == ["not_in_control"]
    asking.browser.back.done.set()
    asking.requests.begin(GetBrowserUrl())
    await wait_all_tasks_blocked()
    assert asking.answers[-1] == BrowserUrl("about:blank"), "the row goes on"


async def test_acting_is_not_idle_and_reading_is(autojump_clock: MockClock, world_with_idleness: World) -> None:
    world = world_with_idleness
    with world.registry.attend(SESSION_ID) as session:
        browser = SlowBrowser()
        browser.reload.done.set()
        session.set_upstream(None, browser)  # type: ignore[arg-type]

        async def answer(_message: ToFrontend) -> None: ...

        requests = BrowserRequests(session, ALICE, BOTH, answer, world.nursery)
        await session.take_control(ALICE)
        for request in (Reload(), GetBrowserUrl()):
            await trio.sleep(40)
            requests.begin(request)
            await wait_all_tasks_blocked()
        assert session.holds_control(ALICE)
        await trio.sleep(20.01)
        assert session.agent_may_act


@pytest.fixture
async def world_with_idleness() -> AsyncIterator[World]:
    async with open_world(rules=LeaseRules(idle_seconds=60)) as world:
        yield world
