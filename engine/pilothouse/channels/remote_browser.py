"""What a session does with its browser over DevTools, through one kept connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pilothouse.channels.browser_link import BrowserLink, FindDevTools
from pilothouse.channels.cdp_link import LARGEST_MESSAGE
from pilothouse.channels.destination_guard import DestinationGuard
from pilothouse.channels.execution import Execution
from pilothouse.channels.input_watch import InputWatch


class RemoteBrowser:
    """A session's browser. `link.run` is its task, and must be running for anything to work.

    Args:
        find_devtools: asked before each attempt to connect.
        guard: decides where it may be sent; by default only to what is public.
        max_message_size: bytes of one message from the browser.

    Attributes:
        find_devtools: finds them for those who want a connection of their own.
        max_message_size: bytes of one message from the browser.
        link: the connection.
        execution: operations on the page that is seen.
        input: what pages say of the input that reaches them.
    """

    def __init__(
        self,
        find_devtools: FindDevTools,
        guard: DestinationGuard | None = None,
        *,
        max_message_size: int = LARGEST_MESSAGE,
    ) -> None:
        self.find_devtools = find_devtools
        self.max_message_size = max_message_size
        self.input = InputWatch()
        self.link = BrowserLink(find_devtools, self._tabs_changed, self.input.told, max_message_size=max_message_size)
        self.execution = Execution(self.link, guard)
        self._watchers: list[Callable[[], None]] = []

    @contextmanager
    def watching_tabs(self, changed: Callable[[], None]) -> Iterator[None]:
        """Have `changed` called, without awaiting, whenever the tabs may have changed, while the context lasts."""
        self._watchers.append(changed)
        try:
            yield
        finally:
            self._watchers.remove(changed)

    def _tabs_changed(self) -> None:
        for changed in self._watchers:
            changed()
