"""The pages of a browser over one DevTools connection: every page and every out-of-process frame is attached.

All are in one flat row of CDP sessions. Nothing is done to a page beyond listening: a small script in a world of its
own tells whether the page can be seen, its title, and where its icon is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import trio

from pilothouse.channels.cdp_link import CdpLink
from pilothouse.channels.script_sources import WORLD, source, with_selection
from pilothouse.protocol.browser_tabs import BrowserTabs
from pilothouse.protocol.cdp_executor import CdpEvent, CommandRefused, ConnectionLost, TargetGone

_LISTENER_CAPACITY = 256
_PAGE_BINDING, _INPUT_BINDING = "pilothouseWatch", "pilothouseInput"

# These wait for the page's own process; after a crash they would wait for ever.
_OF_THE_RENDERER = ("Runtime.", "DOM.", "Input.")


# What is new is held until we have introduced ourselves.
_ATTACH = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
# The browser's own surfaces are none of our business. Below a page no filter will do: what it leaves out is held, too,
# and nobody could let it go.
_ATTACH_TO_PAGES = _ATTACH | {"filter": [{"type": "page"}]}
_ATTACH_UNNOTICED = _ATTACH | {"waitForDebuggerOnStart": False}


def _script(binding: str, script: str) -> tuple[tuple[str, dict[str, Any]], ...]:
    """A script in all documents that come, and in the one that is there; its binding is how it tells us something."""
    return (
        ("Runtime.addBinding", {"name": binding, "executionContextName": WORLD}),
        (
            "Page.addScriptToEvaluateOnNewDocument",
            {"source": script, "worldName": WORLD, "runImmediately": True},
        ),
    )


_INTRODUCTION_TO_FRAME: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Target.setAutoAttach", _ATTACH),
    ("Page.enable", {}),
    ("Inspector.enable", {}),
    # Without it there is no binding in the documents that come.
    ("Runtime.enable", {}),
    *_script(_INPUT_BINDING, with_selection("input_watch.js")),
)
_INTRODUCTION_TO_PAGE = (*_INTRODUCTION_TO_FRAME, *_script(_PAGE_BINDING, source("page_watch.js")))


class Page:
    """A page of the browser, as long as it is there.

    Attributes:
        target_id: the browser's name for it.
        session_id: of the CDP session that is attached to it.
        dialog_open: whether an alert or another dialog holds it up.
        crashed: whether it has, and was not loaded again since.
    """

    def __init__(self, link: CdpLink, target_id: str, session_id: str) -> None:
        self.target_id = target_id
        self.session_id = session_id
        self.dialog_open = False
        self.crashed = False
        self._link = link
        self._frames: dict[str, str] = {}  # each with the session that it was attached by
        self._listeners: dict[trio.MemorySendChannel[CdpEvent], frozenset[str]] = {}
        self._until_dialog: set[trio.CancelScope] = set()

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
        if self.crashed and method.startswith(_OF_THE_RENDERER):
            raise TargetGone(f"{method}: the page has crashed")
        return await self._link.execute(method, params, session_id=session_id or self.session_id)

    def frame_sessions(self) -> list[str]:
        """The page's own CDP session, then those of its out-of-process frames."""
        return [self.session_id, *self._frames]

    @contextmanager
    def listen(self, *methods: str) -> Iterator[trio.MemoryReceiveChannel[CdpEvent]]:
        """Hear of events of these methods in this page and its frames, while the context lasts.

        A listener that lets too many pile up loses the newest. When the page goes, the channel ends.
        """
        send, receive = trio.open_memory_channel[CdpEvent](_LISTENER_CAPACITY)
        with send, receive:
            self._listeners[send] = frozenset(methods)
            try:
                yield receive
            finally:
                self._listeners.pop(send, None)

    @contextmanager
    def until_dialog(self) -> Iterator[None]:
        """Cancel what is in the context when a dialog opens."""
        with trio.CancelScope() as scope:
            self._until_dialog.add(scope)
            try:
                yield
            finally:
                self._until_dialog.remove(scope)

    def add_frame(self, session_id: str, parent: str) -> None:
        """An out-of-process frame was attached, by way of the session of the page or frame that it is in."""
        self._frames[session_id] = parent

    def remove_frame(self, session_id: str) -> list[str]:
        """An out-of-process frame was detached; returns its session and those of the frames in it."""
        gone = [session_id]
        for inner, parent in self._frames.items():  # those outside come before those in them
            if parent in gone:
                gone.append(inner)
        for frame in gone:
            self._frames.pop(frame, None)
        return gone

    def tell(self, event: CdpEvent) -> None:
        """Something happened in this page or in one of its frames."""
        if event.method == "Page.javascriptDialogOpening":
            self.dialog_open = True
            for scope in self._until_dialog:
                scope.cancel()
        elif event.method == "Page.javascriptDialogClosed":
            self.dialog_open = False
        for listener, methods in self._listeners.items():
            if event.method in methods:
                with suppress(trio.WouldBlock, trio.BrokenResourceError):
                    listener.send_nowait(event)

    def gone(self) -> None:
        """The page is no longer there."""
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()


