"""Keys by the names that Puppeteer and the DevTools Recorder give them: as on a US keyboard.

A name is what a key makes (`a`, `A`, `%`, `Enter`), or where it is (`KeyA`, `Digit5`, `ShiftRight`).

Source: UI Events KeyboardEvent key and code values, W3C; virtual key codes of Windows, which Chromium uses everywhere.
"""

from __future__ import annotations

import attrs

MODIFIERS = {"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}
"""The bit of each modifier key in CDP's `Input` domain."""


@attrs.frozen
class Key:
    """A key, and what it does.

    Attributes:
        key, code: of the page's keyboard events; a key that is on no such keyboard has no code.
        key_code: Windows' number for it.
        text: what it types; empty for keys that type nothing.
        location: 1 is left, 2 is right, 3 is the numeric keypad.
    """

    key: str
    code: str
    key_code: int
    text: str = ""
    location: int = 0


_TYPING = {  # code, what it types alone and with Shift, number
    "Semicolon": (";", ":", 186),
    "Equal": ("=", "+", 187),
    "Comma": (",", "<", 188),
    "Minus": ("-", "_", 189),
    "Period": (".", ">", 190),
    "Slash": ("/", "?", 191),
    "Backquote": ("`", "~", 192),
    "BracketLeft": ("[", "{", 219),
    "Backslash": ("\\", "|", 220),
    "BracketRight": ("]", "}", 221),
    "Quote": ("'", '"', 222),
    "Space": (" ", " ", 32),
    **{f"Digit{digit}": (str(digit), ")!@#$%^&*("[digit], 48 + digit) for digit in range(10)},
    **{f"Key{chr(letter)}": (chr(letter).lower(), chr(letter), letter) for letter in range(65, 91)},
}
_NAMED = {
    "Backspace": 8,
    "Tab": 9,
    "Clear": 12,
    "Pause": 19,
    "CapsLock": 20,
    "Escape": 27,
    "Convert": 28,
    "NonConvert": 29,
    "PageUp": 33,
    "PageDown": 34,
    "End": 35,
    "Home": 36,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
    "PrintScreen": 44,
    "Insert": 45,
    "Delete": 46,
    "Help": 47,
    "ContextMenu": 93,
    **{f"F{number}": 111 + number for number in range(1, 25)},
    "NumLock": 144,
    "ScrollLock": 145,
}
_SIDED = {"Shift": 16, "Control": 17, "Alt": 18, "Meta": 91}
_KEYPAD = {
    **{str(digit): (str(digit), 96 + digit) for digit in range(10)},
    "Multiply": ("*", 106),
    "Add": ("+", 107),
    "Subtract": ("-", 109),
    "Decimal": (".", 110),
    "Divide": ("/", 111),
}


def _keys() -> dict[str, Key]:
    keys = {name: Key(name, name, number) for name, number in _NAMED.items()}
    for code, (plain, shifted, number) in _TYPING.items():
        keys[code] = keys[plain] = Key(plain, code, number, plain)
        keys.setdefault(shifted, Key(shifted, code, number, shifted))
    for name, number in _SIDED.items():
        keys[name] = keys[f"{name}Left"] = Key(name, f"{name}Left", number, location=1)
        keys[f"{name}Right"] = Key(name, f"{name}Right", 92 if name == "Meta" else number, location=2)
    for name, (text, number) in _KEYPAD.items():
        keys[f"Numpad{name}"] = Key(text, f"Numpad{name}", number, text, location=3)
    # A line break is typed as a carriage return.
    keys["Enter"] = keys["\n"] = keys["\r"] = Key("Enter", "Enter", 13, "\r")
    keys["NumpadEnter"] = Key("Enter", "NumpadEnter", 13, "\r", location=3)
    return keys


_KEYS = _keys()


def key_named(name: str) -> Key:
    """The key of this name. One that is on no such keyboard types itself if it is one character, else nothing."""
    return _KEYS.get(name) or Key(name, "", 0, name if len(name) == 1 else "")


def types_character(character: str) -> bool:
    """Whether there is a key that types this."""
    return character in _KEYS
