"""The HTTP side of DevTools: what a browser says about itself."""

from __future__ import annotations

import json
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import trio

from pilothouse.browsers.errors import NoAnswer

_LARGEST_ANSWER = 4 * 1024 * 1024
_LIMITER = trio.CapacityLimiter(8)


async def get_json(url: str, *, seconds: float) -> Any:
    """Ask for a JSON document.

    Args:
        url: with http or https.
        seconds: how long the answer may take.

    Raises:
        NoAnswer: nobody answers, or not with JSON.
    """
    try:
        with trio.fail_after(seconds):
            # The thread ends by itself, because the socket has the same deadline.
            return await trio.to_thread.run_sync(
                partial(_get_json, url, seconds), abandon_on_cancel=True, limiter=_LIMITER
            )
    except (OSError, HTTPException, ValueError, trio.TooSlowError) as error:
        raise no_answer(url, error) from error


async def websocket_address(cdp_address: str, *, seconds: float) -> str:
    """Where a browser takes DevTools connections; it changes whenever the browser starts.

    Args:
        cdp_address: of `RunningBrowser`; a WebSocket's stays as it is.
        seconds: how long the browser may take to answer.

    Raises:
        NoAnswer: nobody answers, or not like a browser.
    """
    parts = urlsplit(cdp_address)
    if parts.scheme in ("ws", "wss"):
        return cdp_address
    version = await get_json(f"{cdp_address.rstrip('/')}/json/version", seconds=seconds)
    try:
        path = urlsplit(str(version["webSocketDebuggerUrl"])).path
    except (TypeError, KeyError, ValueError) as error:
        raise no_answer(cdp_address, error) from error
    # The browser names itself as it was asked; behind a proxy or a port mapping only our address is right.
    return urlunsplit(("wss" if parts.scheme == "https" else "ws", parts.netloc, path, "", ""))


def no_answer(address: str, error: Exception) -> NoAnswer:
    """The failure of an address."""
    words = "too slow" if isinstance(error, trio.TooSlowError) else error
    return NoAnswer(f"no answer from {without_secrets(address)}: {words}")


def without_secrets(address: str) -> str:
    """For people and logs: an address may hold a password or a token."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _get_json(url: str, seconds: float) -> Any:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    try:
        connection.request("GET", parts.path)
        with connection.getresponse() as response:
            if response.status != 200:
                raise HTTPException(f"status {response.status}")
            return json.loads(response.read(_LARGEST_ANSWER))
    finally:
        connection.close()
