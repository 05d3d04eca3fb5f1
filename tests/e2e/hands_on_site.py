"""A site with all kinds of places for text, for two browsers to be compared at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

PLACES = ("input", "textarea", "editable", "frame", "password")

_DECK = """<!doctype html><meta charset="utf-8"><title>Deck</title><link rel="icon" href="data:,">
<style>
  body { margin: 8px; font: 16px sans-serif }
  input, textarea, iframe, [contenteditable] {
    display: block; box-sizing: border-box; width: 400px; height: 70px; margin: 4px; border: 1px solid; overflow: auto }
</style>
<input id="input"><textarea id="textarea"></textarea><div id="editable" contenteditable></div>
<iframe id="frame" src="http://localhost:PORT/frame"></iframe>
<input id="password" type="password"><button id="opens" onclick="window.open('/second')">Open</button>
<script>
  var framed = { text: '', selected: '', focused: false, ready: false }
  addEventListener('message', ({ data }) => Object.assign(framed, data))
  const find = place => document.getElementById(place)
  const textOf = place => place === 'frame' ? framed.text : find(place).value ?? find(place).innerText
  const selectedIn = place => place === 'frame' ? framed.selected : find(place).value === undefined ?
    String(getSelection()) : find(place).value.slice(find(place).selectionStart, find(place).selectionEnd)
  const focusedIs = place => place === 'frame' ? framed.focused :
    document.hasFocus() && document.activeElement === find(place)
</script>"""

_FRAME = """<!doctype html><meta charset="utf-8">
<style>html, body { margin: 0; height: 100% } textarea { box-sizing: border-box; width: 100%; height: 100% }</style>
<textarea></textarea>
<script>
  const field = document.querySelector('textarea')
  parent.postMessage({ ready: true }, '*')
  for (const type of ['input', 'select', 'focus', 'blur'])
    field.addEventListener(type, () => parent.postMessage({
      text: field.value,
      selected: field.value.slice(field.selectionStart, field.selectionEnd),
      focused: document.activeElement === field && document.hasFocus(),
    }, '*'))
</script>"""

_SECOND = """<!doctype html><title>Second</title><link rel="icon" href="data:,"><p>The second page"""


class HandsOnSite(ThreadingHTTPServer):
    """Serves `/deck`, and a page with little on it everywhere else.

    Attributes:
        requests: the path of each request, in order.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.requests: list[str] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    @property
    def hosts(self) -> str:
        """Where it is, for a list of destinations that are allowed."""
        return f"127.0.0.1:{self.server_port},localhost:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: HandsOnSite

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        page = {"/deck": _DECK, "/frame": _FRAME}.get(self.path, _SECOND)
        body = page.replace("PORT", str(self.server.server_port)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def hands_on_site() -> Iterator[HandsOnSite]:
    """Serve while the context lasts."""
    with HandsOnSite() as site:
        thread = Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield site
        site.shutdown()
        thread.join()
