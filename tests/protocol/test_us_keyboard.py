from __future__ import annotations

import pytest

from pilothouse.protocol.us_keyboard import Key, key_named, types_character


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("a", Key("a", "KeyA", 65, "a")),
        ("A", Key("A", "KeyA", 65, "A")),
        ("KeyA", Key("a", "KeyA", 65, "a")),
        ("5", Key("5", "Digit5", 53, "5")),
        ("%", Key("%", "Digit5", 53, "%")),
        ("?", Key("?", "Slash", 191, "?")),
        (" ", Key(" ", "Space", 32, " ")),
        ("Space", Key(" ", "Space", 32, " ")),
        ("Enter", Key("Enter", "Enter", 13, "\r")),
        ("\n", Key("Enter", "Enter", 13, "\r")),
        ("NumpadEnter", Key("Enter", "NumpadEnter", 13, "\r", 3)),
        ("Numpad7", Key("7", "Numpad7", 103, "7", 3)),
        ("Shift", Key("Shift", "ShiftLeft", 16, "", 1)),
        ("ShiftRight", Key("Shift", "ShiftRight", 16, "", 2)),
        ("MetaRight", Key("Meta", "MetaRight", 92, "", 2)),
        ("Escape", Key("Escape", "Escape", 27)),
        ("F12", Key("F12", "F12", 123)),
        ("é", Key("é", "", 0, "é")),
        ("Unidentified", Key("Unidentified", "", 0)),
    ],
)
def test_names_of_keys(name: str, key: Key) -> None:
    assert key_named(name) == key


def test_every_character_of_a_us_keyboard_has_a_key() -> None:
    for character in map(chr, range(32, 127)):
        key = key_named(character)
        assert types_character(character)
        assert (key.key, key.text) == (character, character)
        assert key.code
        assert key.key_code
    assert not types_character("é")
