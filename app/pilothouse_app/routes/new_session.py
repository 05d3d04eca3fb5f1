"""From the body of `POST /browser_sessions` to a session: what the types cannot say."""

from __future__ import annotations

from pilothouse.channels.embedded_agent import AgentTask
from pilothouse.protocol.errors import BadUserFlow
from pilothouse.protocol.user_flow import read_user_flow
from pilothouse_app.ids import BROWSER_SESSION, new_id
from pilothouse_app.network_names import HostList
from pilothouse_app.routes.attach_addresses import CDP_SCHEMES, VNC_SCHEMES, check_address
from pilothouse_app.routes.errors import InvalidField
from pilothouse_app.routes.models import NewSession
from pilothouse_app.routes.start_url import normalize_url
from pilothouse_app.store.entities import BrowserSession, StreamTransport, utc_now


def session_from(body: NewSession, organization_id: str, attach_allowlist: HostList) -> BrowserSession:
    """A session as it was ordered.

    Raises:
        InvalidField: the order contradicts itself, or asks for what is not allowed.
    """
    transport = _attached_transport(body, attach_allowlist) if body.provider == "attached" else _local_transport(body)
    now = utc_now()
    return BrowserSession(
        browser_session_id=new_id(BROWSER_SESSION),
        organization_id=organization_id,
        provider=body.provider,
        stream_transport=transport,
        viewport_width=body.viewport.width,
        viewport_height=body.viewport.height,
        timeout_minutes=body.timeout_minutes,
        url=_url(body.url),
        vnc_address=body.vnc_address,
        vnc_password=body.vnc_password,
        cdp_address=body.cdp_address,
        created_at=now,
        last_activity_at=now,
    )


def task_from(body: NewSession) -> AgentTask | None:
    """What the session's own agent is to do, if anything.

    Raises:
        InvalidField: it is no user flow, or nobody could play it.
    """
    if body.task is None:
        if body.max_steps is not None:
            raise InvalidField("max_steps", "max_steps is for sessions with a task.")
        return None
    if body.provider == "attached" and body.cdp_address is None:
        raise InvalidField("task", "A task needs the browser's DevTools: give its cdp_address.")
    try:
        return AgentTask(read_user_flow(body.task), body.max_steps)
    except BadUserFlow as error:
        step = "" if error.step is None else f".steps[{error.step - 1}]"
        field = f".{error.field}" if error.field else ""
        raise InvalidField(f"task{step}{field}", f"The task is no user flow: {error}.") from error


def _local_transport(body: NewSession) -> StreamTransport:
    for field in ("cdp_address", "vnc_address", "vnc_password"):
        if getattr(body, field) is not None:
            raise InvalidField(field, f'{field} is for sessions with "provider": "attached".')
    if body.transport == "cdp":
        raise InvalidField("transport", "Local sessions cannot be streamed over CDP yet; use vnc or auto.")
    return "vnc"


def _attached_transport(body: NewSession, allowlist: HostList) -> StreamTransport:
    if body.url is not None:
        raise InvalidField("url", "An attached browser stays where it is: no url can be given.")
    if body.vnc_address is None and body.cdp_address is None:
        raise InvalidField("vnc_address", "An attached session needs a vnc_address or a cdp_address.")
    _check("vnc_address", body.vnc_address, VNC_SCHEMES, allowlist)
    _check("cdp_address", body.cdp_address, CDP_SCHEMES, allowlist)
    if body.transport == "auto":
        return "vnc" if body.vnc_address is not None else "cdp"
    if (body.vnc_address if body.transport == "vnc" else body.cdp_address) is None:
        raise InvalidField("transport", f"To stream over {body.transport}, its address is needed.")
    return body.transport


def _check(field: str, address: str | None, schemes: tuple[str, ...], allowlist: HostList) -> None:
    if address is None:
        return
    try:
        check_address(address, schemes, allowlist)
    except ValueError as error:
        raise InvalidField(field, str(error)) from error


def _url(url: str | None) -> str | None:
    if url is None:
        return None
    try:
        return normalize_url(url)
    except ValueError as error:
        raise InvalidField("url", "A session begins at an http:// or https:// address, or at about:blank.") from error
