from __future__ import annotations

import pytest
from cuts import Cut, every_cut
from rfb_samples import (
    QEMU_KEY,
    SAMPLES,
    UPDATE_REQUEST,
    VIOLATIONS,
    XVP_RESET,
    cut_text,
    extended_cut_text,
    lift,
    point,
    press,
    set_desktop_size,
    set_encodings,
)

from pilothouse.protocol.errors import RfbViolation
from pilothouse.protocol.rfb.constants import MAX_CUT_TEXT
from pilothouse.protocol.rfb.decisions import Drop, Kind, Reason
from pilothouse.protocol.rfb.input_policy import GUARDED, OPEN
from pilothouse.protocol.rfb.viewer_input import Judged, ViewerInput

PIXELS_ONLY = ["pixel format", "update request", "continuous updates", "empty fence", "longest fence"]

NO_CONTROL = {kind: Drop(kind, Reason.NO_CONTROL) for kind in Kind}
RIGHT_BUTTON = Drop(Kind.POINTER, Reason.NOT_ALLOWED, "context_menu")

with_and_without_control = pytest.mark.parametrize("in_control", [True, False], ids=["in control", "no control"])


def run(viewer: ViewerInput, pieces: list[bytes], *, in_control: bool = True) -> Judged:
    """All pieces together."""
    judged = [viewer.receive(piece, in_control=in_control) for piece in pieces]
    forward = b"".join(one.forward for one in judged)
    return Judged(forward, [drop for one in judged for drop in one.blocked], judged[-1].violation)


@pytest.fixture
def viewer() -> ViewerInput:
    return ViewerInput()


def test_the_ready_policy_is_the_guarded_one() -> None:
    chord = press(0xFFE3, 0x6F)
    assert ViewerInput().receive(chord, in_control=True) == ViewerInput(GUARDED).receive(chord, in_control=True)
    assert ViewerInput().receive(chord, in_control=True).forward == press(0xFFE3)


@every_cut
@pytest.mark.parametrize("trailing", [b"", press(0x62)[:-1]], ids=["alone", "with trailing data"])
def test_a_holders_input_passes_byte_for_byte(viewer: ViewerInput, trailing: bytes, cut: Cut) -> None:
    sent = b"\x04\x02\xff\xff" + press(0x61)[4:] + point(1) + lift(0x61) + cut_text(b"hello") + cut_text(b"")
    assert run(viewer, cut(sent + trailing)) == Judged(sent, [], None)


@with_and_without_control
@pytest.mark.parametrize("name", PIXELS_ONLY)
def test_watching_is_for_everybody(viewer: ViewerInput, name: str, in_control: bool) -> None:
    raw = SAMPLES[name][1]
    assert viewer.receive(raw, in_control=in_control) == Judged(raw, [], None)


@with_and_without_control
def test_encodings_are_filtered_for_everybody(viewer: ViewerInput, in_control: bool) -> None:
    judged = viewer.receive(set_encodings(7, -258, 16), in_control=in_control)
    assert judged == Judged(set_encodings(7, 16), [], None)


@with_and_without_control
@pytest.mark.parametrize(
    ("raw", "blocked"),
    [
        (XVP_RESET, Drop(Kind.POWER, Reason.NEVER_ALLOWED)),
        (set_desktop_size(0), Drop(Kind.RESIZE, Reason.NEVER_ALLOWED)),
        (set_desktop_size(1), Drop(Kind.RESIZE, Reason.NEVER_ALLOWED)),
        (QEMU_KEY, Drop(Kind.KEY, Reason.NOT_NEGOTIATED)),
    ],
)
def test_some_messages_are_for_nobody(viewer: ViewerInput, raw: bytes, blocked: Drop, in_control: bool) -> None:
    assert viewer.receive(raw, in_control=in_control) == Judged(b"", [blocked], None)


@every_cut
def test_without_control_only_what_fetches_pixels_passes(viewer: ViewerInput, cut: Cut) -> None:
    sent = press(0x61) + UPDATE_REQUEST + point(1) + cut_text(UPDATE_REQUEST) + set_encodings(7) + lift(0x61)
    blocked = [NO_CONTROL[kind] for kind in (Kind.KEY, Kind.POINTER, Kind.CLIPBOARD, Kind.KEY)]
    assert run(viewer, cut(sent), in_control=False) == Judged(UPDATE_REQUEST + set_encodings(7), blocked, None)


@pytest.mark.parametrize("raw", [cut_text(b""), cut_text(b"text"), extended_cut_text(bytes(4))], ids=bytes.hex)
def test_no_control_no_clipboard_of_any_form(viewer: ViewerInput, raw: bytes) -> None:
    assert viewer.receive(raw, in_control=False) == Judged(b"", [NO_CONTROL[Kind.CLIPBOARD]], None)


def test_extended_clipboard_was_never_negotiated(viewer: ViewerInput) -> None:
    judged = viewer.receive(extended_cut_text(bytes(4)) + UPDATE_REQUEST, in_control=True)
    assert judged == Judged(UPDATE_REQUEST, [Drop(Kind.CLIPBOARD, Reason.NOT_NEGOTIATED)], None)


