"""A VNC server for what the proxy forwards: it follows the messages, and knows what is held.

It is written from the protocol's description and shares nothing with the code under test. What no honest proxy sends
makes it fail: a type that is not allowed, half a message, a release without its press.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

_INPUT = {4, 5, 6}
_LENGTHS: dict[int, Callable[[bytes], int]] = {
    0: lambda _: 20,
    2: lambda data: 4 + 4 * int.from_bytes(data[2:4]),
    3: lambda _: 10,
    4: lambda _: 8,
    5: lambda _: 6,
    6: lambda data: 8 + int.from_bytes(data[4:8]),
    150: lambda _: 10,
    248: lambda data: 9 + data[8],
}


def messages_in(forwarded: bytes) -> list[bytes]:
    """The whole messages of an allowed type that these bytes consist of."""
    messages = []
    while forwarded:
        assert forwarded[0] in _LENGTHS, f"type {forwarded[0]} was forwarded"
        message = forwarded[: _LENGTHS[forwarded[0]](forwarded)]
        forwarded = forwarded[len(message) :]
        messages.append(message)
        assert len(message) == _LENGTHS[message[0]](message), "half a message was forwarded"
    return messages


def input_in(forwarded: bytes) -> list[bytes]:
    """Those of the messages that act."""
    return [message for message in messages_in(forwarded) if message[0] in _INPUT]


class Server:
    """The keys and buttons that one connection holds.

    Args:
        on_press: called with the keysyms that are down, and the one that is pressed, before it counts as down.
    """

    def __init__(self, on_press: Callable[[frozenset[int], int], None] = lambda down, keysym: None) -> None:
        self.down: dict[int, None] = {}
        self.most_down = 0
        self.mask = 0
        self.position = (0, 0)
        self._on_press = on_press

    def receive(self, forwarded: bytes) -> None:
        for message in messages_in(forwarded):
            if message[0] == 4:
                self._key(*struct.unpack(">xBxxI", message))
            elif message[0] == 5:
                self.mask, x, y = struct.unpack(">xBHH", message)
                self.position = (x, y)

    def _key(self, down: int, keysym: int) -> None:
        if down:
            self._on_press(frozenset(self.down), keysym)
            self.down[keysym] = None
            self.most_down = max(self.most_down, len(self.down))
        else:
            assert keysym in self.down, f"{keysym:#x} was released without a press"
            del self.down[keysym]
