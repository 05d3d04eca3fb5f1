"""Origins, and lists of hosts and networks: parsed once, from settings or headers, and then only compared."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

import attrs

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

_HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?", re.ASCII)
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[^\s/?#@\\:\[\]]+)(:[0-9]{1,5})?/?", re.ASCII)


def parse_address(text: str) -> Address | None:
    """Read an IP address; an IPv4 address in IPv6 clothes comes out as IPv4. None if it is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_host_name(text: str) -> bool:
    """Whether the text may stand for a host: a DNS name or an IP address (without brackets)."""
    text = text.lower()
    return parse_address(text) is not None or (len(text) <= 253 and _HOST_NAME.fullmatch(text) is not None)


def in_brackets(host: str) -> str:
    """The host as it stands in a URL: IPv6 addresses wear brackets."""
    return f"[{host}]" if ":" in host else host


def origin_of(scheme: str, host: str, port: int) -> str:
    """The canonical origin: the scheme's default port is left out."""
    suffix = "" if DEFAULT_PORTS.get(scheme) == port else f":{port}"
    return f"{scheme}://{in_brackets(host.lower())}{suffix}"


def parse_origin(text: str) -> str:
    """Read `scheme://host[:port]` into its canonical form.

    Raises:
        ValueError: the text is not an origin; `null` is none either.
    """
    match = _ORIGIN.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError("not an origin")
    scheme, host, port = match.groups()
    bare = host.strip("[]")
    if not is_host_name(bare) or (host.startswith("[") and parse_address(bare) is None):
        raise ValueError("not a host name")
    if port is None:
        return f"{scheme}://{host}"
    number = int(port[1:])
    if not 0 < number < 65536:
        raise ValueError("not a port")
    return origin_of(scheme, bare, number)


@attrs.frozen
class HostList:
    """Hosts by name, by address and by network.

    Attributes:
        names: lower-case host names; compared as they are written, never resolved.
        networks: addresses are networks of one.
    """

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str], *, names_allowed: bool = True) -> HostList:
        """Read names, addresses and CIDR networks.

        Raises:
            ValueError: an entry is none of these.
        """
        names: set[str] = set()
        networks: list[Network] = []
        for entry in entries:
            try:
                networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                if not names_allowed or not is_host_name(entry):
                    raise
                names.add(entry.lower())
        return cls(frozenset(names), tuple(networks))

    def __contains__(self, host: str | None) -> bool:
        """Whether a host name or an address belongs to the list."""
        if host is None:
            return False
        address = parse_address(host)
        if address is None:
            return host.lower() in self.names
        return any(address in network for network in self.networks)
