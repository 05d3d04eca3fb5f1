"""What happens to one client message: a decision, as a value.

Order of the questions: is this a message that nobody may send? → does it only fetch pixels? → does this viewer hold
control? → what does the policy for holders say? The last one is `_HOLDER`, the place for chords and the clipboard:
today a holder's keys, pointer and plain clipboard text pass.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from pilothouse.protocol.rfb.constants import ClientMessageType
from pilothouse.protocol.rfb.encodings import without_forbidden
from pilothouse.protocol.rfb.key_state import KeyState
from pilothouse.protocol.rfb.messages import ClientMessage, KeyEvent, PointerEvent


@attrs.frozen
class Forward:
    """Pass the message on, byte for byte."""


@attrs.frozen
class ForwardChanged:
    """Pass these bytes on instead."""

    raw: bytes


@attrs.frozen
class Drop:
    """Pass nothing on."""

    reason: str


Decision = Forward | ForwardChanged | Drop

FORWARD = Forward()
NO_CONTROL = Drop("no control")

_NEVER = {
    ClientMessageType.XVP: Drop("would shut the server down"),
    # One such message from a client without the encoding crashes Xvnc 1.12 and 1.15.
    ClientMessageType.SET_DESKTOP_SIZE: Drop("the session decides its size"),
    # Xvnc obeys these even when they were never negotiated; keysym and keycode may disagree.
    ClientMessageType.QEMU: Drop("keys come as plain KeyEvents"),
}

_PIXELS_ONLY = frozenset(
    {
        ClientMessageType.SET_PIXEL_FORMAT,
        ClientMessageType.FRAMEBUFFER_UPDATE_REQUEST,
        ClientMessageType.ENABLE_CONTINUOUS_UPDATES,
        ClientMessageType.CLIENT_FENCE,
    }
)


def _key(message: ClientMessage, held: KeyState) -> Decision:
    event = KeyEvent.parse(message.raw)
    if event.down:
        return FORWARD if held.press(event.keysym) else Drop("too many keys held")
    return FORWARD if held.lift(event.keysym) else Drop("its press was not forwarded")


def _pointer(message: ClientMessage, held: KeyState) -> Decision:
    held.point(PointerEvent.parse(message.raw))
    return FORWARD


def _cut_text(message: ClientMessage, _held: KeyState) -> Decision:
    if not message.raw:
        return Drop("clipboard text too large")
    if message.raw[4] & 0x80:
        return Drop("extended clipboard was not negotiated")
    return FORWARD


_HOLDER: dict[ClientMessageType, Callable[[ClientMessage, KeyState], Decision]] = {
    ClientMessageType.KEY_EVENT: _key,
    ClientMessageType.POINTER_EVENT: _pointer,
    ClientMessageType.CLIENT_CUT_TEXT: _cut_text,
}


def decide(message: ClientMessage, held: KeyState, *, in_control: bool) -> Decision:
    """Decide about one message, and note in `held` what will be forwarded.

    Args:
        message: whole, from `ViewerStream`.
        held: this viewer's keys and buttons.
        in_control: whether this viewer holds control at this moment.
    """
    kind = message.type
    if kind in _PIXELS_ONLY:
        return FORWARD
    if kind is ClientMessageType.SET_ENCODINGS:
        return ForwardChanged(without_forbidden(message.raw))
    if kind in _NEVER:
        return _NEVER[kind]
    return _HOLDER[kind](message, held) if in_control else NO_CONTROL
