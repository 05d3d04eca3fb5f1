"""What a server that was killed has left behind."""

from __future__ import annotations

import logging
import os
import signal
from contextlib import suppress
from functools import partial
from pathlib import Path

from pilothouse.browsers.local import default_base_directory
from pilothouse.browsers.process_group import KILL_SECONDS
from pilothouse.browsers.process_table import kill_marked
from pilothouse.browsers.run_directory import RunDirectory
from pilothouse.browsers.threads import in_thread, repeat_in_thread

_log = logging.getLogger(__name__)


async def reap_leftovers(base_directory: Path | None = None) -> int:
    """Kill the browsers whose server is gone, and remove what they left; those of running servers are left alone.

    Args:
        base_directory: as in `LocalBrowsers`. It must not be shared between containers, which cannot see each other's
            servers.

    Returns:
        How many browsers' leftovers were removed.
    """
    found = await in_thread(partial(RunDirectory.find, base_directory or default_base_directory()))
    leftovers = [directory for directory in found if not directory.record.owner.is_alive()]
    for directory in leftovers:
        await repeat_in_thread(partial(_kill, directory), seconds=KILL_SECONDS)
        await in_thread(directory.remove)
        _log.warning("removed what a browser of a server that is gone had left in %s", directory.path)
    return len(leftovers)


def _kill(directory: RunDirectory) -> int:
    """Kill what still runs; the number of signals that were sent."""
    living = [leader for leader in directory.record.groups if leader.is_alive()]
    for leader in living:
        with suppress(ProcessLookupError):
            os.killpg(leader.pid, signal.SIGKILL)
    return len(living) + kill_marked(directory.marker)
