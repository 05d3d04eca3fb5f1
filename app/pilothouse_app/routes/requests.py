"""What the routes want to know of a request: its JSON, how it arrived, who asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar, cast

import attrs
import orjson
from quart import Blueprint, current_app, g, request
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioRequest, TrioResponse

from pilothouse.protocol.control import Scope
from pilothouse_app.authentication import Credential, authenticate, presented_credential
from pilothouse_app.routes.errors import BASE_PATH, ApiError, not_allowed, not_found
from pilothouse_app.services import Services, services_of

RouteT = TypeVar("RouteT", bound=Callable[..., Any])

_SCOPES_OF_ROUTE = "scopes"

MAX_BODY = 1024 * 1024
"""Bytes of a request's body."""


class ApiRequest(TrioRequest):
    """A request whose body is JSON, whatever its Content-Type says; an empty body is an empty object."""

    @property
    def host(self) -> str:
        """What routing sees of the Host header: nothing, as no route depends on it, and some of its values break it."""
        return "localhost"

    async def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """Read the body. The arguments are Quart's, and make no difference here.

        Raises:
            ApiError: 400, this is not JSON.
        """
        body = await self.get_data(cache=True, as_text=False, parse_form_data=False)
        try:
            return orjson.loads(body.strip() or b"{}")
        except orjson.JSONDecodeError as error:
            raise ApiError(400, "malformed_json", f"The body is not JSON: {error}.") from error


class ApiResponse(TrioResponse):
    """A response that is not HTML when nobody says what it is."""

    default_mimetype = "text/plain"


@attrs.frozen
class HttpArrival:
    """How a request came to us; an `Arrival` of `origins.py`."""

    headers: Mapping[str, str]
    peer_ip: str
    local_address: tuple[str, int]


def arrival() -> HttpArrival:
    """How the current request came to us."""
    # Header lines of the same name come to their last one, which is what the nearest proxy added.
    headers = {name.lower(): value for name, value in request.headers.items()}
    client, server = request.scope.get("client"), request.scope.get("server")
    return HttpArrival(headers, client[0] if client else "", (server[0], server[1] or 0) if server else ("", 0))


def services() -> Services:
    """The parts of the server that the current request came to."""
    return services_of(cast(QuartTrio, current_app))


def credential() -> Credential:
    """Who sends the current request."""
    return cast(Credential, g.credential)


def protected_blueprint(name: str, *, for_agents: bool = False) -> Blueprint:
    """A blueprint under the base path that is for authenticated clients only.

    Args:
        name: of the blueprint.
        for_agents: whether the credential may stand in the URL, as it does in that of the agents' WebSocket.
    """
    blueprint = Blueprint(name, __name__, url_prefix=BASE_PATH)
    blueprint.before_request(partial(_require_credential, in_url=for_agents))
    return blueprint


def for_tokens(*scopes: Scope) -> Callable[[RouteT], RouteT]:
    """Open a route to stream tokens of these scopes, each for its own session. All others are for API keys only.

    Stands right below the line that says where the route is.
    """

    def note(route: RouteT) -> RouteT:
        route.__dict__[_SCOPES_OF_ROUTE] = scopes
        return route

    return note


async def _require_credential(*, in_url: bool) -> None:
    # A browser asks first, without a credential, whether it may send one.
    if request.method != "OPTIONS":
        presented = presented_credential(arrival().headers, request.args, websocket=in_url)
        g.credential = await authenticate(services().store, presented)
        if g.credential.scope != "all":
            _check_token(g.credential)


def _check_token(token: Credential) -> None:
    if (request.view_args or {}).get("session_id", token.session_id) != token.session_id:
        raise not_found("browser_session")
    route = current_app.view_functions[request.endpoint or ""]
    if token.scope not in getattr(route, _SCOPES_OF_ROUTE, ()):
        raise not_allowed()
