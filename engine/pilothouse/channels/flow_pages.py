"""The pages and frames in which a user flow is played, attached when they are first needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import attrs
import trio

from pilothouse.channels.browser_pages import Page
from pilothouse.channels.cdp_link import CdpLink
from pilothouse.protocol.cdp_executor import CdpEvent, CdpFailure

MAIN = "main"
"""The target that is the page itself."""

_LOOK_SECONDS = 1.0
# What has a process of its own comes with a session of its own.
_ATTACH_TO_FRAMES = {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": True}


class NotThere(Exception):
    """A page, a frame or an element is not there, or not as it should be; the message says so. It may come yet."""


@attrs.frozen
class Place:
    """Where a step is played: a frame of a page.

    Attributes:
        page: has the frame in it; input goes there.
        session_id: of the page, or of the frame with a process of its own in which the frame is.
        top_frame: the frame at the top of that session.
        frame_id: the frame.
    """

    page: Page
    session_id: str
    top_frame: str
    frame_id: str

    async def execute(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Carry out a command where the frame is; raises `CdpFailure`."""
        return await self.page.execute(method, params, session_id=self.session_id)


@attrs.frozen
class _Frame:
    """A frame with a process of its own."""

    page: Page
    session_id: str
    parent_session: str
    parent_frame: str


