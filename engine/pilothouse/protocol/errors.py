"""Errors of the protocol layer. The name says who broke the rules: the peer, or our own code."""

from __future__ import annotations


class RemoteProtocolError(Exception):
    """The peer sent what the protocol does not allow. The text is for logs and may be shown to the peer."""


class BufferOverflow(RemoteProtocolError):
    """The peer made us keep more bytes than a message may have."""


class RfbViolation(RemoteProtocolError):
    """A viewer's RFB stream can no longer be followed, or never was RFB."""


class HandshakeFailed(RemoteProtocolError):
    """The RFB handshake ended without a session.

    The text may quote the VNC server. It is for logs only: what a server says is not for viewers.
    """


class AuthenticationFailed(HandshakeFailed):
    """The VNC server wants a password and none was given, or it refused the one that was."""


class Blacklisted(HandshakeFailed):
    """The VNC server lets nobody in from our address for a while: too many have failed to authenticate from there."""


class BadMessage(RemoteProtocolError):
    """A message of the message channel that cannot be understood.

    Attributes:
        failed_kind: the `kind` that the message claimed to be, or an empty string.
        code: a short word for programs, such as `unknown_kind`.
    """

    def __init__(self, message: str, *, failed_kind: str, code: str) -> None:
        super().__init__(message)
        self.failed_kind = failed_kind
        self.code = code


class BadUserFlow(RemoteProtocolError):
    """A user flow that cannot be understood.

    Attributes:
        step: which one, from 1 on; None when it is not in a step.
        field: of the step or of the flow, as it is called in JSON; an empty string when it is not in a field.
    """

    def __init__(self, message: str, *, step: int | None, field: str) -> None:
        super().__init__(message if step is None else f"step {step} {message}")
        self.step = step
        self.field = field
