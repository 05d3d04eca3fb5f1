"""The pages of a browser over one DevTools connection: every page and every out-of-process frame is attached.

All are in one flat row of CDP sessions. Nothing is done to a page beyond listening: a small script in a world of its
own tells whether the page can be seen, its title, and where its icon is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.resources import files
from typing import Any, ClassVar

import trio

from pilothouse.channels.cdp_link import CdpLink
from pilothouse.protocol.browser_tabs import BrowserTabs
from pilothouse.protocol.cdp_executor import CdpEvent, CdpFailure

_LISTENER_CAPACITY = 256
_WORLD = "pilothouse"
_BINDING = "pilothouseWatch"
_WATCH = files(__package__).joinpath("page_watch.js").read_text("utf-8")
_ATTACH = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}


class Page:
    """A page of the browser, as long as it is there.

    Attributes:
        target_id: the browser's name for it.
        session_id: of the CDP session that is attached to it.
        dialog_open: whether an alert or another dialog holds it up.
    """

    def __init__(self, link: CdpLink, target_id: str, session_id: str) -> None:
        self.target_id = target_id
        self.session_id = session_id
        self.dialog_open = False
        self._link = link
        self._frames: list[str] = []
        self._listeners: dict[str, list[trio.MemorySendChannel[CdpEvent]]] = {}

    async def execute(
        self, method: str, params: Mapping[str, Any] | None = None, *, session_id: str | None = None
    ) -> dict[str, Any]:
        """Carry out a command in this page.

        Args:
            method: such as `Page.navigate`.
            params: JSON.
            session_id: of one of its out-of-process frames; by default the page itself.

        Raises:
            CdpFailure: there is no result; its class says why.
        """
        return await self._link.execute(method, params, session_id=session_id or self.session_id)

    def frame_sessions(self) -> list[str]:
        """The page's own CDP session, then those of its out-of-process frames."""
        return [self.session_id, *self._frames]

    @contextmanager
    def listen(self, *methods: str) -> Iterator[trio.MemoryReceiveChannel[CdpEvent]]:
        """Hear of events of these methods in this page and its frames, while the context lasts.

        A listener that lets too many pile up loses the newest.
        """
        send, receive = trio.open_memory_channel[CdpEvent](_LISTENER_CAPACITY)
        for method in methods:
            self._listeners.setdefault(method, []).append(send)
        try:
            with send, receive:
                yield receive
        finally:
            for method in methods:
                self._listeners[method].remove(send)

    def add_frame(self, session_id: str) -> None:
        """An out-of-process frame was attached."""
        self._frames.append(session_id)

    def remove_frame(self, session_id: str) -> None:
        """An out-of-process frame was detached."""
        self._frames.remove(session_id)

    def tell(self, event: CdpEvent) -> None:
        """Something happened in this page or in one of its frames."""
        if event.method == "Page.javascriptDialogOpening":
            self.dialog_open = True
        elif event.method == "Page.javascriptDialogClosed":
            self.dialog_open = False
        for listener in self._listeners.get(event.method, ()):
            with suppress(trio.WouldBlock, trio.BrokenResourceError):
                listener.send_nowait(event)


