"""The keyboard of a display: a US keyboard, and other alphabets on keys that nobody has.

Xvnc types a character that no key has by putting it on an unused key at that moment. That fails twice: its own keymap
has 19 such keys, and Chromium loses the first press of each, because it reads the new keymap too late. So the letters
that people type are there from the start. The multimedia keys make room for them.
"""

from __future__ import annotations

import subprocess

import trio

from pilothouse.browsers.errors import BrowserFailed
from pilothouse.protocol.rfb.marks import MARK_KEYS

_LETTERS = (
    "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþ"  # Western Europe
    "ąćčďđęěğıľłńňőœřśşšťůűźżž"  # Central Europe, Turkey
    "абвгдежзийклмнопрстуфхцчшщъыьэюяёєіїґў"  # Russian, Ukrainian, Belarusian
    "αβγδεζηθικλμνξοπρστυφχψω"  # Greek
)
_SYMBOLS = ("ßÿ", "€§", "°µ", "£¥", "«»", "¿¡", "²³", "´¨")

_KEYS = (
    *(f"I{number}" for number in (120, 126, 128, *range(147, 166), *range(168, 181), *range(182, 191))),
    *(f"I{number}" for number in range(208, 256)),
    *(f"FK{number}" for number in range(13, 25)),
    *("AB11", "AE13", "KATA", "HIRA", "HENK", "HKTG", "MUHE", "JPCM", "LNFD", "HNGL", "HJCV"),
    *("STOP", "AGAI", "PROP", "UNDO", "FRNT", "COPY", "OPEN", "PAST", "FIND", "CUT", "HELP"),
)
"""XKB's names of keys that no US keyboard has."""

# Keycodes for marks: no letter's key, and no key whose meaning Chromium knows by its code.
_MARKS = {"MRK1": 93, "MRK2": 122}

# With these Chromium goes back, forward, and loads again, whatever character they have: Xvnc must not find them unused.
_NOT_FOR_CHARACTERS = ("I166", "I167", "I181")

# Keysyms that came before the Unicode form: noVNC and Xvnc prefer them.
_LEGACY = {"iso8859-2": 0x100, "iso8859-3": 0x200, "iso8859-4": 0x300, "koi8-u": 0x600, "iso8859-7": 0x700}
_OTHERS = {"€": 0x20AC, "œ": 0x13BD, "Œ": 0x13BC}


async def load_keyboard(display: int, environment: dict[str, str]) -> None:
    """Give a display the keyboard.

    Raises:
        BrowserFailed: it does not take it.
    """
    command = ["xkbcomp", "-w0", "-", f":{display}"]
    try:
        await trio.run_process(command, stdin=_keymap().encode(), env=environment, capture_stderr=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BrowserFailed(f"xkbcomp fails: {error}") from error


def _keymap() -> str:
    pairs = [*_SYMBOLS, *(letter + letter.upper() for letter in _LETTERS)]
    keys = [
        f"key <{key}> {{ [ {_keysym(pair[0]):#x}, {_keysym(pair[1]):#x} ] }};"
        for key, pair in zip(_KEYS[: len(pairs)], pairs, strict=True)
    ]
    marks = [f"key <{key}> {{ [ {name} ] }};" for key, name in zip(_MARKS, MARK_KEYS, strict=True)]
    codes = [f"<{key}> = {code};" for key, code in _MARKS.items()]
    taken = [f"key <{key}> {{ [ VoidSymbol ] }};" for key in _NOT_FOR_CHARACTERS]
    return f"""
        xkb_keymap {{
            xkb_keycodes {{ include "evdev+aliases(qwerty)" {" ".join(codes)} }};
            xkb_types {{ include "complete" }};
            xkb_compat {{ include "complete" }};
            xkb_symbols {{ include "pc+us" {" ".join([*keys, *taken, *marks])} }};
        }};"""


def _keysym(character: str) -> int:
    if ord(character) <= 0xFF:
        return ord(character)
    if character in _OTHERS:
        return _OTHERS[character]
    for encoding, base in _LEGACY.items():
        try:
            return base + character.encode(encoding)[0]
        except UnicodeEncodeError:
            continue
    return 0x0100_0000 + ord(character)
