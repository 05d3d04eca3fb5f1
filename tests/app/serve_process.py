"""`pilothouse serve` as a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio
from raw_client import HOST

COMMAND = [sys.executable, "-m", "pilothouse_app", "serve"]


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """The environment of a server that takes any free port, with these settings and no others."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PILOTHOUSE_")}
    return {**inherited, "PILOTHOUSE_PORT": "0", "PILOTHOUSE_DATA_DIR": str(data_dir), **settings}


@attrs.define
class ServeProcess:
    """A server.

    Attributes:
        said: what it wrote to its standard output, as far as anybody has listened.
        port: where it listens, once it has said so.
    """

    _process: trio.Process
    _log: Path
    said: str = ""
    port: int = 0

    async def told(self, pattern: str) -> str:
        """Wait until it writes this to its standard output; the first group of the match."""
        assert self._process.stdout is not None
        with trio.fail_after(20):
            while not (found := re.search(pattern, self.said)):
                some = await self._process.stdout.receive_some()
                assert some, self.said + self.log()
                self.said += some.decode()
        return found[1]

    def log(self) -> str:
        """What it wrote to its standard error."""
        return self._log.read_text()

    async def ended_by(self, number: signal.Signals) -> int:
        """Send a signal; the exit code, which has to come in the time that people wait for a Ctrl+C."""
        self._process.send_signal(number)
        with trio.fail_after(5):
            return await self._process.wait()


@asynccontextmanager
async def serve_process(data_dir: Path, **settings: str) -> AsyncIterator[ServeProcess]:
    """Start it, wait until it serves, and see to it that it ends. Its log is in the data directory, too."""
    log = data_dir / "log"
    with log.open("w") as errors:
        process = await trio.lowlevel.open_process(
            COMMAND, env=environment(data_dir, **settings), stdout=subprocess.PIPE, stderr=errors
        )
    assert process.stdout is not None
    try:
        server = ServeProcess(process, log)
        server.port = int(await server.told(rf"^Pilothouse serves http://{HOST}:(\d+)\n"))
        yield server
    finally:
        process.kill()
        with trio.move_on_after(5, shield=True):
            await process.wait()
            await process.stdout.aclose()
