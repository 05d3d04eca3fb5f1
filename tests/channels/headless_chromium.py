"""A headless Chromium for tests that need a real page and no picture."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from pilothouse.browsers.chromium import find_executable
from pilothouse.channels.browser_pages import Page
from pilothouse.channels.cdp_link import open_cdp_link
from pilothouse.protocol.cdp_executor import CdpEvent, CdpFailure

_START_SECONDS = 30.0


@contextmanager
def headless_chromium(*switches: str) -> Iterator[str]:
    """Gives the `ws://…` address of its DevTools."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            find_executable(),
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
            *("--remote-debugging-port=0", f"--user-data-dir={profile}", "--disable-back-forward-cache"),
            *("--disable-background-networking", *switches, "about:blank"),
        ]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield _address(Path(profile) / "DevToolsActivePort")
        finally:
            browser.terminate()
            browser.wait()


def _address(file: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while not file.exists() or file.read_text().count("\n") == 0:
        assert time.monotonic() < deadline, "Chromium does not start"
        time.sleep(0.02)
    port, path = file.read_text().split("\n")
    return f"ws://127.0.0.1:{port}{path}"


@asynccontextmanager
async def open_page(devtools: str) -> AsyncIterator[Page]:
    """A new page, at `about:blank`."""
    async with open_cdp_link(devtools, lambda _: None) as link:
        target = (await link.execute("Target.createTarget", {"url": "about:blank"}))["targetId"]
        async with attach_to_page(devtools, target) as page:
            yield page
        with suppress(CdpFailure):  # it may have been closed
            await link.execute("Target.closeTarget", {"targetId": target})


@asynccontextmanager
async def attach_to_page(devtools: str, target: str) -> AsyncIterator[Page]:
    """A page that is there already, on a connection of one's own."""
    pages: list[Page] = []

    def tell(event: CdpEvent) -> None:
        for page in pages:
            if event.session_id == page.session_id:
                page.tell(event)
            elif event.method == "Target.detachedFromTarget":
                link.target_gone(page.session_id)
                page.gone()

    async with open_cdp_link(devtools, tell) as link:
        attached = await link.execute("Target.attachToTarget", {"targetId": target, "flatten": True})
        pages.append(Page(link, target, attached["sessionId"]))
        for domain in ("Page", "Inspector"):
            await pages[0].execute(f"{domain}.enable")
        yield pages[0]
