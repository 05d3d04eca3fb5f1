from __future__ import annotations

import pytest

from pilothouse.protocol.rfb.chords import ANY, Chord, chords, passes_with_any_modifiers
from pilothouse.protocol.rfb.keysyms import MODIFIER_OF, NAMED, Modifiers

NONE, SHIFT, CONTROL = Modifiers.NONE, Modifiers.SHIFT, Modifiers.CONTROL
ALT_LEFT, ALT, SUPER_LEFT = Modifiers.ALT_LEFT, Modifiers.ALT, Modifiers.SUPER_LEFT

READ = {
    "a": [(NONE, 0x61)],
    "F5": [(NONE, 0xFFC2)],
    "+": [(NONE, 0x2B)],
    "Ctrl+c": [(CONTROL, 0x63)],
    "Ctrl++": [(CONTROL, 0x2B)],
    "Ctrl+Shift++": [(CONTROL | SHIFT, 0x2B)],
    "Ctrl+-": [(CONTROL, 0x2D)],
    "Ctrl+Shift+t": [(CONTROL | SHIFT, 0x54)],
    "Shift+F10": [(SHIFT, 0xFFC7)],
    "Shift?+Left": [(NONE, 0xFF51), (SHIFT, 0xFF51)],
    "Ctrl+Shift?+t": [(CONTROL, 0x74), (CONTROL | SHIFT, 0x54)],
    "Shift?+any character": [(NONE, ANY), (SHIFT, ANY)],
    "Alt+f": [(ALT_LEFT, 0x66), (ALT, 0x66)],
    "Cmd+c": [(ALT_LEFT, 0x63), (SUPER_LEFT, 0x63)],
    "Alt+ ": [(ALT_LEFT, 0x20), (ALT, 0x20)],
}


@pytest.mark.parametrize("written", READ)
def test_reads(written: str) -> None:
    assert list(chords(written)) == [Chord(int(modifiers), keysym) for modifiers, keysym in READ[written]]


@pytest.mark.parametrize("written", ["", "Ctrl+", "Control+c", "ctrl+c", "Ctrl+ab", "Ctrl+F13", "c+Ctrl", "++", "a b"])
def test_refuses(written: str) -> None:
    with pytest.raises(ValueError, match=r"is not a modifier|neither a character nor a named key"):
        list(chords(written))


def test_modifiers_and_locks_are_judged_alone() -> None:
    alone = {keysym for keysym in NAMED.values() if passes_with_any_modifiers(keysym)}
    locks = {NAMED[name] for name in ("Caps_Lock", "Num_Lock", "ISO_Level3_Shift", "Mode_switch")}
    assert alone == MODIFIER_OF.keys() | locks
    assert not any(passes_with_any_modifiers(keysym) for keysym in range(0x20, 0x100))
