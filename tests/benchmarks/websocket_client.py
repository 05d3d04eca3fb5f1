"""A browser's end of a WebSocket, as cheap as plain blocking sockets allow.

Like every browser it offers permessage-deflate, and when the server accepts it compresses all that it sends.
"""

from __future__ import annotations

import base64
import os
import socket
import zlib

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

_FIN, _COMPRESSED, _MASKED = 0x80, 0x40, 0x80
_TAIL = b"\x00\x00\xff\xff"
_OFFER = "permessage-deflate; client_max_window_bits"


class Closed(Exception):
    """The server closed the WebSocket; the argument is its close code, 1006 when there was none."""


class Refused(Exception):
    """The server did not upgrade; the argument is its status line."""


class WebSocketClient:
    """One connection to a server on this machine.

    Args:
        port: of the server.
        path: with the query.
        buffer_size: bytes of one read.
    """

    def __init__(self, port: int, path: str, buffer_size: int = 1 << 18) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb", buffering=buffer_size)
        self._deflate = _Deflate.accepted(self._upgrade(port, path))

    @property
    def compressed(self) -> bool:
        """Whether the server accepted permessage-deflate."""
        return self._deflate is not None

    def send(self, payload: bytes, opcode: int = BINARY) -> None:
        """Send one message of at most 65535 bytes."""
        first = _FIN | opcode
        if self._deflate is not None and opcode in (TEXT, BINARY):
            payload = self._deflate.compress(payload)
            first |= _COMPRESSED
        size = len(payload)
        head = bytes((first, _MASKED | size)) if size < 126 else bytes((first, _MASKED | 126)) + size.to_bytes(2)
        mask = os.urandom(4)
        key = int.from_bytes((mask * (size // 4 + 1))[:size])
        self._socket.sendall(head + mask + (int.from_bytes(payload) ^ key).to_bytes(size))

    def receive(self) -> bytes:
        """The next message's payload.

        Raises:
            Closed: there is none.
        """
        whole = b""
        compressed = False
        while True:
            first, payload = self._frame()
            opcode = first & 0x0F
            if opcode == PING:
                self.send(payload, PONG)
            elif opcode == CLOSE:
                raise Closed(int.from_bytes(payload[:2]))
            elif opcode != PONG:
                compressed = compressed or bool(first & _COMPRESSED)
                whole = whole + payload if whole else payload
                if first & _FIN:
                    break
        if compressed:
            assert self._deflate is not None
            return self._deflate.decompress(whole)
        return whole

    def wait_closed(self) -> int:
        """Read until the server closes, answer, and wait for the end of the connection; returns the close code."""
        try:
            while True:
                self.receive()
        except Closed as closed:
            code = int(closed.args[0])
        self.send(code.to_bytes(2), CLOSE)
        self._reader.read()
        return code

    def close(self) -> None:
        """Hang up."""
        self._reader.close()
        self._socket.close()

    def _frame(self) -> tuple[int, bytes]:
        first, size = self._exactly(2)
        if size == 126:
            size = int.from_bytes(self._exactly(2))
        elif size == 127:
            size = int.from_bytes(self._exactly(8))
        return first, self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        data: bytes = self._reader.read(size)
        if len(data) < size:
            raise Closed(1006)
        return data

    def _upgrade(self, port: int, path: str) -> str:
        """The handshake; returns the extensions that the server accepted."""
        lines = (
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Extensions: {_OFFER}",
        )
        self._socket.sendall("\r\n".join((*lines, "", "")).encode())
        status = self._reader.readline().decode()
        if " 101 " not in status:
            raise Refused(status.strip())
        extensions = ""
        while line := self._reader.readline().decode().strip():
            name, _, value = line.partition(":")
            if name.lower() == "sec-websocket-extensions":
                extensions = value
        return extensions


class _Deflate:
    """RFC 7692, the client's side."""

    def __init__(self, parameters: dict[str, str]) -> None:
        self._send_bits = -int(parameters.get("client_max_window_bits", "15"))
        self._receive_bits = -int(parameters.get("server_max_window_bits", "15"))
        self._send_afresh = "client_no_context_takeover" in parameters
        self._receive_afresh = "server_no_context_takeover" in parameters
        self._compressor = zlib.compressobj(wbits=self._send_bits)
        self._decompressor = zlib.decompressobj(wbits=self._receive_bits)

    @classmethod
    def accepted(cls, extensions: str) -> _Deflate | None:
        """From the value of the server's header; None when it accepted nothing."""
        name, *parameters = (part.strip() for part in extensions.split(";"))
        if name != "permessage-deflate":
            return None
        pairs = (parameter.partition("=") for parameter in parameters)
        return cls({key.strip(): value.strip(' "') for key, _, value in pairs})

    def compress(self, payload: bytes) -> bytes:
        if self._send_afresh:
            self._compressor = zlib.compressobj(wbits=self._send_bits)
        data = self._compressor.compress(payload) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        return data.removesuffix(_TAIL)

    def decompress(self, payload: bytes) -> bytes:
        if self._receive_afresh:
            self._decompressor = zlib.decompressobj(wbits=self._receive_bits)
        return self._decompressor.decompress(payload + _TAIL)
