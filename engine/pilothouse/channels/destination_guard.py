"""Decides whether a browser may be sent somewhere: reads the URL, and looks at every address that its name has."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from ipaddress import ip_address

import attrs
import trio

from pilothouse.protocol.destinations import (
    Address,
    AllowedDestinations,
    Destination,
    DestinationForbidden,
    destination_of_untrusted,
    is_forbidden_address,
)

RESOLVE_SECONDS = 5.0

Resolve = Callable[[str], Awaitable[Iterable[str]]]
"""From a host name to all of its addresses, as text; raises `OSError`."""

# A look-up cannot be cut short, its thread outlives those who wait. Such threads shall not use up Trio's own.
_LIMITER = trio.CapacityLimiter(8)


@attrs.frozen
class Admitted:
    """The browser may be sent there.

    Attributes:
        url: to send it to, and no other.
        public: whether no permission was needed, so that the browser has to find it at a public address.
    """

    url: str
    public: bool


async def resolve_with_system(host: str) -> list[str]:
    """All addresses of a host name, IPv4 and IPv6, as this machine's resolver knows them."""
    # As bytes: for text Python has rules of its own, and refuses long labels by an error of its own.
    look_up = partial(socket.getaddrinfo, host.encode("ascii"), None, type=socket.SOCK_STREAM)
    found = await trio.to_thread.run_sync(look_up, abandon_on_cancel=True, limiter=_LIMITER)
    return [str(address[0]) for *_, address in found]


class DestinationGuard:
    """Admits what is public, and what is on a list.

    Args:
        allowed: the list.
        resolve: finds the addresses of a name.
        resolve_seconds: how long that may take.
    """

    def __init__(
        self,
        allowed: AllowedDestinations | None = None,
        resolve: Resolve = resolve_with_system,
        *,
        resolve_seconds: float = RESOLVE_SECONDS,
    ) -> None:
        self._allowed = allowed or AllowedDestinations()
        self._resolve = resolve
        self._resolve_seconds = resolve_seconds

    def allow(self, more: AllowedDestinations) -> None:
        """Admit these too, from now on."""
        self._allowed |= more

    async def check(self, url: str) -> Admitted:
        """Admit a URL, as a person typed it or as a browser asks for it.

        Raises:
            DestinationForbidden: it is no URL that may be gone to, one of its addresses is forbidden, or there is none.
        """
        destination = destination_of_untrusted(url)
        if self._allowed.has_name(destination):
            return Admitted(destination.url, public=False)
        forbidden = [address for address in await self._addresses(destination) if is_forbidden_address(address)]
        for address in forbidden:
            if not self._allowed.has_address(address, destination.port):
                raise DestinationForbidden(f"{destination.host} is at {address}")
        return Admitted(destination.url, public=not forbidden)

    async def _addresses(self, destination: Destination) -> Iterable[Address]:
        if destination.addresses is not None:
            return destination.addresses
        try:
            with trio.fail_after(self._resolve_seconds):
                found = await self._resolve(destination.host)
        except (OSError, trio.TooSlowError) as error:
            raise DestinationForbidden(f"{destination.host} cannot be resolved: {error!r}") from error
        addresses = [ip_address(text) for text in found]
        if not addresses:
            raise DestinationForbidden(f"{destination.host} has no address")
        return addresses
