"""A paste holds up the input behind it; what fetches pixels passes meanwhile."""

from __future__ import annotations

import pytest
from cuts import Cut, every_cut
from hypothesis import given
from hypothesis import strategies as st
from rfb_samples import UPDATE_REQUEST, chords, cut_text, keys, lift, point, pointers, press

from pilothouse.protocol.rfb.decisions import Paste
from pilothouse.protocol.rfb.input_policy import OPEN
from pilothouse.protocol.rfb.viewer_input import LONGEST_WAITING, HeldUp, Judged, ViewerInput

CONTROL, SHIFT, ALT_L, SUPER_L = 0xFFE3, 0xFFE1, 0xFFE9, 0xFFEB
A, V, X, C = map(ord, "avxc")


@pytest.fixture
def viewer() -> ViewerInput:
    return ViewerInput(assisted=True)


def held_up_by(viewer: ViewerInput, sent: bytes) -> tuple[bytes, HeldUp]:
    judged = viewer.receive(sent, in_control=True)
    assert judged.held_up is not None
    return judged.forward, judged.held_up


def with_control(letter: str) -> bytes:
    return press(CONTROL, ord(letter)) + lift(ord(letter), CONTROL)


def go_on(viewer: ViewerInput, held_up: HeldUp, *, passes: bool = False) -> Judged:
    return viewer.go_on(held_up, passes=passes, in_control=True)


@every_cut
def test_what_comes_behind_a_paste_waits_and_pixels_do_not(viewer: ViewerInput, cut: Cut) -> None:
    behind = lift(V) + lift(CONTROL) + press(A) + UPDATE_REQUEST + lift(A) + point(1) + cut_text(b"x")
    judged = [viewer.receive(piece, in_control=True) for piece in cut(press(CONTROL) + press(V) + behind)]
    assert b"".join(one.forward for one in judged) == press(CONTROL) + UPDATE_REQUEST
    (held_up,) = (one.held_up for one in judged if one.held_up)
    assert held_up.chord == Paste(passes=True)
    gone_on = go_on(viewer, held_up)
    assert gone_on.forward == lift(CONTROL) + press(A) + lift(A) + point(1) + cut_text(b"x")
    assert gone_on.held_up is None
    assert viewer.kept == 0


def test_a_chord_that_is_to_pass_after_all_passes_first(viewer: ViewerInput) -> None:
    _, held_up = held_up_by(viewer, press(CONTROL) + press(V) + lift(V) + press(A))
    # Control is still held, so that A is select all.
    assert go_on(viewer, held_up, passes=True).forward == press(V) + lift(V) + press(A)


def test_two_pastes_are_two(viewer: ViewerInput) -> None:
    _, first = held_up_by(viewer, press(CONTROL) + (press(V) + lift(V)) * 2 + lift(CONTROL) + press(A))
    judged = go_on(viewer, first)
    assert (judged.forward, judged.held_up is None) == (b"", False)
    assert judged.held_up is not None
    assert go_on(viewer, first) == Judged(b"", [], None), "it is over already"
    assert go_on(viewer, judged.held_up).forward == lift(CONTROL) + press(A)


def test_a_macs_paste_holds_up_too(viewer: ViewerInput) -> None:
    forward, held_up = held_up_by(viewer, press(ALT_L) + press(V) + lift(V) + lift(ALT_L) + press(A))
    assert (forward, held_up.chord) == (b"", Paste(passes=False))
    assert go_on(viewer, held_up).forward == press(A)


@pytest.mark.parametrize("cmd", [ALT_L, SUPER_L], ids=["left", "right"])
@pytest.mark.parametrize(("letter", "sent"), [("c", "c"), ("x", "x"), ("a", "a"), ("z", "z"), ("Z", "Z")])
def test_a_macs_shortcut_goes_out_with_control(viewer: ViewerInput, cmd: int, letter: str, sent: str) -> None:
    shift = [SHIFT] if letter.isupper() else []
    judged = viewer.receive(press(*shift, cmd, ord(letter)) + lift(ord(letter), cmd, *shift), in_control=True)
    assert judged.forward == press(*shift) + with_control(sent) + lift(*shift)
    assert judged.copies == (letter in "cx")


