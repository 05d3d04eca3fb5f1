"""The built web page, read once into memory: it is small, and a name is either among its files or it is not."""

from __future__ import annotations

import hashlib
from pathlib import Path

import attrs
from quart import Blueprint, Response, request
from quart_schema import hide
from quart_trio.wrappers import TrioResponse
from werkzeug.exceptions import NotFound

from pilothouse_app.routes.requests import services

NOT_BUILT = "The web page has not been built; `python3 noxfile.py -s demo` builds it.\n"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


@attrs.frozen
class StaticFile:
    """One file of the page.

    Attributes:
        cache_control: files under `assets/` carry their hash in their name, and so never change.
    """

    content: bytes
    content_type: str
    etag: str
    cache_control: str


def pages(directory: Path) -> Blueprint:
    """The routes of the page.

    Args:
        directory: where it was built, if it was.
    """
    files = _read(directory)
    blueprint = Blueprint("pages", __name__)

    @blueprint.get("/")
    @hide
    async def index() -> Response:
        if "index.html" not in files:
            return TrioResponse(NOT_BUILT, 503, content_type="text/plain; charset=utf-8")
        return await _send(files["index.html"])

    @blueprint.get("/<path:name>")
    @hide
    async def file(name: str) -> Response:
        if name not in files:
            raise NotFound
        return await _send(files[name])

    return blueprint


def _read(directory: Path) -> dict[str, StaticFile]:
    found = {}
    for path in directory.rglob("*"):
        name = path.relative_to(directory).as_posix()
        if path.is_file() and not name.startswith("."):
            content = path.read_bytes()
            found[name] = StaticFile(
                content,
                _TYPES.get(path.suffix, "application/octet-stream"),
                hashlib.sha256(content).hexdigest()[:32],
                "public, max-age=31536000, immutable" if name.startswith("assets/") else "no-cache",
            )
    return found


async def _send(file: StaticFile) -> Response:
    response = TrioResponse(file.content, content_type=file.content_type)
    response.set_etag(file.etag)
    response.headers["Cache-Control"] = file.cache_control
    response.headers["Content-Security-Policy"] = _policy(services().settings.allowed_origins)
    return await response.make_conditional(request)


def _policy(allowed_origins: frozenset[str]) -> str:
    """What the page may do. Pages that may talk to the server may also frame it; others could trick people into clicks.

    noVNC sets styles from its script, and shows some parts of the picture as data and blob URLs.
    """
    framing = " ".join(["'self'", *sorted(allowed_origins)])
    return (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors {framing}"
    )
