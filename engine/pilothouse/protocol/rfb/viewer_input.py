"""The pure core of the VNC channel: a viewer's bytes in, the bytes for the VNC server out.

Order of the questions: is this a message that only fetches pixels? → one that nobody may send? → does this viewer hold
control? → what does the input policy say? Nothing is asked for a viewer without control.

Two kinds of messages go out changed, because dropping them whole would break honest viewers. SetEncodings loses the
encodings that would open further message types (encodings.py). A PointerEvent tells the position and the state of all
buttons at once, so it loses the buttons that are not allowed and keeps its place in the movement. Everything else
passes byte for byte or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pilothouse.protocol.errors import RfbViolation
from pilothouse.protocol.rfb.constants import ClientMessageType
from pilothouse.protocol.rfb.decisions import (
    FORWARD,
    IGNORE,
    Decision,
    Drop,
    ForwardChanged,
    Kind,
    Reason,
)
from pilothouse.protocol.rfb.encodings import without_forbidden
from pilothouse.protocol.rfb.input_policy import GUARDED, NO_CLIPBOARD, InputPolicy
from pilothouse.protocol.rfb.key_state import KeyState
from pilothouse.protocol.rfb.keysyms import fold, may_pass
from pilothouse.protocol.rfb.messages import KEY_EVENT, cut_text_length, with_buttons
from pilothouse.protocol.rfb.viewer_stream import ViewerStream

_FOR_EVERYBODY: dict[int, Callable[[bytes], Decision]] = {
    ClientMessageType.SET_PIXEL_FORMAT: lambda _: FORWARD,
    ClientMessageType.SET_ENCODINGS: lambda raw: ForwardChanged(without_forbidden(raw)),
    ClientMessageType.FRAMEBUFFER_UPDATE_REQUEST: lambda _: FORWARD,
    ClientMessageType.ENABLE_CONTINUOUS_UPDATES: lambda _: FORWARD,
    ClientMessageType.CLIENT_FENCE: lambda _: FORWARD,
}

_FOR_NOBODY: dict[int, Drop] = {
    ClientMessageType.XVP: Drop(Kind.POWER, Reason.NEVER_ALLOWED),
    # One such message from a client without the encoding crashes Xvnc 1.12 and 1.15.
    ClientMessageType.SET_DESKTOP_SIZE: Drop(Kind.RESIZE, Reason.NEVER_ALLOWED),
    # Xvnc obeys these even when they were never negotiated; keysym and keycode may disagree.
    ClientMessageType.QEMU: Drop(Kind.KEY, Reason.NOT_NEGOTIATED),
}

_WITHOUT_CONTROL: dict[int, Drop] = {
    ClientMessageType.KEY_EVENT: Drop(Kind.KEY, Reason.NO_CONTROL),
    ClientMessageType.POINTER_EVENT: Drop(Kind.POINTER, Reason.NO_CONTROL),
    ClientMessageType.CLIENT_CUT_TEXT: Drop(Kind.CLIPBOARD, Reason.NO_CONTROL),
}

_NO_SUCH_KEY = Drop(Kind.KEY, Reason.NEVER_ALLOWED)
_TEXT_TOO_LARGE = Drop(Kind.CLIPBOARD, Reason.TOO_LARGE)
_EXTENDED_TEXT = Drop(Kind.CLIPBOARD, Reason.NOT_NEGOTIATED)


class Judged(NamedTuple):
    """What one read came to.

    Attributes:
        forward: bytes for the server, all messages of the read together; may be empty.
        blocked: what did not pass, one for each message; releases and repeats of dropped keys are left out.
        violation: set when the stream cannot be followed any further. Forward what stood before it, then close.
    """

    forward: bytes
    blocked: list[Drop]
    violation: RfbViolation | None


class ViewerInput:
    """Follows one viewer's stream from the end of the handshake to the end of the channel.

    Args:
        policy: what the viewer may do while it holds control.
    """

    __slots__ = ("_held", "_of_holder", "_policy", "_stream")

    def __init__(self, policy: InputPolicy = GUARDED) -> None:
        self._policy = policy
        self._stream = ViewerStream()
        self._held = KeyState()
        self._of_holder: dict[int, Callable[[bytes], Decision]] = {
            ClientMessageType.KEY_EVENT: self._key,
            ClientMessageType.POINTER_EVENT: self._pointer,
            ClientMessageType.CLIENT_CUT_TEXT: self._cut_text,
        }

    @property
    def kept(self) -> int:
        """Bytes that wait for the rest of their message: at most the largest message that may pass."""
        return self._stream.kept

    def receive(self, data: bytes, *, in_control: bool) -> Judged:
        """Judge what arrived; half a message waits for its rest."""
        forward: list[bytes] = []
        blocked: list[Drop] = []
        for raw in self._stream.receive(data, self._policy.largest_cut_text if in_control else -1):
            decision = self.decide(raw, in_control=in_control)
            if decision is FORWARD:
                forward.append(raw)
            elif isinstance(decision, Drop):
                blocked.append(decision)
            elif isinstance(decision, ForwardChanged):
                forward.append(decision.raw)
                if decision.blocked is not None:
                    blocked.append(decision.blocked)
            elif decision.passes:
                forward.append(raw)
        return Judged(b"".join(forward), blocked, self._stream.violation)

    def decide(self, raw: bytes, *, in_control: bool) -> Decision:
        """Decide about one message, and note what will be forwarded.

        Args:
            raw: whole, or the head of clipboard text that was not collected.
            in_control: whether this viewer holds control at this moment.
        """
        kind = raw[0]
        if in_control and kind in self._of_holder:
            return self._of_holder[kind](raw)
        if kind in _FOR_EVERYBODY:
            return _FOR_EVERYBODY[kind](raw)
        if kind == ClientMessageType.POINTER_EVENT:
            self._held.ignore_buttons(raw[1])
        return _FOR_NOBODY.get(kind) or _WITHOUT_CONTROL[kind]

    def release_all(self) -> bytes:
        """Messages that lift every key and button which the server still sees as held by this viewer."""
        return self._held.release_all()

    def _key(self, raw: bytes) -> Decision:
        _, down, keysym = KEY_EVENT.unpack(raw)
        held = self._held
        if not down:
            return FORWARD if held.lift(keysym) else IGNORE
        if held.is_dropped(keysym):
            return IGNORE
        folded = fold(keysym)
        decision = self._policy.key(held.modifiers, folded) if may_pass(folded) else _NO_SUCH_KEY
        if decision.passes:
            first = held.press(keysym)
            return ForwardChanged(first + raw) if first else decision
        held.drop(keysym)
        return decision

    def _pointer(self, raw: bytes) -> Decision:
        held, mask, allowed = self._held, raw[1], self._policy.buttons
        blocked = mask & ~held.mask & ~allowed
        passing = held.still_meant(mask) & allowed
        if passing == mask:
            held.point(raw)
            return FORWARD
        changed = with_buttons(raw, passing)
        held.point(changed)
        return ForwardChanged(changed, self._policy.blocked_buttons(blocked) if blocked else None)

    def _cut_text(self, raw: bytes) -> Decision:
        if cut_text_length(raw) < 0:
            return _EXTENDED_TEXT
        if self._policy.largest_cut_text < 0:
            return NO_CLIPBOARD
        return FORWARD if len(raw) == 8 + cut_text_length(raw) else _TEXT_TOO_LARGE
