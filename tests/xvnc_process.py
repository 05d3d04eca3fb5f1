"""A real Xvnc that asks for a password, and shuts out who fails too often."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

FAILED_LOGINS_ALLOWED = 5
"""From one address: who comes then is refused for 10 s."""

# Xvnc obscures the password in its file with a key that everybody knows.
_PASSWORD_FILE_KEY = bytes.fromhex("e84ad660c4721ae0")


@contextmanager
def running_xvnc(directory: Path, password: str, *, over: Literal["unix", "tcp"]) -> Iterator[str]:
    """Start it with a screen of 320 by 200, wait until it listens, stop it.

    Args:
        directory: for its files.
        password: for VncAuth.
        over: what it listens on; TCP only on the loopback.

    Returns:
        Its address, as in `Upstream`.
    """
    program = shutil.which("Xvnc")
    assert program is not None, "Debian's tigervnc-standalone-server has it"
    log = directory / "log"
    if over == "unix":
        address, listening = f"unix://{directory}/rfb", ["-rfbunixpath", str(directory / "rfb"), "-rfbport", "-1"]
    else:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        address, listening = f"tcp://127.0.0.1:{port}", ["-rfbport", str(port)]
    read_end, write_end = os.pipe()
    command = [program, "-displayfd", str(write_end), "-geometry", "320x200", "-nolisten", "tcp", "-localhost"]
    command += ["-SecurityTypes", "VncAuth", "-PasswordFile", str(_password_file(directory, password))]
    command += ["-UseBlacklist=1", *listening]
    with log.open("wb") as output:
        process = subprocess.Popen(command, pass_fds=[write_end], stdout=output, stderr=output, start_new_session=True)
    os.close(write_end)
    try:
        with os.fdopen(read_end) as numbers:
            assert numbers.readline().strip().isdigit(), log.read_text()
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _password_file(directory: Path, password: str) -> Path:
    encryptor = Cipher(TripleDES(_PASSWORD_FILE_KEY * 3), modes.ECB()).encryptor()
    path = directory / "password"
    path.write_bytes(encryptor.update(password.encode()[:8].ljust(8, b"\0")) + encryptor.finalize())
    return path
