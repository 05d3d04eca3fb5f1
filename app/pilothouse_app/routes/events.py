"""`/browser_sessions/{id}/events`: what happened, page by page."""

from __future__ import annotations

from quart_schema import document_response, tag_blueprint, validate_querystring

from pilothouse_app.routes.browser_sessions import find_session
from pilothouse_app.routes.errors import ErrorAnswer
from pilothouse_app.routes.models import EventQuery
from pilothouse_app.routes.paging import link_to_next
from pilothouse_app.routes.requests import protected_blueprint, services
from pilothouse_app.store.events import StoredEvent

events = protected_blueprint("events")
tag_blueprint(events, ["browser sessions"])


@events.get("/browser_sessions/<session_id>/events")
@validate_querystring(EventQuery)
@document_response(list[StoredEvent])
@document_response(ErrorAnswer, 404)
@document_response(ErrorAnswer, 422)
async def list_events(session_id: str, query_args: EventQuery) -> tuple[list[StoredEvent], int, dict[str, str]]:
    """List what happened to a session, in its order.

    The header `Link` with `rel="next"` leads to the next page, if there is one.
    """
    await find_session(session_id)
    found = await services().store.events.page(session_id, after=query_args.after, limit=query_args.limit + 1)
    page = found[: query_args.limit]
    return page, 200, link_to_next(after=page[-1].seq) if len(found) > len(page) else {}
