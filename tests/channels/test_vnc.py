from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import attrs
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from leftovers import open_files, tasks
from rfb_viewer import (
    CONTINUOUS_UPDATES,
    CONTROL,
    FENCE,
    LETTER_A,
    LETTER_B,
    SET_PIXEL_FORMAT,
    SHIFT,
    RfbViewer,
    cut_text,
    key,
    pointer,
    set_encodings,
    update_request,
)
from trio.testing import MockClock, wait_all_tasks_blocked
from websocket_pair import open_websocket_pair
from websockify import running_websockify
from world import ALICE, BOB, PATIENCE, SESSION_ID, World, open_world

from pilothouse.channels.errors import SessionEnded
from pilothouse.channels.registry import LiveSession
from pilothouse.channels.transport import LARGEST_MESSAGE
from pilothouse.channels.upstream import Upstream
from pilothouse.channels.vnc import DEFAULT_DEADLINES, Deadlines, VncChannel
from pilothouse.protocol.control import Viewer
from pilothouse.protocol.rfb.constants import ClientMessageType
from pilothouse.protocol.rfb.viewer_stream import ViewerStream
from pilothouse.testing.memory_transport import memory_transport_pair
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer, VncConnection, VncScript, server_init

IMPATIENT = Deadlines(browser=0.05, handshake=0.05)
INPUT = key(LETTER_A) + key(LETTER_A, down=False) + pointer(1) + pointer(0) + cut_text(b"clip")


@attrs.frozen
class Stage:
    """A session with a VNC server behind it."""

    world: World
    session: LiveSession
    server: ScriptedVncServer
    deadlines: Deadlines

    def enter(self, who: Viewer = ALICE) -> RfbViewer:
        """Somebody opens a VNC channel."""
        transport, client = memory_transport_pair()
        channel = VncChannel(self.world.connection(transport, who), self.deadlines)
        return RfbViewer(self.world.run(channel), client)

    @asynccontextmanager
    async def enter_over_websocket(self, who: Viewer = ALICE) -> AsyncIterator[RfbViewer]:
        async with open_websocket_pair() as (transport, client):
            channel = VncChannel(self.world.connection(transport, who), self.deadlines)
            yield RfbViewer(self.world.run(channel), client)

    async def watching(self, who: Viewer = ALICE, index: int = 0) -> tuple[RfbViewer, VncConnection]:
        """Somebody watches; also the VNC server's end of it."""
        viewer = self.enter(who)
        await viewer.shake_hands()
        return viewer, await self.server.connection(index)

    async def driving(self) -> tuple[RfbViewer, VncConnection]:
        """Alice has control."""
        self.session.take_control(ALICE)
        return await self.watching()


@asynccontextmanager
async def open_stage(
    script: VncScript | None = None, *, password: str | None = None, deadlines: Deadlines = DEFAULT_DEADLINES
) -> AsyncIterator[Stage]:
    async with ScriptedVncServer(script or VncScript()) as server, open_world() as world:
        with world.registry.attend(SESSION_ID) as session:
            session.set_upstream(Upstream(server.address, password))
            yield Stage(world, session, server, deadlines)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as stage:
        yield stage


MARKERS = [update_request(number) for number in range(50_000, 50_100)]


async def received(connection: VncConnection, viewer: RfbViewer) -> bytes:
    """What has come from this viewer up to now, without the markers that tell us so."""
    marker = next(marker for marker in MARKERS if marker not in connection.received)
    await viewer.say(marker)
    with trio.fail_after(PATIENCE):
        await connection.received_until(marker)
    return without_markers(connection)


def without_markers(connection: VncConnection) -> bytes:
    everything = bytes(connection.received)
    for marker in MARKERS:
        everything = everything.replace(marker, b"")
    return everything


# Handshake


async def test_handshake_messages_come_one_by_one(stage: Stage) -> None:
    viewer = stage.enter()
    assert await viewer.shake_hands() == server_init()
    connection = await stage.server.connection()
    assert connection.shared == 1, "the viewer said 0, and other viewers would have been thrown out"


@pytest.mark.parametrize(
    ("version", "messages"),
    [
        (b"RFB 003.003\n", [b"\0\0\0\x01", server_init()]),
        (b"RFB 003.007\n", [b"\x01\x01", server_init()]),
        (b"RFB 003.008\n", [b"\x01\x01", bytes(4), server_init()]),
    ],
)
async def test_viewer_that_does_not_wait_for_answers(version: bytes, messages: list[bytes], stage: Stage) -> None:
    choice = b"" if version == b"RFB 003.003\n" else b"\x01"
    viewer = stage.enter()
    await viewer.say(version + choice + b"\x01" + INPUT + update_request(7))
    assert await viewer.hear() == b"RFB 003.008\n"
    assert [await viewer.hear() for _ in messages] == messages
    connection = await stage.server.connection()
    with trio.fail_after(PATIENCE):
        assert await connection.received_until(update_request(7)) == update_request(7)


