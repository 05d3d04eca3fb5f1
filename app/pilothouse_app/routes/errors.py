"""Errors as the client sees them: JSON under the base path, one line of text elsewhere, never a traceback."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import attrs
import structlog
from quart import has_websocket_context, json, request, websocket
from quart_schema import RequestSchemaValidationError
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse as Response
from werkzeug.exceptions import HTTPException

from pilothouse_app.authentication import Unauthorized
from pilothouse_app.ids import new_id
from pilothouse_app.store import StoreError

BASE_PATH = "/api/v1"
RETRY_AFTER_SECONDS = 2

_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "validation_failed",
    429: "too_many_requests",
    500: "internal_error",
    503: "unavailable",
}
_MESSAGES = {
    404: "There is nothing here.",
    405: "This method is not allowed here.",
    413: "The body is too large; at most 1 MiB is taken.",
}

_FIELD = re.compile(r"(?: - at `\$\.?(?P<path>[^`]*)`)$")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]*)`")

_log = structlog.get_logger(__name__)


@attrs.frozen
class ErrorBody:
    """What went wrong.

    Attributes:
        code: for programs.
        message: one sentence for people.
        details: more for programs.
    """

    code: str
    message: str
    details: dict[str, Any] | None = None


@attrs.frozen
class ErrorAnswer:
    """Every error has this form."""

    error: ErrorBody


class ApiError(Exception):
    """An answer that is an error.

    Args:
        status: of HTTP.
        code: for programs.
        message: one sentence for people.
        details: more for programs.
    """

    def __init__(self, status: int, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.details = details


class InvalidField(ApiError):
    """422, with the name of the field that is wrong, such as `viewport.width`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(422, "validation_failed", message, {"field": field} if field else None)


def not_allowed() -> ApiError:
    """403: the credential is a good one, and not for this."""
    return ApiError(403, "not_allowed", "This credential is not for that.")


def not_found(what: str) -> ApiError:
    """404, also for what belongs to another organization."""
    return ApiError(404, "not_found", f"There is no such {what.replace('_', ' ')}.")


def register_error_handlers(app: QuartTrio) -> None:
    """Answer every exception that leaves a route."""
    app.register_error_handler(ApiError, _on_api_error)
    app.register_error_handler(Unauthorized, _on_unauthorized)
    app.register_error_handler(RequestSchemaValidationError, _on_invalid)
    app.register_error_handler(StoreError, _on_store_error)
    app.register_error_handler(HTTPException, _on_http_exception)
    app.register_error_handler(Exception, _on_bug)


async def _on_api_error(error: ApiError) -> Response:
    return _answer(error.status, error.code, str(error), error.details)


async def _on_unauthorized(error: Unauthorized) -> Response:
    response = _answer(
        401, "unauthorized", "A valid API key is needed, in the header x-api-key, or a valid stream token."
    )
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def _on_invalid(error: RequestSchemaValidationError) -> Response:
    text = str(error.validation_error)
    place, missing = _FIELD.search(text), _MISSING.search(text)
    names = [place["path"] if place else "", missing["name"] if missing else ""]
    field = ".".join(filter(None, names))
    problem = _FIELD.sub("", text)
    return await _on_api_error(InvalidField(field, f"{field}: {problem}." if field else f"{problem}."))


async def _on_store_error(error: StoreError) -> Response:
    _log.warning("the store does not answer", error=str(error))
    response = _answer(503, "unavailable", "The store does not answer. Try again later.", {"failing": ["store"]})
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


async def _on_http_exception(error: HTTPException) -> Response:
    status = error.code or 500
    message = _MESSAGES.get(status) or f"{HTTPStatus(status).phrase}."
    response = _answer(status, _CODES.get(status, "error"), message)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


async def _on_bug(error: Exception) -> Response:
    error_id = new_id("err")
    _log.error("a bug of ours", error_id=error_id, path=_path(), exc_info=error)
    return _answer(500, "internal_error", "Something went wrong here; it has been logged.", {"error_id": error_id})


def _answer(status: int, code: str, message: str, details: Mapping[str, Any] | None = None) -> Response:
    if not _path().startswith(f"{BASE_PATH}/"):
        return Response(f"{message}\n", status, content_type="text/plain; charset=utf-8")
    body: dict[str, Any] = {"code": code, "message": message}
    if details is not None:
        body["details"] = dict(details)
    return Response(json.dumps({"error": body}), status, content_type="application/json")


def _path() -> str:
    return websocket.path if has_websocket_context() else request.path
