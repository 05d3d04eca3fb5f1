"""Credentials never reach a log line: whatever is about to be written is masked here first.

Names decide where there are names (mappings, header pairs, query parameters); the shape decides where a credential may
stand alone (our own keys and tokens, bearer tokens, the user part of a URL); and the operator's own key is masked as it
is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from pilothouse_app.authentication import SUBPROTOCOL_PREFIX
from pilothouse_app.ids import KEY_PREFIX, TOKEN_PREFIX

MASK = "***"

_NAMES = (
    r"x-api-key|authorization|proxy-authorization|sec-websocket-protocol|api[-_]?key|(?:[a-z]+_)?token|"
    r"(?:[a-z]+_)?password|signature"
)
_IS_SECRET_NAME = re.compile(_NAMES, re.IGNORECASE)

_PATTERNS = [
    # name=value in URLs, also in a URL that is a parameter of another one
    (re.compile(rf"((?:{_NAMES})(?:=|%3D))[^&\s\"'#<>,;)]+", re.IGNORECASE), rf"\1{MASK}"),
    # name: value, as in headers, JSON, and the repr of dictionaries and pairs
    (
        re.compile(
            rf"(?<![a-z0-9])((?:{_NAMES})(?:[\"']?\s*:|[\"']\s*,)\s*(?:b?[\"'])?)(?:bearer\s+|basic\s+)?[^\s\"',;)}}\]]+",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(rf"(?<![A-Za-z0-9]){KEY_PREFIX}[A-Za-z0-9_-]{{8,}}"), KEY_PREFIX + MASK),
    (re.compile(rf"(?<![A-Za-z0-9]){TOKEN_PREFIX}[A-Za-z0-9_.-]{{8,}}"), TOKEN_PREFIX + MASK),
    (re.compile(rf"{re.escape(SUBPROTOCOL_PREFIX)}[^\s\"',;)}}\]]+"), SUBPROTOCOL_PREFIX + MASK),
    (re.compile(r"(?<=://)[^/\s\"'@]+@"), f"{MASK}@"),
]


class CredentialMask:
    """A structlog processor that masks credentials in everything a log line holds.

    Args:
        secrets: credentials that have no recognizable shape.
    """

    def __init__(self, secrets: Collection[str] = ()) -> None:
        self._secrets = [secret for secret in secrets if secret]

    def __call__(self, logger: Any, method_name: str, event_dict: Mapping[str, Any]) -> dict[str, Any]:
        """Mask one event."""
        return {key: self.value(value, key) for key, value in event_dict.items()}

    def text(self, text: str) -> str:
        """Mask the credentials in a text."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def value(self, value: Any, name: Any = None) -> Any:
        """Mask a value, and make it one that JSON can show.

        Args:
            value: what is to be shown.
            name: the key that it stands under, if there is one.
        """
        if isinstance(name, bytes):
            name = name.decode("latin-1")
        if isinstance(name, str) and _IS_SECRET_NAME.fullmatch(name) and value is not None:
            return MASK
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, bytes):
            return self.text(value.decode("utf-8", "backslashreplace"))
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(item, key) for key, item in value.items()}
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str | bytes):
            return [self.value(value[0]), self.value(value[1], value[0])]
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item) for item in value]
        return self.text(value if isinstance(value, str) else repr(value))
