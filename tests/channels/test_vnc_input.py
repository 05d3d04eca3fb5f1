"""What a viewer sends, and what of it reaches the VNC server."""

from __future__ import annotations

from contextlib import suppress

import pytest
import trio
from channel_world import ALICE
from hypothesis import given, settings
from hypothesis import strategies as st
from rfb_viewer import (
    CONTINUOUS_UPDATES,
    FENCE,
    LETTER_A,
    SET_PIXEL_FORMAT,
    cut_text,
    key,
    pointer,
    set_encodings,
    update_request,
)
from trio.testing import wait_all_tasks_blocked
from vnc_stage import INPUT, MAY_BE_OVER, Stage, open_stage, received

from pilothouse.channels.transport import LARGEST_MESSAGE
from pilothouse.protocol.rfb.constants import ClientMessageType
from pilothouse.protocol.rfb.viewer_stream import ViewerStream
from pilothouse.testing.scripted_vnc_server import server_init


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
        await stage.session.take_control(ALICE)
        await viewer.client.send_fragments([INPUT[:3], INPUT[3:9], INPUT[9:]])
        assert await received(connection, viewer) == INPUT
        await connection.send(b"pixels")
        assert await viewer.hear() == b"pixels"


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


@settings(max_examples=60)
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
            messages = ViewerStream().receive(bytes(connection.received), LARGEST_MESSAGE)
            assert {message[0] for message in messages} <= PIXELS_ONLY

    trio.run(check)
