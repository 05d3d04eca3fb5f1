from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rfb_samples import SAMPLES, VIOLATIONS, cut_text, extended_cut_text, lift, point

from pilothouse.protocol.errors import RfbViolation
from pilothouse.protocol.rfb.constants import ClientMessageType
from pilothouse.protocol.rfb.messages import KEY_EVENT, LENGTHS, cut_text_length, key_release, with_buttons


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
    ("raw", "down", "keysym"),
    [
        ("0401000000000061", 1, 0x61),
        ("0400000000000061", 0, 0x61),
        ("04ff00000000ffe3", 0xFF, 0xFFE3),
        ("0401ffff01000063", 1, 0x1000063),
    ],
)
def test_a_key_event_is_a_flag_and_a_keysym_and_padding_means_nothing(raw: str, down: int, keysym: int) -> None:
    assert KEY_EVENT.unpack(bytes.fromhex(raw)) == (4, down, keysym)


@given(st.integers(0, 0xFFFFFFFF))
def test_a_release_is_written_as_a_viewer_would(keysym: int) -> None:
    assert key_release(keysym) == lift(keysym)


@given(st.integers(0, 0xFF), st.integers(0, 0xFF), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_other_buttons_stay_at_the_same_place(before: int, after: int, x: int, y: int) -> None:
    assert with_buttons(point(before, x, y), after) == point(after, x, y)


def test_the_length_of_extended_text_is_negative() -> None:
    assert cut_text_length(cut_text(b"")) == 0
    assert cut_text_length(cut_text(b"hello")) == 5
    assert cut_text_length(extended_cut_text(bytes(12))) == -12
