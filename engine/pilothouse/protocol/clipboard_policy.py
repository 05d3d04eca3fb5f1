"""Which way clipboard text may go."""

from __future__ import annotations

import attrs


@attrs.frozen
class ClipboardPolicy:
    """Directions that are allowed.

    Attributes:
        copy: out of the browser.
        paste: into it.
    """

    copy: bool = True
    paste: bool = True


BOTH = ClipboardPolicy()
DIRECTIONS = {
    "both": BOTH,
    "copy": ClipboardPolicy(paste=False),
    "paste": ClipboardPolicy(copy=False),
    "none": ClipboardPolicy(copy=False, paste=False),
}
