"""Marks: keys that no keyboard has, sent behind other input, by which a page can tell how much of it has arrived.

No input policy lets a viewer press them.
"""

from __future__ import annotations

MARK_KEYS = {"F23": 0xFFD4, "F24": 0xFFD5}
"""Their keysyms, by the names that they have in pages (`KeyboardEvent.key`) and in X."""
