"""Chromium with a window, on a display of ours."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import trio

from pilothouse.browsers.devtools_http import get_json
from pilothouse.browsers.errors import BrowserFailed
from pilothouse.browsers.programs import Programs
from pilothouse.browsers.provider import BrowserSpec

NAME = "Chromium"
EXECUTABLES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

_POLL_SECONDS = 0.02
_ANSWER_SECONDS = 2.0
_SMALL_SHARED_MEMORY = 512 * 1024 * 1024
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

_SWITCHES = (
    # Chromium picks the port and writes it into the profile directory.
    "--remote-debugging-port=0",
    "--ozone-platform=x11",
    # There is no GPU behind Xvnc: without the switch a GPU process tries, and takes 40 MB more.
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--password-store=basic",
    "--allow-browser-signin=false",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # With it, going back hangs for agents that are connected over CDP.
    "--disable-back-forward-cache",
    "--disable-features=Translate,MediaRouter,OptimizationHints",
)


def find_executable(name: str | None = None) -> str:
    """The path of Chromium.

    Args:
        name: the name or path to use; otherwise the usual names are tried.

    Raises:
        BrowserFailed: there is none.
    """
    names = EXECUTABLES if name is None else (name,)
    for candidate in names:
        path = shutil.which(candidate)
        if path is not None:
            return path
    raise BrowserFailed(f"{NAME} was not found; looked for {', '.join(names)}")


async def start_chromium(programs: Programs, executable: str, spec: BrowserSpec, display: int) -> str:
    """Start Chromium, and wait until it has opened its page.

    Args:
        programs: of the session.
        executable: the path of Chromium.
        spec: says what to open, and how large.
        display: the number of the X display to open the window on.

    Returns:
        The address of its DevTools, such as `http://127.0.0.1:34567`.

    Raises:
        BrowserFailed: it does not start.
    """
    environment = {
        **programs.environment,
        "DISPLAY": f":{display}",
        # Without an address, libdbus would start a bus of its own outside of our process group.
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
    }
    profile = programs.directory.profile
    group = await programs.start(NAME, _command(executable, spec, profile), environment)
    while (address := _devtools_address(profile)) is None or not await _has_page(address):
        await group.check_running()
        await trio.sleep(_POLL_SECONDS)
    return address


def _devtools_address(profile: Path) -> str | None:
    try:
        text = (profile / "DevToolsActivePort").read_text()
    except FileNotFoundError:
        return None
    # The file is there a moment before its text is.
    port, newline, _ = text.partition("\n")
    return f"http://127.0.0.1:{port}" if newline else None


async def _has_page(address: str) -> bool:
    try:
        targets = await get_json(f"{address}/json/list", seconds=_ANSWER_SECONDS)
    except BrowserFailed:
        return False
    return any(target["type"] == "page" for target in targets)


def _command(executable: str, spec: BrowserSpec, profile: Path) -> list[str]:
    if not _URL.match(spec.url):
        # It might be a switch.
        raise BrowserFailed(f"{spec.url!r} has no scheme, so it is no URL to open")
    return [
        executable,
        f"--user-data-dir={profile}",
        "--window-position=0,0",
        # Chromium makes a window that has exactly the size of the screen one pixel smaller, in both directions.
        f"--window-size={spec.width},{spec.height + 1}",
        *_SWITCHES,
        *_switches_of_this_machine(),
        spec.url,
    ]


def _switches_of_this_machine() -> list[str]:
    switches = []
    if os.geteuid() == 0:
        # Chromium refuses to run as root with its sandbox. --test-type keeps the bar away that complains about it.
        switches += ["--no-sandbox", "--test-type"]
    if _shared_memory() < _SMALL_SHARED_MEMORY:
        # Containers often have 64 MB, in which pages crash.
        switches.append("--disable-dev-shm-usage")
    return switches


def _shared_memory() -> int:
    try:
        return shutil.disk_usage("/dev/shm").free  # noqa: S108 - nothing is written there
    except FileNotFoundError:
        return 0
