"""From a WebSocket's request to its channel: what both lanes call."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

import attrs
import structlog
import trio

from pilothouse.channels.channel import GOODBYE_SECONDS, Channel, Connection, run_channel
from pilothouse.channels.errors import ChannelEnded, MissingParameter, NotReady, Outcome, Unauthorized
from pilothouse.channels.gate import GateChannel
from pilothouse.channels.message import MessageChannel
from pilothouse.channels.transport import LARGEST_MESSAGE, MessageTransport
from pilothouse.channels.verification import Entity
from pilothouse.channels.vnc import VncChannel
from pilothouse.protocol.control import Scope, Viewer
from pilothouse_app.admission import Admission
from pilothouse_app.agent_requests import AgentPath, BadOption, gate_options
from pilothouse_app.authentication import Credential, authenticate, credential_subprotocol, presented_credential
from pilothouse_app.authentication import Unauthorized as BadCredential
from pilothouse_app.event_stream import EventsChannel
from pilothouse_app.ids import AGENT, READER, new_id
from pilothouse_app.origins import websocket_origin_allowed
from pilothouse_app.services import Services
from pilothouse_app.settings import Settings
from pilothouse_app.store import StoreError

_PATH = re.compile(
    "/api/v1/stream/(vnc|messages|events(?=/browser_session/))/(browser_session|task|workflow_run)/([A-Za-z0-9_]{1,64})"
)
_SEQ = re.compile(r"[0-9]{1,18}", re.ASCII)
_CLIENT_ID = re.compile(r"[A-Za-z0-9_.:\-]{1,128}")

_NAMELESS = {EventsChannel.kind: READER, GateChannel.kind: AGENT}
"""Channels that stand alone, and what the random names of their clients begin with."""

_CHANNELS: dict[str, Callable[[Connection, Services, StreamRequest], Channel]] = {
    "vnc": lambda connection, services, _request: VncChannel(connection, policy=services.input_policy),
    "messages": lambda connection, _services, _request: MessageChannel(connection),
    "events": lambda connection, services, request: EventsChannel(connection, services.events, _after(request)),
    "cdp": lambda connection, services, request: _gate(connection, services, request),
}

_OPENED_BY: dict[str, frozenset[str]] = {
    "vnc": frozenset({"all", "view", "control"}),
    "messages": frozenset({"all", "view", "control"}),
    "events": frozenset({"all", "control", "agent"}),
    "cdp": frozenset({"all", "agent"}),
}
"""Scopes of the credentials that open each kind of channel."""

_log = structlog.get_logger(__name__)


@attrs.frozen
class StreamRequest:
    """The upgrade request of a WebSocket.

    Attributes:
        path: without the query.
        query: the last value of each parameter.
        headers: by lower-case name.
        peer_ip: who is connected to us, a proxy perhaps.
        local_address: host and port at which the connection arrived.
    """

    path: str
    query: Mapping[str, str] = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.field(repr=False)
    peer_ip: str
    local_address: tuple[str, int]

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol to answer with: browsers drop the connection when one that they offered is not answered."""
        return credential_subprotocol(self.headers)

    @classmethod
    def parse(
        cls, *, target: str, headers: Mapping[str, str], peer_ip: str, local_address: tuple[str, int]
    ) -> StreamRequest:
        """From a request target, such as `/path?query`."""
        path, _, query = target.partition("?")
        return cls(path, dict(parse_qsl(query)), headers, peer_ip, local_address)


@attrs.frozen
class Refusal:
    """An HTTP answer instead of an upgrade."""

    status: int
    body: str
    headers: Mapping[str, str]

    @classmethod
    def of(cls, status: int, code: str, message: str) -> Refusal:
        """In the form of all our errors."""
        body = json.dumps({"error": {"code": code, "message": message}})
        return cls(status, body, {"Content-Type": "application/json"})


@attrs.frozen
class _Wanted:
    """Which channel a path means, and for what."""

    channel_kind: str
    entity_kind: str
    entity_id: str

    @classmethod
    def parse(cls, path: str) -> _Wanted | None:
        agent = AgentPath.parse(path)
        if agent is not None:
            return cls(GateChannel.kind, "browser_session", agent.session_id)
        match = _PATH.fullmatch(path)
        return None if match is None else cls(*match.groups())


