"""The programs of one session: started one after the other, stopped in the opposite order."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from functools import partial

import trio

from pilothouse.browsers.process_group import KILL_SECONDS, ProcessGroup, start_process_group
from pilothouse.browsers.process_table import kill_marked
from pilothouse.browsers.run_directory import MARKER, RunDirectory
from pilothouse.browsers.threads import in_thread, repeat_in_thread

_log = logging.getLogger(__name__)

# Not the rest: a program that shows strangers' pages has no business with our credentials.
_PASSED_ON = ("PATH", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH")
_PASSED_ON_PREFIXES = ("LC_",)
_PASSED_ON_SUFFIXES = ("_proxy", "_PROXY")


class Programs:
    """What one session runs.

    Attributes:
        directory: holds all that the programs write.
        environment: variables for each of them.
    """

    def __init__(self, nursery: trio.Nursery, directory: RunDirectory) -> None:
        self.directory = directory
        self.environment = _environment(directory)
        self._nursery = nursery
        self._groups: list[ProcessGroup] = []

    async def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], pass_fds: Sequence[int] = ()
    ) -> ProcessGroup:
        """Start a program, and write down that it is ours.

        Raises:
            BrowserFailed: it cannot be started.
        """
        group = await start_process_group(self._nursery, name, command, environment=environment, pass_fds=pass_fds)
        self._groups.append(group)
        if group.identity is not None:
            self.directory.record.groups.append(group.identity)
            await in_thread(self.directory.save)
        return group

    async def wait_gone(self) -> str:
        """Wait until one of them has ended by itself, and say which one and how."""
        async with trio.open_nursery() as nursery:
            for group in self._groups:
                nursery.start_soon(self._wait_ended, group, nursery.cancel_scope)
        # The first one that was started takes the others with it, so it is to blame when several have ended.
        return next(group.how_it_ended for group in self._groups if group.how_it_ended is not None)

    async def _wait_ended(self, group: ProcessGroup, others: trio.CancelScope) -> None:
        await group.wait_ended()
        others.cancel()

    async def stop(self) -> None:
        """Stop them all. Call it shielded."""
        for group in reversed(self._groups):
            await group.stop()
        # Chromium's crash handlers leave its process group and session on purpose.
        if not await repeat_in_thread(partial(kill_marked, self.directory.marker), seconds=KILL_SECONDS):
            _log.error("processes of %s cannot be killed", self.directory.path)


def _environment(directory: RunDirectory) -> dict[str, str]:
    passed_on = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES) or name.endswith(_PASSED_ON_SUFFIXES)
    }
    return {
        **passed_on,
        MARKER: str(directory.path),
        "HOME": str(directory.home),
        "TMPDIR": str(directory.temporary),
        "XAUTHORITY": str(directory.authority),
    }
