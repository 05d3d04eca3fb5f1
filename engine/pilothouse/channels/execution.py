"""What people and agents ask of the page that is seen: its selection, its picture, text into it, a way to go.

Each operation has a deadline, and fails with one of the errors below and no other. A page that shows a dialog (alert,
confirm, prompt, or the question whether to leave it) stands still until somebody answers it: what needs the page then
fails with `DialogOpen` at once. An operation that failed may still have its effect later, as Chromium works off what
it was sent.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import trio

from pilothouse.channels.browser_pages import Page
from pilothouse.channels.destination_guard import DestinationGuard
from pilothouse.channels.execution_errors import (
    LARGEST_TEXT,
    DialogOpen,
    DidNotArrive,
    ExecutionFailed,
    JavaScriptError,
    NoFocus,
    NoPlaceForText,
    NotPossible,
    PageGone,
    TextTooLarge,
    TooSlow,
    meaning_of,
    thrown,
)
from pilothouse.channels.guarded_navigation import Navigator
from pilothouse.channels.navigation_watch import Navigated
from pilothouse.channels.page_operations import (
    LARGEST_PICTURE,
    clear_cookies,
    execute_between,
    screenshot,
    stop_hanging,
    url_of,
)
from pilothouse.channels.page_scripts import PageScripts
from pilothouse.protocol.cdp_executor import CdpFailure

__all__ = [
    "LARGEST_PICTURE",
    "LARGEST_TEXT",
    "Browser",
    "DialogOpen",
    "DidNotArrive",
    "Execution",
    "ExecutionFailed",
    "JavaScriptError",
    "NoFocus",
    "NoPlaceForText",
    "NotPossible",
    "PageGone",
    "TextTooLarge",
    "TooSlow",
]

_ResultT = TypeVar("_ResultT")
_Work = Callable[[Page], Awaitable[_ResultT]]

_log = logging.getLogger(__name__)


class Browser(Protocol):
    """What is needed of a `BrowserLink`."""

    async def active_page(self) -> Page:
        """The page that a person sees; waits for it as long as it takes."""

    async def execute(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Carry out a command of the browser itself."""


