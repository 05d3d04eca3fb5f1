from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import pytest
import trio

from pilothouse.browsers.display import DisplayFiles, write_authority
from pilothouse.browsers.programs import Programs
from pilothouse.browsers.provider import BrowserSpec
from pilothouse.browsers.run_directory import RunDirectory
from pilothouse.browsers.vnc_server import start_vnc_server

SPEC = BrowserSpec("pbs_1", width=64, height=48)


def test_the_authority_file_is_one_wildcard_entry_with_a_cookie_of_its_own(tmp_path: Path) -> None:
    cookies = set()
    for name in ("a", "b"):
        write_authority(tmp_path / name)
        data = (tmp_path / name).read_bytes()
        assert data[:26] == bytes.fromhex("ffff 0000 0000 0012") + b"MIT-MAGIC-COOKIE-1"
        assert data[26:28] == b"\0\x10"
        cookies.add(data[28:])
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert {len(cookie) for cookie in cookies} == {16}
    assert len(cookies) == 2


async def test_the_display_is_for_those_who_know_the_cookie(base_directory: Path) -> None:
    async with trio.open_nursery() as nursery:
        programs = Programs(nursery, RunDirectory.create(base_directory))
        try:
            with trio.fail_after(10):
                display = await start_vnc_server(programs, "Xvnc", SPEC)
                cookie = programs.directory.authority.read_bytes()[-16:]
                assert await connect_to_display(display, cookie) == "accepted"
                assert await connect_to_display(display, bytes(16)) == "refused"
                assert await connect_to_display(display, b"") == "refused"
        finally:
            await programs.stop()
            programs.directory.remove()


async def connect_to_display(display: int, cookie: bytes) -> str:
    name = b"MIT-MAGIC-COOKIE-1" if cookie else b""
    request = struct.pack("<BxHHHHxx", ord("l"), 11, 0, len(name), len(cookie)) + name + bytes(-len(name) % 4) + cookie
    async with await trio.open_unix_socket(f"/tmp/.X11-unix/X{display}") as stream:
        await stream.send_all(request)
        return {0: "refused", 1: "accepted"}[(await stream.receive_some(1))[0]]


async def test_many_displays_that_start_together_do_not_collide(base_directory: Path) -> None:
    displays = []

    async def run(programs: Programs) -> None:
        displays.append(await start_vnc_server(programs, "Xvnc", SPEC))

    async with trio.open_nursery() as owner:
        sessions = [Programs(owner, RunDirectory.create(base_directory)) for _ in range(6)]
        try:
            with trio.fail_after(20):
                async with trio.open_nursery() as nursery:
                    for programs in sessions:
                        nursery.start_soon(run, programs)
            # The number alone proves nothing: each display has to know its own session's cookie.
            for programs in sessions:
                assert programs.directory.record.display is not None
                number = int(programs.directory.record.display.socket.rpartition("X")[2])
                assert await connect_to_display(number, programs.directory.authority.read_bytes()[-16:]) == "accepted"
        finally:
            for programs in sessions:
                await programs.stop()
                programs.directory.remove()
    assert len(set(displays)) == 6


@pytest.fixture
def files(tmp_path: Path) -> DisplayFiles:
    """Those of a server that is gone, in a place where they are nobody else's business."""
    (tmp_path / ".X11-unix").mkdir()
    listen(tmp_path / ".X11-unix" / "X7")
    (tmp_path / ".X7-lock").write_text(f"{4711:10d}\n")
    return DisplayFiles.of(7, 4711, root=tmp_path)


def listen(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def test_a_killed_servers_files_are_removed(files: DisplayFiles) -> None:
    files.remove()
    assert not os.path.exists(files.lock)
    assert not os.path.exists(files.socket)
    files.remove()


def test_a_later_servers_files_are_left_alone(files: DisplayFiles) -> None:
    os.unlink(files.socket)
    listen(Path(files.socket))
    Path(files.lock).write_text(f"{4712:10d}\n")
    files.remove()
    assert os.path.exists(files.lock)
    assert os.path.exists(files.socket)


def test_a_server_without_a_socket_leaves_nothing_to_remove(tmp_path: Path) -> None:
    (tmp_path / ".X11-unix").mkdir()
    files = DisplayFiles.of(7, 4711, root=tmp_path)
    listen(Path(files.socket))
    files.remove()
    assert os.path.exists(files.socket)
