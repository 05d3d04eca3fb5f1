"""Who is with a session: every viewer under a name that says nothing about it.

A holder whose connection broke is still there during its grace period.
"""

from __future__ import annotations

import secrets
from collections.abc import Container

import attrs

from pilothouse.channels.watchers import Watchers
from pilothouse.protocol.control import Viewer

_ID_BYTES = 9


@attrs.frozen
class Present:
    """A viewer that is with a session.

    Attributes:
        viewer_id: random, of this session only; a viewer that comes again has another one.
        viewer: who it is.
    """

    viewer_id: str
    viewer: Viewer


class Presence:
    """The viewers of one session, in the order in which they came. `watchers` are told when it changes."""

    def __init__(self) -> None:
        self.watchers = Watchers[None]()
        self._present: dict[Viewer, Present] = {}

    @property
    def viewers(self) -> list[Present]:
        """All of them."""
        return list(self._present.values())

    def find(self, viewer_id: str) -> Viewer | None:
        """Whose name this is."""
        return next((present.viewer for present in self._present.values() if present.viewer_id == viewer_id), None)

    def arrive(self, viewer: Viewer) -> None:
        """This viewer is there, perhaps since a while."""
        if viewer not in self._present:
            self._present[viewer] = Present(f"v_{secrets.token_urlsafe(_ID_BYTES)}", viewer)
            self.watchers.tell(None)

    def depart(self, viewer: Viewer) -> None:
        """This viewer has gone."""
        if self._present.pop(viewer, None) is not None:
            self.watchers.tell(None)

    def keep(self, viewers: Container[Viewer | None]) -> None:
        """All others have gone."""
        for viewer in [viewer for viewer in self._present if viewer not in viewers]:
            self.depart(viewer)
