"""Browsers on this machine: Chromium in an Xvnc of its own, one pair for each session."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import attrs
import trio

from pilothouse.browsers.chromium import find_executable, start_chromium
from pilothouse.browsers.errors import BrowserFailed
from pilothouse.browsers.programs import Programs
from pilothouse.browsers.provider import BrowserSpec
from pilothouse.browsers.run_directory import RunDirectory
from pilothouse.browsers.single_exception import single_exception
from pilothouse.browsers.threads import in_thread
from pilothouse.browsers.vnc_server import start_vnc_server

START_SECONDS = 30.0

_CLEAN_UP_SECONDS = 15.0

_log = logging.getLogger(__name__)


@attrs.frozen
class LocalBrowser:
    """A `RunningBrowser` on this machine."""

    vnc_address: str
    cdp_address: str
    _programs: Programs
    vnc_password: None = None
    vnc_takes_clipboard: bool = True

    async def wait_gone(self) -> str:
        """See `RunningBrowser`."""
        return await self._programs.wait_gone()


class LocalBrowsers:
    """A `BrowserProvider` that starts Xvnc and Chromium, which write nowhere but in a private directory of the session.

    Args:
        base_directory: where the private directories are made, by default the system's for temporary files. A short
            path, because there are sockets in it.
        chromium: name or path of the program; by default the usual names are tried.
        xvnc: name or path of the program.
        start_seconds: how long a browser may take to start.
    """

    def __init__(
        self,
        base_directory: Path | None = None,
        *,
        chromium: str | None = None,
        xvnc: str = "Xvnc",
        start_seconds: float = START_SECONDS,
    ) -> None:
        self._base_directory = base_directory or default_base_directory()
        self._chromium = chromium
        self._xvnc = xvnc
        self._start_seconds = start_seconds

    @asynccontextmanager
    async def start(self, spec: BrowserSpec) -> AsyncIterator[LocalBrowser]:
        """See `BrowserProvider`."""
        executable = find_executable(self._chromium)
        with single_exception():
            async with trio.open_nursery() as nursery:
                directory = await in_thread(partial(RunDirectory.create, self._base_directory))
                programs = Programs(nursery, directory)
                try:
                    yield await self._start(programs, executable, spec)
                finally:
                    with trio.move_on_after(_CLEAN_UP_SECONDS, shield=True):
                        await programs.stop()
                        await in_thread(directory.remove)
                    nursery.cancel_scope.cancel()

    async def _start(self, programs: Programs, executable: str, spec: BrowserSpec) -> LocalBrowser:
        began = trio.current_time()
        with trio.move_on_after(self._start_seconds):
            display = await start_vnc_server(programs, self._xvnc, spec)
            cdp_address = await start_chromium(programs, executable, spec, display)
            _log.info("browser of %s started in %.2f s", spec.session_id, trio.current_time() - began)
            return LocalBrowser(f"unix://{programs.directory.rfb_socket}", cdp_address, programs)
        raise BrowserFailed(f"the browser was not ready within {self._start_seconds:g} s")


def default_base_directory() -> Path:
    """Where run directories are made unless somebody says otherwise."""
    return Path(tempfile.gettempdir())
