"""A real websockify in front of a listening TCP socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import attrs


@attrs.frozen
class Websockify:
    """A running one.

    Attributes:
        url: where it accepts WebSockets.
        target: the listening socket to which it connects for each of them.
    """

    url: str
    target: socket.socket


@contextmanager
def running_websockify() -> Iterator[Websockify]:
    """Start it, wait until it listens, stop it with all its children."""
    with socket.create_server(("127.0.0.1", 0)) as target:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "websockify", f"127.0.0.1:{port}", f"127.0.0.1:{target.getsockname()[1]}"],
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
            yield Websockify(f"ws://127.0.0.1:{port}/websockify", target)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
