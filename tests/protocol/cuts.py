"""The ways to cut a stream of bytes: where one read ends must mean nothing to a parser."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import strategies as st

Cut = Callable[[bytes], list[bytes]]


def whole(data: bytes) -> list[bytes]:
    return [data]


def single_bytes(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def threes(data: bytes) -> list[bytes]:
    return [data[i : i + 3] for i in range(0, len(data), 3)]


every_cut = pytest.mark.parametrize("cut", [whole, single_bytes, threes])


def cut_anywhere(data: bytes) -> st.SearchStrategy[list[bytes]]:
    """Pieces that join to `data`, empty ones among them."""
    places = st.lists(st.integers(0, len(data)), max_size=12).map(sorted)
    return places.map(lambda inner: [data[start:end] for start, end in pairwise([0, *inner, len(data)])])
