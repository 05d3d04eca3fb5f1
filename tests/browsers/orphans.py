"""Stops a program as process 1 of a container would, and says how many zombies are left. Run by a test."""

from __future__ import annotations

import ctypes
import os
import signal

import trio
from session_processes import until

from pilothouse.browsers.process_group import start_process_group
from pilothouse.browsers.process_table import count_members

PR_SET_CHILD_SUBREAPER = 36


async def main() -> None:
    async with trio.open_nursery() as nursery:
        group = await start_process_group(
            nursery, "sh", ["/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait"], environment=dict(os.environ)
        )
        await until(lambda: count_members(group.pid) == 3)
        os.kill(group.pid, signal.SIGKILL)
        await group.wait_ended()
        await group.stop()


ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
trio.run(main)
try:
    os.waitpid(-1, os.WNOHANG)
    print("there is a child left")
except ChildProcessError:
    print("no child is left")
