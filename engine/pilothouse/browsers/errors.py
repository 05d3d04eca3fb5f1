"""Errors of the browsers layer."""

from __future__ import annotations


class BrowserFailed(Exception):
    """A browser could not be started, or nobody answers where one should be.

    Attributes:
        reason: what went wrong, in words for people. It holds no credentials.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NoAnswer(BrowserFailed):
    """Nobody answers at an address."""
