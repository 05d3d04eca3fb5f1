"""TigerVNC's Xvnc: an X display and its VNC server in one process."""

from __future__ import annotations

import os

import trio

from pilothouse.browsers.display import DisplayFiles
from pilothouse.browsers.keyboard import load_keyboard
from pilothouse.browsers.process_group import ProcessGroup
from pilothouse.browsers.programs import Programs
from pilothouse.browsers.provider import BrowserSpec
from pilothouse.browsers.run_directory import RunDirectory
from pilothouse.browsers.threads import in_thread
from pilothouse.protocol.rfb.constants import MAX_CUT_TEXT

NAME = "Xvnc"


async def start_vnc_server(programs: Programs, program: str, spec: BrowserSpec) -> int:
    """Start Xvnc on a free display, and wait until it listens.

    Args:
        programs: of the session.
        program: the name or path of Xvnc.
        spec: says how large the display is.

    Returns:
        The number of the X display.

    Raises:
        BrowserFailed: it does not start.
    """
    directory = programs.directory
    read_end, write_end = os.pipe()
    async with trio.lowlevel.FdStream(read_end) as numbers:
        try:
            command = _command(program, spec, directory, write_end)
            group = await programs.start(NAME, command, programs.environment, pass_fds=[write_end])
        finally:
            os.close(write_end)
        display = await _read_display(numbers, group)
    directory.record.display = DisplayFiles.of(display, group.pid)
    await in_thread(directory.save)
    await load_keyboard(display, programs.environment)
    return display


async def _read_display(numbers: trio.lowlevel.FdStream, group: ProcessGroup) -> int:
    """Xvnc writes the number of its display when it is ready for X clients and viewers."""
    text = b""
    while not text.endswith(b"\n"):
        chunk = await numbers.receive_some(16)
        if not chunk:
            raise await group.failure()
        text += chunk
    return int(text)


def _command(program: str, spec: BrowserSpec, directory: RunDirectory, display_fd: int) -> list[str]:
    return [
        program,
        *("-displayfd", str(display_fd)),
        *("-auth", str(directory.authority)),
        *("-geometry", f"{spec.width}x{spec.height}", "-depth", "24"),
        # A Unix socket is added to TCP, it does not replace it: without port -1 the whole network could connect.
        *("-rfbunixpath", str(directory.rfb_socket), "-rfbunixmode", "0600", "-rfbport", "-1", "-localhost"),
        *("-nolisten", "tcp"),
        # The modes of socket and directory are the guard.
        *("-SecurityTypes", "None"),
        "-UseBlacklist=0",
        "-AlwaysShared",
        "-DisconnectClients=0",
        # Who only watches is not idle.
        "-IdleTimeout=0",
        # A well-formed SetDesktopSize can crash Xvnc.
        "-AcceptSetDesktopSize=0",
        # Keysyms are what the input policy judges. Raw scancodes mean another key in another layout.
        "-RawKeyboard=0",
        # What is copied would reach every viewer, also those who only watch.
        "-SendCutText=0",
        # The other way stays open: the clipboard of whoever holds control comes in, as far as the input policy lets it.
        "-AcceptCutText=1",
        f"-MaxCutText={MAX_CUT_TEXT}",
        # CLIPBOARD is for copies that were meant; PRIMARY would give every selection away.
        "-SetPrimary=0",
        "-SendPrimary=0",
        *("-desktop", "Pilothouse"),
        # Neither a reset when the last X client leaves, nor a screen saver over a page that only an agent uses.
        *("-noreset", "-s", "0", "-dpms"),
    ]
