"""A site to practise on: forms, uploads, pictures, several pages, frames. It keeps what it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

_HEAD = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>{title}</title>'

_ABOUT_YOU = """<form action="/details" method="post">
  <label>Name <input name="name"></label>
  <label>Birth date <input type="date" name="birth"></label>
  <label>Appointment time <input type="time" name="appointment"></label>
  <label>Local time <input type="datetime-local" name="local"></label>
  <label><input type="checkbox" name="terms"> I agree to the terms above</label>
  <label><input type="checkbox" name="newsletter" checked> Subscribe to newsletter</label>
  <button>Continue</button>
</form>"""

_DETAILS = """<form action="/thanks" method="post">
  <label><input type="radio" name="size" value="M"> M</label>
  <label><input type="radio" name="size" value="XL"> XL</label>
  <label>Choose a color <select name="color">
    <option value="red">Red</option><option value="green">Green</option><option value="blue">Blue</option>
  </select></label>
  <label>Choose multiple colors <select name="colors" multiple>
    <option>red</option><option>green</option><option>blue</option></select></label>
  <label>Remarks <textarea name="remarks" id="remarks"></textarea></label>
  <button>Send</button>
</form>"""

_UPLOAD = """<form action="/received" method="post" enctype="multipart/form-data">
  <label>Upload file <input type="file" name="file"></label>
  <button>Send</button>
</form>"""

_UPLOAD_MANY = """<form action="/received" method="post" enctype="multipart/form-data">
  <label>Upload files <input type="file" name="files" multiple></label>
  <button>Send</button>
</form>"""

_GALLERY = """<style>body { margin: 0; font: 20px sans-serif }</style>
<div class="header" style="width: 400px; height: 90px; background: #147">Header</div>
<div style="height: 700px; background: linear-gradient(#fff, #47a)"></div>"""

_LONG_GALLERY = _GALLERY + '<div style="height: 2100px; background: linear-gradient(#47a, #fff)"></div>'

_ROOMS = """<a href="/second" target="_blank" rel="opener">open the second page</a>
<a href="/third" id="third">go to the third page</a>"""

_FRAMES = """<h1>Frames</h1><iframe name="near" class="near" src="/inner?near"></iframe>
<iframe name="far" class="far" src="http://localhost:{port}/inner?far"></iframe>"""

_INNER = """<p class="text">The frame at {query}</p><label>User Name <input name="user"></label>
<button onclick="document.querySelector('.text').textContent = 'Hello ' + document.querySelector('input').value">Greet
</button>"""

_PAGES = {
    "/form": ("About you", _ABOUT_YOU),
    "/details": ("Details", _DETAILS),
    "/thanks": ("Thanks", '<p role="status">Thank you</p>'),
    "/upload": ("Upload", _UPLOAD),
    "/upload-many": ("Upload many", _UPLOAD_MANY),
    "/received": ("Received", '<p role="status">Received</p>'),
    "/gallery": ("Gallery", _GALLERY),
    "/gallery/long": ("Long gallery", _LONG_GALLERY),
    "/rooms": ("Rooms", _ROOMS),
    "/second": ("The second page", "<h1>Second</h1>"),
    "/third": ("The third page", "<h1>Third</h1>"),
    "/frames": ("Frames", _FRAMES),
    "/inner": ("Inner", _INNER),
}


class PracticeSite(ThreadingHTTPServer):
    """Serves the pages, and keeps what forms send.

    Attributes:
        sent: each form: its path, and its fields by name; of a file its name, size and digest.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self._held_path: str | None = None
        self._reached = Event()
        self._may_answer = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def hosts(self) -> str:
        """Where it is, for a list of destinations that are allowed."""
        return f"127.0.0.1:{self.server_port},localhost:{self.server_port}"

    def forget(self) -> None:
        """Forget what was sent."""
        self.sent.clear()

    def hold(self, path: str) -> None:
        """Let whoever asks for a path wait, until `let_go`."""
        self._reached.clear()
        self._may_answer.clear()
        self._held_path = path

    def until_asked(self, *, seconds: float) -> None:
        """Wait until somebody asks for the path that is held."""
        assert self._reached.wait(seconds), f"nobody asks for {self._held_path}"

    def let_go(self) -> None:
        """Answer whoever waits."""
        self._held_path = None
        self._may_answer.set()

    def wait_if_held(self, path: str) -> None:
        if path == self._held_path:
            self._reached.set()
            self._may_answer.wait()


class _Answer(BaseHTTPRequestHandler):
    server: PracticeSite

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.sent.append((self.path, _fields(self.headers["Content-Type"], body)))
        self._answer()

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        self.server.wait_if_held(parts.path)
        title, content = _PAGES.get(parts.path, ("Nothing here", ""))
        page = _HEAD.replace("{title}", title) + content
        body = page.replace("{port}", str(self.server.server_port)).replace("{query}", parts.query).encode()
        self.send_response(200 if parts.path in _PAGES else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def _fields(content_type: str, body: bytes) -> dict[str, Any]:
    if not content_type.startswith("multipart/form-data"):
        return parse_qs(body.decode(), keep_blank_values=True)
    whole = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    fields: dict[str, Any] = {}
    for part in whole.iter_parts():  # type: ignore[attr-defined]
        fields.setdefault(part.get_param("name", header="content-disposition"), []).append(_file(part))
    return fields


def _file(part: Message) -> dict[str, Any]:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return {"name": part.get_filename(), "size": len(content), "digest": sha256(content).hexdigest()}


@contextmanager
def practice_site() -> Iterator[PracticeSite]:
    """Serve while the context lasts."""
    with PracticeSite() as site:
        thread = Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield site
        site.let_go()
        site.shutdown()
        thread.join()
