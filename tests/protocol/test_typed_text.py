"""Text as key events, for fields of the browser's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rfb_samples import lift, press

from pilothouse.protocol.rfb.keysyms import fold, is_character
from pilothouse.protocol.rfb.messages import KEY_EVENT
from pilothouse.protocol.rfb.typed_text import AT_ONCE, keysym_of, typed


@pytest.mark.parametrize(
    ("text", "keysyms"),
    [
        ("aA 1~", [0x61, 0x41, 0x20, 0x31, 0x7E]),
        ("ü×ÿ", [0xFC, 0xD7, 0xFF]),
        ("Ā☸א", [0x1000100, 0x1002638, 0x10005D0]),
        ("😀", [0x101F600]),
        ("a\r\n\t\u2028b\n\nc\n", [0x61, 0x20, 0x62, 0x20, 0x63, 0x20]),
        ("\x00\x1b\x08\x7f\x9f", []),
        ("\ud83d", []),
        ("", []),
    ],
)
def test_each_character_is_pressed_and_lifted(text: str, keysyms: list[int]) -> None:
    assert b"".join(typed(text)) == b"".join(press(keysym) + lift(keysym) for keysym in keysyms)


@given(st.text())
def test_nothing_is_pressed_but_characters_and_all_is_lifted(text: str) -> None:
    pieces = list(typed(text))
    assert all(0 < len(piece) <= AT_ONCE * 2 * KEY_EVENT.size for piece in pieces)
    events = list(KEY_EVENT.iter_unpack(b"".join(pieces)))
    for (_, pressed, keysym), (_, lifted, same) in zip(events[::2], events[1::2], strict=True):
        assert (pressed, lifted, keysym) == (1, 0, same)
        assert is_character(fold(keysym))


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])))
def test_what_can_be_typed_is_typed_in_order(text: str) -> None:
    events = KEY_EVENT.iter_unpack(b"".join(typed(text)))
    keysyms = [keysym for _, down, keysym in events if down]
    assert "".join(chr(keysym & 0xFF_FFFF) for keysym in keysyms) == text


@given(st.characters())
def test_no_two_characters_share_a_keysym(character: str) -> None:
    keysym = keysym_of(character)
    assert keysym is None or chr(keysym & 0xFF_FFFF) == character
