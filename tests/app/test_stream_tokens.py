"""What a token says, and which ones are believed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from pilothouse_app.stream_tokens import BadToken, Claims, read_untrusted, sign

NOW = datetime(2030, 1, 1, tzinfo=UTC)
CLAIMS = Claims("tok_1", "o_1", "pbs_1", "control", NOW + timedelta(seconds=10))


def refusal_of(token: str, secrets: list[str], now: datetime = NOW) -> str:
    with pytest.raises(BadToken) as caught:
        read_untrusted(token, secrets, now)
    return str(caught.value)


@pytest.mark.parametrize("secrets", [["new"], ["newer", "new"]])
def test_the_two_keys_verify(secrets: list[str]) -> None:
    assert read_untrusted(sign(CLAIMS, ["new", "old"]), secrets, NOW) == CLAIMS


@pytest.mark.parametrize("secrets", [[], ["old"], ["newest", "newer"]])
def test_no_other_key_does(secrets: list[str]) -> None:
    assert refusal_of(sign(CLAIMS, ["new", "old"]), secrets)


def test_the_time_of_a_token_runs_out() -> None:
    token = sign(CLAIMS, ["key"])

    assert read_untrusted(token, ["key"], CLAIMS.expires_at - timedelta(microseconds=1)) == CLAIMS
    assert refusal_of(token, ["key"], CLAIMS.expires_at) == "tok_1 has expired"


def test_a_token_may_stand_anywhere() -> None:
    token = sign(CLAIMS, ["key"])

    assert re.fullmatch(r"pht_[A-Za-z0-9_.-]+", token)
    assert len(token) < 256


def test_what_was_signed_for_another_purpose_is_no_token() -> None:
    foreign = URLSafeSerializer("key", salt="something else").dumps(["tok_1", "o_1", "pbs_1", "control", 2**33])

    assert isinstance(foreign, str)
    assert refusal_of(f"pht_{foreign}", ["key"]) == "it was not signed by us"


@given(st.text() | st.text(alphabet="AZaz09_.-").map("pht_".__add__))
def test_anything_else_is_refused(text: str) -> None:
    assert refusal_of(text, ["key"])


@given(st.data())
def test_a_token_that_somebody_has_changed_is_refused(data: st.DataObject) -> None:
    token = sign(CLAIMS, ["key"])
    # The last character of a signature has bits that mean nothing.
    place = data.draw(st.integers(0, len(token) - 2))
    other = data.draw(st.characters().filter(lambda character: character != token[place]))

    assert refusal_of(token[:place] + other + token[place + 1 :], ["key"])


def test_a_long_text_is_not_looked_into() -> None:
    assert refusal_of("pht_" + "a" * 1025, ["key"]) == "it is no token"
