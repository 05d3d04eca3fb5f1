"""Stream tokens: credentials for one browser session, signed, short-lived and revocable. Pure.

A token says what it is for; whether it was revoked, the store knows. It consists of letters, digits, `_`, `-` and `.`,
so that it may stand in a URL, in a header, and as the name of a WebSocket subprotocol.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import attrs
from itsdangerous import BadData, URLSafeSerializer

from pilothouse.protocol.control import Scope
from pilothouse_app.ids import TOKEN_PREFIX

LONGEST_LIFE_SECONDS = 86_400

_TOKEN = re.compile(rf"{TOKEN_PREFIX}([A-Za-z0-9_.-]{{1,1024}})")
_PURPOSE = b"pilothouse stream token 1"


class BadToken(Exception):
    """This is no token of ours, or its time is over. The message is for the log."""


@attrs.frozen
class Claims:
    """What a token says.

    Attributes:
        token_id: names the token; is not itself secret.
        organization_id: whose session it is for.
        session_id: the only one that it is for.
        scope: what it lets its bearer do.
        expires_at: in whole seconds.
    """

    token_id: str
    organization_id: str
    session_id: str
    scope: Scope
    expires_at: datetime


def sign(claims: Claims, secrets: Sequence[str]) -> str:
    """Make a token.

    Args:
        claims: what it is to say.
        secrets: the keys that verify, newest first; the newest one signs.
    """
    values = [*attrs.astuple(claims)[:-1], int(claims.expires_at.timestamp())]
    return TOKEN_PREFIX + _serializer(secrets).dumps(values)


def read_untrusted(token: str, secrets: Sequence[str], now: datetime) -> Claims:
    """What a token says, if it is one of ours and its time is not over.

    Raises:
        BadToken: it is not.
    """
    match = _TOKEN.fullmatch(token)
    if match is None or not secrets:
        raise BadToken("it is no token")
    try:
        values: list[Any] = _serializer(secrets).loads(match[1])
    except BadData as error:
        raise BadToken("it was not signed by us") from error
    token_id, organization_id, session_id, scope, expires_at = values
    claims = Claims(token_id, organization_id, session_id, scope, datetime.fromtimestamp(expires_at, UTC))
    if now >= claims.expires_at:
        raise BadToken(f"{claims.token_id} has expired")
    return claims


def _serializer(secrets: Sequence[str]) -> URLSafeSerializer:
    return URLSafeSerializer(
        secrets[::-1], salt=_PURPOSE, signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
    )
