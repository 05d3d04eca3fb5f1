"""What takes more than one command to do with a page."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import trio

from pilothouse.channels.browser_pages import Page
from pilothouse.channels.execution_errors import NotPossible
from pilothouse.protocol.cdp_executor import CdpFailure, CommandRefused

LARGEST_PICTURE = 5 * 1024 * 1024
"""Bytes of a screenshot."""

_JPEG_QUALITIES = (85, 60, 35, 10)
_HANG_SECONDS = 1.0
_BETWEEN_SECONDS = 0.01


async def screenshot(page: Page) -> tuple[bytes, str]:
    """The picture and its type; PNG where it is small enough."""
    picture = await _capture(page, {"format": "png"})
    if len(picture) <= LARGEST_PICTURE:
        return picture, "image/png"
    for quality in _JPEG_QUALITIES:
        picture = await _capture(page, {"format": "jpeg", "quality": quality})
        if len(picture) <= LARGEST_PICTURE:
            return picture, "image/jpeg"
    raise NotPossible("the picture is too large in any quality")


async def _capture(page: Page, params: dict[str, Any]) -> bytes:
    return base64.b64decode((await execute_between(page, "Page.captureScreenshot", params))["data"])


async def execute_between(page: Page, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    """A command that Chromium refuses while the page is between two documents, and that is then sent again."""
    while True:
        try:
            return await page.execute(method, params)
        except CommandRefused as error:
            if error.message != "Not attached to an active page":
                raise
        await trio.sleep(_BETWEEN_SECONDS)


async def url_of(page: Page) -> str:
    """Where it is, even if it hangs."""
    history = await execute_between(page, "Page.getNavigationHistory")
    return str(history["entries"][history["currentIndex"]]["url"])


async def stop_hanging(page: Page) -> None:
    """Stop a script that does not end, if there is one.

    Chromium keeps the process of a page for the next page of that site, which would hang there, too.
    """
    for method, params in (("Runtime.evaluate", {"expression": "0"}), ("Runtime.terminateExecution", {})):
        with trio.move_on_after(_HANG_SECONDS), suppress(CdpFailure):
            await page.execute(method, params)
            return


async def clear_cookies(page: Page) -> None:
    """Delete the cookies of its host, and those of parent domains that it is sent."""
    host = urlsplit(await url_of(page)).hostname or ""
    for cookie in (await page.execute("Storage.getCookies"))["cookies"]:
        domain = cookie["domain"].strip("[]")
        if host == domain or (domain.startswith(".") and f".{host}".endswith(domain)):
            named = {key: cookie[key] for key in ("name", "domain", "path", "partitionKey") if key in cookie}
            await page.execute("Network.deleteCookies", named)
