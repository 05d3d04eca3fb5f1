"""Where a browser may begin."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_BARE = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?([/?#].*)?", re.ASCII)
_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f\\]")


def normalize_url(text: str) -> str:
    """Complete a URL as a browser's address bar would: a bare host gets `https://`.

    Raises:
        ValueError: this is neither http(s) nor `about:blank`.
    """
    text = text.strip()
    if text == "about:blank":
        return text
    if _UNPRINTABLE.search(text):
        raise ValueError("no URL")
    if "://" not in text.partition("?")[0] and _BARE.fullmatch(text):
        text = f"https://{text}"
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not http(s)")
    _ = parts.port  # raises ValueError when it is none
    return text
