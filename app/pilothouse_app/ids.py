"""Identifiers and keys: random, and recognizable by their prefix."""

from __future__ import annotations

import secrets

ORGANIZATION = "o"
BROWSER_SESSION = "pbs"
TASK = "tsk"
WORKFLOW_RUN = "wr"
API_KEY_ID = "key"

KEY_PREFIX = "ph_"
"""Every API key that we make begins with it, so that logs can mask keys and scanners can find leaked ones."""


def new_id(prefix: str) -> str:
    """A new identifier with 96 random bits, such as `pbs_5f…`."""
    return f"{prefix}_{secrets.token_hex(12)}"


def new_api_key() -> str:
    """A new API key with 256 random bits."""
    return KEY_PREFIX + secrets.token_urlsafe(32)
