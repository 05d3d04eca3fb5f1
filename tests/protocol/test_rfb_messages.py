from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rfb_samples import SAMPLES, VIOLATIONS, lift, point, press

from pilothouse.protocol.errors import RfbViolation
from pilothouse.protocol.rfb.constants import ClientMessageType
from pilothouse.protocol.rfb.messages import LENGTHS, KeyEvent, PointerEvent


def length_of(raw: bytes) -> int:
    """By the table, from no more bytes than its rule asks for."""
    rule = LENGTHS[raw[0]]
    return rule if isinstance(rule, int) else rule.total(raw[: rule.head])


@pytest.mark.parametrize("name", SAMPLES)
def test_the_table_knows_how_long_a_message_is(name: str) -> None:
    kind, raw = SAMPLES[name]
    assert raw[0] == kind
    assert length_of(raw) == len(raw)


def test_every_type_has_a_length_and_a_sample() -> None:
    assert set(LENGTHS) == set(ClientMessageType)
    assert {kind for kind, _ in SAMPLES.values()} == set(ClientMessageType)


@pytest.mark.parametrize("name", [name for name, raw in VIOLATIONS.items() if raw[0] in LENGTHS])
def test_impossible_lengths_are_refused_from_the_head_alone(name: str) -> None:
    with pytest.raises(RfbViolation):
        length_of(VIOLATIONS[name])


def test_a_large_cut_text_has_a_length_like_any_other() -> None:
    assert length_of(bytes.fromhex("060000007fffffff")) == 8 + 0x7FFFFFFF


@pytest.mark.parametrize(
    ("raw", "event"),
    [
        ("0401000000000061", KeyEvent(True, 0x61)),
        ("0400000000000061", KeyEvent(False, 0x61)),
        ("04ff00000000ffe3", KeyEvent(True, 0xFFE3)),
        ("0401ffff01000063", KeyEvent(True, 0x1000063)),
    ],
)
def test_any_nonzero_down_is_a_press_and_padding_means_nothing(raw: str, event: KeyEvent) -> None:
    assert KeyEvent.parse(bytes.fromhex(raw)) == event


@pytest.mark.parametrize(
    ("raw", "event"),
    [
        ("050000640064", PointerEvent(0, 100, 100)),
        ("05ff03200258", PointerEvent(0xFF, 800, 600)),
        ("0501ffff0000", PointerEvent(1, 0xFFFF, 0)),
    ],
)
def test_pointer_events_carry_the_mask_of_all_buttons(raw: str, event: PointerEvent) -> None:
    assert PointerEvent.parse(bytes.fromhex(raw)) == event
    assert event.encode() == bytes.fromhex(raw)


def test_key_events_are_written_as_they_are_read() -> None:
    assert KeyEvent(True, 0xFFE3).encode() == press(0xFFE3)
    assert KeyEvent(False, 0xFFE3).encode() == lift(0xFFE3)


@given(st.integers(0, 0xFF), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_pointer_events_are_written_as_they_are_read(mask: int, x: int, y: int) -> None:
    assert PointerEvent(mask, x, y).encode() == point(mask, x, y)
    assert PointerEvent.parse(point(mask, x, y)) == PointerEvent(mask, x, y)
