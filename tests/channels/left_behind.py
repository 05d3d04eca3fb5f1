"""What a test leaves behind: tasks and open files."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress

import trio


def tasks() -> Counter[str]:
    """Every task of this Trio run, by name."""
    root = trio.lowlevel.current_root_task()
    assert root is not None
    found: Counter[str] = Counter()
    waiting = [root]
    while waiting:
        task = waiting.pop()
        found[task.name] += 1
        for nursery in task.child_nurseries:
            waiting += nursery.child_tasks
    return found


def open_files() -> Counter[str]:
    """Every open file descriptor of this process, by what kind of thing it is."""
    found: Counter[str] = Counter()
    for number in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the descriptor with which the directory itself was read
            found[os.readlink(f"/proc/self/fd/{number}").partition(":[")[0]] += 1
    return found
