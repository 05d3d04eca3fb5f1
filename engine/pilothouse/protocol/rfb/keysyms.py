"""X11 keysyms: names, families of modifiers, equal forms, and which of them are characters.

Servers obey more than what is printed on a keyboard: keysyms that end the X server, move its pointer, press its buttons
or switch its console. So this is an allow-list. A keysym that is neither a character nor named here passes under no
policy. ISO_Level3_Shift is the one ISO keysym among the named: it is AltGr.

Sources: X11's keysymdef.h; the X Window System protocol, appendix A.
"""

from __future__ import annotations

from enum import IntFlag

NAMED = {
    "BackSpace": 0xFF08,
    "Tab": 0xFF09,
    "Return": 0xFF0D,
    "Escape": 0xFF1B,
    "Home": 0xFF50,
    "Left": 0xFF51,
    "Up": 0xFF52,
    "Right": 0xFF53,
    "Down": 0xFF54,
    "PageUp": 0xFF55,
    "PageDown": 0xFF56,
    "End": 0xFF57,
    "Begin": 0xFF58,
    "Print": 0xFF61,
    "Insert": 0xFF63,
    "Menu": 0xFF67,
    "Help": 0xFF6A,
    "Delete": 0xFFFF,
    **{f"F{number}": 0xFFBD + number for number in range(1, 13)},
    "Shift_L": 0xFFE1,
    "Shift_R": 0xFFE2,
    "Control_L": 0xFFE3,
    "Control_R": 0xFFE4,
    "Caps_Lock": 0xFFE5,
    "Num_Lock": 0xFF7F,
    "Meta_L": 0xFFE7,
    "Meta_R": 0xFFE8,
    "Alt_L": 0xFFE9,
    "Alt_R": 0xFFEA,
    "Super_L": 0xFFEB,
    "Super_R": 0xFFEC,
    "Hyper_L": 0xFFED,
    "Hyper_R": 0xFFEE,
    "ISO_Level3_Shift": 0xFE03,
    "Mode_switch": 0xFF7E,
}


CONTROL = NAMED["Control_L"]
CMD = frozenset({NAMED["Alt_L"], NAMED["Super_L"]})
"""A Mac's, left and right, as noVNC sends them."""


class Modifiers(IntFlag):
    """Modifiers that give a key another meaning. X servers treat Meta as Alt, and Hyper as Super.

    The left Alt and Super keys have bits of their own: they are what noVNC makes of a Mac's left and right Cmd. AltGr
    (ISO_Level3_Shift, Mode_switch) and the lock keys only choose characters, which arrive as characters anyway.
    """

    NONE = 0
    SHIFT = 1
    CONTROL = 2
    ALT_LEFT = 4
    ALT = 8
    SUPER_LEFT = 16
    SUPER = 32


MODIFIER_OF: dict[int, int] = {
    NAMED[name]: int(modifier)
    for modifier, names in {
        Modifiers.SHIFT: ("Shift_L", "Shift_R"),
        Modifiers.CONTROL: ("Control_L", "Control_R"),
        Modifiers.ALT_LEFT: ("Alt_L",),
        Modifiers.ALT: ("Alt_R", "Meta_L", "Meta_R"),
        Modifiers.SUPER_LEFT: ("Super_L",),
        Modifiers.SUPER: ("Super_R", "Hyper_L", "Hyper_R"),
    }.items()
    for name in names
}

RELEASED_LAST = frozenset({*MODIFIER_OF, NAMED["ISO_Level3_Shift"], NAMED["Mode_switch"]})
"""Keys that change what others mean: whoever lets go of everything lifts them last."""

_KEYPAD = {
    0xFF80: ord(" "),
    0xFF89: NAMED["Tab"],
    0xFF8D: NAMED["Return"],
    **{0xFF91 + number: NAMED["F1"] + number for number in range(4)},  # KP_F1 … KP_F4, which Xvnc takes for F1 … F4
    **{0xFF95 + number: NAMED["Home"] + number for number in range(9)},  # KP_Home … KP_Begin, in the same order
    0xFF9E: NAMED["Insert"],
    0xFF9F: NAMED["Delete"],
    **{0xFFAA + number: ord("*") + number for number in range(6)},  # KP_Multiply … KP_Divide, as in ASCII
    **{0xFFB0 + number: ord("0") + number for number in range(10)},
    0xFFBD: ord("="),
}

_UNICODE = 0x0100_0000

# First and last keysym of each alphabet that came before the Unicode form.
_LEGACY_ALPHABETS = (
    (0x01A1, 0x01FF),  # Latin-2
    (0x02A1, 0x02FE),  # Latin-3
    (0x03A2, 0x03FE),  # Latin-4
    (0x047E, 0x04DF),  # Kana
    (0x05AC, 0x05F2),  # Arabic
    (0x06A1, 0x06FF),  # Cyrillic
    (0x07A1, 0x07F9),  # Greek
    (0x08A1, 0x08FE),  # technical
    (0x09DF, 0x09F8),  # special
    (0x0AA1, 0x0AFF),  # publishing
    (0x0BA3, 0x0BFC),  # APL
    (0x0CDF, 0x0CFA),  # Hebrew
    (0x0DA1, 0x0DF9),  # Thai
    (0x0EA1, 0x0EFF),  # Korean
    (0x12A1, 0x12FE),  # Latin-8
    (0x13BC, 0x13BE),  # Latin-9
    (0x14A1, 0x14FE),  # Armenian
    (0x15D0, 0x15F6),  # Georgian
    (0x16A3, 0x16FF),  # Azeri and others
    (0x1E9F, 0x1EFF),  # Vietnamese
    (0x20A0, 0x20AC),  # currencies
)

_NAMED_KEYSYMS = frozenset(NAMED.values())


def fold(keysym: int) -> int:
    """One form of a key for all that a server takes for the same: Unicode of Latin-1 → Latin-1, keypad → main block.

    Upper and lower case stay two: servers press Shift for the one and release it for the other.
    """
    if _UNICODE <= keysym <= _UNICODE + 0xFF:
        keysym -= _UNICODE
        return keysym if _is_latin_1(keysym) else 0
    return _KEYPAD.get(keysym, keysym)


def is_character(folded: int) -> bool:
    """Whether a folded keysym is a character: Latin-1, one of the older alphabets, or Unicode from U+0100 on."""
    if folded <= 0xFF:
        return _is_latin_1(folded)
    if folded > _UNICODE + 0xFF:
        return folded <= _UNICODE + 0x10_FFFF and not 0xD800 <= folded - _UNICODE <= 0xDFFF
    return any(first <= folded <= last for first, last in _LEGACY_ALPHABETS)


def may_pass(folded: int) -> bool:
    """Whether any policy at all may let this folded keysym pass."""
    return folded in _NAMED_KEYSYMS or is_character(folded)


def _is_latin_1(keysym: int) -> bool:
    return 0x20 <= keysym <= 0x7E or 0xA0 <= keysym <= 0xFF
