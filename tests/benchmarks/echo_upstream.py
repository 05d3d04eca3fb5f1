"""A VNC server that costs next to nothing: it echoes keys, and answers a request for pixels with a burst of bytes.

A FramebufferUpdateRequest asks for a burst: its `incremental` flag says whether the bytes are compressible, x is the
size of one write in KiB, y the size of all of them together in MiB.
"""

from __future__ import annotations

import os
import socket
import struct
import threading

SERVER_INIT = struct.pack(">HH16sI", 1280, 800, bytes(16), 4) + b"echo"
KEY_EVENT, UPDATE_REQUEST = 4, 3

_KIB, _MIB = 1024, 1024 * 1024
# Longer than deflate's window, so that no repetition is found in it.
_NOISE = os.urandom(4 * _MIB)
_FLAT = (b"\x30\x30\x38\xff" * 60 + b"\xf0\xf0\xf0\xff" * 4) * (4 * _MIB // 256)


def main() -> None:
    """Print the port, then serve until killed."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_serve, args=(connection,), daemon=True).start()


def _serve(connection: socket.socket) -> None:
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            _handshake(connection)
            while data := connection.recv(_KIB):
                if data[0] == UPDATE_REQUEST:
                    _burst(connection, *struct.unpack_from(">xBHH", data))
                else:
                    connection.sendall(data)
        except ConnectionError:
            pass  # the viewer left


def _handshake(connection: socket.socket) -> None:
    """RFB 3.8 without a password, as the server."""
    connection.sendall(b"RFB 003.008\n")
    connection.recv(12, socket.MSG_WAITALL)
    connection.sendall(b"\x01\x01")
    connection.recv(1)
    connection.sendall(bytes(4))
    connection.recv(1)
    connection.sendall(SERVER_INIT)


def _burst(connection: socket.socket, compressible: int, write_kib: int, total_mib: int) -> None:
    source = memoryview(_FLAT if compressible else _NOISE)
    writes = [source[start : start + write_kib * _KIB] for start in range(0, len(source), write_kib * _KIB)]
    for number in range(total_mib * _MIB // (write_kib * _KIB)):
        connection.sendall(writes[number % len(writes)])


if __name__ == "__main__":
    main()
