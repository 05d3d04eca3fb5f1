"""Pilothouse's engine in a Trio program of your own: one VNC server, shown to whoever knows the secret.

    python docs/examples/embed.py unix:///run/user/1000/rfb.sock 8001

Then point noVNC, or anything that speaks RFB over WebSocket, at ws://127.0.0.1:8001/vnc?secret=ahoy&client_id=me, and
a JSON client at /messages with the same query.
"""

import sys
from urllib.parse import parse_qs, urlsplit

import trio

from pilothouse.channels.channel import Connection, run_channel
from pilothouse.channels.errors import ViewerLeft
from pilothouse.channels.message import MessageChannel
from pilothouse.channels.registry import Registry, open_registry
from pilothouse.channels.transport import LARGEST_MESSAGE
from pilothouse.channels.upstream import Upstream
from pilothouse.channels.verification import Entity, Verification, open_verification
from pilothouse.channels.vnc import VncChannel
from pilothouse.channels.websocket_server import WebSocketServer
from pilothouse.protocol.control import Viewer
from pilothouse.protocol.verdict import Unknown, Valid, Verdict

SESSION = "the-only-one"
CHANNELS = {"/vnc": VncChannel, "/messages": MessageChannel}


async def verify(entity: Entity) -> Verdict:
    """Asked before a channel opens and every few seconds after. Look into your database here."""
    return Valid(SESSION) if entity.id == "ahoy" else Unknown()


async def handle(stream: trio.SocketStream, registry: Registry, verification: Verification) -> None:
    """One connection, from its HTTP request to its end."""
    websocket = WebSocketServer(stream, max_message_size=LARGEST_MESSAGE)
    try:
        request = await websocket.read_request()
        url = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path not in CHANNELS or "client_id" not in query:
            await websocket.reject(404, "no such channel\n", {})
            return
        if not await websocket.accept():
            return
    except ViewerLeft:
        await trio.aclose_forcefully(stream)
        return
    entity = Entity("secret", query.get("secret", ""), organization_id="")
    viewer = Viewer(credential_id="anybody", client_id=query["client_id"])
    outcome = await run_channel(CHANNELS[url.path](Connection(websocket, entity, viewer, registry, verification)))
    print(f"{url.path} of {viewer.client_id} ended: {outcome.close_code} {outcome.reason} {outcome.detail}", flush=True)


async def main(vnc_address: str, port: int) -> None:
    async with open_registry() as registry, open_verification(verify) as verification:
        with registry.attend(SESSION) as session:
            session.set_upstream(Upstream(vnc_address))

            async def handler(stream: trio.SocketStream) -> None:
                await handle(stream, registry, verification)

            await trio.serve_tcp(handler, port, host="127.0.0.1")


if __name__ == "__main__":
    trio.run(main, sys.argv[1], int(sys.argv[2]))
