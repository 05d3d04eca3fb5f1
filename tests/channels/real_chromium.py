"""Real Chromium with a window, in an Xvnc of its own."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from pilothouse.browsers.devtools_http import get_json
from pilothouse.browsers.errors import BrowserFailed
from pilothouse.browsers.local import LocalBrowsers
from pilothouse.browsers.provider import BrowserSpec
from pilothouse.protocol.cdp_executor import ConnectionLost


@asynccontextmanager
async def open_chromium(url: str = "about:blank") -> AsyncIterator[str]:
    """The address of its DevTools, such as `http://127.0.0.1:34567`."""
    with tempfile.TemporaryDirectory(prefix="ph-") as directory:
        async with LocalBrowsers(Path(directory)).start(BrowserSpec("pbs_1", url=url)) as browser:
            yield browser.cdp_address


async def devtools_of(cdp_address: str) -> str:
    """The address of its WebSocket, `ws://…`."""
    try:
        version = await get_json(f"{cdp_address}/json/version", seconds=5)
    except BrowserFailed as error:
        raise ConnectionLost(str(error)) from error
    return str(version["webSocketDebuggerUrl"])


async def until(condition: Callable[[], object], *, seconds: float = 10) -> None:
    """Look again and again, for a bounded time, until the condition holds."""
    with trio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110 - nothing tells us
            await trio.sleep(0.01)
