"""`/cdp/{id}/json/…`: where agents' libraries look for the WebSocket of a browser, as they do with Chromium itself."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import trio
from orjson import dumps
from quart import Response, request
from quart_schema import document_response, tag_blueprint
from quart_trio.wrappers import TrioResponse

from pilothouse.browsers.devtools_http import get_json
from pilothouse.browsers.errors import BrowserFailed
from pilothouse.channels.errors import ChannelEnded
from pilothouse.protocol.cdp_executor import ConnectionLost
from pilothouse_app.origins import public_origin
from pilothouse_app.routes.browser_sessions import find_unfinished_session
from pilothouse_app.routes.errors import BASE_PATH, ApiError, ErrorAnswer, not_found
from pilothouse_app.routes.requests import arrival, for_tokens, protected_blueprint, services

BROWSER_SECONDS = 30.0
"""How long a request waits for a browser that is starting."""

_ANSWER_SECONDS = 5.0
_NOT_OFFERED = ("browser_ui",)

agent_discovery = protected_blueprint("agent_discovery", for_agents=True)
tag_blueprint(agent_discovery, ["agents"])


@agent_discovery.get("/cdp/<session_id>/json/version", strict_slashes=False)
@for_tokens("agent")
@document_response(ErrorAnswer, 404)
@document_response(ErrorAnswer, 503)
async def version(session_id: str) -> Response:
    """Find the browser's WebSocket."""
    answer = await _asked(session_id, "version")
    # Which browser it is, the session says; the last part only looks like Chromium's.
    ours = {"webSocketDebuggerUrl": _ours(session_id, f"/devtools/browser/{session_id}")}
    return _json((answer if isinstance(answer, dict) else {}) | ours)


@agent_discovery.get("/cdp/<session_id>/json", strict_slashes=False)
@for_tokens("agent")
@document_response(ErrorAnswer, 404)
@document_response(ErrorAnswer, 503)
async def targets(session_id: str) -> Response:
    """List pages, frames and workers, each with its WebSocket."""
    return await _targets(session_id)


@agent_discovery.get("/cdp/<session_id>/json/list", strict_slashes=False)
@for_tokens("agent")
@document_response(ErrorAnswer, 404)
@document_response(ErrorAnswer, 503)
async def target_list(session_id: str) -> Response:
    """List the same."""
    return await _targets(session_id)


@agent_discovery.get("/cdp/<session_id>/json/protocol", strict_slashes=False)
@for_tokens("agent")
@document_response(ErrorAnswer, 404)
@document_response(ErrorAnswer, 503)
async def protocol(session_id: str) -> Response:
    """What the browser understands."""
    return _json(await _asked(session_id, "protocol"))


async def _targets(session_id: str) -> Response:
    answer = await _asked(session_id, "list")
    listed = [target for target in answer if isinstance(target, dict)] if isinstance(answer, list) else []
    return _json(
        [
            {
                # Chromium's own developer tools would not find the way here.
                **{name: value for name, value in target.items() if "Frontend" not in name},
                "webSocketDebuggerUrl": _ours(session_id, f"/devtools/page/{target.get('id')}"),
            }
            for target in listed
            if target.get("type") not in _NOT_OFFERED
        ]
    )


async def _asked(session_id: str, what: str) -> Any:
    """The browser's own answer."""
    await find_unfinished_session(session_id)
    try:
        with trio.fail_after(BROWSER_SECONDS), services().registry.attend(session_id) as live:
            browser = await live.browser()
            if browser is None:
                raise not_found("browser")
            parts = urlsplit(await browser.find_devtools())
        scheme = "https" if parts.scheme == "wss" else "http"
        return await get_json(f"{scheme}://{parts.netloc}/json/{what}", seconds=_ANSWER_SECONDS)
    except (BrowserFailed, ChannelEnded, ConnectionLost, trio.TooSlowError) as error:
        raise ApiError(503, "unavailable", "The browser does not answer.", {"failing": ["browser"]}) from error


def _ours(session_id: str, path: str) -> str:
    """The address of a WebSocket of the browser, as it is here; the credential stays where it was."""
    origin = public_origin(arrival(), services().settings, scheme=request.scheme)
    query = request.query_string.decode("latin-1")
    return f"ws{origin.removeprefix('http')}{BASE_PATH}/cdp/{session_id}{path}" + (f"?{query}" if query else "")


def _json(document: Any) -> Response:
    return TrioResponse(dumps(document), content_type="application/json")
