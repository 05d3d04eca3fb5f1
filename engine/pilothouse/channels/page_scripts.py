"""Our script in the frames of a page: in a world of its own, which the page can neither see nor change.

It is put into a frame when something is first asked of it there, and again after each navigation. What is kept is
Chromium's handle on it, which no other document ever gets: a handle that has gone stale is refused, not mistaken.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import attrs
import trio

from pilothouse.channels.browser_pages import Page
from pilothouse.channels.script_sources import WORLD, with_selection
from pilothouse.protocol.cdp_executor import CdpFailure, CommandRefused, TargetGone

_SCRIPT = with_selection("page_scripts.js")
_CALL = "function(name, ...values) { return this[name](...values) }"
_STALE = ("Cannot find context with specified id", "Could not find object with given id")
_ATTEMPTS = 3
_LARGEST_CACHE = 64


@attrs.frozen
class _Handle:
    """On our script in one document."""

    session_id: str
    object_id: str


class PageScripts:
    """Asks our script, in whichever page."""

    def __init__(self) -> None:
        self._handles: dict[str, _Handle] = {}

    async def ask_top(self, page: Page, name: str, *values: object) -> Any:
        """Call a function of the script in the page's top document.

        Args:
            page: any page.
            name: of the function.
            values: JSON.

        Raises:
            CdpFailure: there is no answer.
        """
        _, answer = await self._ask(page, page.target_id, name, values)
        return answer.get("value")

    async def ask_focused(self, page: Page, name: str, *values: object) -> Any:
        """Call a function of the script in the document that has the focus, in whichever frame it is.

        The function gives the element of a frame to say that the focus is in there.

        Raises:
            CdpFailure: there is no answer.
        """
        frame_id = page.target_id
        while True:
            session_id, answer = await self._ask(page, frame_id, name, values)
            if answer.get("subtype") != "node":
                return answer.get("value")
            element = await page.execute("DOM.describeNode", {"objectId": answer["objectId"]}, session_id=session_id)
            if "frameId" not in element["node"]:
                return None  # a plugin, or an object that shows a picture
            frame_id = element["node"]["frameId"]

    async def _ask(
        self, page: Page, frame_id: str, name: str, values: tuple[object, ...]
    ) -> tuple[str, dict[str, Any]]:
        """The CDP session that answered, and its answer."""
        arguments = [{"value": value} for value in (name, *values)]
        stale: CommandRefused | None = None
        for _ in range(_ATTEMPTS):
            handle = self._handles.get(frame_id)
            if handle is None or handle.session_id not in page.frame_sessions():
                handle = await self._put(page, frame_id)
            call = {"objectId": handle.object_id, "functionDeclaration": _CALL, "arguments": arguments}
            try:
                answer = await page.execute("Runtime.callFunctionOn", call, session_id=handle.session_id)
            except CommandRefused as error:
                if error.message not in _STALE:
                    raise
                self._handles.pop(frame_id, None)
                stale = error
            else:
                return handle.session_id, answer["result"]
        raise TargetGone("the page does not come to rest") from stale

    async def _put(self, page: Page, frame_id: str) -> _Handle:
        """Put the script into a frame, in whichever process that is."""
        if frame_id == page.target_id:
            handle = await _handle_in(page, frame_id, page.session_id)
        else:
            handle = await _first_handle(page, frame_id)
        if len(self._handles) >= _LARGEST_CACHE:
            self._handles.clear()
        self._handles[frame_id] = handle
        return handle


async def _first_handle(page: Page, frame_id: str) -> _Handle:
    """Of the sessions only one knows the frame. All are asked at once, because others may hang."""
    handles: list[_Handle] = []

    async def try_in(session_id: str) -> None:
        with suppress(CdpFailure):
            handles.append(await _handle_in(page, frame_id, session_id))
            nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        for session_id in page.frame_sessions():
            nursery.start_soon(try_in, session_id)
    if not handles:
        raise TargetGone("the frame that had the focus has gone")
    return handles[0]


async def _handle_in(page: Page, frame_id: str, session_id: str) -> _Handle:
    world = await page.execute(
        "Page.createIsolatedWorld", {"frameId": frame_id, "worldName": WORLD}, session_id=session_id
    )
    script = {"expression": _SCRIPT, "contextId": world["executionContextId"]}
    answer = await page.execute("Runtime.evaluate", script, session_id=session_id)
    return _Handle(session_id, answer["result"]["objectId"])
