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
from pilothouse.channels.message import MessageChannel
from pilothouse.channels.transport import MessageTransport
from pilothouse.channels.verification import Entity
from pilothouse.channels.vnc import VncChannel
from pilothouse.protocol.control import Viewer
from pilothouse_app.admission import Admission
from pilothouse_app.authentication import Credential, authenticate, credential_subprotocol, presented_credential
from pilothouse_app.authentication import Unauthorized as BadCredential
from pilothouse_app.event_stream import EventsChannel
from pilothouse_app.ids import READER, new_id
from pilothouse_app.origins import websocket_origin_allowed
from pilothouse_app.services import Services
from pilothouse_app.store import StoreError

_PATH = re.compile(
    "/api/v1/stream/(vnc|messages|events(?=/browser_session/))/(browser_session|task|workflow_run)/([A-Za-z0-9_]{1,64})"
)
_SEQ = re.compile(r"[0-9]{1,18}", re.ASCII)
_CLIENT_ID = re.compile(r"[A-Za-z0-9_.:\-]{1,128}")

_CHANNELS: dict[str, Callable[[Connection, Services, StreamRequest], Channel]] = {
    "vnc": lambda connection, services, _request: VncChannel(connection, policy=services.input_policy),
    "messages": lambda connection, _services, _request: MessageChannel(connection),
    "events": lambda connection, services, request: EventsChannel(connection, services.events, _after(request)),
}

_OPENED_BY: dict[str, frozenset[str]] = {
    "vnc": frozenset({"all", "view", "control"}),
    "messages": frozenset({"all", "view", "control"}),
    "events": frozenset({"all", "control", "agent"}),
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


def refusal_of(request: StreamRequest, services: Services) -> Refusal | None:
    """Why a request is not upgraded at all; None when it may be."""
    if not websocket_origin_allowed(request, services.settings):
        return Refusal.of(403, "origin_not_allowed", "Pages of this origin may not connect.")
    if _PATH.fullmatch(request.path) is None:
        return Refusal.of(404, "not_found", "There is no such stream.")
    return None


async def serve_stream(request: StreamRequest, transport: MessageTransport, services: Services) -> Outcome:
    """Serve an upgraded WebSocket until it is closed.

    Args:
        request: one that `refusal_of` did not refuse.
        transport: closed on return, whatever happens.
        services: the server's parts.
    """
    match = _PATH.fullmatch(request.path)
    assert match is not None  # noqa: S101 (refusal_of has looked)
    channel_kind, entity_kind, entity_id = match.groups()
    with structlog.contextvars.bound_contextvars(channel=channel_kind, entity=entity_id):
        try:
            credential = await _who(request, services, _OPENED_BY[channel_kind])
            connection = Connection(
                transport,
                Entity(entity_kind, entity_id, credential.organization_id),
                Viewer(credential.credential_id, _client_id(request, channel_kind), credential.viewer_scope),
                services.registry,
                Admission(credential, services.credentials, services.verification, services.store),
                services.settings.clipboard_policy,
            )
            channel = _CHANNELS[channel_kind](connection, services, request)
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
    if channel_kind == EventsChannel.kind:
        return new_id(READER)  # it is paired with no other channel, and replaces none
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
