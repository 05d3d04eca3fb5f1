"""Where a session is, from any of its addresses that an agent may have."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import attrs

_PATH = re.compile(r"(?P<prefix>.*)/api/v1/(?:cdp|browser_sessions)/(?P<session>[A-Za-z0-9_]+)(?:/.*)?")
_HTTP = {"http": "http", "ws": "http", "https": "https", "wss": "https"}


@attrs.frozen
class SessionAddress:
    """A session of a server.

    Attributes:
        base: the address under which the server's API is, such as `http://127.0.0.1:8000/api/v1`.
        session_id: of the session.
        key: an API key, or a stream token of scope `agent`.
    """

    base: str
    session_id: str
    key: str = attrs.field(repr=False)

    @classmethod
    def parse(cls, url: str, key: str | None) -> SessionAddress:
        """Read an address.

        Args:
            url: `http(s)` or `ws(s)`, of the session (`…/api/v1/browser_sessions/pbs_…`) or of its gate
                (`…/api/v1/cdp/pbs_…`), perhaps with the credential in its query.
            key: the credential, if it is not in the address.

        Raises:
            ValueError: this is no such address, or there is no credential. The text shows neither.
        """
        parts = urlsplit(url)
        path = _PATH.fullmatch(parts.path)
        if parts.scheme not in _HTTP or not parts.hostname or path is None:
            raise ValueError("a session's address looks like http://127.0.0.1:8000/api/v1/cdp/pbs_…")
        query = parse_qs(parts.query)
        found = key or next((query[name][0] for name in ("apikey", "token") if name in query), None)
        if not found:
            raise ValueError("a key is needed, as an argument or in the address: …?apikey=…")
        base = f"{_HTTP[parts.scheme]}://{parts.netloc.rpartition('@')[2]}{path['prefix']}/api/v1"
        return cls(base, path["session"], found)

    @property
    def api(self) -> str:
        """The session, in the REST API."""
        return f"{self.base}/browser_sessions/{self.session_id}"

    @property
    def cdp_url(self) -> str:
        """The session's gate, with the credential."""
        return f"{self.base}/cdp/{self.session_id}?{urlencode({'apikey': self.key})}"
