"""Identifiers and keys: random, and recognizable by their prefix."""

from __future__ import annotations

import secrets

ORGANIZATION = "o"
BROWSER_SESSION = "pbs"
TASK = "tsk"
WORKFLOW_RUN = "wr"
API_KEY_ID = "key"
SIGNING_KEY_ID = "sig"
STREAM_TOKEN_ID = "tok"  # noqa: S105 (not a password)
READER = "reader"
AGENT = "agent"

KEY_PREFIX = "ph_"
"""Every API key that we make begins with it, so that logs can mask keys and scanners can find leaked ones."""

TOKEN_PREFIX = "pht_"  # noqa: S105
"""The same for stream tokens; it tells them from keys, too."""


def new_id(prefix: str) -> str:
    """A new identifier with 96 random bits, such as `pbs_5f…`."""
    return f"{prefix}_{secrets.token_hex(12)}"


def new_api_key() -> str:
    """A new API key with 256 random bits."""
    return KEY_PREFIX + secrets.token_urlsafe(32)
