"""Everything around a channel, put together as an application does it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import trio

from news_of_control import NewsOfControl
from pilothouse.channels.channel import Channel, Connection, run_channel
from pilothouse.channels.errors import Outcome
from pilothouse.channels.live_session import LiveSession
from pilothouse.channels.message import MessageChannel
from pilothouse.channels.registry import Registry, open_registry
from pilothouse.channels.session_events import InputBlocked, SessionEvent
from pilothouse.channels.transport import MessageTransport
from pilothouse.channels.verification import Entity, Verification, open_verification
from pilothouse.channels.watches import VerificationUnavailable
from pilothouse.protocol.control import LeaseRules, Viewer
from pilothouse.protocol.messages import (
    ControlChanged,
    FromFrontend,
    ToFrontend,
    ViewerOnTheWire,
    decode_from_server,
    encode,
)
from pilothouse.protocol.verdict import Valid, Verdict
from pilothouse.testing.memory_transport import MemoryClient, memory_transport_pair

SESSION_ID = "pbs_1"
SESSION = Entity("browser_session", SESSION_ID, "o_1")
ALICE = Viewer("key-1", "alice")
BOB = Viewer("key-1", "bob")
PATIENCE = 10


class EntityStore:
    """Verdicts that a test can change, how many of the next look-ups fail, hang or break, and a count of all."""

    def __init__(self) -> None:
        self.verdicts: dict[Entity, Verdict] = {SESSION: Valid(SESSION_ID)}
        self.unavailable = 0
        self.hangs = 0
        self.broken = 0
        self.lookups: Counter[Entity] = Counter()

    async def verify(self, entity: Entity) -> Verdict:
        self.lookups[entity] += 1
        if self.hangs:
            self.hangs -= 1
            await trio.sleep_forever()
        if self.unavailable:
            self.unavailable -= 1
            raise VerificationUnavailable
        if self.broken:
            self.broken -= 1
            raise LookupError("a bug of the verifier's")
        return self.verdicts[entity]


class Running:
    """A channel under way; `outcome` is how it ended."""

    def __init__(self, channel: Channel) -> None:
        self.scope = trio.CancelScope()
        self.channel = channel
        self._outcome: Outcome | None = None
        self._ended = trio.Event()

    @property
    def over(self) -> bool:
        return self._ended.is_set()

    async def run(self) -> None:
        try:
            with self.scope:
                self._outcome = await run_channel(self.channel)
        finally:
            self._ended.set()

    async def outcome(self) -> Outcome:
        """How it ended, as soon as it has."""
        with trio.fail_after(PATIENCE):
            await self._ended.wait()
        assert self._outcome is not None, "it was cancelled from outside"
        return self._outcome

    async def ended(self) -> None:
        with trio.fail_after(PATIENCE):
            await self._ended.wait()


@attrs.define
class Frontend:
    """A frontend's end of a message channel."""

    running: Running
    client: MemoryClient
    _news: NewsOfControl = attrs.field(factory=NewsOfControl)

    async def tell(self, message: FromFrontend) -> None:
        await self.client.send(encode(message))

    async def hear(self) -> ToFrontend:
        """The next message, without who is there, and without those that tell nothing else that is new."""
        while True:
            message = self._news.heard(await self.hear_all())
            if message is not None:
                return message

    async def hear_all(self) -> ToFrontend:
        with trio.fail_after(PATIENCE):
            return decode_from_server(await self.client.receive())

    async def hear_viewers(self, count: int) -> list[ViewerOnTheWire]:
        """Who is there, as soon as they are told to be so many."""
        while True:
            message = await self.hear_all()
            if isinstance(message, ControlChanged) and message.viewer_count == count:
                return message.viewers


@attrs.frozen
class World:
    """The application's objects, and a way to open channels."""

    store: EntityStore
    registry: Registry
    verification: Verification
    nursery: trio.Nursery
    events: list[SessionEvent]

    @property
    def blocked(self) -> list[InputBlocked]:
        return [event for event in self.events if isinstance(event, InputBlocked)]

    @property
    def session(self) -> LiveSession:
        session = self.registry.find(SESSION_ID)
        assert session is not None
        return session

    def connection(self, transport: MessageTransport, viewer: Viewer = ALICE, entity: Entity = SESSION) -> Connection:
        return Connection(transport, entity, viewer, self.registry, self.verification)

    def run(self, channel: Channel) -> Running:
        running = Running(channel)
        self.nursery.start_soon(running.run)
        return running

    def frontend(self, viewer: Viewer = ALICE, entity: Entity = SESSION, capacity: int = 16) -> Frontend:
        """Open a message channel."""
        transport, client = memory_transport_pair(capacity=capacity)
        return Frontend(self.run(MessageChannel(self.connection(transport, viewer, entity))), client)


@asynccontextmanager
async def open_world(*, max_viewers: int = 32, rules: LeaseRules | None = None) -> AsyncIterator[World]:
    """Put it together, and take it apart."""
    store = EntityStore()
    events: list[SessionEvent] = []
    async with (
        open_registry(max_viewers=max_viewers, lease_rules=rules or LeaseRules(), on_event=events.append) as registry,
        open_verification(store.verify) as verification,
        trio.open_nursery() as nursery,
    ):
        yield World(store, registry, verification, nursery, events)
        nursery.cancel_scope.cancel()
