"""The message channel: JSON with a frontend about control."""

from __future__ import annotations

from typing import ClassVar, NoReturn

import trio

from pilothouse.channels.channel import Connection
from pilothouse.channels.end_signal import EndSignal
from pilothouse.channels.errors import ViewerTooSlow
from pilothouse.channels.registry import LiveSession
from pilothouse.protocol.control import NotInControl
from pilothouse.protocol.errors import BadMessage
from pilothouse.protocol.messages import (
    CedeControl,
    ControlChanged,
    Error,
    FromFrontend,
    Ping,
    Pong,
    TakeControl,
    ToFrontend,
    decode_untrusted,
    encode,
)

OUTBOX = 64
"""Messages that may wait for a frontend. One that lets more pile up does not read them."""


class MessageChannel:
    """Answers a frontend, and tells it who has control: at once, and whenever that changes."""

    kind: ClassVar[str] = "messages"

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._session: LiveSession | None = None
        self._signal: EndSignal | None = None
        self._outbox, self._to_send = trio.open_memory_channel[ToFrontend](OUTBOX)

    def control_changed(self) -> None:
        """Tells the frontend; nobody waits for one that does not listen."""
        if self._session is None or self._signal is None:
            return  # not streaming yet: `stream` begins with telling
        try:
            self._outbox.send_nowait(self._who_has_control(self._session))
        except trio.WouldBlock:
            self._signal.send(ViewerTooSlow())

    async def stream(self, session: LiveSession, signal: EndSignal) -> None:
        """Read, answer, and tell."""
        self._session, self._signal = session, signal
        self.control_changed()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._deliver)
            await self._answer(session)

    async def _answer(self, session: LiveSession) -> NoReturn:
        while True:
            message = await self.connection.transport.receive()
            try:
                answer = self._carry_out(_decoded(message), session)
            except BadMessage as error:
                answer = Error(error.failed_kind, str(error), error.code)
            if answer is not None:
                await self._outbox.send(answer)

    async def _deliver(self) -> None:
        async for message in self._to_send:
            await self.connection.transport.send(encode(message))

    def _carry_out(self, message: FromFrontend, session: LiveSession) -> ToFrontend | None:
        """The answer; None where the news to everybody is the answer."""
        viewer = self.connection.viewer
        match message:
            case Ping(id=ping_id):
                return Pong(ping_id)
            case TakeControl():
                if session.holds_control(viewer):
                    return self._who_has_control(session)
                session.take_control(viewer)
            case CedeControl():
                try:
                    session.cede_control(viewer)
                except NotInControl:
                    return Error(message.kind, "you do not have control", "not_in_control")
        return None

    def _who_has_control(self, session: LiveSession) -> ControlChanged:
        state = session.control
        return ControlChanged(
            interactor=state.interactor,
            control_state=state.control_state,
            holder_client_id=state.holder_client_id,
            control_epoch=state.control_epoch,
            you_hold_control=session.holds_control(self.connection.viewer),
        )


def _decoded(message: bytes | str) -> FromFrontend:
    if isinstance(message, bytes):
        raise BadMessage("messages come as text", failed_kind="", code="not_text")
    return decode_untrusted(message)
