"""The X side of a display: who may connect to it, and what an X server leaves behind when it is killed."""

from __future__ import annotations

import os
import secrets
import struct
from contextlib import suppress
from pathlib import Path

import attrs

_PUBLIC = Path("/tmp")  # noqa: S108 - X11 knows no other place
_FAMILY_WILD = 0xFFFF
_COOKIE_NAME = b"MIT-MAGIC-COOKIE-1"
_COOKIE_SIZE = 16


def write_authority(path: Path) -> None:
    """Write an X authority file with a random cookie, which X server and clients share, for any display number.

    The format is that of Xau: big-endian, counted fields.
    """
    entry = struct.pack(">H", _FAMILY_WILD)
    for field in (b"", b"", _COOKIE_NAME, secrets.token_bytes(_COOKIE_SIZE)):
        entry += struct.pack(">H", len(field)) + field
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(entry)


@attrs.frozen
class DisplayFiles:
    """What a running X server has in public places.

    Attributes:
        lock: the path of its lock file, which holds the server's process id. Some servers make none.
        socket: the path of its socket.
        server_pid: the server's process id.
        socket_identity: device, inode and time of the socket, to tell it from that of a later server of the same
            number; None when there is no socket.
    """

    lock: str
    socket: str
    server_pid: int
    socket_identity: list[int] | None

    @classmethod
    def of(cls, display: int, server_pid: int, root: Path = _PUBLIC) -> DisplayFiles:
        """The files of a running X server."""
        socket = str(root / ".X11-unix" / f"X{display}")
        return cls(str(root / f".X{display}-lock"), socket, server_pid, _identity(socket))

    def remove(self) -> None:
        """Remove what is still there of a server that has been killed, and nothing of any other."""
        with suppress(OSError, ValueError):
            if int(Path(self.lock).read_bytes()) == self.server_pid:
                os.unlink(self.lock)
        if self.socket_identity is not None and _identity(self.socket) == self.socket_identity:
            with suppress(FileNotFoundError):
                os.unlink(self.socket)


def _identity(path: str) -> list[int] | None:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    return [status.st_dev, status.st_ino, status.st_ctime_ns]
