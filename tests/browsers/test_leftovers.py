from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from session_processes import display_socket, mentioning, processes_of, recorded, run_directory_in

from pilothouse.browsers.leftovers import reap_leftovers
from pilothouse.browsers.process_table import ProcessIdentity
from pilothouse.browsers.run_directory import RunDirectory

GONE = ProcessIdentity(pid=os.getpid(), start_time=1)
"""An owner whose process id has been given to somebody else since: to us."""


@asynccontextmanager
async def server(base_directory: Path) -> AsyncIterator[tuple[trio.Process, Path]]:
    """A server in a process of its own, and the run directory of its browser."""
    command = [sys.executable, str(Path(__file__).with_name("owner.py")), str(base_directory)]
    process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with process.stdout:
            with trio.fail_after(15):
                assert (await process.stdout.receive_some()).startswith(b"running")
            yield process, run_directory_in(base_directory)
    finally:
        with trio.move_on_after(15, shield=True):
            process.kill()
            await process.wait()
            await reap_leftovers(base_directory)


async def test_what_a_killed_server_left_is_killed_and_removed(base_directory: Path) -> None:
    async with server(base_directory) as (process, directory):
        processes = processes_of(directory)
        display = display_socket(directory)
        assert display.exists()

        assert await reap_leftovers(base_directory) == 0, "a running server's browser is left alone"
        assert all(process.is_alive() for process in processes if process.pid == process.group)

        process.kill()
        await process.wait()
        assert len(processes_of(directory)) > 5, "they all outlive their server"
        assert await reap_leftovers(base_directory) == 1
    assert [process for process in processes if process.is_alive()] == []
    assert mentioning(directory) == []
    assert not directory.exists()
    assert not display.exists()
    assert await reap_leftovers(base_directory) == 0


@pytest.fixture
async def bystander() -> AsyncIterator[ProcessIdentity]:
    """A process that has nothing to do with browsers, leader of its own group."""
    async with bystander_with(dict(os.environ)) as identity:
        yield identity


@asynccontextmanager
async def bystander_with(environment: dict[str, str]) -> AsyncIterator[ProcessIdentity]:
    process = await trio.lowlevel.open_process(["sleep", "1000"], env=environment, start_new_session=True)
    try:
        identity = ProcessIdentity.of(process.pid)
        assert identity is not None
        yield identity
    finally:
        with trio.move_on_after(5, shield=True):
            process.kill()
            await process.wait()


async def test_a_process_that_only_has_the_same_id_is_not_killed(
    base_directory: Path, bystander: ProcessIdentity
) -> None:
    directory = leave_behind(base_directory, ProcessIdentity(bystander.pid, bystander.start_time - 1))
    assert await reap_leftovers(base_directory) == 1
    assert not directory.path.exists()
    assert bystander.is_alive()


async def test_the_very_same_process_is_killed(base_directory: Path, bystander: ProcessIdentity) -> None:
    leave_behind(base_directory, bystander)
    assert await reap_leftovers(base_directory) == 1
    assert not bystander.is_alive()


async def test_what_has_left_its_group_is_killed_too(base_directory: Path) -> None:
    directory = leave_behind(base_directory)
    name, _, value = directory.marker.partition("=")
    async with bystander_with({**os.environ, name: value}) as stray:
        assert await reap_leftovers(base_directory) == 1
        assert not stray.is_alive()


def open_to_others(path: Path) -> None:
    path.chmod(0o755)


def owned_by_another(path: Path) -> None:
    os.chown(path, 65534, -1)


@pytest.mark.parametrize(
    # Only root can read another user's private directory, and only root can make one.
    "spoil",
    [open_to_others, owned_by_another] if os.geteuid() == 0 else [open_to_others],
)
async def test_a_record_that_others_could_have_written_is_not_believed(
    base_directory: Path, bystander: ProcessIdentity, spoil: Callable[[Path], None]
) -> None:
    directory = leave_behind(base_directory, bystander)
    spoil(directory.path)
    assert await reap_leftovers(base_directory) == 0
    assert bystander.is_alive()
    shutil.rmtree(directory.path)


@pytest.mark.parametrize("record", [b"", b"[]", b"{", b'{"owner": 1}', b'{"owner": {"pid": "x", "start_time": 0}}'])
async def test_directories_that_are_not_ours_are_left_alone(base_directory: Path, record: bytes) -> None:
    directory = leave_behind(base_directory)
    (directory.path / "processes.json").write_bytes(record)
    elsewhere = base_directory / "pilothouse-data"
    elsewhere.mkdir(mode=0o700)
    (base_directory / "pilothouse-link").symlink_to(elsewhere)
    (base_directory / "pilothouse-file").touch()
    assert await reap_leftovers(base_directory) == 0
    for path in (directory.path, elsewhere):
        shutil.rmtree(path)
    for name in ("pilothouse-link", "pilothouse-file"):
        (base_directory / name).unlink()


async def test_a_directory_knows_its_processes_before_they_are_ready(base_directory: Path) -> None:
    directory = RunDirectory.create(base_directory)
    directory.record.groups.append(GONE)
    directory.save()
    assert recorded(directory.path) == [{"pid": GONE.pid, "start_time": 1}]
    assert [found.record for found in RunDirectory.find(base_directory)] == [directory.record]
    directory.remove()


def leave_behind(base_directory: Path, *leaders: ProcessIdentity) -> RunDirectory:
    directory = RunDirectory.create(base_directory)
    directory.record.owner = GONE
    directory.record.groups.extend(leaders)
    directory.save()
    return directory
