"""What one frontend says and hears about control, and about who else is there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import trio

from pilothouse.channels.live_session import LiveSession
from pilothouse.protocol.control import ControlHeld, NotAsked, NotInControl, Viewer
from pilothouse.protocol.messages import (
    CedeControl,
    ControlChanged,
    Error,
    GrantControl,
    Helm,
    RefuseControl,
    TakeControl,
    ToFrontend,
    ViewerOnTheWire,
)

LISTED = 100
"""Viewers that one message lists, beside the one who reads it."""

PRESENCE_SECONDS = 0.25
"""How long a frontend is left alone after it was told who is there: many may come and go at the same time."""


class ControlTalk:
    """One frontend's.

    Args:
        session: whose control it is.
        viewer: whose frontend it is.
        tell: sends a message to the frontend, without awaiting.
    """

    def __init__(self, session: LiveSession, viewer: Viewer, tell: Callable[[ToFrontend], None]) -> None:
        self._session = session
        self._viewer = viewer
        self._tell = tell
        self._presence_changed = trio.Event()
        self._told: ControlChanged | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Tell the frontend how things stand, and each change of control while the context lasts."""
        session = self._session
        with (
            session.watching_control(lambda _: self._tell(self._told_now())),
            session.watching_viewers(lambda _: self._presence_changed.set()),
        ):
            self._tell(self._told_now())
            request = session.control_request(self._viewer)
            if request is not None:
                self._tell(request)
            yield

    async def tell_presence(self, send: Callable[[ToFrontend], Awaitable[None]]) -> NoReturn:
        """Tell who is there: one message for any number of changes that come while the one before is on its way."""
        while True:
            await self._presence_changed.wait()
            self._presence_changed = trio.Event()
            await self._session.control_settled()
            if self._news() != self._told:
                await send(self._told_now())
            await trio.sleep(PRESENCE_SECONDS)

    def carry_out(self, message: Helm) -> ToFrontend | None:
        """The answer; None where the news to everybody is the answer, or it comes later."""
        session, viewer = self._session, self._viewer
        try:
            match message:
                case TakeControl():
                    return self._take()
                case CedeControl(note=note):
                    if session.withdraw_request(viewer):
                        return self._told_now()
                    session.cede_control(viewer, note or "")
                case GrantControl():
                    session.grant_control(viewer)
                case RefuseControl():
                    session.refuse_control(viewer)
        except NotInControl:
            return Error(message.kind, "you do not have control", "not_in_control")
        except NotAsked:
            return Error(message.kind, "nobody has asked, or it is too late", "not_asked")
        return None

    def _take(self) -> ToFrontend | None:
        try:
            moved = self._session.give_control(self._viewer)
        except ControlHeld:
            return self._ask()
        # Where nothing has moved, nobody is told.
        return None if moved else self._told_now()

    def _ask(self) -> ToFrontend:
        try:
            return self._session.ask_for_control(self._viewer)
        except ControlHeld:
            return Error(TakeControl.kind, "somebody else has asked already", "control_held")

    def _told_now(self) -> ControlChanged:
        self._told = self._news()
        return self._told

    def _news(self) -> ControlChanged:
        session = self._session
        state, viewers = session.control, session.viewers
        return ControlChanged(
            interactor=state.interactor,
            control_state=state.control_state,
            holder_client_id=state.holder_client_id,
            control_epoch=state.control_epoch,
            you_hold_control=session.holds_control(self._viewer),
            viewer_count=len(viewers),
            viewers=[
                ViewerOnTheWire(
                    present.viewer_id,
                    present.viewer.scope,
                    holds_control=present.viewer == session.holder,
                    you=present.viewer == self._viewer,
                )
                for place, present in enumerate(viewers)
                if place < LISTED or present.viewer == self._viewer
            ],
        )