async def test_viewer_that_sends_byte_by_byte(stage: Stage) -> None:
    stage.session.take_control(ALICE)
    viewer = stage.enter()
    for byte in b"RFB 003.008\n\x01\x01" + INPUT:
        await viewer.say(bytes([byte]))
    await viewer.pixels(12 + 2 + 4 + len(server_init()))
    assert await received(await stage.server.connection(), viewer) == INPUT


async def test_early_bytes_go_into_the_filter(stage: Stage) -> None:
    viewer = stage.enter()
    await viewer.shake_hands(behind_client_init=INPUT + update_request(1) + INPUT)
    assert await received(await stage.server.connection(), viewer) == update_request(1)


@pytest.mark.parametrize(
    ("version", "security_types"),
    [
        (b"RFB 003.003\n", (1,)),
        (b"RFB 003.003\n", (2,)),
        (b"RFB 003.007\n", (1,)),
        (b"RFB 003.007\n", (16, 2)),
        (b"RFB 003.008\n", (19, 2, 1)),
        (b"RFB 003.008\n", (2,)),
        (b"RFB 004.001\n", (2,)),
        (b"RFB 003.889\n", (30, 2)),
    ],
)
async def test_every_kind_of_vnc_server(version: bytes, security_types: tuple[int, ...]) -> None:
    script = VncScript(version, security_types, password="sesame99", pixels=b"pixels")
    async with open_stage(script, password="sesame99") as stage:
        viewer = stage.enter()
        assert await viewer.shake_hands() == server_init()
        assert await viewer.hear() == b"pixels"


async def test_vnc_server_behind_a_websockify() -> None:
    async with ScriptedVncServer(over="tcp") as server, open_world() as world:
        with world.registry.attend(SESSION_ID) as session, running_websockify(port_of(server)) as address:
            session.set_upstream(Upstream(address))
            stage = Stage(world, session, server, DEFAULT_DEADLINES)
            viewer, connection = await stage.driving()
            await viewer.say(HELD)
            assert await received(connection, viewer) == HELD
            await connection.send(b"pixels")
            assert await viewer.hear() == b"pixels"
            await viewer.client.break_off()
            with trio.fail_after(PATIENCE):
                await connection.gone()
            assert without_markers(connection) == HELD + RELEASED
            connection.hang_up()


async def test_websockify_without_a_vnc_server() -> None:
    async with ScriptedVncServer(over="tcp") as gone:
        pass
    async with open_world() as world:
        with world.registry.attend(SESSION_ID) as session, running_websockify(port_of(gone)) as address:
            session.set_upstream(Upstream(address))
            viewer = world.run(VncChannel(world.connection(memory_transport_pair()[0])))
            assert (await viewer.outcome()).close_code == 4411


def port_of(server: ScriptedVncServer) -> int:
    return int(server.address.rpartition(":")[2])


async def test_vnc_server_over_tcp_that_echoes() -> None:
    async with ScriptedVncServer(VncScript(echo=True), over="tcp") as server, open_world() as world:
        with world.registry.attend(SESSION_ID) as session:
            session.set_upstream(Upstream(server.address))
            viewer, _ = await Stage(world, session, server, DEFAULT_DEADLINES).driving()
            for _ in range(3):
                await viewer.say(key(LETTER_A))
                assert await viewer.hear() == key(LETTER_A)


HANDSHAKE = 12 + 2 + 4 + len(server_init())
SECRET = "host db-7.internal is blacklisted"


@pytest.mark.parametrize(
    ("script", "close_code"),
    [
        (VncScript(refusal=SECRET), 4411),
        (VncScript(b"RFB 003.007\n", refusal=SECRET), 4411),
        (VncScript(b"RFB 003.003\n", refusal=SECRET), 4411),
        (VncScript(b"RFB 003.008\n", (2,), password="another"), 4411),
        (VncScript(b"RFB 003.003\n", (2,), password="another"), 4411),
        (VncScript(security_types=(16, 19)), 4411),
        (VncScript(b"RFB 000.000\n"), 4411),
        (VncScript(SECRET.encode()), 4411),
        (VncScript(random.Random(3).randbytes(100_000)), 4411),
        (VncScript(server_init=server_init()[:20] + b"\xff\xff\xff\xff"), 4411),
        *((VncScript(hang_up_after=count), 4411) for count in (0, 1, 11, 12, 13, 14, 18, 30, HANDSHAKE - 1)),
        *((VncScript(fall_silent_after=count), 4408) for count in (0, 12, 14, 18, HANDSHAKE - 1)),
    ],
    ids=str,
)
async def test_vnc_server_that_does_not_let_us_in(
    script: VncScript, close_code: int, caplog: pytest.LogCaptureFixture
) -> None:
    deadlines = IMPATIENT if close_code == 4408 else DEFAULT_DEADLINES
    async with open_stage(script, password="sesame99", deadlines=deadlines) as stage:
        viewer = stage.enter()
        outcome = await viewer.running.outcome()
        assert outcome.close_code == close_code
        assert viewer.client.close_code == close_code
        assert viewer.client.close_reason
        for word in (*SECRET.split(), "password", "sesame99", stage.server.address):
            assert word not in viewer.client.close_reason
            assert "sesame99" not in outcome.detail
        assert not caplog.records, "a VNC server's mood is no bug of ours"


