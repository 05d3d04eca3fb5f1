"""Who is asking: API keys.

Keys are random with 256 bits (or the operator's choice, who has been told to make them long), so a plain SHA-256 is
enough to store them: a slow hash protects secrets that can be guessed, and would cost every request dearly. The hash
is looked up by an index; what the look-up's duration may tell about the hash does not help to find the key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Literal

import attrs
import structlog

from pilothouse.protocol.control import Scope
from pilothouse_app.store import Store

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
    """

    organization_id: str
    credential_id: str
    scope: Scope | Literal["all"] = "all"
    session_id: str | None = None

    @property
    def viewer_scope(self) -> Scope:
        """What a viewer with this credential may do."""
        return "control" if self.scope == "all" else self.scope


def hash_key(key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def presented_credential(headers: Mapping[str, str], query: Mapping[str, str], *, websocket: bool) -> str | None:
    """The credential that a request carries.

    Args:
        headers: by lower-case name, or by any case.
        query: the parameters of the URL. Only WebSockets may carry a credential there, because browsers cannot give
            them headers; of other requests it would end up in histories and Referer headers.
        websocket: whether the request is one to open a WebSocket.
    """
    key = headers.get("x-api-key")
    if key:
        return key
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    if websocket:
        return query.get("apikey") or query.get("token")
    return None


async def authenticate(store: Store, presented: str | None) -> Credential:
    """Find out who is asking.

    Raises:
        Unauthorized: nobody that we know, or not any more.
        StoreUnavailable: we cannot know at the moment.
    """
    if not presented:
        raise _refusal("there is none")
    key = await store.api_keys.by_hash(hash_key(presented))
    if key is None:
        raise _refusal("it is unknown")
    if key.revoked_at is not None:
        raise _refusal(f"{key.key_id} was revoked")
    return Credential(key.organization_id, key.key_id)


def _refusal(why: str) -> Unauthorized:
    _log.info("credential refused", why=why)
    return Unauthorized()
