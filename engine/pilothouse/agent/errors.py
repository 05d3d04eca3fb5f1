"""What an agent may be told instead of an answer."""

from __future__ import annotations


class HelmError(Exception):
    """The server did not do what the agent asked; the text says why, for people."""


class Unreachable(HelmError):
    """The server could not be reached, or did not answer, for as long as was to be waited."""


class Refused(HelmError):
    """The server said no: a bad credential, no such session, a reason that is too long.

    Attributes:
        status: of HTTP.
        code: for programs, such as `unauthorized` or `not_found`.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class AlreadyAsked(Refused):
    """Somebody has asked for help in this session already, and still waits.

    Attributes:
        request_id: of the open request.
    """

    def __init__(self, status: int, code: str, message: str, request_id: str) -> None:
        super().__init__(status, code, message)
        self.request_id = request_id
