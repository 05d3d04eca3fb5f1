"""`/browser_sessions/{id}/stream_tokens`: credentials for one session, to be handed to viewers and agents."""

from __future__ import annotations

from quart_schema import document_response, tag_blueprint, validate_request, validate_response

from pilothouse_app.issuing import issue_token
from pilothouse_app.routes.browser_sessions import find_session, find_unfinished_session
from pilothouse_app.routes.errors import ErrorAnswer, not_found
from pilothouse_app.routes.models import NewStreamToken, StreamTokenView
from pilothouse_app.routes.requests import credential, protected_blueprint, services
from pilothouse_app.store.entities import format_time

stream_tokens = protected_blueprint("stream_tokens")
tag_blueprint(stream_tokens, ["stream tokens"])


@stream_tokens.post("/browser_sessions/<session_id>/stream_tokens")
@validate_request(NewStreamToken)
@validate_response(StreamTokenView, 201)
@document_response(ErrorAnswer, 404)
@document_response(ErrorAnswer, 409)
@document_response(ErrorAnswer, 422)
async def create_stream_token(session_id: str, data: NewStreamToken) -> tuple[StreamTokenView, int]:
    """Make a token. It is shown this once."""
    session = await find_unfinished_session(session_id)
    issued = await issue_token(
        services().store, session, data.scope, data.ttl_seconds, issued_by=credential().credential_id
    )
    return StreamTokenView(issued.token, format_time(issued.expires_at), issued.token_id), 201


@stream_tokens.delete("/browser_sessions/<session_id>/stream_tokens/<token_id>")
@document_response(ErrorAnswer, 404)
async def delete_stream_token(session_id: str, token_id: str) -> tuple[str, int]:
    """Revoke a token, and close what it has opened. To repeat it does no harm."""
    await find_session(session_id)
    if not await services().store.stream_tokens.revoke(token_id, session_id):
        raise not_found("stream_token")
    return "", 204
