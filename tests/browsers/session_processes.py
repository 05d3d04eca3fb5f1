"""Which processes belong to a session, found without asking the code under test."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import attrs
import trio
import trio.lowlevel


@attrs.frozen
class Process:
    pid: int
    start_time: str
    group: int
    command: str

    def is_alive(self) -> bool:
        return any(process == self for process in living())


def living() -> list[Process]:
    """Every process of this machine that is no zombie."""
    lines = subprocess.run(
        ["ps", "-e", "-ww", "-o", "pid=,pgid=,state=,args="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    fields = (line.split(None, 3) for line in lines)
    return [
        Process(int(pid), _start_time(pid), int(group), command)
        for pid, group, state, command in fields
        if state != "Z"
    ]


def processes_of(run_directory: Path) -> list[Process]:
    """Those in the session's process groups, and those that have the directory in arguments or environment."""
    name = str(run_directory)
    groups = {group["pid"] for group in recorded(run_directory)}
    return [
        process
        for process in living()
        if process.group in groups or name in process.command or name in _environment(process.pid)
    ]


def mentioning(run_directory: Path) -> list[Process]:
    name = str(run_directory)
    return [process for process in living() if name in process.command or name in _environment(process.pid)]


def recorded(run_directory: Path) -> list[dict[str, int]]:
    """The process groups of the record: Xvnc's is the first, Chromium's the second."""
    try:
        return list(json.loads((run_directory / "processes.json").read_text())["groups"])
    except FileNotFoundError:
        return []


@attrs.frozen
class DisplaySocket:
    """One X server's socket, and not that of the next server that takes the same number."""

    path: str
    inode: int
    changed: int

    @classmethod
    def at(cls, path: str) -> DisplaySocket:
        status = os.lstat(path)
        return cls(path, status.st_ino, status.st_ctime_ns)

    def exists(self) -> bool:
        try:
            return self.at(self.path) == self
        except FileNotFoundError:
            return False


def display_socket(run_directory: Path) -> DisplaySocket:
    """Found by looking at what Xvnc listens on."""
    xvnc = recorded(run_directory)[0]["pid"]
    lines = subprocess.run(["ss", "-Hlxp"], capture_output=True, text=True, check=True).stdout.splitlines()
    ours = {line.split()[4] for line in lines if f"pid={xvnc}," in line}
    (path,) = (address for address in ours if address.startswith("/tmp/.X11-unix/"))
    return DisplaySocket.at(path)


def run_directory_in(base_directory: Path) -> Path:
    """The only one."""
    (found,) = base_directory.glob("pilothouse-*")
    return found


async def until(condition: Callable[[], object]) -> None:
    with trio.fail_after(10):
        while not condition():
            await trio.lowlevel.checkpoint()


def _start_time(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return "has ended"


def _environment(pid: int) -> str:
    try:
        return os.fsdecode(Path(f"/proc/{pid}/environ").read_bytes())
    except OSError:
        return ""
