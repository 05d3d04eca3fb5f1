"""A program and all that it starts, in a process group of its own.

The program is the group's leader, and it is not reaped before the whole group has been killed: as long as it is at
least a zombie, the kernel gives its number to nobody else, so that a signal to the group cannot hit strangers. That is
why nothing here asks `trio.Process` for its return code, which would reap.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

import trio

from pilothouse.browsers.errors import BrowserFailed
from pilothouse.browsers.process_table import ProcessIdentity, count_members
from pilothouse.browsers.threads import repeat_in_thread

TERMINATE_SECONDS = 3.0
KILL_SECONDS = 2.0

_LAST_LINES = 5
_LONGEST_LINE = 300
_DRAIN_SECONDS = 0.5

_log = logging.getLogger(__name__)


class ProcessGroup:
    """A started program. Made by `start_process_group`, whose caller has to call `stop`.

    Attributes:
        name: of the program, for people.
        pid: the leader's process id, which is the group's too.
        identity: of the group's leader; None when it had ended before anybody could look.
    """

    def __init__(self, name: str, process: trio.Process) -> None:
        self.name = name
        self._process = process
        self.pid = process.pid
        self.identity = ProcessIdentity.of(self.pid)
        self._stderr_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._stderr_closed = trio.Event()
        self._how_it_ended: str | None = None

    @property
    def how_it_ended(self) -> str | None:
        """How the program ended, in words for people; None while it runs."""
        if self._how_it_ended is None:
            result = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            if result is not None:
                self._how_it_ended = f"{self.name} {_describe(result)}"
        return self._how_it_ended

    async def wait_ended(self) -> str:
        """Wait until the program has ended, and say how; any number of tasks may wait."""
        while (reason := self.how_it_ended) is None:
            # One descriptor for each who waits: Trio lets only one task wait for a descriptor.
            pidfd = os.pidfd_open(self.pid)
            try:
                await trio.lowlevel.wait_readable(pidfd)
            finally:
                os.close(pidfd)
        return reason

    async def check_running(self) -> None:
        """Raise `failure()` when the program has ended.

        Raises:
            BrowserFailed: it has.
        """
        if self.how_it_ended is not None:
            raise await self.failure()

    async def failure(self) -> BrowserFailed:
        """Wait until the program has ended, and say how, with its last words."""
        reason = await self.wait_ended()
        # What it has started may hold its stderr open.
        with trio.move_on_after(_DRAIN_SECONDS):
            await self._stderr_closed.wait()
        return BrowserFailed(": ".join([reason, " | ".join(self._stderr_lines)]) if self._stderr_lines else reason)

    async def read_stderr(self, stream: trio.abc.ReceiveStream) -> None:
        """Keep the program's last lines; runs as a task until the program closes its end."""
        rest = b""
        async with stream:
            async for chunk in stream:
                *lines, rest = (rest + chunk).split(b"\n")
                rest = rest[:_LONGEST_LINE]
                self._stderr_lines.extend(_printable(line) for line in lines if line.strip())
        if rest.strip():
            self._stderr_lines.append(_printable(rest))
        self._stderr_closed.set()

    async def stop(self) -> None:
        """End the group: SIGTERM first, SIGKILL for what is left after 3 s. Returns when nothing of it runs any more.

        Call it shielded; it takes 5 s at most.
        """
        self._signal(signal.SIGTERM)
        with trio.move_on_after(TERMINATE_SECONDS):
            await self.wait_ended()
        self._signal(signal.SIGKILL)
        if not await repeat_in_thread(partial(count_members, self.pid), seconds=KILL_SECONDS):
            _log.error("%s (process group %d) cannot be killed", self.name, self.pid)
            return
        await self.wait_ended()
        await self._process.wait()
        self._reap_orphans()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def _reap_orphans(self) -> None:
        """Where we are process 1 of a container, the program's orphans have become our children."""
        with suppress(ChildProcessError):
            while os.waitpid(-self.pid, os.WNOHANG)[0]:
                pass


async def start_process_group(
    nursery: trio.Nursery,
    name: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    pass_fds: Sequence[int] = (),
) -> ProcessGroup:
    """Start a program in a session and process group of its own.

    Args:
        nursery: owns the task that reads what the program says on stderr.
        name: of the program, for people.
        command: the program and its arguments.
        environment: all of its variables.
        pass_fds: descriptors that it inherits beside stderr.

    Raises:
        BrowserFailed: it cannot be started.
    """
    try:
        process = await trio.lowlevel.open_process(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            pass_fds=pass_fds,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise BrowserFailed(f"{name} was not found ({command[0]})") from error
    except OSError as error:
        raise BrowserFailed(f"{name} could not be started: {error.strerror}") from error
    group = ProcessGroup(name, process)
    if process.stderr is not None:
        nursery.start_soon(group.read_stderr, process.stderr)
    return group


def _describe(result: os.waitid_result) -> str:
    if result.si_code == os.CLD_EXITED:
        return f"exited with code {result.si_status}"
    try:
        return f"was killed by {signal.Signals(result.si_status).name}"
    except ValueError:
        return f"was killed by signal {result.si_status}"


def _printable(line: bytes) -> str:
    text = line[:_LONGEST_LINE].decode(errors="replace").strip()
    return "".join(character if character.isprintable() else "?" for character in text)
