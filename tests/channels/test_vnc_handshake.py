"""Both handshakes of the VNC channel."""

from __future__ import annotations

import random

import pytest
import trio
from channel_world import ALICE, PATIENCE, SESSION_ID, open_world
from rfb_viewer import LETTER_A, key, update_request
from trio.testing import wait_all_tasks_blocked
from vnc_stage import HELD, INPUT, RELEASED, Stage, open_stage, received, without_markers

from pilothouse.channels.errors import SessionEnded
from pilothouse.channels.upstream import Upstream
from pilothouse.channels.vnc import DEFAULT_DEADLINES, Deadlines, VncChannel
from pilothouse.testing.memory_transport import memory_transport_pair
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer, VncScript, server_init
from websockify_process import running_websockify

IMPATIENT = Deadlines(browser=0.05, handshake=0.05)


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
    await stage.session.take_control(ALICE)
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


@pytest.mark.parametrize("version", [b"RFB 003.003\n", b"RFB 003.007\n", b"RFB 003.008\n"])
async def test_vnc_server_that_has_blacklisted_us(version: bytes) -> None:
    refusal = "Too many security failures from db-7.internal"
    async with open_stage(VncScript(version, refusal=refusal)) as stage:
        viewer = stage.enter()
        outcome = await viewer.running.outcome()
        assert refusal in outcome.detail, "the log has the VNC server's words"
        assert (viewer.client.close_code, viewer.client.close_reason) == (
            4411,
            "the VNC server has shut this server out after failed logins; try again later",
        )


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
        viewer = world.run(VncChannel(world.connection(memory_transport_pair()[0]), deadlines=IMPATIENT))
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
