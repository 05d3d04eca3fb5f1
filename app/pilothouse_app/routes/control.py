"""`/browser_sessions/{id}/control` and `/stream`: take the helm, and find the picture."""

from __future__ import annotations

from quart import request
from quart_schema import document_response, tag_blueprint, validate_request, validate_response

from pilothouse.protocol.control import ControlState, NotInControl
from pilothouse_app.origins import public_origin
from pilothouse_app.routes.browser_sessions import find_session, find_unfinished_session
from pilothouse_app.routes.errors import BASE_PATH, ApiError, ErrorAnswer
from pilothouse_app.routes.models import ControlAction, StreamView
from pilothouse_app.routes.requests import arrival, credential, protected_blueprint, services

control = protected_blueprint("control")
tag_blueprint(control, ["browser sessions"])


@control.put("/browser_sessions/<session_id>/control")
@validate_request(ControlAction)
@validate_response(ControlState)
@document_response(ErrorAnswer, 404)
@document_response(ErrorAnswer, 409)
@document_response(ErrorAnswer, 422)
async def put_control(session_id: str, data: ControlAction) -> ControlState:
    """Move control of a session to a client, or back to the agent."""
    await find_unfinished_session(session_id)
    sessions, credential_id = services().sessions, credential().credential_id
    if data.action == "take_control":
        return sessions.take_control(session_id, credential_id, data.client_id)
    try:
        return sessions.cede_control(session_id, credential_id, data.client_id)
    except NotInControl as error:
        holder = {"holder_client_id": sessions.control(session_id).holder_client_id}
        raise ApiError(409, "not_in_control", "This client does not hold control.", holder) from error


@control.get("/browser_sessions/<session_id>/stream")
@validate_response(StreamView)
@document_response(ErrorAnswer, 404)
async def get_stream(session_id: str) -> StreamView:
    """Find a session's streams."""
    session = await find_session(session_id)
    origin = public_origin(arrival(), services().settings, scheme=request.scheme)
    base = f"ws{origin.removeprefix('http')}{BASE_PATH}/stream"
    return StreamView(
        transport=session.stream_transport,
        vnc_url=f"{base}/vnc/browser_session/{session_id}" if session.stream_transport == "vnc" else None,
        messages_url=f"{base}/messages/browser_session/{session_id}",
        screencast_url=None,
        input_url=None,
        cdp_url=None,
        events_url=None,
    )
