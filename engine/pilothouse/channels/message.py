"""The message channel: JSON with a frontend about control, the clipboard, and where the browser is."""

from __future__ import annotations

from collections import deque
from typing import ClassVar, NoReturn

import trio

from pilothouse.channels.browser_requests import RULES, BrowserRequests
from pilothouse.channels.channel import Channel, Connection
from pilothouse.channels.control_talk import ControlTalk
from pilothouse.channels.end_signal import EndSignal
from pilothouse.channels.errors import ViewerTooSlow
from pilothouse.channels.live_session import LiveSession
from pilothouse.protocol.errors import BadMessage
from pilothouse.protocol.messages import (
    AskForClipboard,
    AskForClipboardResponse,
    BrowserTabs,
    CedeControl,
    DeclineTakeover,
    Error,
    FromFrontend,
    GrantControl,
    Ping,
    Pong,
    RefuseControl,
    TabOnTheWire,
    TakeControl,
    ToFrontend,
    decode_untrusted,
    encode,
)

OUTBOX = 64
"""Messages that may wait for a frontend. One that lets more pile up does not read them."""

_READING = {Ping, *(kind for kind, rule in RULES.items() if not rule.holder_only)}


class MessageChannel(Channel):
    """Answers a frontend, and tells it who has control and which tabs there are: at once, and whenever that changes."""

    kind: ClassVar[str] = "messages"

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._signal: EndSignal | None = None
        self._requests: BrowserRequests | None = None
        self._outbox, self._to_send = trio.open_memory_channel[ToFrontend](OUTBOX)
        self._asked: deque[trio.MemorySendChannel[str]] = deque()

    def control_changed(self) -> None:
        """The frontend is told when the change is settled; see `ControlTalk`."""

    async def quiet(self) -> None:
        """Waits for what the frontend has asked of the browser."""
        if self._requests is not None:
            await self._requests.quiet()

    def tell(self, message: ToFrontend) -> None:
        """Sends a message; a frontend that does not read what it is sent is let go."""
        try:
            self._outbox.send_nowait(message)
        except trio.WouldBlock:
            if self._signal is not None:
                self._signal.send(ViewerTooSlow())

    async def clipboard(self) -> str:
        """Asks what the frontend's clipboard holds; waits as long as it takes. Answers come in the questions' order."""
        answer, answers = trio.open_memory_channel[str](1)
        self._asked.append(answer)
        self.tell(AskForClipboard())
        try:
            return await answers.receive()
        finally:
            if answer in self._asked:
                self._asked.remove(answer)

    async def stream(self, session: LiveSession, signal: EndSignal) -> None:
        """Read, answer, and tell."""
        self._signal = signal
        control = ControlTalk(session, self.connection.viewer, self.tell)
        async with trio.open_nursery() as nursery:
            connection = self.connection
            self._requests = requests = BrowserRequests(
                session, connection.viewer, connection.clipboard, self._outbox.send, nursery
            )
            nursery.start_soon(self._deliver)
            nursery.start_soon(self._tell_tabs, session)
            nursery.start_soon(control.tell_presence, self._outbox.send)
            with session.reachable(connection.viewer, self), control.listening():
                for known in (session.takeovers.open_request(), session.agent_step):
                    if known is not None:
                        self.tell(known)
                await self._answer(session, control, requests)

    async def _answer(self, session: LiveSession, control: ControlTalk, requests: BrowserRequests) -> NoReturn:
        while True:
            message = await self.connection.transport.receive()
            try:
                answer = self._carry_out(_decoded(message), session, control, requests)
            except BadMessage as error:
                answer = Error(error.failed_kind, str(error), error.code)
            if answer is not None:
                await self._outbox.send(answer)

    async def _deliver(self) -> None:
        async for message in self._to_send:
            await self.connection.transport.send(encode(message))

    async def _tell_tabs(self, session: LiveSession) -> None:
        """One message for any number of changes that come while the one before it is on its way."""
        browser = await session.browser()
        if browser is None:
            return
        browser.link.need()
        changed = trio.Event()
        told: list[TabOnTheWire] | None = None

        def note() -> None:
            changed.set()

        with browser.watching_tabs(note):
            while True:
                tabs = [
                    TabOnTheWire(tab.id, tab.title, tab.url, tab.active, tab.favicon, tab.ready, number)
                    for number, tab in enumerate(browser.link.tabs, start=1)
                ]
                if tabs and tabs != told:
                    await self._outbox.send(BrowserTabs(tabs))
                    told = tabs
                await changed.wait()
                changed = trio.Event()

    def _carry_out(
        self, message: FromFrontend, session: LiveSession, control: ControlTalk, requests: BrowserRequests
    ) -> ToFrontend | None:
        """The answer; None where it comes later, or the news to everybody is the answer."""
        viewer = self.connection.viewer
        if viewer.scope != "control" and type(message) not in _READING:
            return Error(message.kind, "this credential is for watching only", "not_allowed")
        match message:
            case Ping(id=ping_id):
                return Pong(ping_id)
            case TakeControl() | CedeControl() | GrantControl() | RefuseControl():
                return control.carry_out(message)
            case DeclineTakeover(request_id=request_id, note=note):
                if not session.takeovers.decline(request_id, note or ""):
                    return Error(message.kind, "nobody asks for help, or it is too late", "not_asked")
            case AskForClipboardResponse(text=text):
                if not self._asked:
                    return Error(message.kind, "nobody has asked, or it is too late", "not_asked")
                self._asked.popleft().send_nowait(text)
            case _:
                assert type(message) in RULES  # noqa: S101 (a test sees to it that every kind has its place)
                return requests.begin(message)
        return None


def _decoded(message: bytes | str) -> FromFrontend:
    if isinstance(message, bytes):
        raise BadMessage("messages come as text", failed_kind="", code="not_text")
    return decode_untrusted(message)
