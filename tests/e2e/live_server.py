"""A `pilothouse serve` process, and what a client of its API does."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
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

    def token_of(self, session: dict[str, Any], scope: str = "control", **body: Any) -> dict[str, Any]:
        """A new stream token of a session, as the API shows it."""
        made = self.api.post(
            f"/browser_sessions/{session['browser_session_id']}/stream_tokens", json={"scope": scope, **body}
        )
        assert made.status_code == 201, made.text
        token: dict[str, Any] = made.json()
        return token

    def page_of(self, session: dict[str, Any], credential: str | None = None) -> str:
        """The URL of the page that shows a session, with this credential, or with a new token to control it."""
        credential = credential or self.token_of(session)["token"]
        return f"{self.url}/#{urlencode({'session': session['browser_session_id'], 'token': credential})}"

    def cdp_address(self, session: dict[str, Any]) -> str:
        """Where the session's Chromium answers CDP; only the database knows."""
        query = "SELECT cdp_address FROM browser_sessions WHERE browser_session_id = ?"
        with closing(sqlite3.connect(self.database)) as connection:
            (address,) = connection.execute(query, [session["browser_session_id"]]).fetchone()
        return str(address)


@contextmanager
def serving(directory: Path, **settings: str) -> Iterator[Server]:
    """A server that keeps its data and its log in a directory of its own."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PILOTHOUSE_")},
        "PILOTHOUSE_PORT": "0",
        "PILOTHOUSE_DATA_DIR": str(directory),
        "PILOTHOUSE_API_KEY": API_KEY,
        "PILOTHOUSE_VERIFY_SECONDS": "1",
        **settings,
    }
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "pilothouse_app", "serve"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    try:
        announced = process.stdout.readline()
        assert announced.startswith("Pilothouse serves "), announced + (directory / "log").read_text()
        url = announced.split()[-1]
        with httpx.Client(base_url=f"{url}/api/v1", headers={"x-api-key": API_KEY}) as api:
            yield Server(url, api, directory / "pilothouse.sqlite3", process)
        process.terminate()
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
