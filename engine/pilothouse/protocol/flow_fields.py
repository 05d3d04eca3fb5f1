"""The fields of a user flow's JSON: functions that read one value each, and say what is wrong with it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs

MAX_ENTRIES = 32
"""Entries of a list or an object: selectors of a step, parts of a selector, indices of a frame, attributes."""

MAX_NAME = 4096
"""Characters of a selector, a URL, a title, a key."""

Json = str | int | float | bool | None | list[Any] | dict[str, Any]
"""Anything that JSON can say."""

Read = Callable[[object], Any]
"""Reads a value, or raises `Wrong`."""

_ClassT = TypeVar("_ClassT", bound=attrs.AttrsInstance)


class Wrong(Exception):
    """What is wrong with a value.

    Attributes:
        field: which it is the value of, where that is known.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def text(longest: int) -> Read:
    def read(value: object) -> str:
        if not isinstance(value, str):
            raise Wrong("is not a string")
        if len(value) > longest:
            raise Wrong(f"is longer than {longest} characters")
        return value

    return read


def number(least: float, largest: float) -> Read:
    def read(value: object) -> float:
        # bool is an int to Python, not to JSON.
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise Wrong("is not a number")
        if not least <= value <= largest:  # which NaN is not
            raise Wrong(f"is not between {least:g} and {largest:g}")
        return value

    return read


def integer(least: int, largest: int) -> Read:
    in_range = number(least, largest)

    def read(value: object) -> int:
        found = in_range(value)
        if found != int(found):
            raise Wrong("is not an integer")
        return int(found)

    return read


def truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise Wrong("is not true or false")
    return value


def one_of(*words: str) -> Read:
    def read(value: object) -> str:
        if value not in words or not isinstance(value, str):
            raise Wrong(f"is not one of {', '.join(words)}")
        return value

    return read


def list_of(read_item: Read, *, at_least: int = 0, at_most: int = MAX_ENTRIES) -> Read:
    def read(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Wrong("is not a list")
        if not at_least <= len(value) <= at_most:
            raise Wrong(f"has {len(value)} entries, not {at_least} to {at_most}")
        items = []
        for position, item in enumerate(value, start=1):
            try:
                items.append(read_item(item))
            except Wrong as wrong:
                raise Wrong(f"entry {position} {wrong.field} {wrong}".replace("  ", " ")) from None
        return tuple(items)

    return read


def table_of(read_item: Read) -> Read:
    def read(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Wrong("is not an object")
        if len(value) > MAX_ENTRIES:
            raise Wrong(f"has more than {MAX_ENTRIES} entries")
        return {name(key): read_item(item) for key, item in value.items()}

    return read


def any_json(value: object, depth: int = 8) -> Any:
    """Any JSON of a bounded depth; whoever has parsed it has bounded its size."""
    if depth == 0:
        raise Wrong("is nested too deeply")
    if isinstance(value, dict):
        return {name(key): any_json(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [any_json(item, depth - 1) for item in value]
    if value is None or isinstance(value, (str, bool)):
        return value
    return _any_number(value)


_any_number = number(-sys.float_info.max, sys.float_info.max)
name = text(MAX_NAME)
_chain = list_of(name, at_least=1)


def selector(value: object) -> tuple[str, ...]:
    """A chain of selectors, or one by itself."""
    return (name(value),) if isinstance(value, str) else _chain(value)


def field(in_json: str, read: Read, default: Any = attrs.NOTHING, *, secret: bool = False) -> Any:
    """A field of a class, with its name in JSON and what reads it; without a default it has to be there."""
    return attrs.field(default=default, repr=not secret, metadata={"name": in_json, "read": read})


def read_fields(cls: type[_ClassT], document: object) -> _ClassT:
    """Read an object.

    Raises:
        Wrong: with the field's name in JSON.
    """
    if not isinstance(document, dict):
        raise Wrong("is not an object")
    values = {}
    for described in attrs.fields(cls):
        in_json, read = described.metadata["name"], described.metadata["read"]
        if in_json not in document and described.default is attrs.NOTHING:
            raise Wrong("is missing", in_json)
        if in_json in document:
            try:
                values[described.name] = read(document[in_json])
            except Wrong as wrong:
                raise Wrong(f"{wrong.field} {wrong}".lstrip(), in_json) from None
    return cls(**values)


def written_fields(instance: attrs.AttrsInstance) -> dict[str, Any]:
    """The object that `read_fields` reads; what is None or empty by default is left out."""
    return {
        described.metadata["name"]: _written(value)
        for described in attrs.fields(type(instance))
        if (value := getattr(instance, described.name)) != described.default or value not in (None, ())
    }


def _written(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_written(item) for item in value]
    if attrs.has(type(value)):
        return {"type": value.type, **written_fields(value)}
    return dict(value) if isinstance(value, Mapping) else value
