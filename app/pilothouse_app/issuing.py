"""Making stream tokens: written down, then signed."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from pilothouse.protocol.control import Scope
from pilothouse_app.ids import STREAM_TOKEN_ID, new_id
from pilothouse_app.store import Store
from pilothouse_app.store.entities import BrowserSession, StreamToken, utc_now
from pilothouse_app.stream_tokens import Claims, sign


@attrs.frozen
class IssuedToken:
    """A token, for the one who is to have it.

    Attributes:
        token: the secret; nobody can show it again.
        token_id: names it, to revoke it.
        expires_at: in whole seconds.
    """

    token: str = attrs.field(repr=False)
    token_id: str
    expires_at: datetime


async def issue_token(
    store: Store, session: BrowserSession, scope: Scope, ttl_seconds: int, *, issued_by: str | None
) -> IssuedToken:
    """Make a token.

    Args:
        store: remembers that there is one.
        session: the only one that it is for.
        scope: what it lets its bearer do.
        ttl_seconds: how long it is good for.
        issued_by: the API key with which it ends, too; None for the server itself.

    Raises:
        StoreConflict: the session was deleted meanwhile.
        StoreUnavailable: the store does not answer.
    """
    keys = await store.signing_keys.to_sign()
    token_id = new_id(STREAM_TOKEN_ID)
    expires_at = utc_now().replace(microsecond=0) + timedelta(seconds=ttl_seconds)
    await store.stream_tokens.add(
        StreamToken(
            token_id=token_id,
            organization_id=session.organization_id,
            browser_session_id=session.browser_session_id,
            scope=scope,
            issued_by=issued_by,
            expires_at=expires_at,
        )
    )
    claims = Claims(token_id, session.organization_id, session.browser_session_id, scope, expires_at)
    return IssuedToken(sign(claims, [key.secret for key in keys]), token_id, expires_at)
