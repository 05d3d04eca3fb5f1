"""Processes: started and ended, and what they cost."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_PROCESS_CLOCK = 2  # CPUCLOCK_SCHED: all threads of a process, also those that have ended


class DidNotStart(Exception):
    """A process ended, or did not listen in time."""


@contextmanager
def python(*arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run this Python with these arguments; its output is readable, its log is thrown away."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    """What a process says when it is ready."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise DidNotStart(str(process.args))
    return line.strip()


def free_port() -> int:
    """A port for a server that cannot choose one itself."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_until_listening(process: subprocess.Popen[str], port: int) -> None:
    """Wait until somebody accepts connections at the port."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            pass
        try:
            process.wait(0.02)
            break
        except subprocess.TimeoutExpired:
            pass  # still starting
    raise DidNotStart(str(process.args))


@attrs.frozen
class Cores:
    """Which processor cores are whose.

    Attributes:
        load: the client's and the upstream's.
        proxies: all others; the same one when there is only one.
    """

    load: set[int]
    proxies: set[int]

    @classmethod
    def of_this_machine(cls) -> Cores:
        """Those that this process may use."""
        first, *others = sorted(os.sched_getaffinity(0))
        return cls({first}, set(others) or {first})


@contextmanager
def staying_on(cores: set[int]) -> Iterator[None]:
    """Keep this process, and what it starts meanwhile, on some cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def move(pids: list[int], cores: set[int]) -> None:
    """Move processes with all their threads."""
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), cores)


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    children = (child for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split())
    return [pid, *(member for child in children for member in family(int(child)))]


def cpu_seconds(pids: list[int]) -> float:
    """The CPU time that these processes have used, in user space and in the kernel, to the nanosecond."""
    return sum(time.clock_gettime((~pid << 3) | _PROCESS_CLOCK) for pid in pids)


def memory_kib(pids: list[int]) -> int:
    """The proportional set size of these processes: pages that several share count for each with its share."""
    return sum(_pss(pid) for pid in pids)


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise ValueError(f"no Pss of process {pid}")
