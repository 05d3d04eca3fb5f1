"""The pure core of the VNC channel: a viewer's bytes in, the bytes for the VNC server out.

Order of the questions: is this a message that only fetches pixels? → one that nobody may send? → does this viewer hold
control? → what does the input policy say? Nothing is asked for a viewer without control.

A chord that means cut or paste may hold up the input behind it until `go_on`, because others come first: the page's
selection is read, the frontend's clipboard is asked for. What only fetches pixels passes meanwhile.

A Mac's Cmd arrives as Alt or Super, which browsers do not take for it; the chords with it that the policy knows go out
with Control instead, when the channel asks for that.

Two kinds of messages go out changed, because dropping them whole would break honest viewers. SetEncodings loses the
encodings that would open further message types (encodings.py). A PointerEvent tells the position and the state of all
buttons at once, so it loses the buttons that are not allowed and keeps its place in the movement. Everything else
passes byte for byte or not at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

import attrs

from pilothouse.protocol.errors import RfbViolation
from pilothouse.protocol.rfb.constants import ClientMessageType
from pilothouse.protocol.rfb.decisions import (
    FORWARD,
    IGNORE,
    Copy,
    Cut,
    Decision,
    Drop,
    ForwardChanged,
    Kind,
    Paste,
    Reason,
    Shortcut,
)
from pilothouse.protocol.rfb.encodings import without_forbidden
from pilothouse.protocol.rfb.input_policy import GUARDED, NO_CLIPBOARD, InputPolicy
from pilothouse.protocol.rfb.key_state import KeyState
from pilothouse.protocol.rfb.keysyms import CMD, CONTROL, RELEASED_LAST, fold, may_pass
from pilothouse.protocol.rfb.messages import KEY_EVENT, cut_text_length, key_press, key_release, with_buttons
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

LONGEST_WAITING = 262_144
"""Bytes of input that may wait behind a paste."""

_NO_SUCH_KEY = Drop(Kind.KEY, Reason.NEVER_ALLOWED)
_TEXT_TOO_LARGE = Drop(Kind.CLIPBOARD, Reason.TOO_LARGE)
_EXTENDED_TEXT = Drop(Kind.CLIPBOARD, Reason.NOT_NEGOTIATED)


@attrs.frozen(eq=False)
class HeldUp:
    """A paste that holds up the input behind it.

    Attributes:
        chord: what is meant.
        raw: the press of its key.
    """

    chord: Paste
    raw: bytes


class Judged(NamedTuple):
    """What one read came to.

    Attributes:
        forward: bytes for the server, all messages of the read together; may be empty.
        blocked: what did not pass, one for each message; releases and repeats of dropped keys are left out.
        violation: set when the stream cannot be followed any further. Forward what stood before it, then close.
        copies: how often copying or cutting was meant.
        held_up: set when input waits from here on, until `go_on` is called with it.
        cut_text: whether clipboard text of the viewer passed.
        gave_up: whether more arrived than may wait, so that what held it up is dropped.
    """

    forward: bytes
    blocked: list[Drop]
    violation: RfbViolation | None
    copies: int = 0
    held_up: HeldUp | None = None
    cut_text: bool = False
    gave_up: bool = False


class ViewerInput:
    """Follows one viewer's stream from the end of the handshake to the end of the channel.

    Args:
        policy: what the viewer may do while it holds control.
        assisted: whether somebody sees to what is meant for the clipboard. Then a paste holds up the input behind it,
            and a Mac's Cmd goes out as Control. Otherwise a paste passes like other chords, and Cmd does not.
    """

    __slots__ = ("_assisted", "_held", "_held_up", "_of_holder", "_policy", "_stream", "_waiting", "_waiting_bytes")

    def __init__(self, policy: InputPolicy = GUARDED, *, assisted: bool = False) -> None:
        self._policy = policy
        self._assisted = assisted
        self._held_up: HeldUp | None = None
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._stream = ViewerStream()
        self._held = KeyState()
        self._of_holder: dict[int, Callable[[bytes], Decision]] = {
            ClientMessageType.KEY_EVENT: self._key,
            ClientMessageType.POINTER_EVENT: self._pointer,
            ClientMessageType.CLIENT_CUT_TEXT: self._cut_text,
        }

    @property
    def kept(self) -> int:
        """Bytes that wait: for the rest of their message, at most the largest that may pass, or for `go_on`."""
        return self._stream.kept + self._waiting_bytes

    def receive(self, data: bytes, *, in_control: bool) -> Judged:
        """Judge what arrived; half a message waits for its rest."""
        messages = self._stream.receive(data, self._policy.largest_cut_text if in_control else -1)
        return self._judge(messages, b"", in_control=in_control)

    def go_on(self, held_up: HeldUp, *, passes: bool, in_control: bool) -> Judged:
        """Judge what has waited; up to the next paste, for which the rest waits.

        Args:
            held_up: what has held it up. When that is over already, nothing happens.
            passes: whether the chord's own key is to pass after all.
            in_control: whether this viewer holds control at this moment.
        """
        if held_up is not self._held_up:
            return Judged(b"", [], None)
        before = b""
        if passes and held_up.chord.passes:
            before = self._held.press(_keysym(held_up.raw)) + held_up.raw
        else:
            self._held.drop(_keysym(held_up.raw))
            if passes:
                before = self._with_control(held_up.chord.key)
        return self._judge(self._no_longer_waiting(), before, in_control=in_control)

    def around_typing(self) -> tuple[bytes, bytes]:
        """Messages that lift the modifiers which the server sees as held, and that press them again."""
        return self._held.lifted_meanwhile(RELEASED_LAST)

    def _judge(self, messages: Iterable[bytes], before: bytes, *, in_control: bool) -> Judged:
        forward, blocked = [before], list[Drop]()
        copies, cut_text, gave_up, held_up = 0, False, False, self._held_up
        to_judge = deque(messages)
        while to_judge:
            raw = to_judge.popleft()
            if self._held_up is not None and in_control and raw[0] in self._of_holder:
                self._waiting.append(raw)
                self._waiting_bytes += len(raw)
                if self._waiting_bytes > LONGEST_WAITING:
                    to_judge.extendleft(reversed(self._give_up()))
                    gave_up = True
                continue
            decision = self.decide(raw, in_control=in_control)
            if decision is FORWARD:
                forward.append(raw)
                cut_text = cut_text or raw[0] == ClientMessageType.CLIENT_CUT_TEXT
            elif isinstance(decision, Drop):
                blocked.append(decision)
            elif isinstance(decision, ForwardChanged):
                forward.append(decision.raw)
                if decision.blocked is not None:
                    blocked.append(decision.blocked)
            elif self._assisted and isinstance(decision, Paste):
                self._held_up = HeldUp(decision, raw)
            elif decision.passes:
                forward.append(raw)
            elif self._assisted and isinstance(decision, Copy | Cut | Shortcut):
                forward.append(self._with_control(decision.key))
            if isinstance(decision, Copy | Cut):
                copies += 1
        new = None if self._held_up is held_up else self._held_up
        return Judged(b"".join(forward), blocked, self._stream.violation, copies, new, cut_text, gave_up)

    def _with_control(self, key: int) -> bytes:
        """A key with Control instead of Cmd, which is held where a policy lets it pass."""
        lift, press = self._held.lifted_meanwhile(CMD)
        return lift + key_press(CONTROL) + key_press(key) + key_release(key) + key_release(CONTROL) + press

    def _give_up(self) -> deque[bytes]:
        """More input than may wait: what holds it up is dropped. Returns what has waited."""
        if self._held_up is not None:
            self._held.drop(_keysym(self._held_up.raw))
        return self._no_longer_waiting()

    def _no_longer_waiting(self) -> deque[bytes]:
        waited, self._waiting, self._waiting_bytes, self._held_up = self._waiting, deque(), 0, None
        return waited

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
        """Messages that lift every key and button which the server still sees as held by this viewer.

        What waits is forgotten: it belongs to the time before.
        """
        self._no_longer_waiting()
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
        if self._assisted and isinstance(decision, Paste):
            return decision  # noted by `go_on`
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


def _keysym(key_event: bytes) -> int:
    keysym: int = KEY_EVENT.unpack(key_event)[2]
    return keysym