class Execution:
    """Operations on the page that is seen. Any number of tasks may use it at once.

    Args:
        browser: whose page it is.
        guard: decides where it may be sent; by default only to what is public.

    Every operation takes `seconds`, its deadline, and raises `ExecutionFailed`; its class says why. Cancelled, it
    leaves nothing behind.
    """

    def __init__(self, browser: Browser, guard: DestinationGuard | None = None) -> None:
        self._browser = browser
        self._guard = guard or DestinationGuard()
        self._navigators: WeakKeyDictionary[Page, Navigator] = WeakKeyDictionary()
        self._scripts = PageScripts()

    async def evaluate_js(self, source: str, *arguments: object, seconds: float = 10.0) -> Any:
        """Evaluate JavaScript in the page's own world, as if it were the page's.

        A script that runs at the deadline is stopped; what it awaits is not.

        Args:
            source: an expression. If it is a function it is called, and if that gives a promise it is awaited.
            arguments: of the function; JSON.
            seconds: the deadline.

        Returns:
            The value as JSON; None for undefined.

        Raises:
            JavaScriptError: it threw.
            NotPossible: the value is no JSON.
            ExecutionFailed: other reasons.
        """
        # A page may have a Function.prototype.call and a JSON of its own.
        called = f"(value => typeof value === 'function' ? value(...{json.dumps(arguments)}) : value)((\n{source}\n))"
        params = {
            "expression": called,
            "awaitPromise": True,
            "returnByValue": True,
            "userGesture": True,
            "timeout": seconds * 1000,
        }
        answer = await self._in_page(seconds, lambda page: page.execute("Runtime.evaluate", params))
        if "exceptionDetails" in answer:
            raise thrown(answer["exceptionDetails"])
        if "unserializableValue" in answer["result"]:
            raise NotPossible(f"the value is no JSON: {answer['result']['unserializableValue']}")
        return answer["result"].get("value")

    async def get_selected_text(self, *, only_with_focus: bool = False, seconds: float = 5.0) -> str:
        """What is selected where the page has the focus: in a text field, a frame of whatever origin, a shadow root.

        Nothing is given of a password field. The page notices nothing. Lone surrogates come as U+FFFD.

        Args:
            only_with_focus: nothing is selected unless the page has the keyboard's focus, see `page_has_focus`.
            seconds: the deadline.

        Raises:
            TextTooLarge: it is over 1 MiB.
            ExecutionFailed: other reasons.
        """
        text = await self._in_page(
            seconds, lambda page: self._scripts.ask_focused(page, "selectedText", LARGEST_TEXT, only_with_focus)
        )
        if isinstance(text, int | float):
            raise TextTooLarge
        return text or ""

    async def paste_text(self, text: str, *, only_with_focus: bool = False, seconds: float = 20.0) -> None:
        """Paste where the page has the focus, in a frame or not, and leave the browser's clipboard alone.

        What the page sees: first a `paste` event with the text, as untrusted as every event that a script makes. If
        the page prevents it, the page has pasted, or does not want to. Otherwise the text goes in as one piece, with an
        untrusted `beforeinput` of type `insertFromPaste` and one trusted `input` of no type. The page then looks as
        after Chromium's own paste, and it can be undone as a whole.

        Where a page's Trusted Types allow no policy but its own, and in documents that are not HTML, the text goes in
        like typed text, lines one by one, which takes milliseconds each.

        Args:
            text: up to 1 MiB of UTF-8; lone surrogates become U+FFFD.
            only_with_focus: fail unless the page has the keyboard's focus, see `page_has_focus`. Otherwise the text
                goes where it would go if it had.
            seconds: the deadline.

        Raises:
            TextTooLarge: nothing was pasted.
            NoFocus: the page does not have it; the page noticed nothing.
            NoPlaceForText: the page was told of the paste, and did nothing with it.
            ExecutionFailed: other reasons; the text may have been pasted.
        """
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if len(text) > LARGEST_TEXT or len(text.encode()) > LARGEST_TEXT:
            raise TextTooLarge
        if text:
            await self._in_page(seconds, partial(self._paste, text, only_with_focus))

    async def page_has_focus(self, *, seconds: float = 5.0) -> bool:
        """Whether typed text would go into the page, and not into the address bar, the find bar or another window.

        A page whose focus is emulated by a CDP client, as Playwright does, always says yes.
        """
        return bool(await self._in_page(seconds, lambda page: self._scripts.ask_top(page, "hasFocus")))

    async def screenshot(self, *, seconds: float = 10.0) -> tuple[bytes, str]:
        """A picture of what is seen of the page.

        Returns:
            The picture, and its type: `image/png`; over 5 MiB `image/jpeg`, as good as fits.
        """
        return await self._in_page(seconds, screenshot)

    async def url(self, *, seconds: float = 5.0) -> str:
        """Where the page is. Answers for a page that hangs or shows a dialog, too."""
        return await self._with_page(seconds, url_of)

    async def navigate(self, url: str, *, seconds: float = 20.0) -> None:
        """Send the page to a URL, if it may go there; returns when the new document has begun, or the download.

        Args:
            url: as a person types it: `https://` is added where there is no scheme.
            seconds: the deadline.

        Raises:
            DidNotArrive: it cannot be reached, or it may not be gone to.
            ExecutionFailed: other reasons; `DialogOpen` when the page asks whether to leave it.
        """
        await self._going(seconds, lambda navigator: navigator.navigate(url))

    async def reload(self, *, hard: bool = False, seconds: float = 20.0) -> None:
        """Load the page again; returns when the new document has begun.

        Args:
            hard: without the cache.
            seconds: the deadline.
        """
        await self._going(seconds, lambda navigator: navigator.reload(hard=hard))

    async def back(self, *, seconds: float = 20.0) -> None:
        """Go one entry back in the page's history; nothing happens at its beginning."""
        await self._going(seconds, lambda navigator: navigator.step(-1))

    async def forward(self, *, seconds: float = 20.0) -> None:
        """Go one entry forward in the page's history; nothing happens at its end."""
        await self._going(seconds, lambda navigator: navigator.step(+1))

    async def clear_cookies(self, *, seconds: float = 5.0) -> None:
        """Delete the cookies of the page's host, and those of its parent domains that it is sent."""
        await self._with_page(seconds, clear_cookies)

    async def clear_history(self, *, seconds: float = 5.0) -> None:
        """Forget where the page was before."""
        await self._with_page(seconds, lambda page: execute_between(page, "Page.resetNavigationHistory"))

    async def clear_all_data(self, *, seconds: float = 10.0) -> None:
        """Delete the cookies, all that the page's origin has stored, and the page's history."""
        await self._in_page(seconds, self._clear_all_data)

    async def activate(self, target_id: str, *, seconds: float = 5.0) -> None:
        """Bring a page to the front.

        Raises:
            NotPossible: there is no such page.
            ExecutionFailed: other reasons.
        """
        await self._bounded(seconds, lambda: self._browser.execute("Target.activateTarget", {"targetId": target_id}))

    async def close(self, target_id: str, *, seconds: float = 5.0) -> None:
        """Close a page. It may still ask a person whether to leave it.

        Raises:
            NotPossible: there is no such page.
            ExecutionFailed: other reasons.
        """
        await self._bounded(seconds, lambda: self._browser.execute("Target.closeTarget", {"targetId": target_id}))

    async def _paste(self, text: str, only_with_focus: bool, page: Page) -> None:
        match await self._scripts.ask_focused(page, "paste", text, only_with_focus):
            case "insert":
                await page.execute("Input.insertText", {"text": text})
            case "unfocused":
                raise NoFocus("the page does not have the focus")
            case "nowhere" | None:
                raise NoPlaceForText("nothing that takes text has the focus")

    async def _clear_all_data(self, page: Page) -> None:
        parts = urlsplit(await url_of(page))
        if parts.scheme in ("http", "https"):
            origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
            await clear_cookies(page)
            await page.execute("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
            await self._scripts.ask_top(page, "clearSessionStorage")
        await execute_between(page, "Page.resetNavigationHistory")

    async def _going(self, seconds: float, way: Callable[[Navigator], Awaitable[Navigated]]) -> None:
        async def go(page: Page) -> None:
            await stop_hanging(page)
            navigated = await way(self._navigators.setdefault(page, Navigator(page, self._guard)))
            if not navigated.arrived:
                # Whoever asks does not learn whether it is blocked or does not answer.
                _log.info("a navigation failed: %s", navigated.why_not)
                raise DidNotArrive

        await self._leaving(seconds, go)

    async def _in_page(self, seconds: float, work: _Work[_ResultT]) -> _ResultT:
        """Do what the page itself has to answer."""
        return await self._leaving(seconds, partial(_unless_crashed, work))

    async def _leaving(self, seconds: float, work: _Work[_ResultT]) -> _ResultT:
        """Do what a dialog of the page holds up."""
        return await self._with_page(seconds, partial(_unless_dialog, work))

    async def _with_page(self, seconds: float, work: _Work[_ResultT]) -> _ResultT:
        async def with_page() -> _ResultT:
            return await work(await self._browser.active_page())

        return await self._bounded(seconds, with_page)

    async def _bounded(self, seconds: float, work: Callable[[], Awaitable[_ResultT]]) -> _ResultT:
        try:
            with trio.fail_after(seconds):
                return await work()
        except trio.TooSlowError as error:
            raise TooSlow(f"no answer within {seconds:g} s") from error
        except CdpFailure as error:
            raise meaning_of(error) from error


async def _unless_crashed(work: _Work[_ResultT], page: Page) -> _ResultT:
    if page.crashed:
        raise PageGone("the page has crashed; it can be reloaded")
    return await work(page)


async def _unless_dialog(work: _Work[_ResultT], page: Page) -> _ResultT:
    """Do it, unless a dialog is open, or opens before it is done."""
    if not page.dialog_open:
        with page.until_dialog():
            return await work(page)
    raise DialogOpen