class FlowPages:
    """Follows the events of one connection."""

    def __init__(self) -> None:
        self._pages: dict[str, Page] = {}
        self._by_session: dict[str, Page] = {}
        self._frames: dict[str, _Frame] = {}
        self._worlds: dict[tuple[str, str], str] = {}
        self._main: Page | None = None
        self._link: CdpLink | None = None
        self._nursery: trio.Nursery | None = None

    def open(self, link: CdpLink, nursery: trio.Nursery) -> None:
        """Begin.

        Args:
            link: whose events go to `happened`.
            nursery: owns the tasks that follow frames.
        """
        self._link, self._nursery = link, nursery

    def happened(self, event: CdpEvent) -> None:
        """Take in an event of the connection, whatever is in it."""
        session_id = event.session_id or ""
        page = self._by_session.get(session_id)
        if page is not None:
            self._happened_in(page, session_id, event)
            page.tell(event)
        if event.method == "Target.detachedFromTarget" and isinstance(gone := event.params.get("sessionId"), str):
            self._remove(gone)

    def _happened_in(self, page: Page, session_id: str, event: CdpEvent) -> None:
        match event.method, event.params:
            case (
                "Target.attachedToTarget",
                {"targetInfo": {"type": "iframe", "targetId": str(frame_id)}, "sessionId": str(frame_session)},
            ):
                self._add_frame(page, frame_id, frame_session, session_id)
            case (
                "Runtime.executionContextCreated",
                {"context": {"uniqueId": str(world), "auxData": {"isDefault": True, "frameId": str(frame_id)}}},
            ):
                self._worlds[session_id, frame_id] = world
            case "Runtime.executionContextDestroyed", {"executionContextUniqueId": gone}:
                self._worlds = {frame: world for frame, world in self._worlds.items() if world != gone}
            case "Runtime.executionContextsCleared", _:
                self._forget_worlds([session_id])
            case "Inspector.targetCrashed", _ if self._link is not None:
                if session_id == page.session_id:
                    page.crashed, page.dialog_open = True, False
                self._link.target_gone(session_id)
            case "Inspector.targetReloadedAfterCrash", _ if session_id == page.session_id:
                page.crashed = False

    async def place(self, target: str, path: Iterable[int]) -> Place:
        """Where a step is to be played.

        Args:
            target: `main`, or the URL of another page or of a frame with a process of its own.
            path: the index of the frame in its parent, from the target on.

        Raises:
            NotThere: not yet, or no longer.
            CdpFailure: the browser does not say.
        """
        place = await self._top(target)
        if place.page.dialog_open:
            raise NotThere("the page shows a dialog, which has to be answered first")
        described = (await place.execute("Page.getFrameTree"))["frameTree"]
        for index in path:
            children = described.get("childFrames", [])
            if index >= len(children):
                raise NotThere("the frame is not there")
            described = children[index]
        return attrs.evolve(place, frame_id=described["frame"]["id"])

    def world_of_page(self, place: Place) -> str:
        """The unique id of the world in which the frame's own scripts run."""
        try:
            return self._worlds[place.session_id, place.frame_id]
        except KeyError:
            raise NotThere("the page is not loaded") from None

    async def offset(self, place: Place) -> tuple[float, float]:
        """Where the top frame of the place's session is in its page, in CSS pixels."""
        x = y = 0.0
        session_id, frame_id = place.session_id, place.top_frame
        while session_id != place.page.session_id:
            frame = self._frames.get(frame_id)
            if frame is None:
                raise NotThere("the frame is not there")
            owner = await place.page.execute(
                "DOM.getFrameOwner", {"frameId": frame_id}, session_id=frame.parent_session
            )
            box = {"backendNodeId": owner["backendNodeId"]}
            quad = (await place.page.execute("DOM.getBoxModel", box, session_id=frame.parent_session))["model"][
                "content"
            ]
            x, y = x + quad[0], y + quad[1]
            session_id, frame_id = frame.parent_session, frame.parent_frame
        return x, y

    async def _top(self, target: str) -> Place:
        if target == MAIN:
            self._main = self._main or await self._page_in_front()
            if self._main.target_id not in self._pages:
                raise NotThere("the page has gone")
            return _top_of(self._main)
        for info in await self._targets("page", "iframe"):
            if info["url"] == target:
                if info["type"] == "page":
                    return _top_of(await self._attached(info["targetId"]))
                frame = self._frames.get(info["targetId"])
                if frame is not None:
                    return Place(frame.page, frame.session_id, info["targetId"], info["targetId"])
        raise NotThere(f"there is no page or frame at {target}")

    async def _page_in_front(self) -> Page:
        """The page that is seen; any other if none says that it is."""
        infos = await self._targets("page")
        if not infos:
            raise NotThere("the browser has no page")
        for info in infos if len(infos) > 1 else ():
            with trio.move_on_after(_LOOK_SECONDS):  # one may hang
                page = await self._attached(info["targetId"])
                answer = await page.execute("Runtime.evaluate", {"expression": "document.visibilityState"})
                if answer["result"].get("value") == "visible":
                    return page
        return await self._attached(infos[0]["targetId"])

    async def _targets(self, *kinds: str) -> list[dict[str, Any]]:
        assert self._link is not None  # noqa: S101 (`open` has been called)
        infos = (await self._link.execute("Target.getTargets"))["targetInfos"]
        return [info for info in infos if info["type"] in kinds]

    async def _attached(self, target_id: str) -> Page:
        assert self._link is not None  # noqa: S101 (`open` has been called)
        if target_id not in self._pages:
            attach = {"targetId": target_id, "flatten": True}
            session_id = (await self._link.execute("Target.attachToTarget", attach))["sessionId"]
            page = Page(self._link, target_id, session_id)
            self._by_session[session_id] = page
            await _introduce(page, session_id)
            self._pages[target_id] = page
        return self._pages[target_id]

    def _add_frame(self, page: Page, frame_id: str, session_id: str, parent: str) -> None:
        # What is known stays as it is, so that the way up from a frame always ends at its page.
        if self._nursery is None or frame_id in self._frames or session_id in self._by_session:
            return
        above = [frame_id for frame_id, frame in self._frames.items() if frame.session_id == parent]
        self._by_session[session_id] = page
        self._frames[frame_id] = _Frame(page, session_id, parent, above[0] if above else page.target_id)
        self._nursery.start_soon(self._introduce_to_frame, page, session_id)

    async def _introduce_to_frame(self, page: Page, session_id: str) -> None:
        with suppress(CdpFailure):  # it has gone already
            await _introduce(page, session_id)

    def _remove(self, session_id: str) -> None:
        page = self._by_session.get(session_id)
        if page is None or self._link is None:
            return
        gone = [session_id]
        for frame in self._frames.values():  # those outside come before those in them, of which nobody is left to tell
            if frame.parent_session in gone:
                gone.append(frame.session_id)
        self._frames = {name: frame for name, frame in self._frames.items() if frame.session_id not in gone}
        self._forget_worlds(gone)
        for session in gone:
            del self._by_session[session]
            self._link.target_gone(session)
        if page.session_id == session_id:
            self._pages.pop(page.target_id, None)
            page.gone()

    def _forget_worlds(self, sessions: list[str]) -> None:
        self._worlds = {frame: world for frame, world in self._worlds.items() if frame[0] not in sessions}


def _top_of(page: Page) -> Place:
    return Place(page, page.session_id, page.target_id, page.target_id)


async def _introduce(page: Page, session_id: str) -> None:
    for method, params in (
        ("Page.enable", {}),
        ("Inspector.enable", {}),
        ("Runtime.enable", {}),
        ("Target.setAutoAttach", _ATTACH_TO_FRAMES),
    ):
        await page.execute(method, params, session_id=session_id)
