"""A real server in a process of its own, a real browser session behind it, and a headless Chromium that looks at it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live_server import Server, serving
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from witness import Witness, witness_on
from x_display import XDisplay, xvnc

CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def session(server: Server) -> Iterator[dict[str, Any]]:
    """A browser at the harbour page."""
    session = server.start_session(url=f"{server.url}/harbour.html", viewport={"width": 1024, "height": 700})
    yield session
    server.api.delete(f"/browser_sessions/{session['browser_session_id']}")


@pytest.fixture(scope="module")
def display() -> Iterator[XDisplay]:
    with tempfile.TemporaryDirectory(prefix="ph-", dir="/tmp") as name, xvnc(Path(name)) as display:
        yield display


@pytest.fixture(scope="module")
def witness(display: XDisplay) -> Iterator[Witness]:
    """Who sees what arrives at the display."""
    with witness_on(display.name) as witness:
        yield witness


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
