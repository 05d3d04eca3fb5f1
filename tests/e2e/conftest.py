"""A real server in a process of its own, a real browser session behind it, and a headless Chromium that looks at it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from live_server import API_KEY, Server
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PILOTHOUSE_")},
        "PILOTHOUSE_PORT": "0",
        "PILOTHOUSE_DATA_DIR": str(directory),
        "PILOTHOUSE_API_KEY": API_KEY,
        "PILOTHOUSE_VERIFY_SECONDS": "1",
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
    announced = process.stdout.readline()
    assert announced.startswith("Pilothouse serves "), announced + (directory / "log").read_text()
    url = announced.split()[-1]
    with httpx.Client(base_url=f"{url}/api/v1", headers={"x-api-key": API_KEY}) as api:
        yield Server(url, api, directory / "pilothouse.sqlite3", process)
    process.terminate()
    try:
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.stdout.close()


@pytest.fixture
def session(server: Server) -> Iterator[dict[str, Any]]:
    """A browser at the harbour page."""
    session = server.start_session(url=f"{server.url}/harbour.html", viewport={"width": 1024, "height": 700})
    yield session
    server.api.delete(f"/browser_sessions/{session['browser_session_id']}")


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def looker(playwright: Playwright) -> Iterator[Browser]:
    """The headless Chromium of the person who watches."""
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture
def page(looker: Browser) -> Iterator[Page]:
    """A tab of that person."""
    context = looker.new_context(viewport={"width": 1200, "height": 800})
    yield context.new_page()
    context.close()


@pytest.fixture
def remote(playwright: Playwright, server: Server, session: dict[str, Any]) -> Iterator[Page]:
    """The page in the remote browser, as CDP sees it."""
    browser = playwright.chromium.connect_over_cdp(server.cdp_address(session))
    yield browser.contexts[0].pages[0]
    browser.close()
