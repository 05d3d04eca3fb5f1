"""The message channel's JSON: one class per kind, one table, one codec.

`FROM_FRONTEND` and `TO_FRONTEND` are the table. A field's type is its rule: nothing is converted, so that a number
where a text belongs is an error and not a text. Fields that we do not know are ignored, which leaves room for newer
frontends.
"""

from __future__ import annotations

from typing import Any, ClassVar, NewType, TypeVar

import attrs
import orjson
from cattrs import ClassValidationError
from cattrs.preconf.orjson import make_converter

from pilothouse.protocol.errors import BadMessage

_MAX_ECHO = 64
_MAX_ID = 128

MessageId = NewType("MessageId", str)
"""A frontend's own name for a message: at most 128 characters, because it is sent back."""


@attrs.frozen
class TakeControl:
    """Asks for control."""

    kind: ClassVar[str] = "take-control"


@attrs.frozen
class CedeControl:
    """Gives control back to the agent."""

    kind: ClassVar[str] = "cede-control"


@attrs.frozen
class Ping:
    """Asks for a `Pong` with the same id at once."""

    kind: ClassVar[str] = "ping"
    id: MessageId


@attrs.frozen
class Pong:
    """Answers a `Ping`."""

    kind: ClassVar[str] = "pong"
    id: MessageId


@attrs.frozen
class ControlChanged:
    """Who has control; sent on connect and on every change."""

    kind: ClassVar[str] = "control-changed"
    interactor: str
    control_state: str
    holder_client_id: str | None
    control_epoch: int
    you_hold_control: bool


@attrs.frozen
class Error:
    """A message could not be carried out; the channel goes on."""

    kind: ClassVar[str] = "error"
    failed_kind: str
    message: str
    code: str


FromFrontend = TakeControl | CedeControl | Ping
ToFrontend = Pong | ControlChanged | Error

FROM_FRONTEND: dict[str, type[FromFrontend]] = {c.kind: c for c in (TakeControl, CedeControl, Ping)}
TO_FRONTEND: dict[str, type[ToFrontend]] = {c.kind: c for c in (Pong, ControlChanged, Error)}

_MessageT = TypeVar("_MessageT")

_IN_JSON = {str: "a string", int: "an integer", bool: "a boolean"}

_converter = make_converter()


def _exactly(value: Any, wanted: type) -> Any:
    # bool is an int to Python, not to JSON.
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise TypeError(f"not {_IN_JSON[wanted]}")
    return value


def _short(value: Any, _wanted: Any) -> MessageId:
    if len(_exactly(value, str)) > _MAX_ID:
        raise ValueError(f"longer than {_MAX_ID} characters")
    return MessageId(value)


_converter.register_structure_hook(MessageId, _short)
for _primitive in _IN_JSON:
    _converter.register_structure_hook(_primitive, _exactly)


def encode(message: ToFrontend | FromFrontend) -> str:
    """One message as JSON text."""
    return orjson.dumps({"kind": message.kind, **_converter.unstructure(message)}).decode()


def decode_untrusted(text: str | bytes) -> FromFrontend:
    """Read a message from a frontend.

    Raises:
        BadMessage: not JSON, not an object, no known `kind`, or a field is missing or of the wrong type.
    """
    return _decode(text, FROM_FRONTEND)


def decode_from_server(text: str | bytes) -> ToFrontend:
    """Read a message as a frontend would; for clients written in Python.

    Raises:
        BadMessage: as for `decode_untrusted`.
    """
    return _decode(text, TO_FRONTEND)


def _decode(text: str | bytes, table: dict[str, type[_MessageT]]) -> _MessageT:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadMessage("this is not JSON", failed_kind="", code="malformed_json") from error
    kind = document.get("kind") if isinstance(document, dict) else None
    if not isinstance(kind, str):
        raise BadMessage("a message is an object with a kind", failed_kind="", code="malformed_message")
    if kind not in table:
        raise BadMessage("no such kind of message", failed_kind=kind[:_MAX_ECHO], code="unknown_kind")
    try:
        return _converter.structure(document, table[kind])
    except ClassValidationError as error:
        raise BadMessage(f"{kind}: {_fields(error)}", failed_kind=kind, code="invalid_field") from error


def _fields(error: ClassValidationError) -> str:
    """Each wrong field with what is wrong about it."""
    return ", ".join(
        f"{note.name} is {'missing' if isinstance(cause, KeyError) else cause}"
        for cause, note in error.group_exceptions()[0]
    )
