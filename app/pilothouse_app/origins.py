"""Which pages may talk to this server: the Origin check, and the server's own origin.

The own origin is what a client can have addressed to get here, judged by the socket that it arrived at and by the
settings. A `Host` header proves nothing: a page of evil.example, after its name was made to resolve to 127.0.0.1 (DNS
rebinding), sends its own name in `Host` and in `Origin` alike. Only a proxy that we trust is believed what it says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from pilothouse_app.network_names import DEFAULT_PORTS, origin_of, parse_address, parse_origin
from pilothouse_app.settings import ANY_ORIGIN, Settings

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


class Arrival(Protocol):
    """How a request came to us.

    Attributes:
        headers: by lower-case name, or by any case.
        peer_ip: who is connected to us, a proxy perhaps; empty if unknown.
        local_address: host and port at which the connection arrived.
    """

    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def peer_ip(self) -> str: ...
    @property
    def local_address(self) -> tuple[str, int]: ...


def origin_allowed(origin: str | None, own: Collection[str], allowed: Collection[str]) -> bool:
    """Whether a page of this origin may open a WebSocket.

    Args:
        origin: the Origin header. None is a client that is no browser, and is let in.
        own: the server's own origins.
        allowed: other ones, or `*`.
    """
    if origin is None or ANY_ORIGIN in allowed:
        return True
    try:
        parsed = parse_origin(origin)
    except ValueError:
        return False
    return parsed in own or parsed in allowed


def websocket_origin_allowed(arrival: Arrival, settings: Settings, *, scheme: str = "http") -> bool:
    """Whether a request may open a WebSocket, as far as its origin goes; see `own_origins` for the arguments."""
    own = own_origins(arrival, settings, scheme=scheme)
    return origin_allowed(arrival.headers.get("origin"), own, settings.allowed_origins)


def own_origins(arrival: Arrival, settings: Settings, *, scheme: str = "http") -> frozenset[str]:
    """The origins under which a client may have addressed this server.

    Args:
        arrival: the request.
        settings: the configured host, and the proxies to believe.
        scheme: `https` where this server itself speaks TLS.
    """
    forwarded = forwarded_origin(arrival, settings, scheme=scheme)
    if forwarded is not None:
        return frozenset({forwarded})
    local_host, port = arrival.local_address
    address = parse_address(local_host)
    hosts = {settings.host}
    if address is not None:
        # Bound to every address, the one that the client used is the one that the connection arrived at.
        hosts.add(str(address))
        hosts.update(LOOPBACK_NAMES if address.is_loopback else ())
    return frozenset(origin_of(scheme, host, port) for host in hosts if not _is_every_address(host))


def forwarded_origin(arrival: Arrival, settings: Settings, *, scheme: str = "http") -> str | None:
    """The origin that a trusted proxy says was addressed; None if the request came by no such proxy."""
    if arrival.peer_ip not in settings.trusted_proxies:
        return None
    proto = _last(arrival.headers.get("x-forwarded-proto")) or scheme
    host = _last(arrival.headers.get("x-forwarded-host")) or arrival.headers.get("host", "")
    return _web_origin(proto, host)


def public_origin(arrival: Arrival, settings: Settings, *, scheme: str = "http") -> str:
    """The origin to hand to the client in absolute URLs.

    Unlike the Origin check this believes the `Host` header: the URL goes back to nobody but the client that sent it,
    and behind a published container port there is no other way to know. It guards nothing.
    """
    forwarded = forwarded_origin(arrival, settings, scheme=scheme)
    addressed = _web_origin(scheme, arrival.headers.get("host", ""))
    return forwarded or addressed or origin_of(scheme, *arrival.local_address)


def _last(header: str | None) -> str:
    # A chain of proxies appends; the last entry is from the one that we know.
    return (header or "").rpartition(",")[2].strip().lower()


def _web_origin(scheme: str, host: str) -> str | None:
    if scheme not in DEFAULT_PORTS:
        return None
    try:
        return parse_origin(f"{scheme.replace('ws', 'http')}://{host}")
    except ValueError:
        return None


def _is_every_address(host: str) -> bool:
    address = parse_address(host)
    return address is not None and address.is_unspecified