def test_clipboard_text_passes_up_to_the_policys_limit(viewer: ViewerInput) -> None:
    largest, larger = cut_text(bytes(MAX_CUT_TEXT)), cut_text(bytes(MAX_CUT_TEXT + 1))
    assert viewer.receive(largest, in_control=True) == Judged(largest, [], None, cut_text=True)
    judged = viewer.receive(larger + UPDATE_REQUEST, in_control=True)
    assert judged == Judged(UPDATE_REQUEST, [Drop(Kind.CLIPBOARD, Reason.TOO_LARGE)], None)


@every_cut
@pytest.mark.parametrize("text", [b"", b"text", press(0x61)])
def test_without_its_group_no_clipboard_text_passes(text: bytes, cut: Cut) -> None:
    viewer = ViewerInput(GUARDED.changed(deny=["clipboard"]))
    judged = run(viewer, cut(cut_text(text) + UPDATE_REQUEST))
    assert judged == Judged(UPDATE_REQUEST, [Drop(Kind.CLIPBOARD, Reason.NOT_ALLOWED, "clipboard")], None)


def test_a_pointer_event_loses_what_is_not_allowed_and_keeps_its_place(viewer: ViewerInput) -> None:
    judged = viewer.receive(point(0xFF, 3, 4), in_control=True)
    assert judged == Judged(point(0x79, 3, 4), [Drop(Kind.POINTER, Reason.NOT_ALLOWED, "context_menu")], None)


def test_one_press_of_a_blocked_button_is_one_event(viewer: ViewerInput) -> None:
    drag = point(4, 1, 1) + point(4, 2, 2) + point(5, 3, 3) + point(1, 4, 4) + point(5, 5, 5) + point(0, 6, 6)
    judged = viewer.receive(drag, in_control=True)
    assert judged.forward == (
        point(0, 1, 1) + point(0, 2, 2) + point(1, 3, 3) + point(1, 4, 4) + point(1, 5, 5) + point(0, 6, 6)
    )
    assert judged.blocked == [RIGHT_BUTTON, RIGHT_BUTTON]


def test_a_policy_may_let_every_button_pass() -> None:
    viewer = ViewerInput(OPEN.changed(allow=["context_menu"]))
    assert viewer.receive(point(0xFF), in_control=True) == Judged(point(0xFF), [], None)


@every_cut
def test_dropped_messages_leave_the_stream_aligned(viewer: ViewerInput, cut: Cut) -> None:
    sent = press(0x61) + XVP_RESET + QEMU_KEY + set_encodings(-258, 7) + point(1)
    assert run(viewer, cut(sent)).forward == press(0x61) + set_encodings(7) + point(1)


@every_cut
@pytest.mark.parametrize("name", VIOLATIONS)
def test_what_stands_before_a_violation_still_passes(viewer: ViewerInput, name: str, cut: Cut) -> None:
    judged = run(viewer, cut(press(0x61) + VIOLATIONS[name] + lift(0x61)))
    assert judged.forward == press(0x61)
    assert isinstance(judged.violation, RfbViolation)


def test_nothing_passes_behind_a_violation(viewer: ViewerInput) -> None:
    viewer.receive(b"\x63", in_control=True)
    judged = viewer.receive(press(0x61), in_control=True)
    assert judged.forward == b""
    assert judged.violation is not None


def test_control_counts_when_the_last_byte_arrives(viewer: ViewerInput) -> None:
    raw = press(0x61)
    viewer.receive(raw[:7], in_control=False)
    assert viewer.receive(raw[7:], in_control=True) == Judged(raw, [], None)
    viewer.receive(lift(0x61)[:7], in_control=True)
    assert viewer.receive(lift(0x61)[7:], in_control=False).forward == b""


@pytest.mark.parametrize("control_at_first", [True, False])
def test_text_that_was_not_begun_and_ended_in_control_never_passes(viewer: ViewerInput, control_at_first: bool) -> None:
    text = cut_text(press(0x61))
    assert viewer.receive(text[:12], in_control=control_at_first).forward == b""
    assert viewer.receive(text[12:], in_control=not control_at_first).forward == b""
    assert viewer.receive(UPDATE_REQUEST, in_control=True) == Judged(UPDATE_REQUEST, [], None)


def test_whoever_loses_control_lets_go(viewer: ViewerInput) -> None:
    viewer.receive(press(0xFFE3) + press(0x61) + point(1, 50, 60), in_control=True)
    assert viewer.release_all() == lift(0x61) + lift(0xFFE3) + point(0, 50, 60)
    assert viewer.release_all() == b""


def test_a_late_release_is_an_orphan_even_when_control_came_back(viewer: ViewerInput) -> None:
    viewer.receive(press(0x61), in_control=True)
    viewer.release_all()
    assert viewer.receive(lift(0x61), in_control=True) == Judged(b"", [], None)
    assert viewer.receive(press(0x61) + lift(0x61), in_control=True).forward == press(0x61) + lift(0x61)


def test_what_a_viewer_without_control_pressed_is_never_released(viewer: ViewerInput) -> None:
    viewer.receive(press(0x61) + point(1), in_control=False)
    assert viewer.release_all() == b""
