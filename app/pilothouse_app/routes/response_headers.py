"""Headers that every HTTP answer carries: CORS for allowed pages, and what browsers may do with the answer."""

from __future__ import annotations

from quart import Response, request

from pilothouse_app.origins import origin_allowed
from pilothouse_app.routes.errors import BASE_PATH
from pilothouse_app.routes.requests import services

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "x-api-key, authorization, content-type",
    "Access-Control-Max-Age": "600",
}


async def add_response_headers(response: Response) -> Response:
    """Complete an answer. A foreign page that is not allowed gets no CORS header, so its browser keeps it out.

    The built page's scripts need the same: an allowed page that embeds the viewer loads them from here.
    """
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.add("Vary", "Origin")
    if request.path.startswith(f"{BASE_PATH}/"):
        response.headers["Cache-Control"] = "no-store"
    origin = request.headers.get("origin")
    if origin is not None and origin_allowed(origin, (), services().settings.allowed_origins):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = "Location, Link, Retry-After"
        if request.method == "OPTIONS":
            response.headers.update(_PREFLIGHT)
    return response
