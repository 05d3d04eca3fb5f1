"""Input for one page, as commands of CDP's `Input` domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilothouse.protocol.us_keyboard import MODIFIERS, Key, key_named, types_character
from pilothouse.protocol.user_flow import Click, DoubleClick

Command = tuple[str, Mapping[str, Any]]

_BUTTONS = {  # CDP's name, and its bit in `buttons`
    "primary": ("left", 1),
    "secondary": ("right", 2),
    "auxiliary": ("middle", 4),
    "back": ("back", 8),
    "forward": ("forward", 16),
}


class HeldKeys:
    """The keys that a flow has pressed and not let go yet."""

    def __init__(self) -> None:
        self._held: dict[str, Key] = {}

    @property
    def modifiers(self) -> int:
        """Those of them that are modifiers, as bits."""
        bits = 0
        for key in self._held.values():
            bits |= MODIFIERS.get(key.key, 0)
        return bits

    def press(self, name: str) -> Command:
        """Press a key; one that is held already repeats itself."""
        key = key_named(name)
        again = _identity(key) in self._held
        self._held[_identity(key)] = key
        silent = self.modifiers & ~MODIFIERS["Shift"]
        text = "" if silent else key.text
        kind = "keyDown" if text else "rawKeyDown"
        return "Input.dispatchKeyEvent", {"type": kind, "text": text, "autoRepeat": again, **self._described(key)}

    def let_go(self, name: str) -> Command:
        """Let a key go, held or not."""
        key = key_named(name)
        self._held.pop(_identity(key), None)
        return "Input.dispatchKeyEvent", {"type": "keyUp", **self._described(key)}

    def let_all_go(self) -> list[Command]:
        """Let go what is held, the newest first."""
        return [self.let_go(key.code or key.key) for key in reversed(list(self._held.values()))]

    def type(self, character: str) -> list[Command]:
        """Type one character: with its key, if it has one."""
        if not types_character(character):
            return [("Input.insertText", {"text": character})]
        return [self.press(character), self.let_go(character)]

    def _described(self, key: Key) -> dict[str, Any]:
        return {
            "key": key.key,
            "code": key.code,
            "windowsVirtualKeyCode": key.key_code,
            "location": key.location,
            "modifiers": self.modifiers,
            "isKeypad": key.location == 3,
        }


def _identity(key: Key) -> str:
    return key.code or key.key


def move(x: float, y: float, modifiers: int) -> Command:
    """Move the mouse."""
    return "Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x, "y": y, "modifiers": modifiers}


def clicks(step: Click | DoubleClick, x: float, y: float, modifiers: int) -> list[Command]:
    """Press and let go, once or twice; each press comes before its letting go."""
    if step.device_type == "touch":
        finger = {"touchPoints": [{"x": x, "y": y}], "modifiers": modifiers}
        tap: list[Command] = [
            ("Input.dispatchTouchEvent", {"type": "touchStart", **finger}),
            ("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": [], "modifiers": modifiers}),
        ]
        return tap * (2 if isinstance(step, DoubleClick) else 1)
    name, bit = _BUTTONS[step.button]
    common = {"x": x, "y": y, "button": name, "pointerType": step.device_type, "modifiers": modifiers}
    commands: list[Command] = []
    for count in range(1, 3 if isinstance(step, DoubleClick) else 2):
        for kind, buttons in (("mousePressed", bit), ("mouseReleased", 0)):
            event = {"type": kind, "buttons": buttons, "clickCount": count, **common}
            commands.append(("Input.dispatchMouseEvent", event))
    return commands
