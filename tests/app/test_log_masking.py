"""Credentials are masked wherever they stand; everything else stays readable."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse_app.ids import new_api_key
from pilothouse_app.log_masking import CredentialMask
from pilothouse_app.stream_tokens import Claims, sign

# What stands between < and > is the credential.
MASKED = """
GET /api/v1/stream/vnc/browser_session/pbs_1?client_id=a&apikey=<SECRET> HTTP/1.1
wss://example.org/x?token=<SECRET>&client_id=a
http://proxy/?next=ws%3A%2F%2Fa%2Fb%3Fapikey%3D<SECRET>
/x?access_token=<SECRET>#top
x-api-key: <SECRET>
X-Api-Key:<SECRET>
Authorization: <Bearer SECRET>
authorization: <Basic SECRET>
{"x-api-key": "<SECRET>", "n": 1}
{'Authorization': '<Bearer SECRET>'}
[(b'host', b'a'), (b'x-api-key', b'<SECRET>')]
sent Bearer <SECRET> to nobody
connecting to ws://<ada:SECRET>@10.0.0.1:5900/
vnc_password=<SECRET>
Sec-WebSocket-Protocol: <pilothouse.token.SECRET>, binary
[(b'sec-websocket-protocol', b'<pilothouse.token.SECRET>')]
offered pilothouse.token.<SECRET>, binary
""".strip().splitlines()
LEFT_ALONE = """
GET /api/v1/browser_sessions?limit=5&cursor=abcdefgh HTTP/1.1
no token, so refused
the bearer is unknown
key_0123456789abcdef0123 was revoked
a graph_of_everything
http://127.0.0.1:8000/api/v1/health
mail ada@example.org
""".strip().splitlines()


@pytest.mark.parametrize("line", MASKED)
def test_a_credential_in_a_text_is_masked(line: str) -> None:
    text = line.translate(str.maketrans("", "", "<>")).replace("SECRET", "s3cr3t-V4lue.~x")

    assert CredentialMask().text(text) == re.sub("<.*?>", "***", line)


@pytest.mark.parametrize("line", LEFT_ALONE)
def test_other_texts_are_left_alone(line: str) -> None:
    assert CredentialMask().text(line) == line


@given(st.text(), st.text())
def test_our_own_keys_are_masked_between_any_two_texts(before: str, after: str) -> None:
    key = new_api_key()

    assert key not in CredentialMask().text(f"{before} {key} {after}")


@given(st.text(), st.text())
def test_our_own_tokens_are_masked_between_any_two_texts(before: str, after: str) -> None:
    claims = Claims("tok_1", "o_1", "pbs_1", "view", datetime.now(UTC))
    token = sign(claims, ["secret"])

    masked = CredentialMask().text(f"{before} {token} {after}")

    assert not [part for part in token.removeprefix("pht_").split(".") if part and part in masked]


@given(st.text(), st.text())
def test_the_operators_own_key_is_masked_though_it_has_no_shape(before: str, after: str) -> None:
    assert "correct-horse-battery" not in CredentialMask(["correct-horse-battery"]).text(
        f"{before}correct-horse-battery{after}"
    )


def test_values_are_masked_by_the_name_that_they_stand_under() -> None:
    event = {
        "event": "request",
        "headers": {"X-API-Key": "s3cr3t", "host": "a"},
        "pairs": [(b"authorization", b"s3cr3t"), (b"host", b"a")],
        "token": "s3cr3t",
        "password": None,
        "seconds": 1.5,
        "where": {"url": "/x?apikey=s3cr3t"},
        "object": ValueError("apikey=s3cr3t"),
    }

    masked = CredentialMask()(None, "info", event)

    assert masked == {
        "event": "request",
        "headers": {"X-API-Key": "***", "host": "a"},
        "pairs": [["authorization", "***"], ["host", "a"]],
        "token": "***",
        "password": None,
        "seconds": 1.5,
        "where": {"url": "/x?apikey=***"},
        "object": "ValueError('apikey=***')",
    }
