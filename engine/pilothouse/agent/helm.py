"""An agent's hand at the helm: who has control, and how to ask a person for help."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import attrs
import httpx

from pilothouse.agent.address import SessionAddress
from pilothouse.agent.errors import HelmError, Refused
from pilothouse.agent.patient_client import ANSWER_SECONDS, CONNECT_SECONDS, PatientClient

TROUBLE_SECONDS = 15.0
"""How long the server may be out of reach at the end of the agent's own deadline."""

_GOODBYE_SECONDS = 2.0


@attrs.frozen
class Control:
    """Who has control of a session.

    Attributes:
        interactor: `agent` or `user`.
        control_state: `ai_control`, `user_control` or `paused`.
        holder_client_id: names the person's browser tab; None while no person has control.
        control_epoch: grows by one with each change.
    """

    interactor: str
    control_state: str
    holder_client_id: str | None
    control_epoch: int


@attrs.frozen
class Takeover:
    """What came of a request for help.

    Attributes:
        outcome: `completed` when a person has taken control and given it back; `declined` when they would not;
            `timed_out`; `canceled`; `session_ended`.
        note: what the person had to say; None when nothing.
        url_before: where the browser was when help was asked for; None when it did not say.
        url_after: where it was at the end.
    """

    outcome: str
    note: str | None = None
    url_before: str | None = None
    url_after: str | None = None

    @property
    def completed(self) -> bool:
        """Whether a person has helped, as far as anybody but they can tell."""
        return self.outcome == "completed"


class Helm:
    """One session, as its agent sees it. Made by `connect`.

    Attributes:
        session_id: of the session.
        cdp_url: for `connect_over_cdp` and its like; it carries the credential.
    """

    def __init__(self, address: SessionAddress, client: PatientClient) -> None:
        self._address = address
        self._client = client
        self.session_id = address.session_id
        self.cdp_url = address.cdp_url

    async def control(self, *, seconds: float = TROUBLE_SECONDS) -> Control:
        """Who has control now.

        Args:
            seconds: how long to try while the server is out of reach.

        Raises:
            Refused: the server said no.
            Unreachable: it said nothing.
        """
        session = await self._client.ask("GET", self._address.api, seconds=seconds)
        return Control(**_only(Control, session))

    async def request_takeover(self, reason: str, *, deadline_seconds: int = 300, note: str = "") -> Takeover:
        """Ask that a person takes control; returns when they have given it back, or will not come.

        Whoever is cancelled while it waits needs no help any more, and the people who watch are told.

        Args:
            reason: short, such as `captcha`; people read it. 1 to 200 characters.
            deadline_seconds: how long to wait at most; up to a day.
            note: more about it, for people; up to 2,000 characters.

        Raises:
            AlreadyAsked: somebody has asked already.
            Refused: the server said no.
            Unreachable: the server was out of reach for longer than the deadline.
        """
        # The same name every time, so that a request whose answer was lost is asked only once.
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        body = {"reason": reason, "deadline_seconds": deadline_seconds, "note": note}
        ends = anyio.current_time() + deadline_seconds + TROUBLE_SECONDS
        requests = f"{self._address.api}/takeover_requests"
        request: dict[str, Any] = {"state": "asked for"}
        refused = False
        try:
            request = await self._ask("POST", requests, ends, body=body, headers=headers)
            while request["state"] != "resolved":
                request = await self._ask("GET", f"{requests}/{request['request_id']}?wait=1", ends)
        except Refused:
            refused = "request_id" not in request
            raise
        finally:
            if request["state"] != "resolved" and not refused:
                with anyio.move_on_after(_GOODBYE_SECONDS, shield=True), suppress(HelmError):
                    if "request_id" not in request:  # its answer has not come: asking again brings the same one
                        request = await self._client.ask(
                            "POST", requests, seconds=_GOODBYE_SECONDS, body=body, headers=headers
                        )
                    await self._client.ask("DELETE", f"{requests}/{request['request_id']}", seconds=_GOODBYE_SECONDS)
        return Takeover(**_only(Takeover, request))

    async def _ask(self, method: str, url: str, ends: float, **more: Any) -> dict[str, Any]:
        try:
            return await self._client.ask(method, url, seconds=ends - anyio.current_time(), **more)
        except Refused as refused:
            if refused.code == "session_ended":
                return {"state": "resolved", "outcome": "session_ended"}
            raise


@asynccontextmanager
async def connect(url: str, key: str | None = None) -> AsyncIterator[Helm]:
    """Be the agent of a session: `async with connect(url, key) as helm`.

    Args:
        url: of the session or of its gate, http(s) or ws(s), such as `http://127.0.0.1:8000/api/v1/cdp/pbs_…`: what
            Playwright and Puppeteer are given. Its query may carry the credential, and options for the gate.
        key: an API key or a stream token of scope `agent`, if the address has none.

    Raises:
        ValueError: on entering; this is no such address, or there is no key.
    """
    address = SessionAddress.parse(url, key)
    headers = {"Authorization": f"Bearer {address.key}"}
    timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    async with httpx.AsyncClient(headers=headers, timeout=timeout) as http:
        yield Helm(address, PatientClient(http))


def _only(kind: type[attrs.AttrsInstance], document: dict[str, Any]) -> dict[str, Any]:
    """The fields that a class knows; what newer servers say beyond them is left out."""
    return {name: document[name] for name in attrs.fields_dict(kind) if name in document}
