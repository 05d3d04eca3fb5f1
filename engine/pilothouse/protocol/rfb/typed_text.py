"""Text as key events: for fields of the browser's own, which no page and so no script can reach.

They are all of one line: the address bar, the find bar, a dialog. What a paste does to line breaks and tabs there is
done here, too: each run of them becomes one space, because a Return would send the field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pilothouse.protocol.rfb.keysyms import fold, is_character
from pilothouse.protocol.rfb.messages import key_press, key_release

AT_ONCE = 16
"""Characters."""

_BREAKS = re.compile(r"[\r\n\t\v\f\u0085\u2028\u2029]+")


def typed(text: str) -> Iterator[bytes]:
    """A press and a release for each character that can be typed, in order; some at a time, for a browser to follow."""
    keysyms = [keysym for character in _BREAKS.sub(" ", text) if (keysym := keysym_of(character)) is not None]
    for start in range(0, len(keysyms), AT_ONCE):
        yield b"".join(key_press(keysym) + key_release(keysym) for keysym in keysyms[start : start + AT_ONCE])


def keysym_of(character: str) -> int | None:
    """The keysym of one character: Latin-1 as it is, all others in the Unicode form; None of what is none."""
    code_point = ord(character)
    keysym = code_point if code_point <= 0xFF else 0x0100_0000 | code_point
    return keysym if is_character(fold(keysym)) else None
