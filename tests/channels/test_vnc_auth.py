from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from channel_world import PATIENCE, SESSION_ID, World, open_world
from rfb_viewer import RfbViewer, set_encodings, update_request

from pilothouse.channels.errors import CLOSE_CODES, ShutOut
from pilothouse.channels.upstream import Upstream, open_upstream
from pilothouse.channels.vnc import VncChannel
from pilothouse.channels.vnc_auth import answering
from pilothouse.testing.memory_transport import memory_transport_pair
from xvnc_process import FAILED_LOGINS_ALLOWED, running_xvnc

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


def enter(world: World) -> RfbViewer:
    transport, client = memory_transport_pair()
    return RfbViewer(world.run(VncChannel(world.connection(transport))), client)


async def test_real_xvnc_accepts_the_right_password_only(tmp_path: Path) -> None:
    with running_xvnc(tmp_path, "sesame99", over="unix") as address:
        async with open_world() as world:
            with world.registry.attend(SESSION_ID) as session:
                session.set_upstream(Upstream(address, "sesame99"))
                viewer = enter(world)
                server_init = await viewer.shake_hands()
                assert server_init[:4] == bytes([0x01, 0x40, 0x00, 0xC8])
                await viewer.say(set_encodings(0) + update_request())
                assert (await viewer.pixels(4))[:1] == b"\0", "a FramebufferUpdate"

                for password in ("sesame98", None):
                    session.set_upstream(Upstream(address, password))
                    assert (await enter(world).running.outcome()).close_code == 4411


@pytest.mark.parametrize("over", ["unix", "tcp"])
async def test_real_xvnc_that_has_blacklisted_us(over: Literal["unix", "tcp"], tmp_path: Path) -> None:
    with running_xvnc(tmp_path, "sesame99", over=over) as address:
        for _ in range(FAILED_LOGINS_ALLOWED):
            async with open_upstream(address, PATIENCE) as somebody:
                assert await somebody.receive_some() == b"RFB 003.008\n"
        async with open_world() as world:
            with world.registry.attend(SESSION_ID) as session:
                session.set_upstream(Upstream(address, "sesame99"))
                viewer = enter(world)
                outcome = await viewer.running.outcome()
        assert outcome.detail == "the VNC server refused: Too many security failures"
        assert (viewer.client.close_code, viewer.client.close_reason) == CLOSE_CODES[ShutOut]


async def test_real_xvnc_counts_no_viewer_that_was_let_in(tmp_path: Path) -> None:
    with running_xvnc(tmp_path, "sesame99", over="tcp") as address:
        async with open_world() as world:
            with world.registry.attend(SESSION_ID) as session:
                session.set_upstream(Upstream(address, "sesame99"))
                for _ in range(2 * FAILED_LOGINS_ALLOWED):
                    viewer = enter(world)
                    await viewer.shake_hands()
                    await viewer.client.break_off()
                    await viewer.running.ended()
