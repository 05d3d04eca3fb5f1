"""`GET /health`: for load balancers, and without a credential."""

from __future__ import annotations

from typing import Literal

import attrs
from quart import Blueprint
from quart_schema import document_response, security_scheme, validate_response

from pilothouse_app.routes.errors import BASE_PATH, ErrorAnswer
from pilothouse_app.routes.requests import services

health = Blueprint("health", __name__, url_prefix=BASE_PATH)


@attrs.frozen
class Health:
    """The server works."""

    status: Literal["ok"]
    version: str
    instance_id: str


@health.get("/health")
@security_scheme([{}])
@validate_response(Health)
@document_response(ErrorAnswer, 503)
async def get_health() -> Health:
    """Whether the server works; 503 names what does not."""
    await services().store.ping()
    return Health("ok", services().version, services().instance_id)
