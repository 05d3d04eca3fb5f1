"""Who is asking: API keys, and stream tokens.

Keys are random with 256 bits (or the operator's choice, who has been told to make them long), so a plain SHA-256 is
enough to store them: a slow hash protects secrets that can be guessed, and would cost every request dearly. The hash
is looked up by an index; what the look-up's duration may tell about the hash does not help to find the key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import attrs
import structlog

from pilothouse.protocol.control import Scope
from pilothouse_app.ids import TOKEN_PREFIX
from pilothouse_app.store import Store
from pilothouse_app.store.entities import utc_now
from pilothouse_app.stream_tokens import BadToken, read_untrusted

SUBPROTOCOL_PREFIX = "pilothouse.token."

# The characters that the name of a subprotocol may have (RFC 6455 §4.1, RFC 9110 §5.6.2).
_CREDENTIAL_SUBPROTOCOL = re.compile(re.escape(SUBPROTOCOL_PREFIX) + r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

_log = structlog.get_logger(__name__)


class Unauthorized(Exception):
    """No credential, an unknown one, or one that was revoked. The client is not told which."""


@attrs.frozen
class Credential:
    """Who is asking.

    Attributes:
        organization_id: whose entities may be seen.
        credential_id: names the credential; is not itself secret.
        scope: what it is for; an API key is for everything.
        session_id: the only browser session that it is for.
        expires_at: when it ends by itself.
    """

    organization_id: str
    credential_id: str
    scope: Scope | Literal["all"] = "all"
    session_id: str | None = None
    expires_at: datetime | None = None

    @property
    def standing(self) -> Standing:
        """What remains of it once it has been let in."""
        return Standing(self.credential_id, self.expires_at)

    @property
    def viewer_scope(self) -> Scope:
        """What a viewer with this credential may do."""
        return "control" if self.scope == "all" else self.scope


@attrs.frozen
class Standing:
    """A credential that was good once, to be looked at again.

    Attributes:
        credential_id: names it.
        expires_at: when it ends by itself, where that is known.
    """

    credential_id: str
    expires_at: datetime | None = None


def hash_key(key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def presented_credential(headers: Mapping[str, str], query: Mapping[str, str], *, websocket: bool) -> str | None:
    """The credential that a request carries. Of several, the one in a header wins, and a subprotocol over the URL.

    Args:
        headers: by lower-case name, or by any case.
        query: the parameters of the URL. Only WebSockets may carry a credential there, because browsers cannot give
            them headers but that of the subprotocol; of other requests it would end up in histories and Referer
            headers.
        websocket: whether the request is one to open a WebSocket, or an agent's to find one: libraries have but one
            address for both.
    """
    key = headers.get("x-api-key")
    if key:
        return key
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    if websocket:
        subprotocol = credential_subprotocol(headers)
        if subprotocol is not None:
            return subprotocol.removeprefix(SUBPROTOCOL_PREFIX)
        return query.get("apikey") or query.get("token")
    return None


def credential_subprotocol(headers: Mapping[str, str]) -> str | None:
    """The WebSocket subprotocol that carries a credential, if the first one offered does. It has to be answered.

    Args:
        headers: by lower-case name, or by any case.
    """
    first = headers.get("sec-websocket-protocol", "").partition(",")[0].strip()
    return first if _CREDENTIAL_SUBPROTOCOL.fullmatch(first) else None


async def authenticate(store: Store, presented: str | None) -> Credential:
    """Find out who is asking.

    Raises:
        Unauthorized: nobody that we know, or not any more.
        StoreUnavailable: we cannot know at the moment.
    """
    if not presented:
        raise _refusal("there is none")
    if presented.startswith(TOKEN_PREFIX):
        return await _bearer_of(store, presented)
    key = await store.api_keys.by_hash(hash_key(presented))
    if key is None:
        raise _refusal("it is unknown")
    if key.revoked_at is not None:
        raise _refusal(f"{key.key_id} was revoked")
    return Credential(key.organization_id, key.key_id)


async def still_stands(store: Store, standing: Standing) -> bool:
    """Whether a credential that was good once still is.

    Raises:
        StoreUnavailable: we cannot know at the moment.
    """
    if standing.expires_at is not None and utc_now() >= standing.expires_at:
        return False
    token = await store.stream_tokens.stands(standing.credential_id)
    return token or await store.api_keys.stands(standing.credential_id)


async def _bearer_of(store: Store, token: str) -> Credential:
    keys = await store.signing_keys.live()
    try:
        claims = read_untrusted(token, [key.secret for key in keys], utc_now())
    except BadToken as error:
        raise _refusal(str(error)) from error
    if not await store.stream_tokens.stands(claims.token_id):
        raise _refusal(f"{claims.token_id} was revoked")
    return Credential(claims.organization_id, claims.token_id, claims.scope, claims.session_id, claims.expires_at)


def _refusal(why: str) -> Unauthorized:
    _log.info("credential refused", why=why)
    return Unauthorized()
