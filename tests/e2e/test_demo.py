"""The demo, started as the README says, looked at, and stopped with Ctrl+C."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from viewer_page import ViewerPage
from waiting import wait_until

ROOT = Path(__file__).parents[2]
NOT_THE_DEMOS = ("PYTHONSAFEPATH", "NOX_CURRENT_SESSION", "DISPLAY")
_DISPLAY = re.compile(r"DISPLAY=:(\d+)")


@pytest.mark.timeout(400)
def test_demo_shows_an_agent_at_work_and_leaves_nothing_behind(page: Page) -> None:
    # Not tmp_path: sockets must have short names.
    temporary = Path(tempfile.mkdtemp(prefix="demo-", dir="/tmp"))
    # Everything that the demo starts has this directory in its environment, and its temporary files in it.
    environment = {
        **{name: value for name, value in os.environ.items() if name not in NOT_THE_DEMOS},
        "TMPDIR": str(temporary),
        "PILOTHOUSE_PORT": "0",
    }
    demo = subprocess.Popen(
        [sys.executable, "noxfile.py", "-s", "demo"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        url = _printed_url(demo)
        assert re.search(r"&token=pht_", url), "a token, and no key"
        steps = _steps_told_to(page)
        view = ViewerPage(page)
        view.open(url)
        _wait_for_steps(page, steps, 4)
        expect(view.line).to_have_text(re.compile(r"^Agent: step \d+ of 28 · "))
        display = _files_of_displays(temporary)
        assert display, "the demo's browser has no display"
        view.take()
        expect(view.line).to_have_text(re.compile(r"^The agent waits at step \d+ of 28 · "))
        until_then = len(steps)
        # Longer than the agent lets pass between two steps.
        page.wait_for_timeout(4_000)
        assert steps[until_then:] == []
        view.give_back()
        _wait_for_steps(page, steps, until_then + 4)
        assert {step["status"] for step in steps} == {"started", "done"}
    finally:
        os.killpg(demo.pid, signal.SIGINT)
        output, _ = demo.communicate(timeout=5)
    assert demo.returncode == 0, output
    wait_until(lambda: not _processes_with(temporary), seconds=0.5)
    port = int(re.findall(r":(\d+)/", url)[0])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    temporary.rmdir()  # fails unless it is empty
    assert not [path for path, identity in display.items() if _identity(path) == identity]


def _steps_told_to(page: Page) -> list[dict[str, Any]]:
    """What the agent tells the page of its steps, from now on."""
    steps: list[dict[str, Any]] = []

    def hear(payload: str | bytes) -> None:
        message = json.loads(payload) if isinstance(payload, str) else {}
        if message.get("kind") == "agent-step":
            steps.append(message)

    page.on("websocket", lambda socket: socket.on("framereceived", hear))
    return steps


def _wait_for_steps(page: Page, steps: list[dict[str, Any]], count: int) -> None:
    for _ in range(600):
        if len(steps) >= count:
            return
        page.wait_for_timeout(50)  # in which Playwright hears
    raise AssertionError(f"the agent has told of no more than this: {steps}")


def _printed_url(demo: "subprocess.Popen[str]") -> str:
    assert demo.stdout is not None
    lines = []
    for line in demo.stdout:
        lines.append(line)
        if found := re.search(r"http://\S+#session=\S+", line):
            return found[0]
    raise AssertionError("the demo ended without a URL:\n" + "".join(lines))


def _processes_with(directory: Path) -> list[str]:
    return [name for name, _ in _environments_with(directory)]


def _environments_with(directory: Path) -> Iterator[tuple[str, list[str]]]:
    """The name and the environment of each process that has a directory in its environment."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_text(errors="replace")
            if f"={directory}" in environment:
                yield (process / "comm").read_text().strip(), environment.split("\0")
        except OSError:
            continue  # gone already


def _files_of_displays(directory: Path) -> dict[str, tuple[int, ...]]:
    """Locks and sockets of the displays of processes that have a directory in their environment.

    Other displays come and go meanwhile, and one of them may have the same number later: so each file has its identity.
    """
    variables = [variable for _, environment in _environments_with(directory) for variable in environment]
    displays = {found[1] for variable in variables if (found := _DISPLAY.match(variable))}
    paths = [path for number in displays for path in (f"/tmp/.X{number}-lock", f"/tmp/.X11-unix/X{number}")]
    return {path: identity for path in paths if (identity := _identity(path))}


def _identity(path: str) -> tuple[int, ...] | None:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino, status.st_ctime_ns
