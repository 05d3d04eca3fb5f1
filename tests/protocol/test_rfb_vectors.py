"""Recorded streams and what must be left of them.

Left out are, of the vectors for a holder of control, those whose expectation rests on filtering chords, keysyms or the
pointer's mask: a press that is lost, or a pointer event that is changed. In this policy a holder's keys and buttons
all pass; a policy for holders brings its vectors with it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cuts import Cut, single_bytes, threes, whole
from rfb_samples import LARGEST_READ

from pilothouse.protocol.rfb.viewer_input import ViewerInput

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "data" / "rfb-vectors.json").read_text(encoding="utf-8")
)


def run(pieces: list[bytes], *, in_control: bool) -> tuple[str, bool]:
    """What is forwarded, in hexadecimal, and whether the channel is to be closed."""
    viewer = ViewerInput(LARGEST_READ)
    forwarded = b""
    for piece in pieces:
        judged = viewer.receive(piece, in_control=in_control)
        forwarded += judged.forward
        if judged.violation is not None:
            return forwarded.hex(), True
    return forwarded.hex(), False


def as_recorded(vector: dict[str, Any]) -> list[bytes]:
    return [bytes.fromhex(chunk) for chunk in vector["chunks"]]


@pytest.mark.parametrize(
    "cut", [None, whole, single_bytes, threes], ids=["recorded", "whole", "single bytes", "threes"]
)
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector(vector: dict[str, Any], cut: Cut | None) -> None:
    recorded = as_recorded(vector)
    pieces = recorded if cut is None else cut(b"".join(recorded))
    in_control = vector["policy"]["interactor"] == "user"
    assert run(pieces, in_control=in_control) == (vector["expect_forwarded"], vector["expect_close"]), vector["why"]


def test_there_are_vectors_for_both_sides_of_the_rule() -> None:
    assert {vector["policy"]["interactor"] for vector in VECTORS} == {"user", "agent"}
    assert {vector["expect_close"] for vector in VECTORS} == {True, False}
