"""What a frontend hears, for tests that ask about other things than who is there."""

from __future__ import annotations

import attrs

from pilothouse.protocol.messages import ControlChanged, ToFrontend


class NewsOfControl:
    """Takes out of `control-changed` who is there, and leaves out what then tells nothing new."""

    def __init__(self) -> None:
        self._told: ControlChanged | None = None

    def heard(self, message: ToFrontend) -> ToFrontend | None:
        """The message without who is there; None when only that has changed."""
        if not isinstance(message, ControlChanged):
            return message
        told, self._told = self._told, message
        bare = attrs.evolve(message, viewer_count=0, viewers=[])
        if told is None or told.viewers == message.viewers:
            return bare
        return bare if bare != attrs.evolve(told, viewer_count=0, viewers=[]) else None
