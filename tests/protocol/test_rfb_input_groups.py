"""The table itself: readable as data, and free of contradictions."""

from __future__ import annotations

from collections import Counter

import pytest

from pilothouse.protocol.rfb.chords import ANY, Chord, chords
from pilothouse.protocol.rfb.input_groups import (
    COPY_CHORDS,
    CUT_CHORDS,
    GROUPS,
    GUARDED_GROUPS,
    LEFT,
    MIDDLE,
    OPEN_GROUPS,
    PASTE_CHORDS,
    RIGHT,
    WHEEL,
)
from pilothouse.protocol.rfb.keysyms import fold, may_pass

PROMISED = {
    *("text", "editing", "navigation_keys", "clipboard", "reload", "find", "zoom", "history", "tabs", "windows"),
    *("address_bar", "browser_menu", "open_file", "save_page", "print", "view_source", "developer_tools"),
    *("context_menu", "task_manager", "middle_click", "side_buttons"),
}
REACHES_THE_HOST = {"open_file", "save_page", "print", "developer_tools", "context_menu", "browser_menu"}

every_group = pytest.mark.parametrize("name", GROUPS)


def chords_of(name: str) -> list[Chord]:
    return [chord for written in GROUPS[name].chords for chord in chords(written)]


def test_the_groups_that_were_promised_exist() -> None:
    assert GROUPS.keys() >= PROMISED


@every_group
def test_every_entry_of_the_table_can_be_read_and_may_pass(name: str) -> None:
    for chord in chords_of(name):
        assert chord.keysym == ANY or may_pass(chord.keysym)


@every_group
def test_every_key_is_written_in_the_form_that_is_compared(name: str) -> None:
    assert all(fold(chord.keysym) == chord.keysym for chord in chords_of(name))


def test_no_chord_stands_in_two_groups_or_twice_in_one() -> None:
    counted = Counter(chord for name in GROUPS for chord in chords_of(name))
    assert [chord for chord, count in counted.items() if count > 1] == []


def test_every_button_stands_in_one_group() -> None:
    assert sum(group.buttons for group in GROUPS.values()) == 0xFF
    assert all(group.chords or group.buttons for group in GROUPS.values())


@every_group
def test_every_group_says_what_it_is_about_and_what_is_blocked_says_why(name: str) -> None:
    assert GROUPS[name].about
    assert GROUPS[name].risk or name in GUARDED_GROUPS


def test_the_ready_policies_consist_of_groups_that_exist() -> None:
    assert GUARDED_GROUPS < OPEN_GROUPS < GROUPS.keys()
    assert not OPEN_GROUPS & REACHES_THE_HOST


def test_what_copies_and_pastes_is_the_clipboards() -> None:
    assert {*GROUPS["clipboard"].chords} == {*COPY_CHORDS, *CUT_CHORDS, *PASTE_CHORDS}


def test_the_guarded_buttons_are_the_left_one_and_the_wheel() -> None:
    assert sum(GROUPS[name].buttons for name in GUARDED_GROUPS) == LEFT | WHEEL
    assert sum(GROUPS[name].buttons for name in OPEN_GROUPS) & (MIDDLE | RIGHT) == MIDDLE
