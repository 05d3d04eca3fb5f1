"""The real server, as `pilothouse serve` runs it, and its REST interface as far as the benchmarks need it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPMethod
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import attrs

from benchmarks import processes
from benchmarks.websocket_client import TEXT, WebSocketClient

_SECONDS = 30.0
_MAX_VIEWERS = 1000


@attrs.frozen
class PilothouseServer:
    """A server that runs."""

    process: subprocess.Popen[str]
    url: str
    api_key: str = attrs.field(repr=False)

    @classmethod
    @contextmanager
    def running(cls, data_dir: str) -> Iterator[PilothouseServer]:
        """Run one, with its database in this directory."""
        api_key = secrets.token_urlsafe(32)
        environment = {
            **os.environ,
            "PILOTHOUSE_PORT": "0",
            "PILOTHOUSE_DATA_DIR": data_dir,
            "PILOTHOUSE_API_KEY": api_key,
            "PILOTHOUSE_MAX_VIEWERS": str(_MAX_VIEWERS),
        }
        with processes.python("-m", "pilothouse_app", "serve", environment=environment) as process:
            url = processes.first_line(process).split()[-1]
            yield cls(process, url, api_key)

    def create_session(self, specification: Mapping[str, str]) -> str:
        """POST a browser session; returns its id."""
        session = json.loads(self._request(HTTPMethod.POST, "browser_sessions", specification))
        return str(session["browser_session_id"])

    def delete_session(self, session_id: str) -> None:
        """DELETE a browser session."""
        self._request(HTTPMethod.DELETE, f"browser_sessions/{session_id}")

    def stream(self, channel: str, session_id: str, client_id: str) -> WebSocketClient:
        """Open a session's `vnc` or `messages` WebSocket."""
        query = urlencode({"apikey": self.api_key, "client_id": client_id})
        port = urlsplit(self.url).port
        assert port is not None
        return WebSocketClient(port, f"/api/v1/stream/{channel}/browser_session/{session_id}?{query}")

    def gate(self, session_id: str) -> WebSocketClient:
        """Open a session's agent gate."""
        port = urlsplit(self.url).port
        assert port is not None
        return WebSocketClient(port, f"/api/v1/cdp/{session_id}?{urlencode({'apikey': self.api_key})}")

    def take_control(self, session_id: str, client_id: str) -> WebSocketClient:
        """Make a client the holder of control; returns its message channel, which has to stay open."""
        messages = self.stream("messages", session_id, client_id)
        messages.send(json.dumps({"kind": "take-control"}).encode(), TEXT)
        while not json.loads(messages.receive()).get("you_hold_control"):
            pass
        return messages

    def give_control(self, session_id: str, client_id: str) -> None:
        """Make a client the holder of control, whether or not it has a message channel."""
        body = {"action": "take_control", "client_id": client_id}
        self._request(HTTPMethod.PUT, f"browser_sessions/{session_id}/control", body)

    def _request(self, method: HTTPMethod, path: str, body: Mapping[str, str] | None = None) -> bytes:
        headers = {"x-api-key": self.api_key, "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/api/v1/{path}", data, headers, method=method)
        with urlopen(request, timeout=_SECONDS) as response:
            content: bytes = response.read()
        return content
