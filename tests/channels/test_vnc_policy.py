"""What whoever holds control may do, and what is told about the rest."""

from __future__ import annotations

import pytest
import trio
from channel_world import ALICE, BOB, PATIENCE, SESSION_ID, open_world
from rfb_viewer import CONTROL, LETTER_A, LETTER_B, RfbViewer, cut_text, key, pointer, update_request
from trio.testing import wait_all_tasks_blocked
from vnc_stage import Stage, received

from pilothouse.channels.session_events import InputBlocked
from pilothouse.channels.upstream import Upstream
from pilothouse.channels.vnc import VncChannel
from pilothouse.protocol.rfb.decisions import FORWARD, Drop, KeyDecision, Kind, Reason
from pilothouse.protocol.rfb.input_policy import GUARDED
from pilothouse.testing.memory_transport import memory_transport_pair
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer

LETTER_O, SHIFT_R, CONTROL_R, TERMINATE_SERVER = 0x6F, 0xFFE2, 0xFFE4, 0xFED5


def tap(keysym: int) -> bytes:
    return key(keysym) + key(keysym, down=False)


async def test_a_forbidden_chord_leaves_only_its_modifier(stage: Stage) -> None:
    viewer, connection = await stage.driving()
    for control in (CONTROL, CONTROL_R):
        await viewer.say(key(control) + tap(LETTER_O) + key(control, down=False))
    await viewer.say(tap(LETTER_O))
    expected = b"".join(key(control) + key(control, down=False) for control in (CONTROL, CONTROL_R))
    assert await received(connection, viewer) == expected + tap(LETTER_O)


async def test_a_forbidden_button_is_taken_out_of_the_movement(stage: Stage) -> None:
    viewer, connection = await stage.driving()
    await viewer.say(pointer(0b101, 1, 2) + pointer(0b111, 3, 4) + pointer(0, 5, 6))
    assert await received(connection, viewer) == pointer(1, 1, 2) + pointer(1, 3, 4) + pointer(0, 5, 6)


async def test_what_is_blocked_is_told_without_the_text(stage: Stage) -> None:
    viewer, connection = await stage.driving()
    await viewer.say(key(CONTROL) + tap(LETTER_O) * 3 + key(CONTROL, down=False))
    await viewer.say(pointer(4) + pointer(0) + pointer(4))
    await viewer.say(tap(TERMINATE_SERVER))
    await received(connection, viewer)
    await viewer.client.close(1000)
    await viewer.running.ended()
    counts: dict[Drop, int] = {}
    for event in stage.world.blocked:
        assert (event.session_id, event.viewer) == (SESSION_ID, ALICE)
        counts[event.what] = counts.get(event.what, 0) + event.count
    assert counts == {
        Drop(Kind.KEY, Reason.NOT_ALLOWED, "open_file"): 3,
        Drop(Kind.POINTER, Reason.NOT_ALLOWED, "context_menu"): 2,
        Drop(Kind.KEY, Reason.NEVER_ALLOWED): 1,
    }


async def test_input_without_control_is_told_too(stage: Stage) -> None:
    viewer, connection = await stage.watching()
    await viewer.say(cut_text(b"secret"))
    await received(connection, viewer)
    await wait_all_tasks_blocked()
    assert stage.world.blocked == [InputBlocked(SESSION_ID, ALICE, Drop(Kind.CLIPBOARD, Reason.NO_CONTROL), 1)]


async def test_what_was_blocked_last_is_told_when_the_channel_ends(stage: Stage) -> None:
    viewer, connection = await stage.watching()
    await viewer.say(key(LETTER_A))
    await received(connection, viewer)
    await viewer.say(key(LETTER_A) * 5 + b"\x63")
    assert (await viewer.running.outcome()).close_code == 1002
    assert sum(event.count for event in stage.world.blocked) == 6


async def test_the_close_reason_names_the_type_byte(stage: Stage) -> None:
    viewer, _ = await stage.driving()
    await viewer.say(update_request(1) + b"\x63" + key(LETTER_A))
    assert (await viewer.running.outcome()).reason == "malformed RFB: client message of type 99"


async def test_what_was_held_before_control_was_taken_does_not_count(stage: Stage) -> None:
    viewer, connection = await stage.watching()
    await viewer.say(key(CONTROL) + key(LETTER_A) + pointer(1))
    assert await received(connection, viewer) == b""
    await stage.session.take_control(ALICE)
    await viewer.say(key(LETTER_A, down=False) + pointer(1, 7, 8) + tap(LETTER_O) + key(CONTROL, down=False))
    await viewer.say(pointer(0, 7, 8) + pointer(1, 7, 8))
    assert await received(connection, viewer) == (
        pointer(0, 7, 8) + tap(LETTER_O) + pointer(0, 7, 8) + pointer(1, 7, 8)
    )


async def test_a_key_dropped_before_a_handover_is_a_new_one_after_it(stage: Stage) -> None:
    viewer, connection = await stage.driving()
    await viewer.say(key(CONTROL) + key(LETTER_O))
    assert await received(connection, viewer) == key(CONTROL)
    await stage.session.take_control(BOB)
    await stage.session.take_control(ALICE)
    await viewer.say(key(LETTER_O))
    assert await received(connection, viewer) == key(CONTROL) + key(CONTROL, down=False) + key(LETTER_O)


class OnlyB:
    """Whoever embeds the engine decides: nothing but the letter B, and all buttons."""

    buttons = 0xFF
    largest_cut_text = 3

    def key(self, modifiers: int, keysym: int) -> KeyDecision:
        return FORWARD if keysym == LETTER_B else Drop(Kind.KEY, Reason.NOT_ALLOWED, "all but one")

    def blocked_buttons(self, mask: int) -> Drop:
        raise AssertionError("all buttons pass")


@pytest.mark.parametrize("forbidden", [tap(LETTER_A), tap(TERMINATE_SERVER), cut_text(b"long")])
async def test_a_policy_of_ones_own(forbidden: bytes) -> None:
    async with ScriptedVncServer() as server, open_world() as world:
        with world.registry.attend(SESSION_ID) as session:
            session.set_upstream(Upstream(server.address))
            await session.take_control(ALICE)
            transport, client = memory_transport_pair()
            viewer = RfbViewer(world.run(VncChannel(world.connection(transport), policy=OnlyB())), client)
            await viewer.shake_hands()
            connection = await server.connection()
            allowed = tap(LETTER_B) + pointer(0x86) + cut_text(b"abc")
            await viewer.say(forbidden + allowed)
            assert await received(connection, viewer) == allowed


async def test_a_huge_clipboard_passes_by(stage: Stage) -> None:
    """Two gigabytes are announced; a part of them comes, then the viewer goes."""
    viewer, connection = await stage.driving()
    await viewer.say(bytes([6, 0, 0, 0]) + (2**31 - 1).to_bytes(4))
    for _ in range(100):
        await viewer.say(key(LETTER_A) * 8192)
    await viewer.client.close(1000)
    with trio.fail_after(PATIENCE):
        await connection.gone()
    assert connection.received == b""
    assert stage.world.blocked[0].what == Drop(Kind.CLIPBOARD, Reason.TOO_LARGE)
    assert GUARDED.largest_cut_text < 65_536 * 100
