"""The load: an RFB viewer on a WebSocket, which types keys and fetches updates."""

from __future__ import annotations

import struct
import time

from benchmarks.echo_upstream import KEY_EVENT, UPDATE_REQUEST
from benchmarks.websocket_client import WebSocketClient

_A = 0x61
_PRESS, _RELEASE = (struct.pack(">BBxxI", KEY_EVENT, down, _A) for down in (1, 0))
_MIB = 1024 * 1024


class Viewer:
    """A viewer whose handshake is done; waits for it as long as it takes.

    Args:
        websocket: just opened, with a VNC server without a password at its other end.
    """

    def __init__(self, websocket: WebSocketClient) -> None:
        self.websocket = websocket
        self._early = bytearray()
        version = self.read(12)
        websocket.send(version)
        self.read(self.read(1)[0])
        websocket.send(b"\x01")
        self.read(4)
        websocket.send(b"\x01")
        self.width, self.height, _, name_size = struct.unpack(">HH16sI", self.read(24))
        self.read(name_size)

    def type_keys(self, count: int) -> list[float]:
        """Press or release a key, `count` times, and wait for its echo each time; returns the seconds each took."""
        websocket, clock = self.websocket, time.perf_counter
        seconds = []
        for number in range(count):
            event = _RELEASE if number % 2 else _PRESS
            begun = clock()
            websocket.send(event)
            missing = len(event) - len(websocket.receive())
            while missing:
                missing -= len(websocket.receive())
            seconds.append(clock() - begun)
        return seconds

    def fetch(self, write_kib: int, total_mib: int, *, compressible: bool) -> float:
        """Fetch a burst of updates, counting bytes; returns the seconds that it took."""
        begun = time.perf_counter()
        self.websocket.send(struct.pack(">BBHHHH", UPDATE_REQUEST, compressible, write_kib, total_mib, 0, 0))
        missing = total_mib * _MIB
        while missing:
            missing -= len(self.websocket.receive())
        return time.perf_counter() - begun

    def read(self, count: int) -> bytes:
        """So many bytes of what the VNC server says; where WebSocket messages end means nothing."""
        while len(self._early) < count:
            self._early += self.websocket.receive()
        taken = bytes(self._early[:count])
        del self._early[:count]
        return taken
