from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from session_processes import living, until

from pilothouse.browsers.errors import BrowserFailed
from pilothouse.browsers.process_group import ProcessGroup, start_process_group


@asynccontextmanager
async def running(script: str) -> AsyncIterator[ProcessGroup]:
    async with trio.open_nursery() as nursery:
        group = await start_process_group(
            nursery, "The program", ["/bin/sh", "-c", script], environment=dict(os.environ)
        )
        try:
            yield group
        finally:
            await group.stop()


def members(group: ProcessGroup) -> int:
    return sum(process.group == group.pid for process in living())


@pytest.mark.parametrize(
    ("script", "how"),
    [
        ("exit 0", "exited with code 0"),
        ("exit 7", "exited with code 7"),
        ("kill -9 $$", "was killed by SIGKILL"),
        ("kill -35 $$", "was killed by signal 35"),
    ],
)
async def test_says_how_a_program_ended_to_all_who_wait(script: str, how: str) -> None:
    reasons = []

    async def wait(group: ProcessGroup) -> None:
        reasons.append(await group.wait_ended())

    with trio.fail_after(5):
        async with running(script) as group, trio.open_nursery() as nursery:
            nursery.start_soon(wait, group)
            nursery.start_soon(wait, group)
        assert await group.wait_ended() == f"The program {how}", "and still knows when it has been reaped"
    assert reasons == [f"The program {how}"] * 2


async def test_stop_ends_everything_that_the_program_has_started() -> None:
    with trio.fail_after(5):
        async with running("sleep 1000 & sh -c 'sleep 1000 & wait' & wait") as group:
            await until(lambda: members(group) == 4)
        assert members(group) == 0


async def test_what_a_killed_program_has_started_is_ended_too() -> None:
    with trio.fail_after(5):
        async with running("trap '' TERM; sleep 1000 & sleep 1000 & wait") as group:
            await until(lambda: members(group) == 3)
            os.kill(group.pid, signal.SIGKILL)
            await group.wait_ended()
            assert members(group) == 2
        assert members(group) == 0


async def test_who_ignores_sigterm_is_killed_after_3_seconds() -> None:
    began = trio.current_time()
    with trio.fail_after(10):
        async with running("trap '' TERM; echo ready >&2; while :; do sleep 1000; done") as group:
            await until(lambda: members(group) == 2)
            began = trio.current_time()
    assert 3 <= trio.current_time() - began < 5
    assert members(group) == 0
    assert await group.wait_ended() == "The program was killed by SIGKILL"


async def test_keeps_the_last_lines_and_not_all_of_them() -> None:
    script = """
        i=0; while [ $i -lt 3000 ]; do echo "a line that nobody needs $i" >&2; i=$((i+1)); done
        head -c 200000 /dev/zero | tr '\\0' 'x' >&2
        printf '\\n\\ntab\\there \\033[31m\\377\\nlast, without a newline' >&2; exit 1
    """
    with trio.fail_after(10):
        async with running(script) as group:
            reason = (await group.failure()).reason
    assert reason.startswith("The program exited with code 1: a line that nobody needs 2998 | ")
    assert reason.endswith(" | tab?here ?[31m\N{REPLACEMENT CHARACTER} | last, without a newline")
    assert len(reason) < 1000


async def test_failure_does_not_wait_for_somebody_who_holds_stderr_open() -> None:
    with trio.fail_after(5):
        async with running("(trap '' TERM; sleep 1000) & echo oh >&2; exit 1") as group:
            await group.wait_ended()
            with pytest.raises(BrowserFailed, match=r"^The program exited with code 1: oh$"):
                await group.check_running()


async def test_a_running_program_has_not_failed() -> None:
    async with running("exec sleep 1000") as group:
        await group.check_running()
        assert group.how_it_ended is None


async def test_what_cannot_be_started_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_text("no program")
    async with trio.open_nursery() as nursery:
        with pytest.raises(BrowserFailed, match=r"^X was not found \(/no/such\)$"):
            await start_process_group(nursery, "X", ["/no/such"], environment={})
        with pytest.raises(BrowserFailed, match=r"^X could not be started: Permission denied$"):
            await start_process_group(nursery, "X", [str(data)], environment={})


async def test_process_1_of_a_container_keeps_no_zombies() -> None:
    """The test's own process is none, so another one makes itself the one that orphans go to."""
    result = await trio.run_process(
        [sys.executable, Path(__file__).with_name("orphans.py")],
        # The script's neighbours, which a safe path hides.
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        capture_stdout=True,
        check=False,
        stderr=subprocess.STDOUT,
    )
    assert result.stdout.decode() == "no child is left\n"
