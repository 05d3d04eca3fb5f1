"""Requests for help in one session: who asked, what the viewers are told, and how it ended.

At most one request is open at a time, because a person can only help with one. Each one has a task of its own from the
moment it is asked until its answer is complete; the task keeps the session, and knows the deadline.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Protocol

import attrs
import trio

from pilothouse.channels.errors import ChannelEnded
from pilothouse.channels.execution import Execution, ExecutionFailed
from pilothouse.channels.session_events import HelpAsked, HelpOver, SessionEvent
from pilothouse.protocol.control import ControlState
from pilothouse.protocol.messages import TakeoverRequested, TakeoverResolved, ToFrontend
from pilothouse.protocol.takeover import TakeoverRequest

URL_SECONDS = 2.0
"""How long the browser may take to say where it is; the request goes on without."""

_REMEMBERED = 16
"""Requests of one session that can still be asked for when they are over."""


class AlreadyAsked(Exception):
    """Somebody has asked for help already.

    Attributes:
        takeover: the open request.
    """

    def __init__(self, takeover: Takeover) -> None:
        super().__init__("help has been asked for already")
        self.takeover = takeover


@attrs.define(eq=False)
class Takeover:
    """One request for help, open or over.

    Attributes:
        request: what is asked, and how far it is.
        asked_by: the credential that asked, and its own name for the request, if it gave one.
        asked_at: aware of its time zone.
        deadline_at: the same.
        url_before: where the browser was; None when it could not tell.
        url_after: where it was at the end.
    """

    request: TakeoverRequest
    asked_by: tuple[str, str | None]
    asked_at: datetime
    deadline_at: datetime
    url_before: str | None = None
    url_after: str | None = None
    _settled: trio.Event = attrs.field(factory=trio.Event)
    _resolved: trio.Event = attrs.field(factory=trio.Event)

    async def resolved(self) -> None:
        """Wait until the request is over, and all is known that there is to know."""
        await self._resolved.wait()


class Session(Protocol):
    """What is needed of a `LiveSession`."""

    session_id: str

    @property
    def control(self) -> ControlState: ...

    def hold(self) -> None: ...

    def release(self) -> None: ...

    def execution(self) -> AbstractAsyncContextManager[Execution]: ...

    def tell_frontends(self, message: ToFrontend) -> None: ...


class Takeovers:
    """The requests for help in one session.

    Args:
        session: whose browser help is needed with.
        nursery: owns the requests' tasks.
        on_event: called, without awaiting, with what one may want to write down.
    """

    def __init__(self, session: Session, nursery: trio.Nursery, on_event: Callable[[SessionEvent], None]) -> None:
        self._session = session
        self._nursery = nursery
        self._on_event = on_event
        self._over = False
        self._open: Takeover | None = None
        self._known: deque[Takeover] = deque(maxlen=_REMEMBERED)

    def ask(
        self, reason: str, note: str, deadline_seconds: float, *, credential_id: str, key: str | None = None
    ) -> Takeover:
        """Ask for help, and tell the viewers. Whoever has control already has taken the request up.

        Args:
            reason: short, for people.
            note: more about it, for people; may be empty.
            deadline_seconds: from now on.
            credential_id: of whoever asks.
            key: its own name for the request. Whoever asks again with the same one gets the same request.

        Raises:
            AlreadyAsked: there is an open request.
        """
        asked_by = (credential_id, key)
        if key is not None:
            for takeover in self._known:
                if takeover.asked_by == asked_by:
                    return takeover
        if self._open is not None:
            raise AlreadyAsked(self._open)
        deadline, now = trio.current_time() + deadline_seconds, datetime.now(UTC)
        request = TakeoverRequest(f"tor_{secrets.token_hex(12)}", reason, note, deadline, self._session.control)
        takeover = Takeover(request, asked_by, now, now + timedelta(seconds=deadline_seconds))
        self._open = takeover
        self._known.append(takeover)
        self._session.hold()
        self._nursery.start_soon(self._attend, takeover)
        self._session.tell_frontends(_told(request))
        self._on_event(HelpAsked(self._session.session_id, request.request_id, reason, deadline_seconds))
        if self._over:
            self.session_over()
        return takeover

    def find(self, request_id: str) -> Takeover | None:
        """A request by its id, also one that was over not long ago."""
        return next((takeover for takeover in self._known if takeover.request.request_id == request_id), None)

    def open_request(self) -> TakeoverRequested | None:
        """What a viewer who comes now has to know."""
        return None if self._open is None else _told(self._open.request)

    def decline(self, request_id: str, note: str) -> bool:
        """A person says no; whether that request was open."""
        return self._is_open(request_id) and self._settle(lambda request: request.decline(note))

    def cancel(self, request_id: str) -> bool:
        """Whoever asked does not need help any more; whether that request was open."""
        return self._is_open(request_id) and self._settle(TakeoverRequest.cancel)

    def control_moved(self, control: ControlState, *, given_back: bool = False, note: str = "") -> None:
        """Control of the session has moved; see `TakeoverRequest.control_moved`."""
        self._settle(lambda request: request.control_moved(control, given_back=given_back, note=note))

    def session_over(self) -> None:
        """The session has ended."""
        self._over = True
        self._settle(TakeoverRequest.session_over)

    def _is_open(self, request_id: str) -> bool:
        return self._open is not None and self._open.request.request_id == request_id

    def _settle(self, happens: Callable[[TakeoverRequest], bool]) -> bool:
        """Let something happen to the open request, and tell the viewers what came of it."""
        takeover = self._open
        if takeover is None or not happens(takeover.request):
            return False
        request = takeover.request
        if request.outcome is None:
            self._session.tell_frontends(_told(request))
        else:
            self._open = None
            takeover._settled.set()
            self._session.tell_frontends(TakeoverResolved(request.request_id, request.outcome))
            self._on_event(HelpOver(self._session.session_id, request.request_id, request.outcome))
        return True

    async def _attend(self, takeover: Takeover) -> None:
        """A request's task."""
        try:
            with trio.move_on_at(takeover.request.deadline):
                takeover.url_before = await self._url()
                await takeover._settled.wait()
            self._settle(lambda request: request.expire(trio.current_time()))
            if takeover.request.outcome != "session_ended":
                takeover.url_after = await self._url()
        finally:
            takeover._resolved.set()
            self._session.release()

    async def _url(self) -> str | None:
        with trio.move_on_after(URL_SECONDS), suppress(ExecutionFailed, ChannelEnded):
            async with self._session.execution() as execute:
                return await execute.url(seconds=URL_SECONDS)
        return None


def _told(request: TakeoverRequest) -> TakeoverRequested:
    remaining = max(0, ceil(request.deadline - trio.current_time()))
    return TakeoverRequested(request.request_id, request.reason, request.note, request.phase.value, remaining)
