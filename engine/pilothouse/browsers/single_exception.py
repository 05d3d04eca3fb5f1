"""Nurseries that are nobody else's business."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def single_exception() -> Iterator[None]:
    """Around one nursery: what its body or one of its tasks raises comes out as it is, in no group."""
    try:
        yield
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        error = group.exceptions[0]
        context = error.__context__
        try:
            raise error
        finally:
            # Otherwise the group would be its context, which holds it.
            error.__context__ = context