class BrowserPages:
    """Follows the events of one connection.

    Args:
        on_change: called, without awaiting, whenever what `tabs` says may have changed.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.tabs = BrowserTabs()
        self._on_change = on_change
        self._pages: dict[str, Page] = {}
        self._owners: dict[str, Page] = {}  # by CDP session, those of frames too
        self._link: CdpLink | None = None
        self._nursery: trio.Nursery | None = None

    @property
    def active(self) -> Page | None:
        """The page that is seen."""
        active = self.tabs.active
        return None if active is None else self._pages.get(active)

    async def attach(self, link: CdpLink, nursery: trio.Nursery) -> None:
        """Begin to follow.

        Args:
            link: whose events go to `happened`.
            nursery: owns the tasks that introduce us to new pages.
        """
        self._link, self._nursery = link, nursery
        await link.execute("Target.setDiscoverTargets", {"discover": True})
        await link.execute("Target.setAutoAttach", _ATTACH)

    def happened(self, event: CdpEvent) -> None:
        """Take in an event of the connection."""
        handler = self._HANDLERS.get(event.method)
        if handler is not None and handler(self, event):
            self._on_change()
        owner = self._owners.get(event.session_id or "")
        if owner is not None:
            owner.tell(event)

    def _attached(self, event: CdpEvent) -> bool:
        info, session_id = event.params["targetInfo"], event.params["sessionId"]
        assert self._link is not None  # noqa: S101 (events come after `attach` has begun)
        assert self._nursery is not None  # noqa: S101
        parent = self._owners.get(event.session_id or "")
        if parent is not None:
            self._owners[session_id] = parent
            if info["type"] == "iframe":
                parent.add_frame(session_id)
            self._nursery.start_soon(self._introduce, self._link, session_id, info["type"] == "iframe", False)
            return False
        is_page = info["type"] == "page"
        self._nursery.start_soon(self._introduce, self._link, session_id, False, is_page)
        if not is_page:
            return False
        page = self._pages[info["targetId"]] = Page(self._link, info["targetId"], session_id)
        self._owners[session_id] = page
        return self.tabs.opened(info)

    async def _introduce(self, link: CdpLink, session_id: str, is_frame: bool, is_page: bool) -> None:
        """Say what we want to hear of a new target, and let it go on."""
        with suppress(CdpFailure):
            if is_page or is_frame:
                for method, params in _INTRODUCTION if is_page else _INTRODUCTION[:2]:
                    await link.execute(method, params, session_id=session_id)
        with suppress(CdpFailure):
            await link.execute("Runtime.runIfWaitingForDebugger", session_id=session_id)

    def _detached(self, event: CdpEvent) -> bool:
        session_id = event.params["sessionId"]
        owner = self._owners.pop(session_id, None)
        if self._link is not None:
            self._link.target_gone(session_id)
        if owner is None:
            return False
        if owner.session_id != session_id:
            with suppress(ValueError):
                owner.remove_frame(session_id)
            return False
        del self._pages[owner.target_id]
        return self.tabs.closed(owner.target_id)

    def _crashed(self, event: CdpEvent) -> bool:
        if self._link is not None and event.session_id is not None:
            self._link.target_gone(event.session_id)
        return False

    def _info_changed(self, event: CdpEvent) -> bool:
        return self.tabs.told(event.params["targetInfo"])

    def _looked_at(self, event: CdpEvent) -> bool:
        page = self._owners.get(event.session_id or "")
        if page is None or event.params.get("name") != _BINDING or page.session_id != event.session_id:
            return False
        try:
            told = json.loads(event.params["payload"])
            visible, focused = told["visible"] is True, told["focused"] is True
            title, icon = str(told["title"]), str(told["icon"]) or None
        except (ValueError, KeyError, TypeError):
            return False  # not from our script
        changed = self.tabs.described(page.target_id, title=title, favicon=icon)
        return self.tabs.looked_at(page.target_id, visible=visible, focused=focused) or changed

    _HANDLERS: ClassVar[dict[str, Callable[[BrowserPages, CdpEvent], bool]]] = {
        "Target.attachedToTarget": _attached,
        "Target.detachedFromTarget": _detached,
        "Target.targetInfoChanged": _info_changed,
        "Inspector.targetCrashed": _crashed,
        "Runtime.bindingCalled": _looked_at,
    }


_INTRODUCTION: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Target.setAutoAttach", _ATTACH),
    ("Page.enable", {}),
    ("Runtime.enable", {}),
    ("Inspector.enable", {}),
    ("Runtime.addBinding", {"name": _BINDING, "executionContextName": _WORLD}),
    (
        "Page.addScriptToEvaluateOnNewDocument",
        {"source": _WATCH, "worldName": _WORLD, "runImmediately": True},
    ),
)
