"""Messages of CDP as a proxy reads them: commands in full, what the browser sends only as far as it is needed.

An agent's command is parsed as Chromium would, and refused as Chromium would. Of an answer only the id and the CDP
session matter, of an event its method. Chromium writes `{"id":` or `{"method":` first and `"sessionId"` last. Where it
does, the ends of a message say all, however large it is; where it does not, the message is parsed. Nothing is taken
for granted: a first member of an object is one whatever follows, and so is a last one, because the text before the
last brace can only be the end of its value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

import attrs
import orjson

from pilothouse.protocol.errors import RemoteProtocolError

Raw = bytes | bytearray
"""A message from the browser, in UTF-8."""

PARSE_ERROR, INVALID_REQUEST, NO_TARGET, SERVER_ERROR = -32700, -32600, -32602, -32000
"""Codes of JSON-RPC 2.0, §5.1, as Chromium uses them."""

_LEAST_ID, _LARGEST_ID = -(2**31), 2**31 - 1
_MEMBERS = frozenset({"id", "method", "params", "sessionId"})

_HEAD = re.compile(rb'\{"(?:id":(-?[0-9]{1,10})[,}]|method":"([A-Za-z]+\.[A-Za-z]+)"[,}])')
_TAIL = re.compile(rb',"sessionId":"([0-9A-Za-z-]{1,64})"\}\Z')
_LONGEST_TAIL = 84
_REQUEST = re.compile(rb'\{"method":"[A-Za-z.]+","params":\{"requestId":"([0-9A-Za-z.-]{1,64})"')


class NoCommand(RemoteProtocolError):
    """An agent sent what is no command.

    Attributes:
        code: of JSON-RPC.
        command_id: the command's own, as far as it has one.
    """

    def __init__(self, code: int, message: str, command_id: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.command_id = command_id


@attrs.frozen
class Command:
    """A command as it came.

    Attributes:
        text: the whole message.
        session: the CDP session; None for the connection's own.
    """

    text: str
    id: int
    method: str
    params: Mapping[str, Any]
    session: str | None


@attrs.frozen
class Glance:
    """What is to be known of a message from the browser.

    Attributes:
        id: of an answer; None for an event, and for an answer to nobody.
        method: of an event.
        session: of an answer; None for the connection's own.
    """

    id: int | None
    method: str | None
    session: str | None = None


def command_untrusted(message: str | bytes) -> Command:
    """Read an agent's message.

    Raises:
        NoCommand: it is none.
    """
    if isinstance(message, bytes):
        raise NoCommand(INVALID_REQUEST, "Messages come as text")
    document = _decoded(message)
    if not isinstance(document, dict):
        raise NoCommand(INVALID_REQUEST, "Message must be an object")
    number = document.get("id")
    if type(number) is not int or not _LEAST_ID <= number <= _LARGEST_ID:  # True and 1.0 are ints to Python
        raise NoCommand(INVALID_REQUEST, "Message must have integer 'id' property")
    method, params, session = document.get("method"), document.get("params"), document.get("sessionId")
    if not isinstance(method, str):
        raise NoCommand(INVALID_REQUEST, "Message must have string 'method' property", number)
    if "sessionId" in document and not isinstance(session, str):
        raise NoCommand(INVALID_REQUEST, "Message may have string 'sessionId' property", number)
    if params is not None and not isinstance(params, dict):
        raise NoCommand(INVALID_REQUEST, "Message may have object 'params' property", number)
    if len(document) > 3 and not document.keys() <= _MEMBERS:
        unknown = "Message has property other than 'id', 'method', 'sessionId', 'params'"
        raise NoCommand(INVALID_REQUEST, unknown, number)
    return Command(message, number, method, params or {}, session)


def glance(message: Raw) -> Glance:
    """Look at a message from the browser; at the whole of it only if need be."""
    head = _HEAD.match(message)
    if head is None:
        return _look(message)
    if head[2] is not None:
        return Glance(None, head[2].decode())
    tail = _TAIL.search(message, max(head.end() - 1, len(message) - _LONGEST_TAIL))
    return Glance(int(head[1]), None, tail[1].decode() if tail else None)


def event_of(message: Raw) -> tuple[Mapping[str, Any], str | None]:
    """The parameters of an event and its CDP session; nothing, where they make no sense."""
    try:
        document = _decoded(message.decode(errors="replace"))
    except NoCommand:
        document = None
    if not isinstance(document, dict):
        return {}, None
    params, session = document.get("params"), document.get("sessionId")
    return params if isinstance(params, dict) else {}, session if isinstance(session, str) else None


def request_of(message: Raw) -> str:
    """Which request an event of the network is about."""
    head = _REQUEST.match(message)
    return head[1].decode() if head is not None else str(event_of(message)[0].get("requestId"))


def result_of(message: Raw) -> Mapping[str, Any]:
    """The result in an answer; nothing, where there is none."""
    try:
        document = orjson.loads(message)
    except orjson.JSONDecodeError:
        return {}
    result = document.get("result") if isinstance(document, dict) else None
    return result if isinstance(result, dict) else {}


def order(command_id: int, method: str, params: Mapping[str, Any], session: str | None) -> str:
    """A command as text."""
    return _text({"id": command_id, "method": method, "params": params}, session)


def success(command: Command) -> str:
    """An answer with an empty result."""
    return _text({"id": command.id, "result": {}}, command.session)


def failure(command_id: int | None, session: str | None, code: int, message: str) -> str:
    """An answer that is an error."""
    error = {"error": {"code": code, "message": message}}
    return _text(error if command_id is None else {"id": command_id, **error}, session)


def event(method: str, params: Mapping[str, Any], session: str | None) -> str:
    """An event as text."""
    return _text({"method": method, "params": params}, session)


def _text(document: dict[str, Any], session: str | None) -> str:
    if session is not None:
        document["sessionId"] = session
    try:
        return orjson.dumps(document).decode()
    except orjson.JSONEncodeError:  # half a surrogate pair
        return json.dumps(document)


def _look(message: Raw) -> Glance:
    try:
        document = orjson.loads(message)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        return Glance(None, None)
    number, method, session = document.get("id"), document.get("method"), document.get("sessionId")
    return Glance(
        number if type(number) is int else None,
        method if isinstance(method, str) else None,
        session if isinstance(session, str) else None,
    )


def _decoded(message: str) -> Any:
    try:
        return orjson.loads(message)
    except orjson.JSONDecodeError as error:
        try:
            # JavaScript writes half a surrogate pair, and numbers may have any length; orjson will have none of it.
            return json.loads(message, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise NoCommand(PARSE_ERROR, f"JSON: {error}") from error


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)
