"""The Chrome DevTools Protocol without a socket: commands in flight, their results, and events.

A message to the browser is `{"id", "method", "params", "sessionId"?}`; it answers with `{"id", "result" | "error"}` in
any order, and sends events, `{"method", "params", "sessionId"?}`, between the answers. There is one row of ids for the
whole connection, because Chromium answers a command to a session that has gone with an error that names no session.

Today's Chromium knows events and fields that no schema of ours knows. So nothing here has a schema: an event that
nobody listens to is not looked at, and what a result holds is the business of whoever asked for it. A command is a
method with its parameters, or one of PyCDP's generators (package `chrome-devtools-protocol`), which make the request
and understand the answer; this module drives them without importing that package.

Source: https://chromedevtools.github.io/devtools-protocol/ and the JSON-RPC 2.0 specification, §5.1, for error codes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeVar

import attrs
import orjson

from pilothouse.protocol.errors import RemoteProtocolError
from pilothouse.protocol.well_formed import well_formed_json

ResultT = TypeVar("ResultT")

CommandGenerator = Generator[dict[str, Any], dict[str, Any], ResultT]
"""A command of PyCDP: yields the request, is sent the result, returns it typed."""

SESSION_NOT_FOUND = -32001
"""Chromium's error code for a command to a session that has gone."""


class CdpViolation(RemoteProtocolError):
    """The browser sent what is no message of CDP; the connection cannot be trusted any further."""


class CdpFailure(Exception):
    """A command did not have the result that was asked for."""


class CommandRefused(CdpFailure):
    """The browser answered with an error.

    Attributes:
        code: as in JSON-RPC.
        message: the browser's words.
    """

    def __init__(self, method: str, code: int, message: str) -> None:
        super().__init__(f"{method}: {message}")
        self.code = code
        self.message = message


class UnexpectedResult(CdpFailure):
    """The result is not what the command's schema says."""


class TargetGone(CdpFailure):
    """The page or frame went away while it was asked."""


class ConnectionLost(CdpFailure):
    """The connection to the browser went away."""


@attrs.frozen
class CdpEvent:
    """Something happened in the browser.

    Attributes:
        method: such as `Target.targetCreated`.
        params: as the browser wrote them; fields may be new or missing.
        session_id: of the page or frame it happened in; None for the browser itself.
    """

    method: str
    params: Mapping[str, Any]
    session_id: str | None


Settle = Callable[[dict[str, Any] | CdpFailure], None]
"""Called once with a command's result, or with why there is none."""


@attrs.frozen
class _InFlight:
    method: str
    session_id: str | None
    settle: Settle


class CdpExecutor:
    """The commands in flight on one connection."""

    def __init__(self) -> None:
        self._last_id = 0
        self._in_flight: dict[int, _InFlight] = {}
        self._lost: str | None = None

    def __len__(self) -> int:
        """The number of commands that wait for their answer."""
        return len(self._in_flight)

    def send(
        self, method: str, params: Mapping[str, Any], settle: Settle, *, session_id: str | None = None
    ) -> tuple[int, str]:
        """Begin a command.

        Args:
            method: such as `Page.navigate`.
            params: JSON; half a surrogate pair becomes U+FFFD, because UTF-8 has no room for it.
            settle: hears of the answer, unless the command is forgotten before.
            session_id: of the page or frame; None for the browser itself.

        Returns:
            The command's number, and the message to send.

        Raises:
            ConnectionLost: there is no connection any more.
        """
        if self._lost is not None:
            raise ConnectionLost(f"{method}: {self._lost}")
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": params}
        if session_id is not None:
            message["sessionId"] = session_id
        encoded = _encoded(message)
        self._in_flight[self._last_id] = _InFlight(method, session_id, settle)
        return self._last_id, encoded

    def forget(self, command_id: int) -> None:
        """Nobody waits for this command any more; its answer will be skipped."""
        self._in_flight.pop(command_id, None)

    def receive_untrusted(self, message: str | bytes) -> CdpEvent | None:
        """Take in one message from the browser: settle a command, or hand out an event.

        Half a surrogate pair in it becomes U+FFFD.

        Raises:
            CdpViolation: it is no message of CDP.
        """
        document = _decoded(message)
        if not isinstance(document, dict):
            raise CdpViolation("the browser sent what is not an object")
        if "id" in document:
            self._settle(document)
            return None
        return _event(document)

    def target_gone(self, session_id: str) -> None:
        """A page or frame was detached: whoever waits for it hears so at once."""
        gone = [number for number, command in self._in_flight.items() if command.session_id == session_id]
        for number in gone:
            command = self._in_flight.pop(number)
            command.settle(TargetGone(f"{command.method}: the page has gone"))

    def connection_lost(self, reason: str) -> None:
        """Whoever waits hears so at once, and nothing can be begun any more."""
        self._lost = reason
        waiting, self._in_flight = self._in_flight, {}
        for command in waiting.values():
            command.settle(ConnectionLost(f"{command.method}: {reason}"))

    def _settle(self, document: dict[str, Any]) -> None:
        # Python takes True and 1.0 for 1, and a list for no key at all.
        command = self._in_flight.pop(document["id"], None) if type(document["id"]) is int else None
        if command is None:
            return  # forgotten, or never ours
        error = document.get("error")
        result = document.get("result")
        if isinstance(error, dict):
            command.settle(_refusal(command, error))
        elif isinstance(result, dict):
            command.settle(result)
        else:
            command.settle(UnexpectedResult(f"{command.method}: an answer without a result"))


def request_of(command: CommandGenerator[Any]) -> tuple[str, dict[str, Any]]:
    """Method and parameters of one of PyCDP's commands, which is thereby begun."""
    request = next(command)
    return request["method"], request.get("params", {})


def result_of(command: CommandGenerator[ResultT], result: dict[str, Any]) -> ResultT:
    """The typed result of one of PyCDP's commands that was begun.

    Raises:
        UnexpectedResult: it does not fit the schema.
    """
    try:
        command.send(result)
    except StopIteration as done:
        typed: ResultT = done.value
        return typed
    except Exception as error:  # generated code raises whatever a field that is gone makes it raise
        raise UnexpectedResult(f"the schema does not know this result: {error!r}") from error
    raise UnexpectedResult("the command wants a second answer")


def _encoded(message: dict[str, Any]) -> str:
    try:
        return orjson.dumps(message).decode()
    except orjson.JSONEncodeError:  # half a surrogate pair, or a number of more than 64 bits
        return json.dumps(well_formed_json(message), ensure_ascii=False)


def _decoded(message: str | bytes) -> Any:
    try:
        return orjson.loads(message)
    except orjson.JSONDecodeError as error:
        try:
            # Chromium escapes half of a surrogate pair as it stands in the page, and orjson will have none of it.
            text = message.decode() if isinstance(message, bytes) else message
            return well_formed_json(json.loads(text))
        except (ValueError, RecursionError):
            raise CdpViolation("the browser sent what is not JSON") from error


def _refusal(command: _InFlight, error: dict[str, Any]) -> CdpFailure:
    code, message = error.get("code"), str(error.get("message", "refused"))
    if code == SESSION_NOT_FOUND:
        return TargetGone(f"{command.method}: the page has gone")
    return CommandRefused(command.method, code if type(code) is int else 0, message)


def _event(document: dict[str, Any]) -> CdpEvent | None:
    method, params, session_id = document.get("method"), document.get("params", {}), document.get("sessionId")
    if not isinstance(method, str) or not isinstance(params, dict) or not isinstance(session_id, str | None):
        return None
    return CdpEvent(method, params, session_id)
