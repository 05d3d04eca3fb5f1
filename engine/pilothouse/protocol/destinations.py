"""Where a browser may be sent: http, https and `about:blank`, on the public internet, unless a list allows more.

A destination is read as a browser reads it, because every spelling that we understand otherwise is a way in:
`http://0x7f.1`, `http:2130706433` and `http://１２７。0。0。1` are all `http://127.0.0.1/`. Reading is left to Ada, a
parser of the WHATWG URL standard. Whoever navigates sends the browser to `Destination.url`, the canonical form, and
not to what was typed: then there is nothing left to be read in two ways.

Source: https://url.spec.whatwg.org/, and the IANA registries of special-purpose addresses (RFC 6890 and its updates).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import attrs
from ada_url import URL, HostType

from pilothouse.protocol.errors import RemoteProtocolError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

BLANK = "about:blank"
DEFAULT_PORTS = {"http:": 80, "https:": 443}

_LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))

_FORBIDDEN_V4 = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind carriers' NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's platform, which tells its machines secrets; public by number only
        "169.254.0.0/16",  # link-local, and metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
]
# Only this block of IPv6 is public; what is outside of it is local, reserved, multicast, or IPv4 in disguise.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_FORBIDDEN_V6 = [
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
]
_NAT64 = IPv6Network("64:ff9b::/96")

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.ASCII | re.IGNORECASE)
# example.org:8080 begins like a scheme, but is a host.
_HOST_AND_PORT = re.compile(r"(?:localhost|[^:/?#\\@]*\.[^:/?#\\@]*):[0-9]+(?:[/?#\\]|\Z)", re.IGNORECASE)
_SPACE_AND_CONTROLS = "".join(map(chr, range(0x21)))
_SKIPPED_BY_BROWSERS = dict.fromkeys(map(ord, "\t\n\r"))

_ENTRY = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/?#\\@%\[\]]+)(?::([0-9]{1,5}))?", re.ASCII | re.IGNORECASE)
_HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?", re.ASCII)


class DestinationForbidden(RemoteProtocolError):
    """The browser may not be sent there. The text is for logs: viewers do not learn what is blocked, and why."""


@attrs.frozen
class Destination:
    """Where a URL leads.

    Attributes:
        url: in the canonical form, which a browser does not read in any other way.
        host: a name, in lower case and punycode, or an address without brackets; empty for `about:blank`.
        port: 0 for `about:blank`.
        addresses: of the host, where they are known without asking; None if the name has to be resolved.
    """

    url: str
    host: str
    port: int
    addresses: tuple[Address, ...] | None


def destination_of_untrusted(text: str) -> Destination:
    """Read what somebody typed, or where a server redirects to. A host without a scheme gets `https://`.

    User names and passwords are refused: they disguise the host, and secrets have no place in history and logs.

    Raises:
        DestinationForbidden: it is no URL, or its scheme is not allowed.
    """
    text = text.strip(_SPACE_AND_CONTROLS).translate(_SKIPPED_BY_BROWSERS)
    if not _SCHEME.match(text) or _HOST_AND_PORT.match(text):
        text = f"https://{text}"
    try:
        url = URL(text)
    except ValueError as error:  # also for lone surrogates
        raise DestinationForbidden("not a URL") from error
    if url.protocol == "about:" and url.pathname.lower() == "blank":
        return Destination(BLANK, "", 0, ())
    if url.protocol not in DEFAULT_PORTS:
        raise DestinationForbidden(f"the scheme {url.protocol} is not allowed")
    if url.username or url.password:
        raise DestinationForbidden("user names and passwords are not allowed in URLs")
    host = url.hostname.strip("[]")
    port = int(url.port) if url.port else DEFAULT_PORTS[url.protocol]
    return Destination(url.href, host, port, _known_addresses(host, url.host_type))


def is_forbidden_address(address: Address) -> bool:
    """Whether an address is anything but public.

    IPv6 addresses that stand for an IPv4 address (mapped, 6to4, Teredo, NAT64) are as forbidden as that one.
    """
    if isinstance(address, IPv4Address):
        return any(address in network for network in _FORBIDDEN_V4)
    embedded = _embedded(address)
    if embedded is not None:
        return is_forbidden_address(embedded)
    return address not in _GLOBAL_UNICAST or any(address in network for network in _FORBIDDEN_V6)


@attrs.frozen
class AllowedDestinations:
    """Destinations that are allowed although they are not public. Those that are public need no permission.

    Attributes:
        names: host names with the port that is allowed, None for all of them; subdomains are not included.
        networks: likewise; addresses are networks of one.
    """

    names: frozenset[tuple[str, int | None]] = frozenset()
    networks: tuple[tuple[Network, int | None], ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> AllowedDestinations:
        """Read host names, addresses and CIDR networks. Names and addresses may be followed by `:` and a port; an
        IPv6 address with a port stands in brackets.

        Raises:
            ValueError: an entry is none of these.
        """
        read = [_entry(text) for text in entries]
        return cls(
            frozenset((host, port) for host, port in read if isinstance(host, str)),
            tuple((host, port) for host, port in read if not isinstance(host, str)),
        )

    def __or__(self, more: AllowedDestinations) -> AllowedDestinations:
        return AllowedDestinations(self.names | more.names, (*self.networks, *more.networks))

    def has_name(self, destination: Destination) -> bool:
        """Whether the destination is allowed by its name, whatever its addresses are."""
        name = destination.host.removesuffix(".")
        return (name, None) in self.names or (name, destination.port) in self.names

    def has_address(self, address: Address, port: int) -> bool:
        """Whether an address, and this port of it, is allowed."""
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network and allowed in (None, port) for network, allowed in self.networks)


def _known_addresses(host: str, host_type: HostType) -> tuple[Address, ...] | None:
    if host_type != HostType.DEFAULT:
        return (ip_address(host),)
    name = host.removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return _LOOPBACK  # browsers never ask a resolver for these
    return None


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        _server, client = address.teredo
        return client
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return None


def _entry(text: str) -> tuple[str | Network, int | None]:
    """A name or network, and the port that goes with it."""
    with suppress(ValueError):
        return ip_network(text, strict=False), None
    match = _ENTRY.fullmatch(text)
    if match is None:
        raise ValueError(text)
    host, port = match[1], None if match[2] is None else int(match[2])
    if port is not None and not 0 < port < 65536:
        raise ValueError(text)
    try:
        destination = destination_of_untrusted(f"http://{host}/")
    except DestinationForbidden as error:
        raise ValueError(text) from error
    with suppress(ValueError):
        return ip_network(destination.host), port
    if not _HOST_NAME.fullmatch(destination.host):
        raise ValueError(text)
    return destination.host.removesuffix("."), port