class BrowserPages:
    """Follows the events of one connection.

    Args:
        on_change: called, without awaiting, whenever what `tabs` says may have changed.
        on_input: called, without awaiting, with what `input_watch.js` says in any page.
    """

    def __init__(self, on_change: Callable[[], None], on_input: Callable[[str], None] = lambda _: None) -> None:
        self.tabs = BrowserTabs()
        self._on_change = on_change
        self._on_input = on_input
        self._pages: dict[str, Page] = {}
        self._owners: dict[str, Page] = {}  # by CDP session, those of frames too
        self._page_of_tab: dict[str, str] = {}
        self._tab_asked: dict[str, str] = {}  # by CDP session
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
        await link.execute("Target.setAutoAttach", _ATTACH_TO_PAGES)

    async def look(self) -> None:
        """Ask the browser which pages are in front, unless they agree about it.

        Raises:
            ConnectionLost: there is no browser any more.
        """
        if self.tabs.disputed and self._link is not None:
            # A Chromium that knows of no tabs, or tells of them otherwise; a tab that was closed.
            with suppress(CommandRefused, TargetGone, LookupError, TypeError, AttributeError):
                answer = await self._link.execute("Target.getTargets", {"filter": [{"type": "tab"}]})
                tabs = [info["targetId"] for info in answer["targetInfos"] if _is_in_front(info)]
                if self.tabs.in_front([await self._page_in(tab, self._link) for tab in tabs]):
                    self._on_change()

    async def _page_in(self, tab: str, link: CdpLink) -> str:
        """The page in a tab. CDP tells it only to whoever is attached to the tab."""
        if self._page_of_tab.get(tab) not in self._pages:
            session_id = (await link.execute("Target.attachToTarget", {"targetId": tab, "flatten": True}))["sessionId"]
            self._tab_asked[session_id] = tab
            try:
                await link.execute("Target.setAutoAttach", _ATTACH_UNNOTICED, session_id=session_id)
                await link.execute("Target.detachFromTarget", {"sessionId": session_id})
            finally:
                del self._tab_asked[session_id]
        return self._page_of_tab.get(tab, "")

    def happened(self, event: CdpEvent) -> None:
        """Take in an event of the connection, whatever is in it."""
        handler = self._HANDLERS.get(event.method)
        if handler is not None and handler(self, event):
            self._on_change()
        owner = self._owners.get(event.session_id or "")
        if owner is not None:
            owner.tell(event)

    def close(self) -> None:
        """The connection has gone, and with it all pages."""
        for page in self._pages.values():
            page.gone()

    def _attached(self, event: CdpEvent) -> bool:
        info, session_id = _info(event), event.params.get("sessionId")
        if self._link is None or self._nursery is None or info is None or not isinstance(session_id, str):
            return False
        target_id, kind = info["targetId"], info.get("type")
        if event.session_id in self._tab_asked:
            self._page_of_tab[self._tab_asked[event.session_id]] = target_id
            return False
        parent = self._owners.get(event.session_id or "")
        introduction: tuple[tuple[str, dict[str, Any]], ...] = ()
        if parent is not None and kind == "iframe":
            self._owners[session_id] = parent
            parent.add_frame(session_id, event.session_id or "")
            introduction = _INTRODUCTION_TO_FRAME
        elif parent is None and kind == "page":
            self._pages[target_id] = self._owners[session_id] = Page(self._link, target_id, session_id)
            introduction = _INTRODUCTION_TO_PAGE
        self._nursery.start_soon(self._introduce, self._link, session_id, introduction)
        return target_id in self._pages and self.tabs.opened(target_id, info)

    async def _introduce(
        self, link: CdpLink, session_id: str, introduction: tuple[tuple[str, dict[str, Any]], ...]
    ) -> None:
        """Say what we want to hear of a new target, and let it go on."""
        # All at once: until it is let go, what has no process of its own yet answers nothing.
        with suppress(ConnectionLost):
            await link.execute_all((*introduction, ("Runtime.runIfWaitingForDebugger", {})), session_id=session_id)

    def _detached(self, event: CdpEvent) -> bool:
        session_id = event.params.get("sessionId")
        owner = self._owners.get(session_id) if isinstance(session_id, str) else None
        if owner is None or not isinstance(session_id, str):
            return False
        if owner.session_id != session_id:
            # Of the frames in it nobody is left to tell.
            for session in owner.remove_frame(session_id):
                self._forget(session)
            return False
        for session in owner.frame_sessions():
            self._forget(session)
        owner.gone()
        if self._pages.get(owner.target_id) is owner:
            del self._pages[owner.target_id]
        return self.tabs.closed(owner.target_id)

    def _forget(self, session_id: str) -> None:
        self._owners.pop(session_id, None)
        if self._link is not None:
            self._link.target_gone(session_id)

    def _crashed(self, event: CdpEvent) -> bool:
        page = self._owners.get(event.session_id or "")
        if page is None or self._link is None or event.session_id is None:
            return False
        if page.session_id == event.session_id:
            page.crashed, page.dialog_open = True, False
        self._link.target_gone(event.session_id)
        return False

    def _reloaded_after_crash(self, event: CdpEvent) -> bool:
        page = self._owners.get(event.session_id or "")
        if page is not None and page.session_id == event.session_id:
            page.crashed = False
        return False

    def _info_changed(self, event: CdpEvent) -> bool:
        info = _info(event)
        return info is not None and self.tabs.told(info["targetId"], info)

    def _binding_called(self, event: CdpEvent) -> bool:
        page, payload = self._owners.get(event.session_id or ""), event.params.get("payload")
        if page is None or not isinstance(payload, str):
            return False
        match event.params.get("name"):
            case name if name == _INPUT_BINDING:
                self._on_input(payload)
            case name if name == _PAGE_BINDING and page.session_id == event.session_id:
                return self._looked_at(page, payload)
        return False

    def _looked_at(self, page: Page, payload: str) -> bool:
        try:
            told = json.loads(payload)
            visible, focused = told["visible"] is True, told["focused"] is True
            title, icon, ready = told["title"], told["icon"], told["ready"] is True
        except (ValueError, KeyError, TypeError, RecursionError):
            return False  # not from our script
        changed = self.tabs.described(page.target_id, title=title, favicon=icon, ready=ready)
        return self.tabs.looked_at(page.target_id, visible=visible, focused=focused) or changed

    _HANDLERS: ClassVar[dict[str, Callable[[BrowserPages, CdpEvent], bool]]] = {
        "Target.attachedToTarget": _attached,
        "Target.detachedFromTarget": _detached,
        "Target.targetInfoChanged": _info_changed,
        "Inspector.targetCrashed": _crashed,
        "Inspector.targetReloadedAfterCrash": _reloaded_after_crash,
        "Runtime.bindingCalled": _binding_called,
    }


def _info(event: CdpEvent) -> dict[str, Any] | None:
    info = event.params.get("targetInfo")
    return info if isinstance(info, dict) and isinstance(info.get("targetId"), str) else None


def _is_in_front(tab: dict[str, Any]) -> bool:
    # A window that is just being opened, or closed, has a tab and does not say so.
    return tab.get("embedderData", {}).get("tabActive") is True
