"""VncAuth: the response to a VNC server's challenge (RFC 6143 §7.2.2)."""

from __future__ import annotations

from functools import partial

from pilothouse.protocol.rfb.upstream_handshake import AnswerChallenge


def answering(password: str) -> AnswerChallenge:
    """A function that answers challenges with this password, of which VNC uses the first 8 bytes."""
    # The key's bytes have their bits in reverse order: a peculiarity of the first VNC server that stayed.
    key = bytes(int(f"{byte:08b}"[::-1], 2) for byte in password.encode()[:8].ljust(8, b"\0"))
    return partial(_encrypt, key)


def _encrypt(key: bytes, challenge: bytes) -> bytes:
    # Slow to import, and needed only for VNC servers that ask for a password.
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    # Triple DES with one key three times is DES. The protocol wants DES in ECB mode.
    encryptor = Cipher(TripleDES(key * 3), modes.ECB()).encryptor()  # noqa: S305
    return encryptor.update(challenge) + encryptor.finalize()
