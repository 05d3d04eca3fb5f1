"""Which keys and buttons pass, by what was pressed before."""

from __future__ import annotations

import pytest
from rfb_samples import LOCKS, key, lift, point, press
from rfb_server import Server

from pilothouse.protocol.rfb.decisions import Copy, Cut, Drop, Kind, Paste, Reason
from pilothouse.protocol.rfb.input_policy import GUARDED, OPEN
from pilothouse.protocol.rfb.key_state import MAX_KEYS
from pilothouse.protocol.rfb.viewer_input import Judged, ViewerInput

A, C, O, X, V = b"acoxv"  # noqa: E741
SHIFT_L, SHIFT_R, CONTROL_L, CONTROL_R, ALT_L, SUPER_L = 0xFFE1, 0xFFE2, 0xFFE3, 0xFFE4, 0xFFE9, 0xFFEB
F10, TERMINATE_SERVER = 0xFFC7, 0xFED5

OPEN_FILE = Drop(Kind.KEY, Reason.NOT_ALLOWED, "open_file")


@pytest.fixture
def viewer() -> ViewerInput:
    return ViewerInput()


def forwarded(viewer: ViewerInput, data: bytes, *, in_control: bool = True) -> bytes:
    return viewer.receive(data, in_control=in_control).forward


@pytest.mark.parametrize("control", [CONTROL_L, CONTROL_R], ids=["left", "right"])
def test_control_of_either_side_counts(viewer: ViewerInput, control: int) -> None:
    assert viewer.receive(press(control, O), in_control=True) == Judged(press(control), [OPEN_FILE], None)


@pytest.mark.parametrize("shift", [SHIFT_L, SHIFT_R], ids=["left", "right"])
def test_shift_of_either_side_counts(viewer: ViewerInput, shift: int) -> None:
    assert forwarded(viewer, press(shift, F10)) == press(shift)


def test_control_counts_until_both_sides_are_up(viewer: ViewerInput) -> None:
    both = press(CONTROL_L, CONTROL_R) + lift(CONTROL_L)
    assert forwarded(viewer, both + press(O) + lift(O)) == both
    assert forwarded(viewer, lift(CONTROL_R) + press(O)) == lift(CONTROL_R) + press(O)


def test_a_repeat_is_judged_again(viewer: ViewerInput) -> None:
    judged = viewer.receive(press(O) + press(CONTROL_L) + press(O) + lift(O), in_control=True)
    assert judged == Judged(press(O) + press(CONTROL_L) + lift(O), [OPEN_FILE], None)


def test_a_dropped_press_drops_its_repeats_and_its_release(viewer: ViewerInput) -> None:
    control = press(CONTROL_L), lift(CONTROL_L)
    judged = viewer.receive(control[0] + press(O, O) + control[1] + press(O, O) + lift(O), in_control=True)
    assert judged == Judged(control[0] + control[1], [OPEN_FILE], None)
    assert forwarded(viewer, press(O) + lift(O)) == press(O) + lift(O)


def test_a_dropped_modifier_counts_as_held(viewer: ViewerInput) -> None:
    assert forwarded(viewer, press(ALT_L, A) + lift(A) + lift(ALT_L)) == b""
    assert forwarded(viewer, press(A)) == press(A)


@pytest.mark.parametrize("down", [1, 2, 0x80, 0xFF])
@pytest.mark.parametrize("padding", [b"\x00\x00", b"\xff\xff", b"\x00\x01"])
def test_any_non_zero_flag_is_a_press_and_padding_means_nothing(viewer: ViewerInput, down: int, padding: bytes) -> None:
    control = key(CONTROL_L, down, padding)
    assert forwarded(viewer, control + key(O, down, padding)) == control
    release = key(CONTROL_L, 0, padding)
    assert forwarded(viewer, key(O, 0, padding) + release + key(O, down, padding)) == release + key(O, down, padding)


@pytest.mark.parametrize("lock", LOCKS, ids=hex)
def test_lock_keys_pass_with_any_modifier_and_are_released(viewer: ViewerInput, lock: int) -> None:
    assert forwarded(viewer, press(CONTROL_L, SHIFT_L, lock)) == press(CONTROL_L, SHIFT_L, lock)
    assert viewer.release_all() == lift(lock, CONTROL_L, SHIFT_L)


def test_forms_of_one_key_are_released_as_they_were_pressed(viewer: ViewerInput) -> None:
    keypad, unicode = press(0xFFB0), press(0x0100_0061)
    assert forwarded(viewer, keypad + unicode + lift(ord("0"), A)) == keypad + unicode
    assert viewer.release_all() == lift(0xFFB0, 0x0100_0061)


def test_a_keysym_that_nobody_may_send_is_said_to_be_one(viewer: ViewerInput) -> None:
    blocked = [Drop(Kind.KEY, Reason.NEVER_ALLOWED)]
    pressed = press(TERMINATE_SERVER) * 2 + lift(TERMINATE_SERVER)
    assert viewer.receive(pressed, in_control=True) == Judged(b"", blocked, None)


def test_a_chord_of_the_clipboard_passes_where_the_browser_understands_it(viewer: ViewerInput) -> None:
    copying = press(CONTROL_L, C) + lift(C, CONTROL_L)
    assert viewer.receive(copying, in_control=True) == Judged(copying, [], None, copies=1)


