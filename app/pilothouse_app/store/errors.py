"""Errors of the store. No exception of sqlite3 gets past `database.py`."""

from __future__ import annotations


class StoreError(Exception):
    """The store could not do what was asked."""


class StoreUnavailable(StoreError):
    """The store does not answer: locked for too long, closed, damaged, disk trouble. Trying again later may help."""


class StoreConflict(StoreError):
    """What was to be written contradicts what is there, such as an unknown organization."""
