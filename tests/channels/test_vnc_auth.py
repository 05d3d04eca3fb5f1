from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from channel_world import SESSION_ID, World, open_world
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from rfb_viewer import RfbViewer, set_encodings, update_request

from pilothouse.channels.upstream import Upstream
from pilothouse.channels.vnc import VncChannel
from pilothouse.channels.vnc_auth import answering
from pilothouse.testing.memory_transport import memory_transport_pair

COUNTING = bytes(range(16))


@pytest.mark.parametrize(
    ("password", "challenge", "response"),
    [
        ("", COUNTING.hex(), "491e890de9ace932838a49792f2213f3"),
        ("pass", COUNTING.hex(), "5fb02f4e6ec9fda06c41df1f35015138"),
        ("sesame99", COUNTING.hex(), "e1de87608260dc79d65a2a0a47053138"),
        ("sesame99-longer", COUNTING.hex(), "e1de87608260dc79d65a2a0a47053138"),
        ("sesame99", "53e6a1a33e1abfe000ede59e2671fe45", "bd5afbf5c1f2280291b80894af0615e0"),
    ],
)
def test_response(password: str, challenge: str, response: str) -> None:
    assert answering(password)(bytes.fromhex(challenge)).hex() == response


# Xvnc obscures the password in its file with a key that everybody knows.
PASSWORD_FILE_KEY = bytes.fromhex("e84ad660c4721ae0")


def password_file(directory: Path, password: bytes) -> Path:
    encryptor = Cipher(TripleDES(PASSWORD_FILE_KEY * 3), modes.ECB()).encryptor()
    path = directory / "password"
    path.write_bytes(encryptor.update(password[:8].ljust(8, b"\0")) + encryptor.finalize())
    return path


@pytest.fixture
def xvnc(tmp_path: Path) -> Iterator[str]:
    """A real Xvnc that asks for the password `sesame99`; its address."""
    program = shutil.which("Xvnc")
    assert program is not None, "Debian's tigervnc-standalone-server has it"
    read_end, write_end = os.pipe()
    socket = tmp_path / "rfb"
    command = [program, "-displayfd", str(write_end), "-geometry", "320x200", "-nolisten", "tcp", "-localhost"]
    command += ["-rfbunixpath", str(socket), "-rfbport", "-1"]
    command += ["-SecurityTypes", "VncAuth", "-PasswordFile", str(password_file(tmp_path, b"sesame99"))]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, pass_fds=[write_end], stdout=log, stderr=log, start_new_session=True)
    os.close(write_end)
    try:
        with os.fdopen(read_end) as display:
            assert display.readline().strip().isdigit(), (tmp_path / "log").read_text()
        yield f"unix://{socket}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def enter(world: World) -> RfbViewer:
    transport, client = memory_transport_pair()
    return RfbViewer(world.run(VncChannel(world.connection(transport))), client)


async def test_real_xvnc_accepts_the_right_password_only(xvnc: str) -> None:
    async with open_world() as world:
        with world.registry.attend(SESSION_ID) as session:
            session.set_upstream(Upstream(xvnc, "sesame99"))
            viewer = enter(world)
            server_init = await viewer.shake_hands()
            assert server_init[:4] == bytes([0x01, 0x40, 0x00, 0xC8])
            await viewer.say(set_encodings(0) + update_request())
            assert (await viewer.pixels(4))[:1] == b"\0", "a FramebufferUpdate"

            for password in ("sesame98", None):
                session.set_upstream(Upstream(xvnc, password))
                assert (await enter(world).running.outcome()).close_code == 4411
