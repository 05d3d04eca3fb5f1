"""The HTTP face of the server: REST under `/api/v1`, and the built web page beside it."""

from __future__ import annotations

from pathlib import Path

from quart_trio import QuartTrio

from pilothouse_app.routes.agent_discovery import agent_discovery
from pilothouse_app.routes.browser_sessions import browser_sessions
from pilothouse_app.routes.control import control
from pilothouse_app.routes.errors import register_error_handlers
from pilothouse_app.routes.events import events
from pilothouse_app.routes.health import health
from pilothouse_app.routes.openapi import register_openapi
from pilothouse_app.routes.pages import pages
from pilothouse_app.routes.requests import MAX_BODY, ApiRequest, ApiResponse
from pilothouse_app.routes.response_headers import add_response_headers
from pilothouse_app.routes.runnables import runnables
from pilothouse_app.routes.stream_tokens import stream_tokens
from pilothouse_app.routes.takeover_requests import takeover_requests
from pilothouse_app.routes.viewers import viewers

STATIC = Path(__file__).parents[1] / "static"


def register_routes(app: QuartTrio, *, static: Path = STATIC) -> None:
    """Give an app all HTTP routes. Its `Services` are needed from the first request on.

    Args:
        app: made with `static_folder=None`.
        static: the built web page.
    """
    app.request_class = ApiRequest
    app.response_class = ApiResponse
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    # Redirects to tidier URLs would be HTML pages.
    app.url_map.merge_slashes = False
    register_openapi(app)
    register_error_handlers(app)
    app.after_request(add_response_headers)
    sessions = (agent_discovery, browser_sessions, control, events, stream_tokens, takeover_requests, viewers)
    for blueprint in (health, *sessions, runnables("task"), runnables("workflow_run"), pages(static)):
        app.register_blueprint(blueprint)
