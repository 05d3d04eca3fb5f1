"""`/browser_sessions/{id}/viewers`: who is there, and the way out."""

from __future__ import annotations

from quart_schema import document_response, tag_blueprint, validate_response

from pilothouse.channels.live_session import LiveSession
from pilothouse_app.routes.browser_sessions import find_session
from pilothouse_app.routes.errors import ErrorAnswer, not_found
from pilothouse_app.routes.models import ViewerView
from pilothouse_app.routes.requests import protected_blueprint, services

viewers = protected_blueprint("viewers")
tag_blueprint(viewers, ["browser sessions"])


@viewers.get("/browser_sessions/<session_id>/viewers")
@validate_response(list[ViewerView])
@document_response(ErrorAnswer, 403)
@document_response(ErrorAnswer, 404)
async def list_viewers(session_id: str) -> list[ViewerView]:
    """List who is with a session, in the order in which they came."""
    live = await _find(session_id)
    if live is None:
        return []
    return [
        ViewerView(
            viewer_id=present.viewer_id,
            client_id=present.viewer.client_id,
            scope=present.viewer.scope,
            holds_control=present.viewer == live.holder,
        )
        for present in live.viewers
    ]


@viewers.delete("/browser_sessions/<session_id>/viewers/<viewer_id>")
@document_response(ErrorAnswer, 403)
@document_response(ErrorAnswer, 404)
async def remove_viewer(session_id: str, viewer_id: str) -> tuple[str, int]:
    """Close all channels of a viewer; if it has control, that goes back to the agent."""
    live = await _find(session_id)
    if live is None or not live.remove_viewer(viewer_id):
        raise not_found("viewer")
    return "", 204


async def _find(session_id: str) -> LiveSession | None:
    await find_session(session_id)
    return services().registry.find(session_id)
