"""Commands that are kept back while a person drives, and what becomes of them afterwards."""

from __future__ import annotations

from collections import Counter, deque

import attrs

from pilothouse.protocol.cdp_messages import Command

MOST_COMMANDS = 10_000
MOST_BYTES = 16 * 1024 * 1024


@attrs.frozen
class Released:
    """What was held, in the order in which it came.

    Attributes:
        timely: to be sent.
        stale: too old, or behind one on its CDP session that is.
    """

    timely: list[Command]
    stale: list[Command]


class HeldCommands:
    """One agent's queue. Pure: the caller brings the time, in seconds of any steady clock."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Command, float]] = deque()
        self._sessions: Counter[str | None] = Counter()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, command: Command, now: float) -> bool:
        """Hold a command; whether there was room for it."""
        size = _size(command)
        if len(self._waiting) >= MOST_COMMANDS or self._bytes + size > MOST_BYTES:
            return False
        self._waiting.append((command, now))
        self._sessions[command.session] += 1
        self._bytes += size
        return True

    def has(self, session: str | None) -> bool:
        """Whether a command of this CDP session is held."""
        return session in self._sessions

    def release(self, now: float, hold_seconds: float) -> Released:
        """Let all of them go, those that are older than `hold_seconds` apart."""
        released = Released([], [])
        too_late: set[str | None] = set()
        for command, since in self._waiting:
            if now - since > hold_seconds:
                too_late.add(command.session)
            (released.stale if command.session in too_late else released.timely).append(command)
        self._waiting.clear()
        self._sessions.clear()
        self._bytes = 0
        return released


def _size(command: Command) -> int:
    """Bytes on the wire."""
    return len(command.text) if command.text.isascii() else len(command.text.encode("utf-8", "surrogatepass"))
