"""What a process holds, counted, so that a test can see that something left nothing behind."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import attrs
import trio
from eventually import eventually


@attrs.frozen
class Footprint:
    """The tasks of this Trio run by name, and the open files of this process by what they are."""

    tasks: Counter[str]
    files: Counter[str]

    @classmethod
    def now(cls) -> Footprint:
        """Count."""
        return cls(_tasks(), _files())

    async def fits_again(self) -> None:
        """Wait until there is no task and no open file more than now."""
        try:
            await eventually(lambda: not any(self._too_much()), seconds=5)
        except trio.TooSlowError:
            tasks, files = self._too_much()
            raise AssertionError(f"left behind: tasks {dict(tasks)}, files {dict(files)}") from None

    def _too_much(self) -> tuple[Counter[str], Counter[str]]:
        current = Footprint.now()
        return current.tasks - self.tasks, current.files - self.files


def _tasks() -> Counter[str]:
    root = trio.lowlevel.current_root_task()
    assert root is not None
    found, tasks = Counter[str](), [root]
    while tasks:
        task = tasks.pop()
        found[task.name] += 1
        tasks += [child for nursery in task.child_nurseries for child in nursery.child_tasks]
    return found


def _files() -> Counter[str]:
    kinds = Counter[str]()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            target = os.readlink(descriptor)
        except FileNotFoundError:
            continue  # the directory's own, closed by now
        # A socket's number says nothing to a reader, and is another one each time.
        kinds[target.partition(":[")[0]] += 1
    return kinds
