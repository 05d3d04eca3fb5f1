"""`/browser_sessions`: make, list, look at, change, end."""

from __future__ import annotations

import trio
from quart_schema import document_response, tag_blueprint, validate_querystring, validate_request, validate_response

from pilothouse_app.routes.errors import BASE_PATH, ApiError, ErrorAnswer, not_found
from pilothouse_app.routes.models import NewSession, SessionPatch, SessionQuery, SessionView
from pilothouse_app.routes.new_session import session_from, task_from
from pilothouse_app.routes.paging import cut_page, decode_cursor
from pilothouse_app.routes.requests import credential, for_tokens, protected_blueprint, services
from pilothouse_app.store.entities import BrowserSession

browser_sessions = protected_blueprint("browser_sessions")
tag_blueprint(browser_sessions, ["browser sessions"])


async def find_session(session_id: str) -> BrowserSession:
    """The session that the current request is about.

    Raises:
        ApiError: 404, there is none in this organization.
    """
    session = await services().store.browser_sessions.get(session_id, credential().organization_id)
    if session is None:
        raise not_found("browser_session")
    return session


async def find_unfinished_session(session_id: str) -> BrowserSession:
    """The session that the current request is about, to do something with it.

    Raises:
        ApiError: 404, there is none in this organization; 409, it is over.
    """
    session = await find_session(session_id)
    if session.is_final:
        raise session_ended(session.status)
    return session


def session_ended(status: str) -> ApiError:
    """409, the session is over."""
    return ApiError(409, "session_ended", "This session is over.", {"status": status})


def view_of(session: BrowserSession) -> SessionView:
    """The session with who controls it."""
    return SessionView.of(session, services().sessions.control(session.browser_session_id))


@browser_sessions.post("/browser_sessions")
@validate_request(NewSession)
@validate_response(SessionView, 201)
@document_response(ErrorAnswer, 422)
async def create_browser_session(data: NewSession) -> tuple[SessionView, int, dict[str, str]]:
    """Start a browser, or attach to one.

    The browser starts in the background; `status` tells how far it is. With a `task`, an agent then plays it.
    """
    task = task_from(data)
    session = session_from(data, credential().organization_id, services().settings.attach_allowlist)
    # A client that goes away now must not leave a session behind that nobody starts. The store's patience is the bound.
    with trio.CancelScope(shield=True):
        await services().store.browser_sessions.add(session)
        await services().sessions.create(session, task)
    location = f"{BASE_PATH}/browser_sessions/{session.browser_session_id}"
    return view_of(session), 201, {"Location": location}


@browser_sessions.get("/browser_sessions")
@validate_querystring(SessionQuery)
@document_response(list[SessionView])
@document_response(ErrorAnswer, 422)
async def list_browser_sessions(query_args: SessionQuery) -> tuple[list[SessionView], int, dict[str, str]]:
    """List sessions, newest first.

    The header `Link` with `rel="next"` leads to the next page, if there is one.
    """
    found = await services().store.browser_sessions.page(
        credential().organization_id,
        status=query_args.status,
        limit=query_args.limit + 1,
        behind=decode_cursor(query_args.cursor),
    )
    page, headers = cut_page(found, query_args.limit, "browser_session_id")
    return [view_of(session) for session in page], 200, headers


@browser_sessions.get("/browser_sessions/<session_id>")
@for_tokens("agent")
@validate_response(SessionView)
@document_response(ErrorAnswer, 404)
async def get_browser_session(session_id: str) -> SessionView:
    """Look at one session."""
    return view_of(await find_session(session_id))


@browser_sessions.patch("/browser_sessions/<session_id>")
@validate_request(SessionPatch)
@validate_response(SessionView)
@document_response(ErrorAnswer, 404)
@document_response(ErrorAnswer, 409)
@document_response(ErrorAnswer, 422)
async def patch_browser_session(session_id: str, data: SessionPatch) -> SessionView:
    """Extend or shorten a session."""
    await find_unfinished_session(session_id)
    changed = await services().store.browser_sessions.change(session_id, timeout_minutes=data.timeout_minutes)
    session = await find_session(session_id)
    if not changed:
        raise session_ended(session.status)
    return view_of(session)


@browser_sessions.delete("/browser_sessions/<session_id>")
@document_response(ErrorAnswer, 404)
async def delete_browser_session(session_id: str) -> tuple[str, int]:
    """End a session. To repeat it does no harm."""
    session = await find_session(session_id)
    if not session.is_final:
        await services().sessions.end(session_id)
    return "", 204


@browser_sessions.post("/browser_sessions/<session_id>/close")
@document_response(ErrorAnswer, 404)
async def close_browser_session(session_id: str) -> tuple[str, int]:
    """End a session, for clients that do not send DELETE."""
    return await delete_browser_session(session_id)