@pytest.mark.parametrize("cmd", [ALT_L, SUPER_L], ids=["left", "right"])
@pytest.mark.parametrize(("letter", "meaning"), [(C, Copy), (X, Cut), (V, Paste)])
def test_a_macs_clipboard_chord_is_a_decision_and_does_not_pass(
    viewer: ViewerInput, cmd: int, letter: int, meaning: type[Copy | Cut | Paste]
) -> None:
    viewer.decide(press(cmd), in_control=True)
    assert viewer.decide(press(letter), in_control=True) == meaning(passes=False)
    assert viewer.receive(lift(letter) + lift(cmd), in_control=True) == Judged(b"", [], None)


def test_what_was_pressed_before_control_was_taken_does_not_count_after_it(viewer: ViewerInput) -> None:
    assert forwarded(viewer, press(CONTROL_L, A), in_control=False) == b""
    viewer.release_all()
    assert forwarded(viewer, press(O) + lift(O)) == press(O) + lift(O), "the server holds no Control"
    assert forwarded(viewer, lift(A, CONTROL_L)) == b""
    assert viewer.release_all() == b""


def test_the_repeat_of_a_key_from_before_is_a_new_press(viewer: ViewerInput) -> None:
    forwarded(viewer, press(A), in_control=False)
    viewer.release_all()
    assert forwarded(viewer, press(A, A) + lift(A)) == press(A, A) + lift(A)


def test_a_key_that_was_dropped_in_another_term_of_control_may_be_pressed(viewer: ViewerInput) -> None:
    forwarded(viewer, press(CONTROL_L, O))
    viewer.release_all()
    assert forwarded(viewer, press(O)) == press(O)


def test_a_button_from_before_control_does_not_count_until_it_was_up_once(viewer: ViewerInput) -> None:
    assert forwarded(viewer, point(1, 1, 1), in_control=False) == b""
    viewer.release_all()
    assert forwarded(viewer, point(1, 2, 2)) == point(0, 2, 2)
    assert forwarded(viewer, point(9, 3, 3)) == point(8, 3, 3)
    assert forwarded(viewer, point(0, 4, 4) + point(1, 5, 5)) == point(0, 4, 4) + point(1, 5, 5)
    assert viewer.release_all() == point(0, 5, 5)


def test_a_button_held_through_a_hand_back_does_not_count_in_the_next_term(viewer: ViewerInput) -> None:
    forwarded(viewer, point(1, 1, 1))
    assert viewer.release_all() == point(0, 1, 1)
    assert forwarded(viewer, point(1, 2, 2)) == point(0, 2, 2)
    assert forwarded(viewer, point(0, 2, 2) + point(1, 3, 3)) == point(0, 2, 2) + point(1, 3, 3)


def test_a_blocked_button_is_never_released(viewer: ViewerInput) -> None:
    assert viewer.receive(point(4), in_control=True) == Judged(
        point(0), [Drop(Kind.POINTER, Reason.NOT_ALLOWED, "context_menu")], None
    )
    assert viewer.release_all() == b""


def test_without_its_group_the_middle_button_does_not_pass() -> None:
    viewer = ViewerInput(OPEN.changed(deny=["clipboard"]))
    blocked = [Drop(Kind.POINTER, Reason.NOT_ALLOWED, "clipboard")]
    assert viewer.receive(point(2), in_control=True) == Judged(point(0), blocked, None)


def test_a_hand_over_releases_other_keys_first_then_modifiers_then_buttons() -> None:
    viewer = ViewerInput(OPEN)
    forwarded(viewer, press(SHIFT_R, A, C, CONTROL_L, 0xFE03) + point(3, 7, 8))
    assert viewer.release_all() == lift(A, C) + lift(SHIFT_R, CONTROL_L, 0xFE03) + point(0, 7, 8)


@pytest.mark.parametrize("at_once", [1, 10_000])
def test_of_ten_thousand_keys_the_last_ones_are_held(viewer: ViewerInput, at_once: int) -> None:
    server, pressed = Server(), range(0x0100_0100, 0x0100_0100 + 10_000)
    for start in range(0, len(pressed), at_once):
        server.receive(forwarded(viewer, press(*pressed[start : start + at_once])))
    assert server.most_down == MAX_KEYS
    assert list(server.down) == [*pressed[-MAX_KEYS:]]
    server.receive(viewer.release_all())
    assert not server.down


def test_of_ten_thousand_dropped_keys_none_is_ever_held(viewer: ViewerInput) -> None:
    pressed = range(0x0100_0400, 0x0100_0400 + 10_000)
    control = press(CONTROL_L)
    judged = viewer.receive(control + press(*pressed), in_control=True)
    assert judged.forward == control
    assert len(judged.blocked) == len(pressed)
    assert viewer.release_all() == lift(CONTROL_L)


def test_the_guarded_policy_needs_no_state_of_its_own() -> None:
    one, other = ViewerInput(GUARDED), ViewerInput(GUARDED)
    forwarded(one, press(CONTROL_L))
    assert forwarded(other, press(O)) == press(O)
