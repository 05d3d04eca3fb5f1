"""A DevTools connection of an agent in this process: through an agent gate of its own, like that of any other agent."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import trio

from pilothouse.channels.cdp_link import CdpConnection, CdpLink, linked
from pilothouse.channels.channel import Connection, run_channel
from pilothouse.channels.gate import GateChannel
from pilothouse.channels.in_process import in_process_pair
from pilothouse.channels.registry import Registry
from pilothouse.channels.verification import Entity, Verification
from pilothouse.protocol.agent_gate import GateOptions
from pilothouse.protocol.cdp_executor import CdpEvent
from pilothouse.protocol.control import Viewer

# Whoever is told at once that a person has control can wait, and need not wonder what of it happens later.
_OPTIONS = GateOptions(on_user_control="refuse")
_CREDENTIAL = "embedded-agent"


def open_gated_link(
    entity: Entity, registry: Registry, verification: Verification, on_event: Callable[[CdpEvent], None]
) -> AbstractAsyncContextManager[CdpLink]:
    """Connect to the browser of a session; see `open_cdp_link`.

    While a person has control, commands are refused with `USER_HAS_CONTROL`.

    Args:
        entity: the session.
        registry: where the gate meets the session's other channels.
        verification: whether the session is valid, and stays so.
        on_event: called, without awaiting, with each event in its order.
    """
    return linked(_through_gate(entity, registry, verification), on_event)


@asynccontextmanager
async def _through_gate(entity: Entity, registry: Registry, verification: Verification) -> AsyncIterator[CdpConnection]:
    transport, client = in_process_pair()
    viewer = Viewer(_CREDENTIAL, secrets.token_hex(8), scope="agent")
    channel = GateChannel(Connection(transport, entity, viewer, registry, verification), _OPTIONS)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_channel, channel)
        try:
            yield client
        finally:
            client.close()
            nursery.cancel_scope.cancel()
