from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rfb_samples import lift, point

from pilothouse.protocol.rfb.key_state import MAX_HELD_KEYS, KeyState
from pilothouse.protocol.rfb.messages import PointerEvent

A, B, SHIFT_L, CONTROL_L, ALT_GR, MODE_SWITCH, HYPER_R = 0x61, 0x62, 0xFFE1, 0xFFE3, 0xFE03, 0xFF7E, 0xFFEE


@pytest.fixture
def held() -> KeyState:
    return KeyState()


def test_nothing_held_needs_no_release(held: KeyState) -> None:
    assert held.release_all() == b""


def test_the_example_of_a_handover(held: KeyState) -> None:
    held.press(CONTROL_L)
    held.press(A)
    held.point(PointerEvent(1, 50, 60))
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
    assert held.press(A)
    assert held.press(A)
    assert held.release_all() == lift(A)


@pytest.mark.parametrize("modifier", [SHIFT_L, CONTROL_L, ALT_GR, MODE_SWITCH, HYPER_R])
def test_modifiers_are_released_last(held: KeyState, modifier: int) -> None:
    held.press(modifier)
    held.press(A)
    held.press(B)
    assert held.release_all() == lift(A) + lift(B) + lift(modifier)


def test_left_and_right_are_two_keys(held: KeyState) -> None:
    held.press(SHIFT_L)
    held.press(SHIFT_L + 1)
    held.lift(SHIFT_L + 1)
    assert held.release_all() == lift(SHIFT_L)


def test_buttons_are_released_where_the_pointer_was_last(held: KeyState) -> None:
    held.point(PointerEvent(0b101, 1, 2))
    held.point(PointerEvent(0b100, 3, 4))
    assert held.release_all() == point(0, 3, 4)


def test_a_pointer_without_buttons_needs_no_release(held: KeyState) -> None:
    held.point(PointerEvent(1, 1, 2))
    held.point(PointerEvent(0, 3, 4))
    assert held.release_all() == b""


def test_what_was_released_is_forgotten(held: KeyState) -> None:
    held.press(A)
    held.point(PointerEvent(1, 1, 2))
    held.release_all()
    assert held.release_all() == b""
    assert not held.lift(A)


def test_nobody_holds_more_keys_than_there_are_fingers(held: KeyState) -> None:
    for keysym in range(MAX_HELD_KEYS):
        assert held.press(keysym)
    assert not held.press(MAX_HELD_KEYS)
    assert held.press(0), "a key that is held already may repeat"
    assert held.lift(0)
    assert held.press(MAX_HELD_KEYS)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans())))
def test_releases_exactly_the_keys_whose_press_is_open(events: list[tuple[int, bool]]) -> None:
    held, down = KeyState(), set()
    for keysym, pressed in events:
        if pressed:
            assert held.press(keysym)
            down.add(keysym)
        else:
            assert held.lift(keysym) == (keysym in down)
            down.discard(keysym)
    released = held.release_all()
    assert {int.from_bytes(released[i + 4 : i + 8]) for i in range(0, len(released), 8)} == down
    assert len(released) == 8 * len(down)
