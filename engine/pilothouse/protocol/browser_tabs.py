"""The tabs of a browser, and which of them a person sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

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
    """

    id: str
    title: str
    url: str
    active: bool
    favicon: str | None


@attrs.define
class _Page:
    title: str
    url: str
    favicon: str | None = None
    seen: bool = False


class BrowserTabs:
    """Follows what the browser tells about its pages. Every method says whether the picture has changed."""

    def __init__(self) -> None:
        self._pages: dict[str, _Page] = {}
        # Most recently seen last: when the last one goes, the one before it is on top until it says so itself.
        self._seen: list[str] = []

    def __iter__(self) -> Iterator[Tab]:
        """The tabs, oldest first."""
        active = self.active
        for target_id, page in self._pages.items():
            yield Tab(target_id, page.title, page.url, target_id == active, page.favicon)

    @property
    def active(self) -> str | None:
        """The tab that is seen: the last one that said so, else the newest."""
        visible = [target_id for target_id in self._seen if self._pages[target_id].seen]
        if visible:
            return visible[-1]
        return self._seen[-1] if self._seen else next(reversed(self._pages), None)

    def opened(self, info: Mapping[str, Any]) -> bool:
        """There is a page. `info` is CDP's TargetInfo, of which fields may be missing."""
        self._pages.setdefault(str(info["targetId"]), _Page("", ""))
        self.told(info)
        return True

    def told(self, info: Mapping[str, Any]) -> bool:
        """The browser tells the address of a page, and perhaps its title."""
        page = self._pages.get(str(info.get("targetId")))
        if page is None:
            return False
        url = str(info.get("url", ""))[:LONGEST_URL]
        if page.url == url:
            return False
        if _origin(page.url) != _origin(url):
            page.favicon = None
        page.title, page.url = str(info.get("title", ""))[:LONGEST_TITLE], url
        return True

    def closed(self, target_id: str) -> bool:
        """A page has gone."""
        if self._pages.pop(target_id, None) is None:
            return False
        if target_id in self._seen:
            self._seen.remove(target_id)
        return True

    def looked_at(self, target_id: str, *, visible: bool, focused: bool) -> bool:
        """A page tells whether it can be seen, and whether it has the focus."""
        page = self._pages.get(target_id)
        if page is None:
            return False
        before = self.active
        page.seen = visible
        if target_id not in self._seen:
            self._seen.insert(0, target_id)
        if focused or (visible and self.active != target_id and before != target_id):
            self._seen.remove(target_id)
            self._seen.append(target_id)
        return self.active != before

    def described(self, target_id: str, *, title: str, favicon: str | None) -> bool:
        """A page tells its title, of which the browser tells no change, and where its icon is."""
        page = self._pages.get(target_id)
        title = title[:LONGEST_TITLE]
        if page is None or (page.title, page.favicon) == (title, favicon):
            return False
        page.title, page.favicon = title, favicon
        return True


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])
