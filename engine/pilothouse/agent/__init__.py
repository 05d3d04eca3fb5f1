"""For agents that drive a browser of Pilothouse: ask a person for help, and go on when control is back.

    async with pilothouse.agent.connect("http://127.0.0.1:8000/api/v1/cdp/pbs_…", key) as helm:
        browser = await playwright.chromium.connect_over_cdp(helm.cdp_url)
        …
        answer = await helm.request_takeover("captcha", deadline_seconds=300)

For Trio and for asyncio. Needs the extra `agent`: `pip install 'pilothouse[agent]'`.
"""

from __future__ import annotations

from pilothouse.agent.errors import AlreadyAsked, HelmError, Refused, Unreachable

try:
    from pilothouse.agent.helm import Control, Helm, Takeover, connect
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "pilothouse.agent needs its extra: pip install 'pilothouse[agent]'", name=error.name
    ) from error

__all__ = ["AlreadyAsked", "Control", "Helm", "HelmError", "Refused", "Takeover", "Unreachable", "connect"]
