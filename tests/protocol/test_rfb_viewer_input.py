from __future__ import annotations

import pytest
from cuts import Cut, cut_anywhere, every_cut, whole
from hypothesis import given
from hypothesis import strategies as st
from rfb_samples import (
    LARGEST_READ,
    QEMU_KEY,
    UPDATE_REQUEST,
    VIOLATIONS,
    XVP_RESET,
    cut_text,
    lift,
    messages,
    point,
    press,
    set_encodings,
    streams,
)

from pilothouse.protocol.errors import BufferOverflow, RemoteProtocolError
from pilothouse.protocol.rfb.constants import MAX_CUT_TEXT
from pilothouse.protocol.rfb.viewer_input import Judged, ViewerInput


def run(viewer: ViewerInput, pieces: list[bytes], *, in_control: bool) -> tuple[bytes, str | None]:
    """What is forwarded until the first violation, and that violation's text."""
    forwarded = b""
    for piece in pieces:
        judged = viewer.receive(piece, in_control=in_control)
        forwarded += judged.forward
        if judged.violation is not None:
            assert isinstance(judged.violation, RemoteProtocolError)
            return forwarded, str(judged.violation)
    return forwarded, None


def types_in(forwarded: bytes) -> set[int]:
    """Walk along messages that only fetch pixels, by lengths that are written down here once more."""
    types = set()
    while forwarded:
        kind = forwarded[0]
        if kind == 2:
            length = 4 + 4 * int.from_bytes(forwarded[2:4])
        elif kind == 248:
            length = 9 + forwarded[8]
        else:
            length = {0: 20, 3: 10, 150: 10}[kind]
        assert len(forwarded) >= length
        types.add(kind)
        forwarded = forwarded[length:]
    return types


@pytest.fixture
def viewer() -> ViewerInput:
    return ViewerInput(LARGEST_READ)


@every_cut
@pytest.mark.parametrize("trailing", [b"", press(0x62)[:-1]], ids=["alone", "with trailing data"])
def test_a_holders_input_passes_byte_for_byte(viewer: ViewerInput, trailing: bytes, cut: Cut) -> None:
    sent = b"\x04\x02\xff\xff" + press(0x61)[4:] + point(0xFF) + lift(0x61) + cut_text(b"hello")
    assert run(viewer, cut(sent + trailing), in_control=True) == (sent, None)


@every_cut
def test_without_control_only_what_fetches_pixels_passes(viewer: ViewerInput, cut: Cut) -> None:
    sent = press(0x61) + UPDATE_REQUEST + point(1) + cut_text(UPDATE_REQUEST) + set_encodings(7) + lift(0x61)
    assert run(viewer, cut(sent), in_control=False) == (UPDATE_REQUEST + set_encodings(7), None)


@every_cut
def test_dropped_messages_leave_the_stream_aligned(viewer: ViewerInput, cut: Cut) -> None:
    sent = press(0x61) + XVP_RESET + QEMU_KEY + set_encodings(-258, 7) + point(1)
    assert run(viewer, cut(sent), in_control=True) == (press(0x61) + set_encodings(7) + point(1), None)


@every_cut
@pytest.mark.parametrize("name", VIOLATIONS)
def test_what_stands_before_a_violation_still_passes(viewer: ViewerInput, name: str, cut: Cut) -> None:
    forwarded, violation = run(viewer, cut(press(0x61) + VIOLATIONS[name] + lift(0x61)), in_control=True)
    assert forwarded == press(0x61)
    assert violation is not None


def test_nothing_passes_behind_a_violation(viewer: ViewerInput) -> None:
    viewer.receive(b"\x63", in_control=True)
    judged = viewer.receive(press(0x61), in_control=True)
    assert judged.forward == b""
    assert judged.violation is not None


def test_a_read_of_impossible_size_is_a_violation_too() -> None:
    viewer = ViewerInput(largest_read=8)
    forward, violation = viewer.receive(bytes(MAX_CUT_TEXT + 17), in_control=True)
    assert forward == b""
    assert isinstance(violation, BufferOverflow)


def test_control_counts_when_the_last_byte_arrives(viewer: ViewerInput) -> None:
    raw = press(0x61)
    viewer.receive(raw[:7], in_control=False)
    assert viewer.receive(raw[7:], in_control=True) == Judged(raw, None)
    viewer.receive(lift(0x61)[:7], in_control=True)
    assert viewer.receive(lift(0x61)[7:], in_control=False) == Judged(b"", None)


def test_whoever_loses_control_lets_go(viewer: ViewerInput) -> None:
    viewer.receive(press(0xFFE3) + press(0x61) + point(1, 50, 60), in_control=True)
    assert viewer.release_all() == lift(0x61) + lift(0xFFE3) + point(0, 50, 60)
    assert viewer.release_all() == b""


def test_a_late_release_is_an_orphan_even_when_control_came_back(viewer: ViewerInput) -> None:
    viewer.receive(press(0x61), in_control=True)
    viewer.release_all()
    assert viewer.receive(lift(0x61), in_control=True).forward == b""
    assert viewer.receive(press(0x61) + lift(0x61), in_control=True).forward == press(0x61) + lift(0x61)


def test_what_a_viewer_without_control_pressed_is_never_released(viewer: ViewerInput) -> None:
    viewer.receive(press(0x61) + point(1), in_control=False)
    assert viewer.release_all() == b""


@given(st.data(), streams, st.booleans())
def test_the_result_does_not_depend_on_the_cut(data: st.DataObject, sent: bytes, in_control: bool) -> None:
    at_once = run(ViewerInput(LARGEST_READ), whole(sent), in_control=in_control)
    in_pieces = run(ViewerInput(LARGEST_READ), data.draw(cut_anywhere(sent)), in_control=in_control)
    assert in_pieces == at_once


@given(streams)
def test_without_control_no_input_message_is_forwarded_whatever_comes_in(sent: bytes) -> None:
    forwarded, _ = run(ViewerInput(LARGEST_READ), whole(sent), in_control=False)
    assert types_in(forwarded) <= {0, 2, 3, 150, 248}


@given(st.lists(st.tuples(messages, st.booleans())))
def test_after_letting_go_the_server_sees_nothing_held(sent: list[tuple[bytes, bool]]) -> None:
    viewer = ViewerInput(LARGEST_READ)
    forwarded = [viewer.receive(raw, in_control=in_control).forward for raw, in_control in sent]
    held, mask = set(), 0
    for raw in [*forwarded, *keys_and_pointer(viewer.release_all())]:
        if raw[:1] == b"\x04" and raw[1]:
            held.add(raw[4:])
        elif raw[:1] == b"\x04":
            held.remove(raw[4:])
        elif raw[:1] == b"\x05":
            mask = raw[1]
    assert not held
    assert mask == 0


def keys_and_pointer(raw: bytes) -> list[bytes]:
    end = len(raw) - len(raw) % 8
    return [*(raw[i : i + 8] for i in range(0, end, 8)), raw[end:]]
