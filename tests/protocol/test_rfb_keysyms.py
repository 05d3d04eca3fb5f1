from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rfb_samples import keysyms

from pilothouse.protocol.rfb.keysyms import (
    MODIFIER_OF,
    NAMED,
    RELEASED_LAST,
    Modifiers,
    fold,
    is_character,
    may_pass,
)

FOLDED = {
    "Unicode o": (0x0100_006F, 0x6F),
    "Unicode O": (0x0100_004F, 0x4F),
    "Unicode é": (0x0100_00E9, 0xE9),
    "Unicode space": (0x0100_0020, 0x20),
    "KP_Space": (0xFF80, 0x20),
    "KP_Tab": (0xFF89, NAMED["Tab"]),
    "KP_Enter": (0xFF8D, NAMED["Return"]),
    "KP_F1": (0xFF91, NAMED["F1"]),
    "KP_F2": (0xFF92, NAMED["F2"]),
    "KP_F3": (0xFF93, NAMED["F3"]),
    "KP_F4": (0xFF94, NAMED["F4"]),
    "KP_Home": (0xFF95, NAMED["Home"]),
    "KP_Left": (0xFF96, NAMED["Left"]),
    "KP_Up": (0xFF97, NAMED["Up"]),
    "KP_Right": (0xFF98, NAMED["Right"]),
    "KP_Down": (0xFF99, NAMED["Down"]),
    "KP_Page_Up": (0xFF9A, NAMED["PageUp"]),
    "KP_Page_Down": (0xFF9B, NAMED["PageDown"]),
    "KP_End": (0xFF9C, NAMED["End"]),
    "KP_Begin": (0xFF9D, NAMED["Begin"]),
    "KP_Insert": (0xFF9E, NAMED["Insert"]),
    "KP_Delete": (0xFF9F, NAMED["Delete"]),
    "KP_Multiply": (0xFFAA, ord("*")),
    "KP_Add": (0xFFAB, ord("+")),
    "KP_Separator": (0xFFAC, ord(",")),
    "KP_Subtract": (0xFFAD, ord("-")),
    "KP_Decimal": (0xFFAE, ord(".")),
    "KP_Divide": (0xFFAF, ord("/")),
    "KP_0": (0xFFB0, ord("0")),
    "KP_9": (0xFFB9, ord("9")),
    "KP_Equal": (0xFFBD, ord("=")),
}

# First and last, and one from the middle.
NEVER = {
    "no symbol": [0x0],
    "control characters": [0x1, 0x1F, 0x7F, 0x80, 0x9F],
    "control characters in Unicode form": [0x0100_0000, 0x0100_001F, 0x0100_007F, 0x0100_009F],
    "surrogates": [0x0100_D800, 0x0100_DFFF],
    "beyond Unicode": [0x0111_0000, 0x01FF_FFFF],
    "locks, latches and groups": [0xFE01, 0xFE02, 0xFE04, 0xFE08, 0xFE0A, 0xFE0F, 0xFE11, 0xFE13],
    "ISO_Left_Tab and what follows": [0xFE20, 0xFE21, 0xFE34],
    "dead keys": [0xFE50, 0xFE5F],
    "accessibility": [0xFE70, 0xFE7A],
    "screens": [0xFED0, 0xFED1, 0xFED2, 0xFED4],
    "Terminate_Server": [0xFED5],
    "pointer keys": [0xFEE0, 0xFEE8],
    "pointer buttons": [0xFEE9, 0xFEEB, 0xFEF9, 0xFEFF],
    "Linefeed, Clear, Pause, Scroll_Lock, Sys_Req": [0xFF0A, 0xFF0B, 0xFF13, 0xFF14, 0xFF15],
    "Multi_key and input methods": [0xFF20, 0xFF21, 0xFF3F],
    "Select, Execute, Undo, Redo, Find, Cancel, Break": [0xFF60, 0xFF62, 0xFF65, 0xFF66, 0xFF68, 0xFF69, 0xFF6B],
    "function keys beyond F12": [0xFFCA, 0xFFE0],
    "Shift_Lock": [0xFFE6],
    "consoles and grabs of XFree86": [0x1008_FE01, 0x1008_FE0C, 0x1008_FE20, 0x1008_FE23],
    "multimedia": [0x1008_FF01, 0x1008_FF18, 0x1008_FF57, 0x1008_FF6D, 0x1008_FFFF, 0x1008_1001],
    "other vendors'": [0x1000_FF00, 0x1000_FE00, 0x1004_FF57, 0x1005_FF00, 0xFFFF_FFFF],
}

CHARACTERS = [0x20, 0x7E, 0xA0, 0xFF, 0x1A1, 0x6DD, 0x7F9, 0x20AC, 0x0100_0100, 0x0101_F600, 0x0110_FFFF]


@pytest.mark.parametrize("name", FOLDED)
def test_another_form_of_a_key_is_folded(name: str) -> None:
    keysym, folded = FOLDED[name]
    assert fold(keysym) == folded
    assert may_pass(folded)


@pytest.mark.parametrize("name", NEVER)
def test_what_servers_obey_never_passes(name: str) -> None:
    assert [keysym for keysym in NEVER[name] if may_pass(fold(keysym))] == []


@pytest.mark.parametrize("keysym", CHARACTERS, ids=hex)
def test_characters_are_characters(keysym: int) -> None:
    assert is_character(fold(keysym))
    assert may_pass(fold(keysym))


def test_named_keys_may_pass_and_are_no_characters() -> None:
    for keysym in NAMED.values():
        assert fold(keysym) == keysym
        assert may_pass(keysym)
        assert not is_character(keysym)


def test_upper_and_lower_case_stay_two() -> None:
    assert {fold(keysym) for keysym in b"oO"} == {*b"oO"}


def test_all_that_may_pass_of_the_range_with_functions_is_named() -> None:
    passing = {fold(keysym) for keysym in range(0xFE00, 0x1_0000) if may_pass(fold(keysym))}
    assert {keysym for keysym in passing if keysym > 0x7E} == {*NAMED.values()}
    assert {keysym for keysym in passing if keysym <= 0x7E} == {*b" *+,-./0123456789="}


@pytest.mark.parametrize("family", [m for m in Modifiers if m])
def test_every_family_of_modifiers_has_keys_which_are_released_last(family: Modifiers) -> None:
    keys = {keysym for keysym, modifier in MODIFIER_OF.items() if modifier == family}
    assert keys
    assert keys <= RELEASED_LAST


def test_both_sides_of_a_modifier_belong_to_one_family() -> None:
    for name in ("Shift", "Control", "Meta", "Hyper"):
        assert MODIFIER_OF[NAMED[f"{name}_L"]] == MODIFIER_OF[NAMED[f"{name}_R"]]


@given(st.one_of(keysyms, st.integers(0, 2**32 - 1)))
def test_to_fold_twice_is_to_fold_once(keysym: int) -> None:
    assert fold(fold(keysym)) == fold(keysym)


@given(st.integers(0x0100_0000, 0x0100_00FF))
def test_latin_1_in_unicode_form_is_what_it_is_by_itself(keysym: int) -> None:
    plain = keysym - 0x0100_0000
    assert may_pass(fold(keysym)) == may_pass(plain)
    assert fold(keysym) == (plain if may_pass(plain) else 0)


@given(st.integers(0x0111_0000, 2**32 - 1))
def test_nothing_beyond_unicode_passes(keysym: int) -> None:
    assert not may_pass(fold(keysym))
