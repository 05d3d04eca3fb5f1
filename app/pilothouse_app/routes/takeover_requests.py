"""`/browser_sessions/{id}/takeover_requests`: an agent asks a person for help, and waits for the answer."""

from __future__ import annotations

import trio
from quart import request
from quart_schema import (
    document_response,
    tag_blueprint,
    validate_querystring,
    validate_request,
    validate_response,
)

from pilothouse.channels.takeovers import AlreadyAsked, Takeover, Takeovers
from pilothouse_app.routes.browser_sessions import find_session, find_unfinished_session, session_ended
from pilothouse_app.routes.errors import BASE_PATH, ApiError, ErrorAnswer, InvalidField, not_found
from pilothouse_app.routes.models import NewTakeoverRequest, TakeoverRequestView, WaitQuery
from pilothouse_app.routes.requests import credential, for_tokens, protected_blueprint, services

LONGEST_WAIT = 60.0
"""Seconds after which a request that waits is answered in any case; its client asks again."""

_LONGEST_KEY = 128

takeover_requests = protected_blueprint("takeover_requests")
tag_blueprint(takeover_requests, ["takeover requests"])


@takeover_requests.post("/browser_sessions/<session_id>/takeover_requests")
@for_tokens("agent")
@validate_querystring(WaitQuery)
@validate_request(NewTakeoverRequest)
@validate_response(TakeoverRequestView, 201)
@document_response(ErrorAnswer, 404)
@document_response(ErrorAnswer, 409)
@document_response(ErrorAnswer, 422)
async def ask_for_help(
    session_id: str, data: NewTakeoverRequest, query_args: WaitQuery
) -> tuple[TakeoverRequestView, int, dict[str, str]]:
    """Ask that a person takes control.

    Whoever sends an `Idempotency-Key` may repeat the request when no answer came: it is asked once.
    """
    key = request.headers.get("Idempotency-Key") or None
    if key is not None and len(key) > _LONGEST_KEY:
        raise InvalidField("Idempotency-Key", f"An Idempotency-Key has at most {_LONGEST_KEY} characters.")
    await find_unfinished_session(session_id)
    with services().registry.attend(session_id) as live:
        try:
            takeover = live.takeovers.ask(
                data.reason, data.note, data.deadline_seconds, credential_id=credential().credential_id, key=key
            )
        except AlreadyAsked as error:
            open_request = {"request_id": error.takeover.request.request_id}
            raise ApiError(409, "already_asked", "Help has been asked for already.", open_request) from error
    view = await _view(session_id, takeover, query_args.wait)
    location = f"{BASE_PATH}/browser_sessions/{session_id}/takeover_requests/{view.request_id}"
    return view, 201, {"Location": location}


@takeover_requests.get("/browser_sessions/<session_id>/takeover_requests/<request_id>")
@for_tokens("agent")
@validate_querystring(WaitQuery)
@validate_response(TakeoverRequestView)
@document_response(ErrorAnswer, 404)
@document_response(ErrorAnswer, 409)
async def get_takeover_request(session_id: str, request_id: str, query_args: WaitQuery) -> TakeoverRequestView:
    """See how far a request for help is; with `wait=1` as soon as it is over, after 60 s in any case."""
    _, takeover = await _find(session_id, request_id)
    return await _view(session_id, takeover, query_args.wait)


@takeover_requests.delete("/browser_sessions/<session_id>/takeover_requests/<request_id>")
@for_tokens("agent")
@validate_response(TakeoverRequestView)
@document_response(ErrorAnswer, 404)
@document_response(ErrorAnswer, 409)
async def cancel_takeover_request(session_id: str, request_id: str) -> TakeoverRequestView:
    """Need no help any more. What is over already stays as it is."""
    takeovers, takeover = await _find(session_id, request_id)
    takeovers.cancel(request_id)
    return await _view(session_id, takeover)


async def _find(session_id: str, request_id: str) -> tuple[Takeovers, Takeover]:
    """A request for help, and all of its session.

    Raises:
        ApiError: 404, there is none of the session in this organization; 409, the session is over.
    """
    session = await find_session(session_id)
    live = services().registry.find(session_id)
    takeover = live.takeovers.find(request_id) if live is not None else None
    if live is not None and takeover is not None:
        return live.takeovers, takeover
    raise session_ended(session.status) if session.is_final else not_found("takeover_request")


async def _view(session_id: str, takeover: Takeover, wait: bool = False) -> TakeoverRequestView:
    if takeover.request.outcome is not None:
        await takeover.resolved()  # soon: the browser is being asked where it is
    elif wait:
        with trio.move_on_after(LONGEST_WAIT):
            await takeover.resolved()
    return TakeoverRequestView.of(takeover, session_id)
