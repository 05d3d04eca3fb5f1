"""The agent gate: CDP between one agent and the browser, which waits while a person drives.

Each agent has a connection of its own to the browser. Two tasks carry messages, one each way, with no queue between:
whoever does not read, is not read. What control's moves bring about is sent by two more, one each way, so that taking
back what would disturb a person never waits for an agent that does not read.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import ClassVar, NoReturn
from urllib.parse import urlsplit, urlunsplit

import trio
from trio.lowlevel import ParkingLot

from pilothouse.channels.channel import Connection
from pilothouse.channels.devtools_socket import DevToolsSocket, open_devtools_socket
from pilothouse.channels.end_signal import EndSignal
from pilothouse.channels.errors import BrowserGone, BrowserTooSlow, NotFound, ViewerLeft
from pilothouse.channels.live_session import LiveSession
from pilothouse.channels.remote_browser import RemoteBrowser
from pilothouse.channels.transport import MessageTransport
from pilothouse.protocol.agent_gate import (
    MOST_IN_FLIGHT,
    AgentGate,
    Answer,
    Changed,
    Forward,
    GateOptions,
    Turn,
)
from pilothouse.protocol.cdp_executor import ConnectionLost
from pilothouse.protocol.held_commands import MOST_COMMANDS

DEFAULT_OPTIONS = GateOptions()
BROWSER_SECONDS = 30.0
"""How long an agent waits for a browser that is starting."""

BEGIN_SECONDS = 1.0
"""How long a page that a person opens waits for an agent to let it begin; at most twice as long."""

AUDIT_SECONDS = 1.0
"""How often the methods that an agent has sent are written down."""

_NORMAL_CLOSURE = 1000
_MOST_METHODS = 200
_LONGEST_METHOD = 64


class GateChannel:
    """An agent's connection.

    Args:
        connection: the agent's; its viewer is nobody else's.
        options: what the agent has chosen.
        page: the id of the target to connect to; None is the browser itself.
        audit: whether to tell the application which methods the agent sends.
    """

    kind: ClassVar[str] = "cdp"
    is_seen: ClassVar[bool] = False

    def __init__(
        self,
        connection: Connection,
        options: GateOptions = DEFAULT_OPTIONS,
        *,
        page: str | None = None,
        audit: bool = False,
    ) -> None:
        self.connection = connection
        self._options = options
        self._page = page
        self._audit = audit
        self._session: LiveSession | None = None
        self._traffic: _Traffic | None = None

    def control_changed(self) -> None:
        """From this moment on the agent's commands are kept back, or pass again."""
        if self._traffic is not None and self._session is not None:  # else nothing has passed yet
            self._traffic.control_is(agents=self._session.agent_may_act)

    async def quiet(self) -> None:
        """Return when what the agent had under way has been answered, and what disturbs a person is taken back."""
        if self._traffic is not None:
            await self._traffic.settled()

    async def stream(self, session: LiveSession, signal: EndSignal) -> None:
        """Connect to the browser, and carry messages both ways."""
        browser = await _browser_of(session)
        browser.link.need()
        try:
            address = await browser.find_devtools()
            if self._page is not None:
                address = _address_of_page(address, self._page)
            async with open_devtools_socket(address, max_message_size=browser.max_message_size) as devtools:
                gate = AgentGate(
                    self._options,
                    lambda: frozenset(tab.id for tab in browser.link.tabs),
                    may_act=session.agent_may_act,
                    own_page=self._page,
                )
                self._session = session
                self._traffic = _Traffic(self.connection.transport, devtools, gate)
                try:
                    await self._traffic.run(self._tell_methods if self._audit else None)
                finally:
                    self._traffic.over()
        except ConnectionLost as error:
            raise BrowserGone(detail=str(error)) from error

    def _tell_methods(self, methods: Counter[str]) -> None:
        if self._session is not None:
            self._session.agent_commands(self.connection.viewer, methods)


