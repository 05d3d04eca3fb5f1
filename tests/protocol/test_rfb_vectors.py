"""Recorded streams and what must be left of them, under the strictest rule for a holder of control.

`guarded` allows a little more than that rule; no vector may tell the two apart.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cuts import Cut, single_bytes, threes, whole
from rfb_samples import UPDATE_REQUEST, lift, press

from pilothouse.protocol.rfb.input_policy import GUARDED, GroupPolicy
from pilothouse.protocol.rfb.viewer_input import ViewerInput

Vector = dict[str, Any]

VECTORS: list[Vector] = json.loads(
    (Path(__file__).parent.parent / "data" / "rfb-vectors.json").read_text(encoding="utf-8")
)
POLICIES = {"guarded": GUARDED, "strictest": GUARDED.changed(deny=("reload", "find", "zoom"))}
NEIGHBOUR = press(0x61) + UPDATE_REQUEST + lift(0x61)
END_WITHIN_A_MESSAGE = {"truncated-tail", "legacy-cut-too-big"}

every_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
every_policy = pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)


def run(pieces: list[bytes], policy: GroupPolicy, *, in_control: bool) -> tuple[str, bool]:
    """What is forwarded, in hexadecimal, and whether the channel is to be closed."""
    viewer = ViewerInput(policy)
    forwarded = b""
    for piece in pieces:
        judged = viewer.receive(piece, in_control=in_control)
        forwarded += judged.forward
        if judged.violation is not None:
            return forwarded.hex(), True
    return forwarded.hex(), False


def in_control(vector: Vector) -> bool:
    return bool(vector["policy"]["interactor"] == "user")


def as_recorded(vector: Vector) -> list[bytes]:
    return [bytes.fromhex(chunk) for chunk in vector["chunks"]]


def sent(vector: Vector) -> bytes:
    return b"".join(as_recorded(vector))


def expected(vector: Vector) -> tuple[str, bool]:
    return vector["expect_forwarded"], vector["expect_close"]


def neighbour(vector: Vector) -> str:
    """What is left of the neighbour, which holds nothing when it is over."""
    return (NEIGHBOUR if in_control(vector) else UPDATE_REQUEST).hex()


def random_cut(data: bytes, random: Random) -> list[bytes]:
    places = sorted(random.choices(range(len(data) + 1), k=random.randint(1, 6)))
    return [data[start:end] for start, end in pairwise([0, *places, len(data)])]


def test_every_vector_is_here() -> None:
    assert len({vector["name"] for vector in VECTORS}) == len(VECTORS) == 77
    assert {vector["policy"]["interactor"] for vector in VECTORS} == {"user", "agent"}
    assert {vector["expect_close"] for vector in VECTORS} == {True, False}


@every_policy
@every_vector
@pytest.mark.parametrize(
    "cut", [None, whole, single_bytes, threes], ids=["recorded", "whole", "single bytes", "threes"]
)
def test_vector(vector: Vector, policy: GroupPolicy, cut: Cut | None) -> None:
    pieces = as_recorded(vector) if cut is None else cut(sent(vector))
    assert run(pieces, policy, in_control=in_control(vector)) == expected(vector), vector["why"]


@every_policy
@every_vector
def test_vector_in_random_pieces(vector: Vector, policy: GroupPolicy) -> None:
    random = Random(vector["name"])
    for _ in range(200):
        pieces = random_cut(sent(vector), random)
        assert run(pieces, policy, in_control=in_control(vector)) == expected(vector), pieces


@every_policy
@every_vector
@pytest.mark.parametrize("cut", [whole, single_bytes, threes])
def test_vector_behind_a_neighbour(vector: Vector, policy: GroupPolicy, cut: Cut) -> None:
    forwarded, closed = expected(vector)
    judged = run(cut(NEIGHBOUR + sent(vector)), policy, in_control=in_control(vector))
    assert judged == (neighbour(vector) + forwarded, closed), vector["why"]


@every_policy
@pytest.mark.parametrize(
    "vector",
    [vector for vector in VECTORS if vector["name"] not in END_WITHIN_A_MESSAGE],
    ids=lambda vector: vector["name"],
)
@pytest.mark.parametrize("cut", [whole, single_bytes, threes])
def test_vector_before_a_neighbour(vector: Vector, policy: GroupPolicy, cut: Cut) -> None:
    forwarded, closed = expected(vector)
    judged = run(cut(sent(vector) + NEIGHBOUR), policy, in_control=in_control(vector))
    assert judged == (forwarded + ("" if closed else neighbour(vector)), closed), vector["why"]


@every_policy
@pytest.mark.parametrize("interactor", ["user", "agent"])
def test_vectors_behind_each_other_in_one_stream(interactor: str, policy: GroupPolicy) -> None:
    row = [
        vector
        for vector in VECTORS
        if vector["policy"]["interactor"] == interactor
        and not vector["expect_close"]
        and vector["name"] not in END_WITHIN_A_MESSAGE
    ]
    random = Random(interactor)
    for _ in range(50):
        random.shuffle(row)
        stream = b"".join(sent(vector) for vector in row)
        forwarded = "".join(vector["expect_forwarded"] for vector in row)
        for pieces in ([stream], random_cut(stream, random)):
            assert run(pieces, policy, in_control=interactor == "user") == (forwarded, False)
