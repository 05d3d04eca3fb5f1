"""Programs of agents, each in a process of its own, as their authors would start them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NODE_MODULES = ROOT / "app" / "frontend" / "node_modules"

SECONDS = 60.0


class AgentScript:
    """A program under way."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def expect_busy(self, seconds: float) -> None:
        """For so long it is neither through nor broken."""
        try:
            said, complained = self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return
        raise AssertionError(f"it ended with {self._process.returncode}: {said}{complained}")

    def result(self) -> Any:
        """What it says at its end."""
        said, complained = self._process.communicate(timeout=SECONDS)
        assert self._process.returncode == 0, complained
        return json.loads(said)


@contextmanager
def running(script: Path, *arguments: str, **environment: str) -> Iterator[AgentScript]:
    """Run a script of Python or JavaScript while the context lasts.

    Args:
        script: JavaScript is copied to a folder of its own, beside `node_modules`, where Node.js looks for packages.
        arguments: of the script; the last one is such a folder.
        environment: what is different from ours.
    """
    if script.suffix == ".mjs":
        folder = Path(arguments[-1])
        (folder / "node_modules").exists() or (folder / "node_modules").symlink_to(NODE_MODULES)
        command = [shutil.which("node", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}") or "node"]
        command.append(str(shutil.copy(script, folder)))
    else:
        command = [sys.executable, str(script)]
    process = subprocess.Popen(
        [*command, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield AgentScript(process)
    finally:
        process.kill()
        process.communicate()