class _Traffic:
    """What goes through the gate."""

    def __init__(self, agent: MessageTransport, browser: DevToolsSocket, gate: AgentGate) -> None:
        self._agent = agent
        self._browser = browser
        self._gate = gate
        self._to_browser: deque[str] = deque()
        self._to_agent: deque[str] = deque()
        self._leaves = False
        self._over = False
        self._methods: Counter[str] = Counter()
        self._turned = ParkingLot()
        """Where those wait who send what control's moves bring about."""
        self._progress = ParkingLot()
        """Where those wait whom answers, or the end of such sending, may let go on."""

    def control_is(self, *, agents: bool) -> None:
        """Control has moved."""
        turn = self._gate.give_back(trio.current_time()) if agents else self._gate.take()
        self._begin(turn)

    async def settled(self) -> None:
        """Return when nothing of what passed before control moved is under way."""
        while not self._gate.settled and not self._over:
            await self._progress.park()

    def over(self) -> None:
        """Nobody need wait any more."""
        self._over = True
        self._progress.unpark_all()

    async def run(self, tell_methods: Callable[[Counter[str]], None] | None) -> None:
        """Carry messages until one side ends."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._browser_to_agent)
                nursery.start_soon(self._send_to_browser)
                nursery.start_soon(self._send_to_agent)
                nursery.start_soon(self._let_targets_begin)
                if tell_methods is not None:
                    nursery.start_soon(self._write_down, tell_methods)
                await self._agent_to_browser(audit=tell_methods is not None)
        finally:
            if tell_methods is not None and self._methods:
                tell_methods(self._methods)

    async def _agent_to_browser(self, *, audit: bool) -> NoReturn:
        while True:
            while self._is_full():
                await self._progress.park()
            message = await self._agent.receive()
            method, decision = self._gate.from_agent_untrusted(message, trio.current_time())
            if audit:
                self._count(method)
            match decision:
                case Forward():
                    await self._pass(str(message))
                case Changed(texts):
                    await self._pass(*texts)
                case Answer(text, leaves):
                    await self._agent.send(text)
                    if leaves:
                        raise ViewerLeft(_NORMAL_CLOSURE)

    async def _browser_to_agent(self) -> NoReturn:
        while True:
            message = self._gate.from_browser(await self._browser.receive())
            if self._progress:
                self._progress.unpark_all()
            if message is not None:
                await self._agent.send(message.decode(errors="replace"))

    def _is_full(self) -> bool:
        """Whether the agent has to wait until somebody has answered, or has read the answers.

        While a person drives everything is read: what nobody reads grows old without being seen to.
        """
        too_many = self._gate.may_act and self._gate.in_flight >= MOST_IN_FLIGHT
        return too_many or len(self._to_agent) > MOST_COMMANDS

    async def _pass(self, *texts: str) -> None:
        if not self._to_browser:
            await self._browser.send(*texts)
            return
        # Behind what was held, and before whatever a move of control brings about from now on.
        self._to_browser += texts
        while self._to_browser:
            await self._progress.park()

    def _begin(self, turn: Turn) -> None:
        self._to_browser += turn.to_browser
        self._to_agent += turn.to_agent
        self._leaves = self._leaves or turn.leaves
        self._turned.unpark_all()
        self._progress.unpark_all()

    async def _send_to_browser(self) -> NoReturn:
        while True:
            while not self._to_browser:
                await self._turned.park()
            texts = list(self._to_browser)
            await self._browser.send(*texts)
            for _ in texts:
                self._to_browser.popleft()
            self._progress.unpark_all()

    async def _send_to_agent(self) -> NoReturn:
        while True:
            while not (self._to_agent or self._leaves):
                await self._turned.park()
            while self._to_agent:
                await self._agent.send(self._to_agent[0])
                self._to_agent.popleft()
            self._gate.answers_sent()
            if self._leaves:
                raise ViewerLeft(_NORMAL_CLOSURE)
            self._progress.unpark_all()

    async def _let_targets_begin(self) -> NoReturn:
        while True:
            while self._gate.may_act:
                await self._turned.park()
            await trio.sleep(BEGIN_SECONDS)
            self._begin(Turn(self._gate.let_begin()))

    async def _write_down(self, tell_methods: Callable[[Counter[str]], None]) -> NoReturn:
        while True:
            await trio.sleep(AUDIT_SECONDS)
            if self._methods:
                methods, self._methods = self._methods, Counter()
                tell_methods(methods)

    def _count(self, method: str) -> None:
        known = method in self._methods or len(self._methods) < _MOST_METHODS
        self._methods[method[:_LONGEST_METHOD] if known else "…"] += 1


async def _browser_of(session: LiveSession) -> RemoteBrowser:
    with trio.move_on_after(BROWSER_SECONDS):
        browser = await session.browser()
        if browser is None:
            raise NotFound("the DevTools of this session's browser are not in reach")
        return browser
    raise BrowserTooSlow(detail=f"no browser within {BROWSER_SECONDS:g} s")


def _address_of_page(address: str, page: str) -> str:
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc, f"/devtools/page/{page}", "", ""))
