"""What starts browsers, and what it gives to whoever asked for one."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

import attrs


@attrs.frozen
class BrowserSpec:
    """The browser that a session wants.

    Attributes:
        session_id: whose browser it is; for logs.
        width: of the display, in pixels.
        height: of the display, in pixels.
        url: the page to begin with, with its scheme.
    """

    session_id: str
    width: int = 1280
    height: int = 800
    url: str = "about:blank"


class RunningBrowser(Protocol):
    """Where a browser can be reached, as long as the context that gave it is open."""

    @property
    def vnc_address(self) -> str | None:
        """`unix:///…`, `tcp://host:port`, `ws://…` or `wss://…`; None when it has no VNC server."""

    @property
    def vnc_password(self) -> str | None:
        """The VNC server's password, or None when it asks for none. Never part of the `repr`."""

    @property
    def vnc_takes_clipboard(self) -> bool:
        """See `pilothouse.channels.upstream.Upstream`."""

    @property
    def cdp_address(self) -> str | None:
        """Such as `http://127.0.0.1:34567`; None when CDP is out of reach."""

    async def wait_gone(self) -> str:
        """Wait until the browser or its VNC server has gone away by itself; any number of tasks may wait.

        Returns:
            Which of them, and how, in words for people.
        """


class BrowserProvider(Protocol):
    """Starts browsers, or knows where they are."""

    def start(self, spec: BrowserSpec) -> AbstractAsyncContextManager[RunningBrowser]:
        """Start a browser; leaving the context stops it and removes all that it left, also when cancelled.

        Exceptions of the context's body come out as they are, in no group.

        Raises:
            BrowserFailed: on entering, when there is no browser.
        """