def refusal_of(request: StreamRequest, services: Services) -> Refusal | None:
    """Why a request is not upgraded at all; None when it may be."""
    if not websocket_origin_allowed(request, services.settings):
        return Refusal.of(403, "origin_not_allowed", "Pages of this origin may not connect.")
    if _Wanted.parse(request.path) is None:
        return Refusal.of(404, "not_found", "There is no such stream.")
    if AgentPath.parse(request.path) is not None:
        try:
            gate_options(request.query)
        except BadOption as error:
            return Refusal.of(400, "bad_request", str(error))
    return None


def largest_message(request: StreamRequest, settings: Settings) -> int:
    """Bytes of one message from the client. An agent sends files and scripts, and gets answers as large."""
    return LARGEST_MESSAGE if AgentPath.parse(request.path) is None else settings.max_devtools_mib * 2**20


async def serve_stream(request: StreamRequest, transport: MessageTransport, services: Services) -> Outcome:
    """Serve an upgraded WebSocket until it is closed.

    Args:
        request: one that `refusal_of` did not refuse.
        transport: closed on return, whatever happens.
        services: the server's parts.
    """
    wanted = _Wanted.parse(request.path)
    assert wanted is not None  # noqa: S101 (refusal_of has looked)
    with structlog.contextvars.bound_contextvars(channel=wanted.channel_kind, entity=wanted.entity_id):
        try:
            credential = await _who(request, services, _OPENED_BY[wanted.channel_kind])
            connection = Connection(
                transport,
                Entity(wanted.entity_kind, wanted.entity_id, credential.organization_id),
                Viewer(credential.credential_id, _client_id(request, wanted.channel_kind), _scope(credential, wanted)),
                services.registry,
                Admission(credential, services.credentials, services.verification, services.store),
                services.settings.clipboard_policy,
            )
            channel = _CHANNELS[wanted.channel_kind](connection, services, request)
        except ChannelEnded as error:
            outcome = error.outcome
            with trio.move_on_after(GOODBYE_SECONDS):
                await transport.close(outcome.close_code, outcome.reason)
        else:
            _log.info("channel opened", client_id=connection.viewer.client_id)
            outcome = await run_channel(channel)
        _log.info("channel closed", code=outcome.close_code, reason=outcome.reason, detail=outcome.detail)
        return outcome


async def _who(request: StreamRequest, services: Services, scopes: frozenset[str]) -> Credential:
    """Whom the request is from.

    Raises:
        Unauthorized: nobody who may open this stream.
        NotReady: the store cannot tell.
    """
    try:
        credential = await authenticate(
            services.store, presented_credential(request.headers, request.query, websocket=True)
        )
    except BadCredential as error:
        raise Unauthorized from error
    except StoreError as error:
        raise NotReady(detail=str(error)) from error
    if credential.scope not in scopes:
        raise Unauthorized("this token is not for this stream")
    return credential


def _client_id(request: StreamRequest, channel_kind: str) -> str:
    if channel_kind in _NAMELESS:
        return new_id(_NAMELESS[channel_kind])  # it is paired with no other channel, and replaces none
    client_id = request.query.get("client_id", "")
    if not _CLIENT_ID.fullmatch(client_id):
        raise MissingParameter
    return client_id


def _after(request: StreamRequest) -> int | None:
    """Behind which event a reader wants to begin."""
    after = request.query.get("after")
    if after is None:
        return None
    if not _SEQ.fullmatch(after):
        raise MissingParameter("after is malformed")
    return int(after)


def _scope(credential: Credential, wanted: _Wanted) -> Scope:
    return "agent" if wanted.channel_kind == GateChannel.kind else credential.viewer_scope


def _gate(connection: Connection, services: Services, request: StreamRequest) -> GateChannel:
    path = AgentPath.parse(request.path)
    assert path is not None  # noqa: S101 (the kind of channel was read from it)
    options, audit = gate_options(request.query), services.settings.audit_agent_commands
    return GateChannel(connection, options, page=path.page, audit=audit)
