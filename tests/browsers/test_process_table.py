from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilothouse.browsers.process_table import ProcessIdentity, count_members, kill_marked


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Its name looks like the fields that follow a name in /proc."""
    program = tmp_path / ") Z 1 (1) ("
    shutil.copy("/bin/sleep", program)
    environment = {**os.environ, "A_MARK": str(tmp_path)}
    with subprocess.Popen([program, "1000"], env=environment, start_new_session=True) as running:
        yield running
        running.kill()


def test_an_identity_ends_with_its_process(process: subprocess.Popen[bytes]) -> None:
    identity = ProcessIdentity.of(process.pid)
    assert identity is not None
    assert identity.is_alive()
    assert not ProcessIdentity(process.pid, identity.start_time + 1).is_alive()
    assert count_members(process.pid) == 1
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not identity.is_alive(), "a zombie does not run"
    assert count_members(process.pid) == 0
    process.wait()
    assert ProcessIdentity.of(process.pid) is None


def test_our_own_identity_is_that_of_our_process_id() -> None:
    assert ProcessIdentity.own() == ProcessIdentity.of(os.getpid())


def test_only_the_marked_are_killed(process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert kill_marked(f"A_MARK={tmp_path}/") == 0
    assert kill_marked(f"A_MARK={tmp_path.parent}") == 0
    assert process.poll() is None
    assert kill_marked(f"A_MARK={tmp_path}") == 1
    assert process.wait(5) == -9
    assert kill_marked(f"A_MARK={tmp_path}") == 0
