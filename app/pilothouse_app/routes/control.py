"""`/browser_sessions/{id}/control` and `/stream`: take the helm, and find the picture."""

from __future__ import annotations

from quart import request
from quart_schema import document_response, tag_blueprint, validate_request, validate_response

from pilothouse.protocol.control import ControlHeld, ControlState, NotInControl, Viewer
from pilothouse_app.origins import public_origin
from pilothouse_app.routes.browser_sessions import find_session, find_unfinished_session
from pilothouse_app.routes.errors import BASE_PATH, ApiError, ErrorAnswer, InvalidField
from pilothouse_app.routes.models import ControlAction, StreamView
from pilothouse_app.routes.requests import arrival, credential, for_tokens, protected_blueprint, services

control = protected_blueprint("control")
tag_blueprint(control, ["browser sessions"])


@control.put("/browser_sessions/<session_id>/control")
@for_tokens("control")
@validate_request(ControlAction)
@validate_response(ControlState)
@document_response(ErrorAnswer, 403)
@document_response(ErrorAnswer, 404)
@document_response(ErrorAnswer, 409)
@document_response(ErrorAnswer, 422)
async def put_control(session_id: str, data: ControlAction) -> ControlState:
    """Move control of a session to a client, or back to the agent; or let nobody act for a while."""
    await find_unfinished_session(session_id)
    sessions, who = services().sessions, credential()
    match data.action:
        case "pause":
            return await sessions.pause(session_id)
        case "resume":
            return await sessions.resume(session_id)
    if data.client_id is None:
        raise InvalidField("client_id", f"{data.action} needs the client_id of a viewer.")
    viewer = Viewer(who.credential_id, data.client_id)
    try:
        if data.action == "take_control":
            return await sessions.take_control(session_id, viewer)
        return sessions.cede_control(session_id, viewer, data.note)
    except ControlHeld as error:
        raise _conflict(session_id, "control_held", "Somebody else holds control, and has to be asked.") from error
    except NotInControl as error:
        raise _conflict(session_id, "not_in_control", "This client does not hold control.") from error


def _conflict(session_id: str, code: str, message: str) -> ApiError:
    holder = services().sessions.control(session_id).holder_client_id
    return ApiError(409, code, message, {"holder_client_id": holder})


@control.get("/browser_sessions/<session_id>/stream")
@for_tokens("view", "control", "agent")
@validate_response(StreamView)
@document_response(ErrorAnswer, 404)
async def get_stream(session_id: str) -> StreamView:
    """Find a session's streams."""
    session = await find_session(session_id)
    origin = public_origin(arrival(), services().settings, scheme=request.scheme)
    base = f"ws{origin.removeprefix('http')}{BASE_PATH}"
    has_devtools = session.provider == "local" or session.cdp_address is not None
    return StreamView(
        transport=session.stream_transport,
        vnc_url=f"{base}/stream/vnc/browser_session/{session_id}" if session.stream_transport == "vnc" else None,
        messages_url=f"{base}/stream/messages/browser_session/{session_id}",
        screencast_url=None,
        input_url=None,
        cdp_url=f"{base}/cdp/{session_id}" if has_devtools else None,
        events_url=f"{base}/stream/events/browser_session/{session_id}",
    )
