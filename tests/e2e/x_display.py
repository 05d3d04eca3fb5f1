"""An X display without a browser, and the VNC servers that show it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs


@attrs.frozen
class XDisplay:
    """An X display that is shown by a VNC server.

    Attributes:
        name: what X clients call it.
        vnc_address: where a session attaches to it.
    """

    name: str
    vnc_address: str


@contextmanager
def xvnc(directory: Path) -> Iterator[XDisplay]:
    """TigerVNC's server; it listens on a socket in this directory, whose name has to be short."""
    socket = directory / "rfb"
    read_end, write_end = os.pipe()
    command = [
        *("Xvnc", "-displayfd", str(write_end), "-geometry", "1024x700", "-depth", "24", "-nolisten", "tcp"),
        *("-rfbunixpath", str(socket), "-rfbunixmode", "0600", "-rfbport", "-1", "-localhost"),
        *("-SecurityTypes", "None", "-UseBlacklist=0", "-AlwaysShared", "-DisconnectClients=0"),
        *("-AcceptSetDesktopSize=0", "-SetPrimary=0", "-SendPrimary=0", "-noreset", "-s", "0", "-dpms"),
    ]
    with (directory / "xvnc.log").open("w") as log:
        process = subprocess.Popen(command, pass_fds=[write_end], stderr=log)
    os.close(write_end)
    try:
        with open(read_end) as numbers:
            number = numbers.readline().strip()
        assert number, (directory / "xvnc.log").read_text()
        # Xvnc gives characters that are not on its keyboard a place on unused keys. Of those it has 19; of the keys
        # of a US keyboard alone it would leave 131 unused, which is room for an alphabet.
        subprocess.run(["setxkbmap", "-display", f":{number}", "-symbols", "pc+us"], check=True)
        yield XDisplay(f":{number}", f"unix://{socket}")
    finally:
        process.terminate()
        process.wait()


@contextmanager
def x11vnc(directory: Path, display: XDisplay) -> Iterator[XDisplay]:
    """The same display behind a VNC server that releases nothing by itself when a viewer goes away."""
    command = ["x11vnc", "-display", display.name, "-localhost", "-autoport", "5900", "-nopw", "-forever", "-shared"]
    with (directory / "x11vnc.log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    try:
        announced = process.stdout.readline().strip()
        assert announced.startswith("PORT="), (directory / "x11vnc.log").read_text()
        yield attrs.evolve(display, vnc_address=f"tcp://127.0.0.1:{announced.removeprefix('PORT=')}")
    finally:
        process.kill()  # asked politely, it may wait for itself for ever
        process.wait()
        process.stdout.close()
