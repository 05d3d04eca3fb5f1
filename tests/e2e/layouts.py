"""Typing on keyboards of other countries: what Chromium tells a page when such a key is pressed."""

from playwright.sync_api import Page

_US = "qwertyuiop[]asdfghjkl;'zxcvbnm,./`1234567890-="
_RUSSIAN = "йцукенгшщзхъфывапролджэячсмитьбю.ё1234567890-="
_GERMAN = "qwertzuiopü+asdfghjklöäyxcvbnm,.-^1234567890ß´"
_GERMAN_ALTGR = {"@": "q", "€": "e", "{": "7", "[": "8", "]": "9", "}": "0", "\\": "-", "~": "]", "µ": "m"}
_SHIFT = 8


def _code(us: str) -> str:
    """The name of the key that has this character on a US keyboard."""
    if us.isalpha():
        return f"Key{us.upper()}"
    if us.isdigit():
        return f"Digit{us}"
    names = {"[": "BracketLeft", "]": "BracketRight", ";": "Semicolon", "'": "Quote", ",": "Comma", ".": "Period"}
    return {**names, "/": "Slash", "`": "Backquote", "-": "Minus", "=": "Equal"}[us]


class ForeignKeyboard:
    """A keyboard with another layout than the one that Playwright knows."""

    def __init__(self, page: Page) -> None:
        self._devtools = page.context.new_cdp_session(page)

    def type_russian(self, text: str) -> None:
        self._type(text, _RUSSIAN)

    def type_german(self, text: str) -> None:
        for character in text:
            if us := _GERMAN_ALTGR.get(character):
                self._send("keyDown", "AltGraph", "AltRight")
                self._press(character, _code(us))
                self._send("keyUp", "AltGraph", "AltRight")
            else:
                self._type(character, _GERMAN)

    def _type(self, text: str, layout: str) -> None:
        for character in text:
            code = "Space" if character == " " else _code(_US[layout.index(character.lower())])
            if character.isupper():
                self._send("keyDown", "Shift", "ShiftLeft", _SHIFT)
                self._press(character, code, _SHIFT)
                self._send("keyUp", "Shift", "ShiftLeft")
            else:
                self._press(character, code)

    def _press(self, key: str, code: str, modifiers: int = 0) -> None:
        self._send("keyDown", key, code, modifiers)
        self._send("keyUp", key, code, modifiers)

    def _send(self, kind: str, key: str, code: str, modifiers: int = 0) -> None:
        event = {"type": kind, "key": key, "code": code, "modifiers": modifiers}
        self._devtools.send("Input.dispatchKeyEvent", event)