async def test_vnc_server_that_wants_a_password_that_we_do_not_have() -> None:
    async with open_stage(VncScript(security_types=(2,))) as stage:
        assert (await stage.enter().running.outcome()).close_code == 4411


async def test_nobody_listens(stage: Stage) -> None:
    stage.session.set_upstream(Upstream("unix:///nobody/listens/here"))
    viewer = stage.enter()
    assert (await viewer.running.outcome()).close_code == 4411
    assert "nobody" not in viewer.client.close_reason


async def test_session_without_a_browser_yet() -> None:
    async with open_world() as world:
        viewer = world.run(VncChannel(world.connection(memory_transport_pair()[0]), IMPATIENT))
        assert (await viewer.outcome()).close_code == 4408


async def test_session_that_ends_before_it_has_a_browser() -> None:
    async with open_world() as world:
        viewer = world.run(VncChannel(world.connection(memory_transport_pair()[0])))
        await wait_all_tasks_blocked()
        world.session.end(SessionEnded())
        assert (await viewer.outcome()).close_code == 1000


async def test_browser_without_vnc(stage: Stage) -> None:
    stage.session.set_upstream(None)
    assert (await stage.enter().running.outcome()).close_code == 4404


@pytest.mark.parametrize(
    "greeting",
    [b"GET / HTTP/1.1\r\n\r\n", b"RFB 003.999\n", b"RFB 003.008\n\x02", b"\xff" * 12, "RFB 003.008\n"],
)
async def test_viewer_that_does_not_speak_rfb(greeting: bytes | str, stage: Stage) -> None:
    viewer = stage.enter()
    await viewer.client.send(greeting)
    assert (await viewer.running.outcome()).close_code == 1002
    assert stage.server.connections[0].received == b""


async def test_viewer_that_never_answers() -> None:
    async with open_stage(deadlines=IMPATIENT) as stage:
        assert (await stage.enter().running.outcome()).close_code == 1002


# Input


async def test_without_control_only_pixels_are_asked_for(stage: Stage) -> None:
    viewer, connection = await stage.watching()
    harmless = [SET_PIXEL_FORMAT, set_encodings(7, 0), update_request(1), CONTINUOUS_UPDATES, FENCE]
    for message in harmless:
        await viewer.say(INPUT + message + INPUT)
    assert await received(connection, viewer) == b"".join(harmless)


async def test_with_control_input_arrives_byte_for_byte(stage: Stage) -> None:
    viewer, connection = await stage.driving()
    odd = bytes([4, 7, 0xDE, 0xAD]) + LETTER_A.to_bytes(4)  # a press as a careless client writes it
    messages = [odd, key(LETTER_A, down=False), pointer(1), pointer(0), cut_text(b"clip" * 5000), update_request(1)]
    for message in messages:
        await viewer.say(message)
    assert await received(connection, viewer) == b"".join(messages)


@pytest.mark.parametrize("size", [1, 5, 1000])
async def test_where_frames_end_means_nothing(size: int, stage: Stage) -> None:
    viewer, connection = await stage.driving()
    sent = INPUT * 20
    for start in range(0, len(sent), size):
        await viewer.say(sent[start : start + size])
    assert await received(connection, viewer) == sent


