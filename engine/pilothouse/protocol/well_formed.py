"""Text that JavaScript can hold and UTF-8 cannot: half of a surrogate pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def well_formed(text: str) -> str:
    """The text with U+FFFD for each half that stands alone; two that belong together become one character."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def well_formed_json(value: Any) -> Any:
    """The same for every text in a JSON document, names of fields too."""
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, Mapping):
        return {well_formed_json(key): well_formed_json(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [well_formed_json(inner) for inner in value]
    return value
