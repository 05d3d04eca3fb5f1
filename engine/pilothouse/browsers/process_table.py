"""Processes as the kernel lists them in /proc: who a process is, and which ones belong together."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import attrs

_PROC = Path("/proc")
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)
_DEAD = frozenset("ZX")
_DEATH_MILLISECONDS = 1000


@attrs.frozen
class ProcessIdentity:
    """One process and no other: process ids are used again, together with the start time they are not.

    Attributes:
        pid: the process id.
        start_time: in clock ticks since the machine was booted.
    """

    pid: int
    start_time: int

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        """The identity of a process, or None when there is none of this id, or only a zombie."""
        status = _status(pid)
        return None if status is None else cls(pid, status.start_time)

    @classmethod
    def own(cls) -> ProcessIdentity:
        """The identity of this process."""
        return cls(os.getpid(), _parse((_PROC / "self" / "stat").read_text()).start_time)

    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        return self.of(self.pid) == self


@attrs.frozen
class _Status:
    is_dead: bool
    group: int
    start_time: int


def count_members(group: int) -> int:
    """How many processes of this process group still run; zombies do not count."""
    return sum(status is not None and status.group == group for status in map(_status, _pids()))


def kill_marked(marker: str) -> int:
    """Kill every process that was started with an environment variable, and wait until it is dead.

    Args:
        marker: `NAME=value`.

    Returns:
        How many there were.
    """
    return sum(_kill_if_marked(pid, os.fsencode(marker)) for pid in _pids())


def _pids() -> Iterator[int]:
    return (int(name) for name in os.listdir(_PROC) if name.isdigit())


def _status(pid: int) -> _Status | None:
    try:
        status = _parse((_PROC / str(pid) / "stat").read_text())
    except _GONE:
        return None
    return None if status.is_dead else status


def _parse(text: str) -> _Status:
    # proc(5): the second field is the program's name in parentheses, and may itself hold spaces and parentheses.
    fields = text.rpartition(")")[2].split()
    return _Status(is_dead=fields[0] in _DEAD, group=int(fields[2]), start_time=int(fields[19]))


def _kill_if_marked(pid: int, marker: bytes) -> bool:
    with suppress(*_GONE):
        # The descriptor names this process even if its id is used again before the signal is sent.
        pidfd = os.pidfd_open(pid)
        try:
            if marker in (_PROC / str(pid) / "environ").read_bytes().split(b"\0"):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                _wait_ended(pidfd)
                return True
        finally:
            os.close(pidfd)
    return False


def _wait_ended(pidfd: int) -> None:
    """A process that dies has no environment any more, so it would not be found a second time."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    poll.poll(_DEATH_MILLISECONDS)
