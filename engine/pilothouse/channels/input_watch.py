"""What pages say of the input that reaches them.

A viewer's keys go through the VNC server, our commands through DevTools, which is much shorter. A *mark* is sent behind
the keys, and the page that has the focus says when it has come: then it has seen all that was sent before. It also says
what was copied meanwhile, by its own `copy` and `cut` events.
"""

from __future__ import annotations

import json
from itertools import count, cycle
from weakref import WeakValueDictionary

import attrs
import trio

from pilothouse.protocol.rfb.marks import MARK_KEYS
from pilothouse.protocol.rfb.messages import key_press, key_release

_UNNAMED = "\0"
"""What Chromium calls a key that was added to its display later on, as attached VNC servers do with a mark."""


@attrs.define(eq=False)
class Mark:
    """One mark.

    Attributes:
        name: its key's.
        seen: set when a page has seen it.
        copied: the text that was copied or cut since it was made; its length if it is too long, None if there is none.
        knows_of_copies: whether the page would have told of a copy: it saw other keys before the mark.
    """

    name: str
    seen: trio.Event = attrs.field(factory=trio.Event)
    copied: str | int | None = None
    knows_of_copies: bool = False

    @property
    def keys(self) -> bytes:
        """What to send."""
        keysym = MARK_KEYS[self.name]
        return key_press(keysym) + key_release(keysym)


class InputWatch:
    """The marks of one browser that are on their way."""

    def __init__(self) -> None:
        self._names = cycle(MARK_KEYS)
        self._serials = count()
        self._marks = WeakValueDictionary[int, Mark]()

    def mark(self) -> Mark:
        """A mark to send, watched for as long as somebody has it."""
        mark = self._marks[next(self._serials)] = Mark(next(self._names))
        return mark

    def told(self, payload: str) -> None:
        """Take in what the script in a page says, see `input_watch.js`."""
        try:
            told = json.loads(payload)
            seen, copied = told.get("seen"), told.get("copied")
        except (ValueError, AttributeError, RecursionError):
            return  # not from our script
        marks = [mark for _, mark in sorted(self._marks.items())]
        if isinstance(copied, str | int):
            for mark in marks:
                mark.copied = copied
        # Of two with one name the first was lost. Whatever was sent before has come, too, or never will.
        come = [number for number, mark in enumerate(marks, start=1) if mark.name == seen]
        for mark in marks[: 1 if seen == _UNNAMED else max(come, default=0)]:
            mark.knows_of_copies = told.get("keysBefore") is True
            mark.seen.set()
