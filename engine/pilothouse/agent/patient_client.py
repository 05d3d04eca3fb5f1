"""HTTP that outlives brief trouble on the way to the server."""

from __future__ import annotations

from typing import Any

try:
    import anyio
    import httpx
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "pilothouse.agent needs more: pip install 'pilothouse[agent]'", name=error.name
    ) from error

from pilothouse.agent.errors import AlreadyAsked, Refused, Unreachable

CONNECT_SECONDS = 5.0

ANSWER_SECONDS = 75.0
"""How long the server may be silent: longer than it lets a request wait."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_TRY_AGAIN = {429, 502, 503, 504}


class PatientClient:
    """Asks one server, and asks again while there is time.

    Args:
        http: what it asks with.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def ask(
        self, method: str, url: str, *, seconds: float, body: Any = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a request until it is answered; it must do no harm to send it twice.

        Args:
            method: of HTTP.
            url: where to.
            seconds: how long to try.
            body: JSON.
            headers: more headers.

        Raises:
            Refused: the server said no.
            Unreachable: it said nothing in this time.
        """
        why: Exception | str = "no answer in time"
        pause = _FIRST_PAUSE
        with anyio.move_on_after(seconds):
            while True:
                try:
                    response = await self._http.request(method, url, json=body, headers=headers)
                except httpx.TransportError as failure:
                    why = failure
                else:
                    if response.status_code not in _TRY_AGAIN:
                        return _answer(response)
                    why = f"it answers with {response.status_code}"
                await anyio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        raise Unreachable(f"the server is not to be reached: {why}") from (why if isinstance(why, Exception) else None)


def _answer(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Refused(response.status_code, "not_pilothouse", "what answers there is no Pilothouse")
    if response.is_success:
        return document
    match document.get("error"):
        case {"code": "already_asked" as code, "message": str(message), "details": {"request_id": str(request_id)}}:
            raise AlreadyAsked(response.status_code, code, message, request_id)
        case {"code": str(code), "message": str(message)}:
            raise Refused(response.status_code, code, message)
    raise Refused(response.status_code, "not_pilothouse", "what answers there is no Pilothouse")
