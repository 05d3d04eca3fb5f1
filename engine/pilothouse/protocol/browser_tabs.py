"""The tabs of a browser, and which of them a person sees.

Pages say themselves whether they can be seen, as soon as that changes. But a page that hangs says nothing, and an
agent's client library may make all of them believe that they are seen (CDP's focus emulation, which Playwright switches
on everywhere). Unless it is just one that says so, the browser has to be asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import attrs

from pilothouse.protocol.well_formed import well_formed

LONGEST_TITLE = 1024
LONGEST_URL = 16_384
"""Characters that are shown of what a page says about itself."""


@attrs.frozen
class Tab:
    """A page of the browser.

    Attributes:
        id: the browser's own name for it (a CDP target id).
        title: may be empty.
        url: where it is.
        active: whether it is the one that is seen.
        favicon: address of its icon; None while nobody knows.
        ready: whether it is loaded.
    """

    id: str
    title: str
    url: str
    active: bool
    favicon: str | None
    ready: bool = False


@attrs.define
class _Page:
    title: str
    url: str
    favicon: str | None = None
    ready: bool = False
    visible: bool = False  # says the page
    focused: bool = False  # says the page
    in_front: bool = False  # says the browser
    looked_at: int = 0  # the higher, the later


class BrowserTabs:
    """Follows what the browser tells about its pages. Every method says whether the picture has changed."""

    def __init__(self) -> None:
        self._pages: dict[str, _Page] = {}
        self._looks = 0

    def __iter__(self) -> Iterator[Tab]:
        """The tabs, oldest first."""
        active = self.active
        for target_id, page in self._pages.items():
            yield Tab(target_id, page.title, page.url, target_id == active, page.favicon, page.ready)

    @property
    def active(self) -> str | None:
        """The tab that is seen: the last one that came to the front, else the newest."""
        disputed = self.disputed and any(page.in_front for page in self._pages.values())

        def rank(target_id: str) -> tuple[bool, int]:
            page = self._pages[target_id]
            return page.in_front if disputed else page.visible, page.looked_at

        return max(reversed(self._pages), key=rank, default=None)

    @property
    def disputed(self) -> bool:
        """Whether the browser has to be asked, because not just one page says that it can be seen."""
        return len(self._pages) > 1 and sum(page.visible for page in self._pages.values()) != 1

    def opened(self, target_id: str, info: Mapping[str, Any]) -> bool:
        """There is a page. `info` is CDP's TargetInfo, of which fields may be missing."""
        self._pages.setdefault(target_id, _Page("", ""))
        self.told(target_id, info)
        return True

    def told(self, target_id: str, info: Mapping[str, Any]) -> bool:
        """The browser tells the address of a page, and perhaps its title."""
        page = self._pages.get(target_id)
        if page is None:
            return False
        title, url = _text(info.get("title"), LONGEST_TITLE), _text(info.get("url"), LONGEST_URL)
        # Of a change of title alone the browser tells late or never; the page's own word is newer.
        if page.url == url and (page.title or not title):
            return False
        if _origin(page.url) != _origin(url):
            page.favicon = None
        page.title, page.url = title, url
        return True

    def closed(self, target_id: str) -> bool:
        """A page has gone."""
        return self._pages.pop(target_id, None) is not None

    def looked_at(self, target_id: str, *, visible: bool, focused: bool) -> bool:
        """A page tells whether it can be seen, and whether it has the focus."""
        page = self._pages.get(target_id)
        if page is None:
            return False
        before = self.active
        appeared = (visible and not page.visible) or (focused and not page.focused)
        page.visible, page.focused = visible, focused
        if appeared:
            self._look_at(page)
        return self.active != before

    def in_front(self, target_ids: Collection[str]) -> bool:
        """The browser tells which pages are in front, one in each of its windows."""
        before = self.active
        for target_id, page in self._pages.items():
            appeared = target_id in target_ids and not page.in_front
            page.in_front = target_id in target_ids
            if appeared:
                self._look_at(page)
        return self.active != before

    def described(self, target_id: str, *, title: str, favicon: str | None, ready: bool = False) -> bool:
        """A page tells its title, of which the browser tells no change, where its icon is, and whether it is loaded."""
        page = self._pages.get(target_id)
        title, favicon = _text(title, LONGEST_TITLE), _text(favicon, LONGEST_URL) or None
        if page is None or (page.title, page.favicon, page.ready) == (title, favicon, ready):
            return False
        page.title, page.favicon, page.ready = title, favicon, ready
        return True

    def _look_at(self, page: _Page) -> None:
        self._looks += 1
        page.looked_at = self._looks


def _text(value: object, longest: int) -> str:
    # Cut first: half a pair may be left.
    return well_formed(value[:longest]) if isinstance(value, str) else ""


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])
