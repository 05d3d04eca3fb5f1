"""A `pilothouse serve` process, and what a client of its API does."""

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import attrs
import httpx
from waiting import wait_until

API_KEY = "an-end-to-end-key-of-ours"


@attrs.define
class Server:
    """A `pilothouse serve` process."""

    url: str
    api: httpx.Client
    database: Path
    process: subprocess.Popen[str]

    def start_session(self, **body: Any) -> dict[str, Any]:
        """A session whose browser is running, as the API shows it."""
        created = self.api.post("/browser_sessions", json=body)
        assert created.status_code == 201, created.text
        session_id = created.json()["browser_session_id"]

        def running() -> dict[str, Any] | None:
            session = self.api.get(f"/browser_sessions/{session_id}").json()
            assert session["status"] != "failed", session["failure_reason"]
            return session if session["status"] == "running" else None

        return wait_until(running, seconds=40)

    def page_of(self, session: dict[str, Any]) -> str:
        """The URL of the page that shows a session."""
        return f"{self.url}/#{urlencode({'session': session['browser_session_id'], 'token': API_KEY})}"

    def cdp_address(self, session: dict[str, Any]) -> str:
        """Where the session's Chromium answers CDP; only the database knows."""
        query = "SELECT cdp_address FROM browser_sessions WHERE browser_session_id = ?"
        with closing(sqlite3.connect(self.database)) as connection:
            (address,) = connection.execute(query, [session["browser_session_id"]]).fetchone()
        return str(address)
