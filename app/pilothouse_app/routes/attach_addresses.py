"""Addresses of browsers that somebody else runs."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pilothouse_app.network_names import HostList
from pilothouse_app.origins import LOOPBACK_NAMES

VNC_SCHEMES = ("unix", "tcp", "ws", "wss")
CDP_SCHEMES = ("http", "https", "ws", "wss")

_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f\\]")


def check_address(text: str, schemes: tuple[str, ...], allowed: HostList) -> None:
    """See whether a session may attach to an address.

    Args:
        text: such as `tcp://127.0.0.1:5900` or `unix:///run/vnc.sock`.
        schemes: that are known here.
        allowed: hosts. A Unix socket counts as loopback.

    Raises:
        ValueError: it may not; the message is a sentence for people.
    """
    # Every reader of the address has to find the same host in it.
    if _UNPRINTABLE.search(text):
        raise ValueError("An address holds no spaces and no backslashes.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError("This is not an address.") from error
    if parts.scheme not in schemes:
        raise ValueError(f"An address begins with one of {', '.join(f'{scheme}://' for scheme in schemes)}.")
    if parts.scheme == "unix":
        _check_socket(text, allowed)
        return
    if "@" in parts.netloc or not parts.hostname:
        raise ValueError("An address names a host, and no user.")
    if parts.scheme == "tcp" and not port:
        raise ValueError("A tcp:// address names a port.")
    if parts.hostname not in allowed:
        raise ValueError("Hosts to attach to must be in PILOTHOUSE_ATTACH_ALLOWLIST.")


def _check_socket(text: str, allowed: HostList) -> None:
    path = text.removeprefix("unix://")
    if not path.startswith("/") or "?" in path or "#" in path:
        raise ValueError("A unix:// address is followed by an absolute path.")
    if not any(name in allowed for name in LOOPBACK_NAMES):
        raise ValueError("Unix sockets count as loopback, which is not in PILOTHOUSE_ATTACH_ALLOWLIST.")
