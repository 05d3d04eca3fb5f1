"""Watches a page on its way: redirects are judged before they are followed, the response before it is shown.

From before a navigation begins until it is over, Chromium holds back each request for a document (CDP's Fetch domain)
twice. Before it is sent: its URL is judged, and there is one such request for each redirect. And when its response is
there: by then Chromium has told what kind of address it came from (Network domain, `resourceIPAddressSpace`), so that
a name which was public for us and is private for the browser is found out before anything is shown. What is forbidden
is aborted, and the page goes to `about:blank`.

Only requests of the main frame are judged, and only while a navigation is under way that was asked for here. This is
no sandbox: what a page requests, and where it goes by itself, is the page's business.

The domains Fetch and Network of the page's CDP session belong to this module; other clients have sessions of their own.
Nothing here asks the renderer for an answer, since the page that is to be left may hang.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any, Protocol

import attrs
import trio

from pilothouse.channels.destination_guard import DestinationGuard
from pilothouse.protocol.cdp_executor import CdpEvent, CdpFailure, CommandRefused
from pilothouse.protocol.destinations import BLANK, DestinationForbidden

_CLEAN_UP_SECONDS = 1.0
_ANSWER_OF_RENDERER_SECONDS = 0.02
_SETTLE_SECONDS, _SETTLE_PAUSE = 1.0, 0.02
# Unknown is what a proxy, or a response that came over no connection, gives. Local and Loopback are the others.
_PUBLIC_SPACES = {"Public", "Unknown"}
_HELD_BACK = "Fetch.requestPaused"
_HOLD_BACK = {"patterns": [{"resourceType": "Document", "requestStage": stage} for stage in ("Request", "Response")]}


class NavigablePage(Protocol):
    """A page of the browser. Its Page domain is enabled."""

    @property
    def target_id(self) -> str:
        """The browser's name for the page, and for its main frame."""

    async def execute(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Carry out a command; raises `CdpFailure`."""

    def listen(self, *methods: str) -> AbstractContextManager[trio.MemoryReceiveChannel[CdpEvent]]:
        """Hear of events of these methods, in their order, until the page goes."""


@attrs.frozen
class Navigated:
    """How a navigation went.

    Attributes:
        arrived: whether the page is now where it was sent.
        why_not: for logs; viewers do not learn what is blocked and what does not answer.
    """

    arrived: bool
    why_not: str = ""


async def execute_when_settled(page: NavigablePage, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out a command that Chromium refuses for the moment in which a page gives way to the next one."""
    deadline = trio.current_time() + _SETTLE_SECONDS
    while True:
        try:
            return await page.execute(method, params)
        except CommandRefused as error:
            if error.message != "Not attached to an active page" or trio.current_time() > deadline:
                raise
        await trio.sleep(_SETTLE_PAUSE)


class NavigationWatch:
    """One navigation, from before its beginning until it is over.

    It is over when the new document, or the browser's own page about an error, has taken the place of the old one, or
    will not. Chromium's answers come before that: to `Page.navigate` when the document is about to, to the commands for
    reload and history at once.

    Args:
        page: the page.
        guard: judges each request of its main frame.
        url: where it is going, as Chromium writes it.
    """

    def __init__(self, page: NavigablePage, guard: DestinationGuard, url: str) -> None:
        self._page = page
        self._guard = guard
        self._url = url
        self._told_by_answer = False
        self._failure = ""
        self._over = trio.Event()
        self._why_not: str | None = None
        self._forbidden: str | None = None
        self._document: str | None = None
        self._asked_to_leave = False
        self._public: dict[str, bool] = {}
        self._spaces: dict[str, str] = {}

    async def run(self, method: str, params: dict[str, Any]) -> Navigated:
        """Carry out a command that navigates."""
        self._told_by_answer = method == "Page.navigate"
        with self._page.listen(_HELD_BACK, *_HANDLERS) as events:
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._follow, events, nursery)
                    nursery.start_soon(self._try, "Network.enable")
                    nursery.start_soon(self._begin, method, params)
                    await self._over.wait()
                    nursery.cancel_scope.cancel()
            finally:
                with trio.move_on_after(_CLEAN_UP_SECONDS, shield=True):
                    await self._clean_up()
        if self._why_not and self._forbidden is not None:
            await NavigationWatch(self._page, self._guard, BLANK).run("Page.navigate", {"url": BLANK})
            return Navigated(False, f"forbidden: {self._forbidden}")
        return Navigated(not self._why_not, self._why_not or "")

    async def _begin(self, method: str, params: dict[str, Any]) -> None:
        try:
            await self._page.execute("Fetch.enable", _HOLD_BACK)
            answer = await execute_when_settled(self._page, method, params)
        except CdpFailure as error:
            self._end(str(error))
            return
        if answer.get("isDownload"):
            self._end("")
        elif "errorText" in answer:
            self._fail(answer["errorText"])
        elif "frameId" in answer and "loaderId" not in answer:
            self._end("")  # within the document

    async def _clean_up(self) -> None:
        if self._why_not != "":
            await self._try("Page.stopLoading")
        await self._try("Fetch.disable")
        # Done when it arrives; only the answer has to wait for the renderer.
        with trio.move_on_after(_ANSWER_OF_RENDERER_SECONDS):
            await self._try("Network.disable")

    async def _try(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        with suppress(CdpFailure):
            await self._page.execute(method, params)

    def _end(self, why_not: str) -> None:
        if self._why_not is None:
            self._why_not = why_not
            self._over.set()

    def _fail(self, error: str) -> None:
        if error == "net::ERR_ABORTED":
            self._end(error)
        else:
            self._failure = error  # it is over when the browser shows its own page about it

    async def _follow(self, events: trio.MemoryReceiveChannel[CdpEvent], nursery: trio.Nursery) -> None:
        async for event in events:
            if event.method == _HELD_BACK:
                nursery.start_soon(self._judge, event.params)
            else:
                _HANDLERS[event.method](self, event.params)
        self._end("the page has gone")

    async def _judge(self, request: Mapping[str, Any]) -> None:
        request_id = request["requestId"]
        try:
            if request["frameId"] == self._page.target_id:
                await self._check(request)
        except DestinationForbidden as error:
            self._forbidden = str(error)
            # Unlike the other reasons this one shows no error page, which would stand in the history.
            await self._try("Fetch.failRequest", {"requestId": request_id, "errorReason": "Aborted"})
        else:
            await self._try("Fetch.continueRequest", {"requestId": request_id})

    async def _check(self, request: Mapping[str, Any]) -> None:
        url, document = request["request"]["url"], request.get("networkId", "")
        if "responseStatusCode" not in request and "responseErrorReason" not in request:
            self._spaces.pop(document, None)
            self._public[document] = (await self._guard.check(url)).public
        elif self._public.get(document) and self._spaces.get(document, "Unknown") not in _PUBLIC_SPACES:
            raise DestinationForbidden(f"{url} was public, but came from an address that is not")

    def _response_has_come(self, params: Mapping[str, Any]) -> None:
        if params["requestId"] in self._public:
            self._spaces[params["requestId"]] = params.get("resourceIPAddressSpace", "Unknown")

    def _request_is_sent(self, params: Mapping[str, Any]) -> None:
        # The request for the document of a navigation has the document's own number.
        if params.get("frameId") == self._page.target_id and params["requestId"] == params["loaderId"]:
            self._document = params["loaderId"]

    def _request_has_failed(self, params: Mapping[str, Any]) -> None:
        if params["requestId"] == self._document and not self._told_by_answer:
            self._fail(params["errorText"])

    def _document_is_there(self, params: Mapping[str, Any]) -> None:
        frame = params["frame"]
        if frame["id"] != self._page.target_id:
            return
        if "unreachableUrl" in frame:
            self._failure = self._failure or "unreachable"
        # What needs no request is known by its URL.
        restored = params.get("type") == "BackForwardCacheRestore"
        at_url = frame["url"] + frame.get("urlFragment", "") == self._url
        if frame["loaderId"] == self._document or (at_url and (restored or frame["url"] == BLANK)):
            self._end(self._failure)

    def _moved_within_document(self, params: Mapping[str, Any]) -> None:
        if params["frameId"] == self._page.target_id and params["url"] == self._url:
            self._end("")

    def _dialog_is_open(self, params: Mapping[str, Any]) -> None:
        self._asked_to_leave = params["type"] == "beforeunload"

    def _dialog_is_closed(self, params: Mapping[str, Any]) -> None:
        if self._asked_to_leave and not params["result"]:
            self._end("the person stayed on the page")


_HANDLERS: dict[str, Callable[[NavigationWatch, Mapping[str, Any]], None]] = {
    "Network.responseReceivedExtraInfo": NavigationWatch._response_has_come,
    "Network.requestWillBeSent": NavigationWatch._request_is_sent,
    "Network.loadingFailed": NavigationWatch._request_has_failed,
    "Page.frameNavigated": NavigationWatch._document_is_there,
    "Page.navigatedWithinDocument": NavigationWatch._moved_within_document,
    "Page.javascriptDialogOpening": NavigationWatch._dialog_is_open,
    "Page.javascriptDialogClosed": NavigationWatch._dialog_is_closed,
}
