"""The load: an RFB viewer on a WebSocket, which types keys and fetches updates."""

from __future__ import annotations

import struct
import time

from benchmarks.echo_upstream import KEY_EVENT, SERVER_INIT, UPDATE_REQUEST
from benchmarks.websocket_client import WebSocketClient

_A = 0x61
_PRESS, _RELEASE = (struct.pack(">BBxxI", KEY_EVENT, down, _A) for down in (1, 0))
_MIB = 1024 * 1024


class Viewer:
    """A viewer whose handshake is done.

    Args:
        websocket: just opened, with the echoing upstream at its other end.
    """

    def __init__(self, websocket: WebSocketClient) -> None:
        self.websocket = websocket
        self._early = b""
        version = self._exactly(12)
        websocket.send(version)
        count = self._exactly(1)[0]
        self._exactly(count)
        websocket.send(b"\x01")
        self._exactly(4)
        websocket.send(b"\x01")
        self._exactly(len(SERVER_INIT))

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

    def close(self) -> None:
        """Hang up."""
        self.websocket.close()

    def _exactly(self, count: int) -> bytes:
        """Bytes of the handshake; where messages end means nothing."""
        while len(self._early) < count:
            self._early += self.websocket.receive()
        taken, self._early = self._early[:count], self._early[count:]
        return taken
