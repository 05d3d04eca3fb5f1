"""How the proxy gets into a VNC server."""

from __future__ import annotations

import trio

from pilothouse.channels.errors import BrowserGone, BrowserTooSlow, LoginRefused, PasswordRefused, ShutOut
from pilothouse.channels.transport import READ_SIZE, ByteTransport
from pilothouse.channels.vnc_auth import answering
from pilothouse.protocol.errors import AuthenticationFailed, Blacklisted, RemoteProtocolError
from pilothouse.protocol.rfb.upstream_handshake import UpstreamHandshake


async def log_in(server: ByteTransport, password: str | None, seconds: float) -> UpstreamHandshake:
    """The VNC server's handshake, to its end.

    Never break off half way what can be finished: TigerVNC shuts out an address from which five connections in a row
    have not authenticated, for 10 s. A dial that it refuses meanwhile makes this no longer. The first failed login
    after it does: the time doubles. One login that succeeds clears the count.

    Args:
        server: a fresh connection.
        password: for VncAuth; None or empty when there is none.
        seconds: how long it may take.

    Raises:
        ShutOut: the VNC server refuses our address.
        PasswordRefused: it wants a password, and not this one.
        LoginRefused: it refuses for another reason, or speaks no RFB that we know.
        BrowserGone: it hung up.
        BrowserTooSlow: it fell silent.
    """
    try:
        with trio.fail_after(seconds):
            return await _shake_hands(server, password)
    except trio.TooSlowError as error:
        raise BrowserTooSlow(detail=f"no login at the VNC server within {seconds} s") from error
    # What the VNC server says about its refusal is not for viewers.
    except Blacklisted as error:
        raise ShutOut(detail=str(error)) from error
    except AuthenticationFailed as error:
        raise PasswordRefused(detail=str(error)) from error
    except RemoteProtocolError as error:
        raise LoginRefused(detail=str(error)) from error


async def _shake_hands(server: ByteTransport, password: str | None) -> UpstreamHandshake:
    handshake = UpstreamHandshake(answering(password) if password else None, READ_SIZE)
    while not handshake.done:
        data = await server.receive_some()
        if not data:
            raise BrowserGone(detail=f"the VNC server closed the connection in state {handshake.state.name}")
        if out := b"".join(handshake.receive(data)):
            await server.send_all(out)
    return handshake
