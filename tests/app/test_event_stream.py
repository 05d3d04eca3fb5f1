"""The event stream's channel by itself, and how it ends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import trio
from trio.testing import MockClock

from pilothouse.channels.channel import Connection, run_channel
from pilothouse.channels.errors import ChannelEnded, Outcome, SessionEnded, Unauthorized
from pilothouse.channels.live_session import LiveSession
from pilothouse.channels.registry import Registry
from pilothouse.channels.session_events import ControlChanged
from pilothouse.channels.session_events import SessionEnded as SessionEndedEvent
from pilothouse.channels.transport import MessageTransport
from pilothouse.channels.verification import Entity, open_verification
from pilothouse.protocol.control import Viewer
from pilothouse.protocol.verdict import Valid, Verdict
from pilothouse.testing.memory_transport import MemoryClient, memory_transport_pair
from pilothouse_app.event_log import EventLog
from pilothouse_app.event_stream import SEND_SECONDS, EventsChannel
from pilothouse_app.services import Services

ENTITY = Entity("browser_session", "pbs_1", "o_1")


@attrs.define
class Reading:
    """A channel under way, and its reader; `outcome` is how it ended."""

    client: MemoryClient
    session: LiveSession
    log: EventLog
    ended: trio.Event = attrs.field(factory=trio.Event)
    outcome: Outcome | None = None

    def tell(self, *epochs: int) -> None:
        for epoch in epochs:
            self.log.record(ControlChanged("pbs_1", "agent", "ai_control", None, epoch, "cede"))

    async def hear(self) -> Any:
        with trio.fail_after(20):
            return json.loads(await self.client.receive())["data"]

    async def hear_out(self) -> list[Any]:
        heard = []
        try:
            while True:
                heard.append(await self.hear())
        except trio.EndOfChannel:
            return heard

    async def code(self) -> int:
        with trio.fail_after(20):
            await self.ended.wait()
        assert self.outcome is not None
        return self.outcome.close_code


@asynccontextmanager
async def reading(services: Services, transport: MessageTransport | None = None) -> AsyncIterator[Reading]:
    async def verify(entity: Entity) -> Verdict:
        return Valid("pbs_1")

    registry: Registry = services.registry
    async with open_verification(verify) as verification, trio.open_nursery() as nursery:
        with registry.attend("pbs_1") as session:
            in_memory, client = memory_transport_pair()
            viewer = Viewer("key_1", "reader")
            connection = Connection(transport or in_memory, ENTITY, viewer, registry, verification)
            channel = EventsChannel(connection, services.events, 0)
            found = Reading(client, session, services.events)

            async def run() -> None:
                found.outcome = await run_channel(channel)
                found.ended.set()

            nursery.start_soon(run)
            yield found
            nursery.cancel_scope.cancel()


async def test_the_last_words_are_told_before_the_close(services: Services) -> None:
    async with reading(services) as reader:
        reader.tell(1)
        assert (await reader.hear())["control_epoch"] == 1
        # What follows is not written yet when the channel ends.
        reader.log.record(SessionEndedEvent("pbs_1", "completed", None))
        reader.session.end(SessionEnded())
        assert await reader.hear_out() == [{"status": "completed", "reason": None}]
        assert await reader.code() == 1000


async def test_who_is_not_let_in_any_more_hears_nothing_more(services: Services) -> None:
    async with reading(services) as reader:
        reader.tell(1)
        await reader.hear()
        reader.tell(2)
        error: ChannelEnded = Unauthorized()
        reader.session.end(error)
        assert await reader.hear_out() == []
        assert await reader.code() == 4401


async def test_behind_half_an_event_there_comes_no_other(services: Services) -> None:
    """A message that was cut off leaves the connection unusable."""
    transport = Clogged()
    async with reading(services, transport=transport) as reader:
        reader.tell(1, 2, 3)
        with trio.fail_after(20):
            await transport.clogged.wait()
        reader.session.end(SessionEnded())
        assert await reader.code() == 1000
    assert transport.sent == 2


async def test_who_does_not_take_an_event_is_let_go(services: Services, clock: MockClock) -> None:
    transport = Clogged()
    async with reading(services, transport=transport) as reader:
        reader.tell(1, 2, 3)
        with trio.fail_after(20):
            await transport.clogged.wait()
        assert not reader.ended.is_set()
        clock.jump(SEND_SECONDS)
        assert await reader.code() == 4429
    assert transport.sent == 2


class Clogged:
    """A connection through which one message goes, and half of the next one."""

    def __init__(self) -> None:
        self.sent = 0
        self.clogged = trio.Event()

    async def receive(self) -> bytes | str:
        return await trio.sleep_forever()

    async def send(self, data: bytes | str) -> None:
        self.sent += 1
        if self.sent > 1:
            self.clogged.set()
            await trio.sleep_forever()

    async def close(self, close_code: int, reason: str) -> None:
        await trio.lowlevel.checkpoint()
