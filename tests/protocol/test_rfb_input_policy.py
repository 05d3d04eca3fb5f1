from __future__ import annotations

import pytest
from rfb_samples import (
    CONTINUOUS_UPDATES,
    QEMU_KEY,
    SAMPLES,
    SET_PIXEL_FORMAT,
    UPDATE_REQUEST,
    XVP_RESET,
    cut_text,
    extended_cut_text,
    fence,
    lift,
    point,
    press,
    set_desktop_size,
    set_encodings,
)

from pilothouse.protocol.rfb.constants import ClientMessageType
from pilothouse.protocol.rfb.input_policy import FORWARD, NO_CONTROL, Decision, Drop, Forward, ForwardChanged, decide
from pilothouse.protocol.rfb.key_state import MAX_HELD_KEYS, KeyState
from pilothouse.protocol.rfb.messages import ClientMessage

PIXELS_ONLY = [SET_PIXEL_FORMAT, UPDATE_REQUEST, CONTINUOUS_UPDATES, fence(b"x")]
INPUT = [press(0x61), lift(0x61), point(0), point(1), cut_text(b"text"), cut_text(b""), extended_cut_text(bytes(4))]
NEVER = [XVP_RESET, set_desktop_size(0), set_desktop_size(1), QEMU_KEY]

with_and_without_control = pytest.mark.parametrize("in_control", [True, False], ids=["in control", "no control"])


def judge(raw: bytes, held: KeyState, *, in_control: bool) -> Decision:
    return decide(ClientMessage(ClientMessageType(raw[0]), raw), held, in_control=in_control)


@pytest.fixture
def held() -> KeyState:
    return KeyState()


@with_and_without_control
@pytest.mark.parametrize("raw", PIXELS_ONLY, ids=bytes.hex)
def test_watching_is_for_everybody(held: KeyState, raw: bytes, in_control: bool) -> None:
    assert judge(raw, held, in_control=in_control) == FORWARD


@with_and_without_control
def test_encodings_are_filtered_for_everybody(held: KeyState, in_control: bool) -> None:
    decision = judge(set_encodings(7, -258, 16), held, in_control=in_control)
    assert decision == ForwardChanged(set_encodings(7, 16))


@with_and_without_control
@pytest.mark.parametrize("raw", NEVER, ids=bytes.hex)
def test_some_messages_are_for_nobody(held: KeyState, raw: bytes, in_control: bool) -> None:
    decision = judge(raw, held, in_control=in_control)
    assert isinstance(decision, Drop)
    assert decision != NO_CONTROL


@pytest.mark.parametrize("raw", INPUT, ids=bytes.hex)
def test_no_control_no_input(held: KeyState, raw: bytes) -> None:
    assert judge(raw, held, in_control=False) == NO_CONTROL
    assert held.release_all() == b"", "what was not forwarded is not held"


@with_and_without_control
@pytest.mark.parametrize("name", SAMPLES)
def test_there_is_a_decision_for_every_type(held: KeyState, name: str, in_control: bool) -> None:
    kind, raw = SAMPLES[name]
    assert isinstance(decide(ClientMessage(kind, raw), held, in_control=in_control), Forward | ForwardChanged | Drop)


def test_a_holders_keys_pass_and_are_noted(held: KeyState) -> None:
    assert judge(press(0x61), held, in_control=True) == FORWARD
    assert judge(press(0x61), held, in_control=True) == FORWARD
    assert held.release_all() == lift(0x61)


def test_a_release_passes_only_behind_its_press(held: KeyState) -> None:
    assert isinstance(judge(lift(0x61), held, in_control=True), Drop)
    judge(press(0x61), held, in_control=True)
    assert judge(lift(0x61), held, in_control=True) == FORWARD
    assert isinstance(judge(lift(0x61), held, in_control=True), Drop)


def test_one_key_too_many_is_dropped_and_so_is_its_release(held: KeyState) -> None:
    for keysym in range(MAX_HELD_KEYS):
        assert judge(press(keysym), held, in_control=True) == FORWARD
    assert isinstance(judge(press(0xFFFF), held, in_control=True), Drop)
    assert isinstance(judge(lift(0xFFFF), held, in_control=True), Drop)


def test_a_holders_pointer_passes_and_is_noted(held: KeyState) -> None:
    assert judge(point(1, 3, 4), held, in_control=True) == FORWARD
    assert held.release_all() == point(0, 3, 4)


def test_a_holders_plain_clipboard_text_passes(held: KeyState) -> None:
    assert judge(cut_text(b""), held, in_control=True) == FORWARD
    assert judge(cut_text(b"text"), held, in_control=True) == FORWARD


def test_extended_clipboard_was_never_negotiated(held: KeyState) -> None:
    assert isinstance(judge(extended_cut_text(bytes(4)), held, in_control=True), Drop)


def test_a_clipboard_text_that_was_thrown_away_cannot_pass(held: KeyState) -> None:
    thrown_away = ClientMessage(ClientMessageType.CLIENT_CUT_TEXT, b"")
    assert isinstance(decide(thrown_away, held, in_control=True), Drop)
    assert decide(thrown_away, held, in_control=False) == NO_CONTROL
