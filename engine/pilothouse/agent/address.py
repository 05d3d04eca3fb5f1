"""Where a session is, from any of its addresses that an agent may have."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import attrs

_PATH = re.compile(r"(?P<prefix>.*)/api/v1/(?:cdp|browser_sessions)/(?P<session>[A-Za-z0-9_]+)(?:/.*)?")
_CREDENTIAL = ("apikey", "token")
_HTTP = {"http": "http", "ws": "http", "https": "https", "wss": "https"}


@attrs.frozen
class SessionAddress:
    """A session of a server.

    Attributes:
        base: the address under which the server's API is, such as `http://127.0.0.1:8000/api/v1`.
        session_id: of the session.
        key: an API key, or a stream token of scope `agent`.
        options: what else is to be told to the gate, such as `hold_seconds`.
    """

    base: str
    session_id: str
    key: str = attrs.field(repr=False)
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, url: str, key: str | None) -> SessionAddress:
        """Read an address.

        Args:
            url: `http(s)` or `ws(s)`, of the session (`…/api/v1/browser_sessions/pbs_…`) or of its gate
                (`…/api/v1/cdp/pbs_…`). Its query may have the credential, and options for the gate.
            key: the credential, if it is not in the address.

        Raises:
            ValueError: this is no such address, or there is no credential. The text shows neither.
        """
        parts = urlsplit(url)
        path = _PATH.fullmatch(parts.path)
        if parts.scheme not in _HTTP or not parts.hostname or path is None:
            raise ValueError("a session's address looks like http://127.0.0.1:8000/api/v1/cdp/pbs_…")
        query = parse_qsl(parts.query)
        found = key or next((value for name, value in query if name in _CREDENTIAL), None)
        if not found:
            raise ValueError("a key is needed, as an argument or in the address: …?apikey=…")
        base = f"{_HTTP[parts.scheme]}://{parts.netloc.rpartition('@')[2]}{path['prefix']}/api/v1"
        return cls(base, path["session"], found, tuple(option for option in query if option[0] not in _CREDENTIAL))

    @property
    def api(self) -> str:
        """The session, in the REST API."""
        return f"{self.base}/browser_sessions/{self.session_id}"

    @property
    def cdp_url(self) -> str:
        """The session's gate, with the credential."""
        return f"{self.base}/cdp/{self.session_id}?{urlencode([*self.options, ('apikey', self.key)])}"
