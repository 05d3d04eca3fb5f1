"""A second process that locks the database, as another program might."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import trio

_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
if sys.argv[2] == "everything":
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
connection.execute("BEGIN EXCLUSIVE")
connection.execute("UPDATE organizations SET name = name")
sys.stdout.write("locked\\n")
sys.stdout.flush()
sys.stdin.read()
"""


class Lock:
    """The lock of another process; `release` ends it early."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process

    async def release(self) -> None:
        assert self._process.stdin is not None
        await self._process.stdin.aclose()
        await self._process.wait()


@contextlib.asynccontextmanager
async def locked_by_another_process(path: Path, what: str = "everything") -> AsyncIterator[Lock]:
    """Hold a lock on the database: against `writes`, or against `everything`."""
    command = [sys.executable, "-c", _LOCK, str(path), what]
    process = await trio.lowlevel.open_process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    lock = Lock(process)
    try:
        assert process.stdout is not None
        with trio.fail_after(10):
            said = await process.stdout.receive_some()
        assert said == b"locked\n"
        yield lock
    finally:
        with trio.move_on_after(10, shield=True):
            await lock.release()
            await process.stdout.aclose()
