"""What happens to one client message: a decision, as a value."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

import attrs


class Kind(Enum):
    """What a message would do to the browser, in the words of `input-blocked` events."""

    KEY = "key"
    POINTER = "pointer"
    CLIPBOARD = "clipboard"
    RESIZE = "resize"
    POWER = "power"


class Reason(Enum):
    """Why a message is dropped, in the words of `input-blocked` events."""

    NO_CONTROL = "no_control"
    NOT_ALLOWED = "not_allowed"
    NEVER_ALLOWED = "never_allowed"
    TOO_LARGE = "too_large"
    NOT_NEGOTIATED = "not_negotiated"


@attrs.frozen
class Forward:
    """Pass the message on, byte for byte."""

    passes: ClassVar[bool] = True


@attrs.frozen
class ForwardChanged:
    """Pass these bytes on instead.

    Attributes:
        raw: the message as it goes out.
        blocked: what was taken out of it, if that is worth an event.
    """

    raw: bytes
    blocked: Drop | None = None


@attrs.frozen(cache_hash=True)
class Drop:
    """Pass nothing on, and count it.

    Attributes:
        kind: what the message would have done.
        reason: why it may not.
        group: the group of the input policy that would have to be allowed; None when no group would help.
    """

    kind: Kind
    reason: Reason
    group: str | None = None

    passes: ClassVar[bool] = False


@attrs.frozen
class Ignore:
    """Pass nothing on, because what it belongs to did not pass either: the release of a dropped press, its repeats."""

    passes: ClassVar[bool] = False


@attrs.frozen
class ClipboardChord:
    """A chord that means copy, cut or paste; with Control its `key` means the same.

    Attributes:
        passes: whether the browser understands the chord itself. It does not understand a Mac's Cmd.
    """

    passes: bool


class Copy(ClipboardChord):
    """The selection is to be copied."""

    key: ClassVar[int] = ord("c")


class Cut(ClipboardChord):
    """The selection is to be cut out."""

    key: ClassVar[int] = ord("x")


class Paste(ClipboardChord):
    """The clipboard is to be pasted."""

    key: ClassVar[int] = ord("v")


@attrs.frozen
class Shortcut:
    """A chord with a Mac's Cmd, which the browser knows with Control.

    Attributes:
        key: the keysym to press with Control instead.
    """

    key: int

    passes: ClassVar[bool] = False


KeyDecision = Forward | Drop | Copy | Cut | Paste | Shortcut
"""What an input policy may say to a key."""

Decision = KeyDecision | ForwardChanged | Ignore

FORWARD = Forward()
IGNORE = Ignore()