async def test_a_flood_of_messages_does_not_keep_the_others_waiting(stage: Stage) -> None:
    viewer, connection = await stage.watching()
    turns = 0

    async def somebody_else() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        await viewer.say(pointer(1) * (LARGEST_MESSAGE // 6))
        nursery.start_soon(somebody_else)
        assert await received(connection, viewer) == b""
        nursery.cancel_scope.cancel()
    assert turns > 100


async def test_input_over_a_real_websocket(stage: Stage) -> None:
    async with stage.enter_over_websocket() as viewer:
        assert await viewer.shake_hands() == server_init()
        connection = await stage.server.connection()
        await viewer.say(INPUT)
        assert await received(connection, viewer) == b""
        stage.session.take_control(ALICE)
        await viewer.client.send_fragments([INPUT[:3], INPUT[3:9], INPUT[9:]])
        assert await received(connection, viewer) == INPUT
        await connection.send(b"pixels")
        assert await viewer.hear() == b"pixels"


HELD = key(SHIFT) + key(LETTER_A) + key(CONTROL) + pointer(5, 30, 40)
RELEASED = key(LETTER_A, down=False) + key(SHIFT, down=False) + key(CONTROL, down=False) + pointer(0, 30, 40)


async def test_who_loses_control_lets_go_of_everything(stage: Stage) -> None:
    """Keys and buttons are lifted, modifiers last, on the connection that pressed them; what comes later is late."""
    alice, alices = await stage.driving()
    bob, bobs = await stage.watching(BOB, 1)
    await alice.say(HELD)
    assert await received(alices, alice) == HELD
    stage.session.take_control(BOB)
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
    stage.session.take_control(BOB)
    stage.session.take_control(ALICE)
    await viewer.say(key(SHIFT, down=False) + key(LETTER_B))
    assert await received(connection, viewer) == key(SHIFT) + key(SHIFT, down=False) + key(LETTER_B)


async def test_what_is_pressed_right_after_taking_control_stays_pressed(stage: Stage) -> None:
    viewer, connection = await stage.watching()
    shifted = b""
    for _ in range(30):
        stage.session.take_control(ALICE)
        await viewer.say(key(SHIFT))
        await viewer.say(key(LETTER_A) + key(LETTER_A, down=False) + key(SHIFT, down=False))
        shifted += key(SHIFT) + key(LETTER_A) + key(LETTER_A, down=False) + key(SHIFT, down=False)
        assert await received(connection, viewer) == shifted
        stage.session.take_control(BOB)


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


@pytest.mark.parametrize("garbage", [b"\xee", b"\x01" + bytes(5), b"\x02\0\xff\xff", b"\xff\x01", "text", ""])
async def test_garbage_after_the_handshake(garbage: bytes | str, stage: Stage) -> None:
    """What stood before it is still forwarded, nothing behind it."""
    viewer, connection = await stage.driving()
    if isinstance(garbage, str):
        await viewer.client.send(garbage)
    else:
        await viewer.say(update_request(1) + garbage + key(LETTER_A))
    outcome = await viewer.running.outcome()
    assert outcome.close_code == 1002
    await connection.gone()
    assert connection.received == (b"" if isinstance(garbage, str) else update_request(1))


PIXELS_ONLY = {
    ClientMessageType.SET_PIXEL_FORMAT,
    ClientMessageType.SET_ENCODINGS,
    ClientMessageType.FRAMEBUFFER_UPDATE_REQUEST,
    ClientMessageType.ENABLE_CONTINUOUS_UPDATES,
    ClientMessageType.CLIENT_FENCE,
}
MESSAGES = st.sampled_from([SET_PIXEL_FORMAT, set_encodings(7), update_request(1), CONTINUOUS_UPDATES, FENCE, INPUT])


MAY_BE_OVER = (trio.BrokenResourceError, trio.ClosedResourceError)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40) | MESSAGES, max_size=12))
def test_no_bytes_make_input_without_control(chunks: list[bytes]) -> None:
    async def check() -> None:
        async with open_stage() as stage:
            viewer, connection = await stage.watching()
            for chunk in chunks:
                if viewer.running.over:
                    break
                with suppress(*MAY_BE_OVER):
                    await viewer.say(chunk)
                await wait_all_tasks_blocked()
            with suppress(*MAY_BE_OVER):
                await viewer.client.close(1000)
            assert (await viewer.running.outcome()).close_code in (1000, 1002)
            await connection.gone()
            stream = ViewerStream(1_000_000)
            stream.receive(bytes(connection.received))
            while (message := stream.next_message()) is not None:
                assert message.type in PIXELS_ONLY

    trio.run(check)


# Pixels


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


@pytest.mark.parametrize("over", ["memory", "websocket"])
async def test_viewer_that_does_not_read(over: str, stage: Stage, autojump_clock: MockClock) -> None:
    """The VNC server has to wait, we keep nothing; the viewer is still heard, and the end comes at once."""
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
        assert trio.current_time() == began


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
        stage.session.take_control(ALICE)
        viewer, connection = await stage.watching(ALICE, number)
        await viewer.say(HELD)
        await received(connection, viewer)
        await (viewer.client.break_off if number % 2 else viewer.client.close)()
        await viewer.running.outcome()
        await connection.gone()
        stage.session.take_control(BOB)  # ends the grace period
        await wait_all_tasks_blocked()

    await visit(0)
    before = tasks(), open_files()
    for number in range(1, 6):
        await visit(number)
    assert (tasks(), open_files()) == before
    assert len(stage.world.verification) == 0
