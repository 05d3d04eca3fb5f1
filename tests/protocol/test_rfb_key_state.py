from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rfb_samples import lift, point

from pilothouse.protocol.rfb.key_state import MAX_KEYS, KeyState
from pilothouse.protocol.rfb.keysyms import MODIFIER_OF, Modifiers

A, B, SHIFT_L, SHIFT_R, CONTROL_L, ALT_GR, MODE_SWITCH, HYPER_R = (
    *(0x61, 0x62, 0xFFE1, 0xFFE2),
    *(0xFFE3, 0xFE03, 0xFF7E, 0xFFEE),
)
KEYSYMS_OF_MODIFIERS = sorted(MODIFIER_OF)


@pytest.fixture
def held() -> KeyState:
    return KeyState()


def test_nothing_held_needs_no_release(held: KeyState) -> None:
    assert held.release_all() == b""


def test_the_example_of_a_handover(held: KeyState) -> None:
    held.press(CONTROL_L)
    held.press(A)
    held.point(point(1, 50, 60))
    assert held.release_all() == bytes.fromhex("0400000000000061 040000000000ffe3 05000032003c")


def test_a_lifted_key_is_not_released_again(held: KeyState) -> None:
    held.press(A)
    held.press(B)
    assert held.lift(A)
    assert held.release_all() == lift(B)


def test_a_key_that_was_not_pressed_cannot_be_lifted(held: KeyState) -> None:
    assert not held.lift(A)
    held.press(A)
    assert held.lift(A)
    assert not held.lift(A)


def test_a_repeated_press_is_one_key(held: KeyState) -> None:
    assert held.press(A) == b""
    assert held.press(A) == b""
    assert held.release_all() == lift(A)


def test_a_dropped_key_is_not_released(held: KeyState) -> None:
    held.drop(A)
    assert held.is_dropped(A)
    assert held.release_all() == b""


def test_a_dropped_key_is_one_until_it_is_lifted(held: KeyState) -> None:
    held.drop(A)
    assert not held.lift(A)
    assert not held.is_dropped(A)


def test_a_held_key_stays_held_when_its_repeat_is_dropped(held: KeyState) -> None:
    held.press(A)
    held.drop(A)
    assert not held.is_dropped(A)
    assert held.lift(A)


@pytest.mark.parametrize("modifier", [SHIFT_L, CONTROL_L, ALT_GR, MODE_SWITCH, HYPER_R], ids=hex)
def test_modifiers_are_released_last(held: KeyState, modifier: int) -> None:
    held.press(modifier)
    held.press(A)
    held.press(B)
    assert held.release_all() == lift(A) + lift(B) + lift(modifier)


def test_left_and_right_are_two_keys_and_one_modifier(held: KeyState) -> None:
    held.press(SHIFT_L)
    held.press(SHIFT_R)
    held.lift(SHIFT_R)
    assert held.modifiers == Modifiers.SHIFT
    assert held.release_all() == lift(SHIFT_L)


@pytest.mark.parametrize("keysym", KEYSYMS_OF_MODIFIERS, ids=hex)
def test_a_modifier_counts_whether_it_was_forwarded_or_dropped(held: KeyState, keysym: int) -> None:
    for note in (held.press, held.drop):
        note(keysym)
        assert held.modifiers == MODIFIER_OF[keysym]
        held.lift(keysym)
        assert held.modifiers == 0


def test_a_dropped_modifier_still_counts_when_another_is_lifted(held: KeyState) -> None:
    held.drop(HYPER_R)
    held.press(SHIFT_L)
    held.lift(SHIFT_L)
    assert held.modifiers == MODIFIER_OF[HYPER_R]


def test_buttons_are_released_where_the_pointer_was_last(held: KeyState) -> None:
    held.point(point(0b101, 1, 2))
    held.point(point(0b100, 3, 4))
    assert held.release_all() == point(0, 3, 4)


def test_a_pointer_without_buttons_needs_no_release(held: KeyState) -> None:
    held.point(point(1, 1, 2))
    held.point(point(0, 3, 4))
    assert held.release_all() == b""


def test_what_was_released_is_forgotten(held: KeyState) -> None:
    held.press(SHIFT_L)
    held.drop(A)
    held.point(point(1, 1, 2))
    held.release_all()
    assert held.release_all() == b""
    assert held.modifiers == 0
    assert not held.is_dropped(A)
    assert not held.lift(SHIFT_L)


def test_a_button_that_was_down_before_does_not_count_until_it_was_up_once(held: KeyState) -> None:
    held.ignore_buttons(0b011)
    assert held.still_meant(0b111) == 0b100
    assert held.still_meant(0b110) == 0b100
    assert held.still_meant(0b111) == 0b101


def test_a_button_held_at_a_handover_does_not_count_after_it(held: KeyState) -> None:
    assert held.still_meant(0b001) == 0b001
    held.release_all()
    assert held.still_meant(0b001) == 0
    assert held.still_meant(0b000) == 0
    assert held.still_meant(0b001) == 0b001


def test_of_more_keys_than_anybody_has_fingers_the_oldest_is_released(held: KeyState) -> None:
    for keysym in range(MAX_KEYS):
        assert held.press(keysym) == b""
    assert held.press(0) == b"", "a key that is held already may repeat"
    assert held.press(MAX_KEYS) == lift(0)
    assert held.press(MAX_KEYS + 1) == lift(1)
    assert not held.lift(0)
    assert held.press(0) == lift(2)


def test_a_modifier_that_is_released_as_the_oldest_does_not_count_any_more(held: KeyState) -> None:
    held.press(CONTROL_L)
    for keysym in range(MAX_KEYS):
        held.press(keysym)
    assert held.modifiers == 0


def test_dropped_keys_are_bounded_too(held: KeyState) -> None:
    held.drop(CONTROL_L)
    for keysym in range(MAX_KEYS):
        held.drop(keysym)
    assert not held.is_dropped(CONTROL_L)
    assert held.modifiers == 0
    assert all(held.is_dropped(keysym) for keysym in range(MAX_KEYS))


@given(st.lists(st.tuples(st.sampled_from([A, B, SHIFT_L, SHIFT_R, CONTROL_L]), st.booleans())))
def test_releases_exactly_the_keys_whose_press_is_open(events: list[tuple[int, bool]]) -> None:
    held, down = KeyState(), set()
    for keysym, pressed in events:
        if pressed:
            assert held.press(keysym) == b""
            down.add(keysym)
        else:
            assert held.lift(keysym) == (keysym in down)
            down.discard(keysym)
    assert bool(held.modifiers & Modifiers.SHIFT) == bool(down & {SHIFT_L, SHIFT_R})
    assert bool(held.modifiers & Modifiers.CONTROL) == (CONTROL_L in down)
    released = held.release_all()
    assert {int.from_bytes(released[i + 4 : i + 8]) for i in range(0, len(released), 8)} == down
    assert len(released) == 8 * len(down)
