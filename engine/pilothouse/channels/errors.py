"""Why channels end: one error per reason, and the one table of close codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import attrs

MAX_REASON = 123
"""Bytes that a WebSocket close frame has for its reason."""


@attrs.frozen
class Outcome:
    """How a channel ended.

    Attributes:
        close_code: of the WebSocket, as in RFC 6455 §7.4 and the table below.
        reason: at most 123 bytes; goes to the client, leaks nothing.
        detail: for the log only.
    """

    close_code: int
    reason: str
    detail: str = ""


class ChannelEnded(Exception):
    """Ends the channel in whose nursery it is raised.

    Args:
        reason: for the client, in place of the class's own words.
        detail: for the log only.
    """

    def __init__(self, reason: str | None = None, *, detail: str = "") -> None:
        super().__init__(detail or reason or "")
        self.close_code, words = CLOSE_CODES[type(self)]
        self.reason = reason or words
        self.detail = detail

    @property
    def outcome(self) -> Outcome:
        """What becomes of the channel."""
        reason = self.reason.encode()[:MAX_REASON].decode(errors="ignore")
        return Outcome(self.close_code, reason, self.detail)


ABNORMAL = 1006
"""The close code of a connection that broke without one (RFC 6455 §7.1.5)."""


class ViewerLeft(ChannelEnded):
    """The peer closed its connection with this code, or it broke."""

    def __init__(self, close_code: int = ABNORMAL) -> None:
        super().__init__()
        self.close_code = close_code


class SessionEnded(ChannelEnded):
    """As planned."""


class ServerStopping(ChannelEnded):
    """Somebody stops the server."""


class MalformedStream(ChannelEnded):
    """The peer does not speak the channel's protocol."""


class MissingParameter(ChannelEnded):
    """The request lacks what the channel needs."""


class MessageTooLarge(ChannelEnded):
    """One message was over the limit."""


class InternalError(ChannelEnded):
    """A bug of ours."""


class NotReady(ChannelEnded):
    """Try again in a moment."""


class TooManyViewers(ChannelEnded):
    """The session has as many viewers as the server allows."""


class Unauthorized(ChannelEnded):
    """No credential, or a bad one."""


class Removed(ChannelEnded):
    """Somebody with an API key has shown this viewer out."""


class NotFound(ChannelEnded):
    """No such entity for this credential."""


class BrowserTooSlow(ChannelEnded):
    """The browser or its VNC server did not answer in time."""


class Replaced(ChannelEnded):
    """A newer channel of the same client took this one's place."""


class NoLongerValid(ChannelEnded):
    """Verification refused the entity.

    Args:
        reason: for the client, in place of the class's own words.
        timed_out: whether a session's time is over.
    """

    def __init__(self, reason: str | None = None, *, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.timed_out = timed_out


class BrowserGone(ChannelEnded):
    """The browser or its VNC server went away, or never was there."""


class LoginRefused(BrowserGone):
    """The VNC server answers, and does not let us in."""


class PasswordRefused(LoginRefused):
    """The VNC server wants a password: another one, or any."""


class ShutOut(LoginRefused):
    """The VNC server lets nobody in from our address for a while."""


class ViewerTooSlow(ChannelEnded):
    """The viewer does not read what it is sent."""


CLOSE_CODES: dict[type[ChannelEnded], tuple[int, str]] = {
    SessionEnded: (1000, "the session has ended"),
    ServerStopping: (1001, "the server is stopping"),
    MalformedStream: (1002, "malformed RFB"),
    MissingParameter: (1002, "client_id is missing or malformed"),
    MessageTooLarge: (1009, "the message is too large"),
    InternalError: (1011, "internal error"),
    NotReady: (1013, "not ready yet"),
    TooManyViewers: (1013, "too many viewers"),
    Unauthorized: (4401, "no valid credential"),
    Removed: (4401, "removed from the session"),
    NotFound: (4404, "no such entity"),
    BrowserTooSlow: (4408, "waited too long for the browser"),
    Replaced: (4409, "replaced by a newer channel of the same client"),
    NoLongerValid: (4410, "no longer valid"),
    ShutOut: (4411, "the VNC server has shut this server out after failed logins; try again later"),
    PasswordRefused: (4411, "the VNC server refused the connection"),
    LoginRefused: (4411, "the VNC server refused the connection"),
    BrowserGone: (4411, "the browser went away"),
    ViewerTooSlow: (4429, "too slow"),
    ViewerLeft: (ABNORMAL, "the viewer left"),
}

_RANK = {error: rank for rank, error in enumerate(CLOSE_CODES)}
_ErrorT = TypeVar("_ErrorT", bound=BaseException)


def leaves(group: BaseExceptionGroup[_ErrorT]) -> list[_ErrorT]:
    """The exceptions in a group, at any depth."""
    found: list[_ErrorT] = []
    for error in group.exceptions:
        found += leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def decisive(errors: Sequence[ChannelEnded]) -> ChannelEnded:
    """Of several reasons that came at once the one that stands first in the table."""
    return min(errors, key=lambda error: _RANK[type(error)])
