"""Which targets an agent is attached to, and which pages would be the last ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

_PAGE = "page"

Pages = Callable[[], frozenset[str]]
"""The target ids of all pages of the browser, as far as they are known."""


@attrs.frozen
class _Attached:
    target: str
    kind: str
    context: str
    parent: str | None


class AgentTargets:
    """Follows `Target.attachedToTarget` and `Target.detachedFromTarget` on one connection.

    Args:
        pages: of the whole browser.
        own_page: the target of the connection itself, where it is a page's and not the browser's.
    """

    def __init__(self, pages: Pages, own_page: str | None) -> None:
        self._pages = pages
        self._own_page = own_page
        self._sessions: dict[str, _Attached] = {}
        self._waiting: dict[str, bool] = {}
        """CDP sessions whose target waits for the agent to let it begin, and whether it did so at the last look."""
        self._contexts: set[str] = set()
        self._closing: set[str] = set()

    def attached(self, params: Mapping[str, Any], parent: str | None) -> None:
        """A CDP session has begun."""
        session, info = params.get("sessionId"), params.get("targetInfo")
        if isinstance(session, str) and isinstance(info, dict):
            target, context = str(info.get("targetId", "")), str(info.get("browserContextId", ""))
            self._sessions[session] = _Attached(target, str(info.get("type")), context, parent)
            if params.get("waitingForDebugger") is True:
                self._waiting[session] = False

    def detached(self, params: Mapping[str, Any]) -> list[str]:
        """A CDP session has ended; returns it, and all that were in it."""
        session = params.get("sessionId")
        if not isinstance(session, str):
            return []
        gone = [session]
        for ended in gone:
            self._sessions.pop(ended, None)
            self._waiting.pop(ended, None)
            gone += [inner for inner, attached in self._sessions.items() if attached.parent == ended]
        return gone

    def is_there(self, session: str | None) -> bool:
        """Whether this is a CDP session of the connection."""
        return session is None or session in self._sessions

    def begins(self, session: str | None) -> None:
        """The target of this CDP session waits no longer."""
        if session is not None:
            self._waiting.pop(session, None)

    def overdue(self) -> list[str]:
        """CDP sessions whose target waits since the last look; from now on it does not."""
        overdue = [session for session, seen in self._waiting.items() if seen]
        self._waiting = {session: True for session, seen in self._waiting.items() if not seen}
        return overdue

    def context_made(self, context: object) -> None:
        """The agent has made a browser context: its pages go when the agent goes."""
        if isinstance(context, str):
            self._contexts.add(context)

    def page_stays(self, method: str, params: Mapping[str, Any], session: str | None) -> bool | None:
        """Whether a page stays when the browser carries out this command; None when nobody knows what it would close.

        It is taken for carried out.
        """
        known = self._sessions.values()
        there = self._pages() | {attached.target for attached in known if attached.kind == _PAGE}
        passing = {attached.target for attached in known if attached.context in self._contexts}
        self._closing &= there
        staying = there - passing - self._closing
        going = self._going(method, params, session)
        if going is None:
            return True if len(staying) > 1 else None  # of two, whichever it is, another one stays
        self._closing |= going
        return not staying & going or not staying <= going

    def _going(self, method: str, params: Mapping[str, Any], session: str | None) -> set[str] | None:
        """The pages that a command would close; None when it cannot be told."""
        known = self._sessions.values()
        if method == "Target.disposeBrowserContext":
            context = params.get("browserContextId")
            return {attached.target for attached in known if attached.kind == _PAGE and attached.context == context}
        target = self._target(method, params, session)
        kinds = {attached.kind for attached in known if attached.target == target}
        if target in self._pages() or _PAGE in kinds:
            return {str(target)}
        if "tab" in kinds:
            # A page is attached to by way of its tab.
            tabs = {name for name, attached in self._sessions.items() if attached.target == target}
            inside = {attached.target for attached in known if attached.kind == _PAGE and attached.parent in tabs}
            return inside or None
        return set() if kinds else None

    def _target(self, method: str, params: Mapping[str, Any], session: str | None) -> str | None:
        if method == "Target.closeTarget":
            target = params.get("targetId")
            return target if isinstance(target, str) else None
        if session is None:
            return self._own_page
        attached = self._sessions.get(session)
        return attached.target if attached is not None else None