def test_a_cmd_that_passed_is_lifted_meanwhile() -> None:
    viewer = ViewerInput(OPEN, assisted=True)
    judged = viewer.receive(press(ALT_L, C) + lift(C, ALT_L), in_control=True)
    assert judged.forward == press(ALT_L) + lift(ALT_L) + with_control("c") + press(ALT_L) + lift(ALT_L)
    _, held_up = held_up_by(viewer, press(ALT_L, V) + lift(V, ALT_L))
    assert go_on(viewer, held_up, passes=True).forward == lift(ALT_L) + with_control("v") + press(ALT_L) + lift(ALT_L)


def test_without_help_a_macs_shortcut_does_not_pass() -> None:
    judged = ViewerInput().receive(press(ALT_L, A) + lift(A, ALT_L), in_control=True)
    assert judged.forward == b""


def test_copies_and_cuts_pass_and_are_counted(viewer: ViewerInput) -> None:
    sent = press(CONTROL) + press(C) + lift(C) + press(X) + lift(X) + lift(CONTROL)
    judged = viewer.receive(sent, in_control=True)
    assert (judged.forward, judged.copies, judged.held_up) == (sent, 2, None)


def test_a_change_of_control_forgets_what_waits(viewer: ViewerInput) -> None:
    _, held_up = held_up_by(viewer, press(CONTROL) + press(V) + press(A))
    assert viewer.release_all() == lift(CONTROL)
    assert go_on(viewer, held_up) == Judged(b"", [], None)
    assert viewer.receive(press(A), in_control=True).forward == press(A)


def test_too_much_input_does_not_wait_any_longer(viewer: ViewerInput) -> None:
    _, held_up = held_up_by(viewer, press(CONTROL) + press(V) + lift(V) + lift(CONTROL))
    moves = point(0) * (LONGEST_WAITING // 6)
    judged = viewer.receive(moves, in_control=True)
    assert judged.forward == lift(CONTROL) + moves
    assert judged.gave_up
    assert viewer.kept == 0
    assert go_on(viewer, held_up) == Judged(b"", [], None)


def test_as_much_as_may_wait_waits(viewer: ViewerInput) -> None:
    _, held_up = held_up_by(viewer, press(CONTROL) + press(V))
    moves = point(0) * (LONGEST_WAITING // 6)
    assert viewer.receive(moves, in_control=True) == Judged(b"", [], None)
    assert viewer.kept == len(moves)
    assert go_on(viewer, held_up).forward == moves


def test_a_violation_is_not_held_up(viewer: ViewerInput) -> None:
    judged = viewer.receive(press(CONTROL) + press(V) + press(A) + b"\x63", in_control=True)
    assert judged.forward == press(CONTROL)
    assert judged.violation is not None


def test_typing_goes_without_the_modifiers_that_are_held(viewer: ViewerInput) -> None:
    viewer.receive(press(CONTROL) + press(0xFFE2) + press(A), in_control=True)
    lifts, presses = viewer.around_typing()
    assert lifts == lift(CONTROL) + lift(0xFFE2)
    assert presses == press(CONTROL) + press(0xFFE2)


@given(st.lists(keys | chords | pointers))
def test_held_up_or_not_the_same_input_goes_out_in_the_same_order(sent: list[bytes]) -> None:
    at_once = ViewerInput().receive(b"".join(sent), in_control=True).forward
    viewer = ViewerInput(assisted=True)
    judged = viewer.receive(b"".join(sent), in_control=True)
    forward = judged.forward
    while judged.held_up is not None:
        judged = go_on(viewer, judged.held_up, passes=True)
        forward += judged.forward
    assert forward == at_once
