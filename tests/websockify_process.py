"""A real websockify in front of a listening TCP socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def running_websockify(target_port: int) -> Iterator[str]:
    """Start it, wait until it listens, stop it with all its children.

    Args:
        target_port: of the loopback; it connects there for each WebSocket.

    Returns:
        Where it accepts WebSockets.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "websockify", f"127.0.0.1:{port}", f"127.0.0.1:{target_port}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        said = ""
        while "proxying from" not in said:
            line = process.stdout.readline()
            assert line, f"websockify did not start: {said}"
            said += line
        yield f"ws://127.0.0.1:{port}/websockify"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
