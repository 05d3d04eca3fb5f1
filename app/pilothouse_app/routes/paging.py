"""Lists page by page: an array as the body, and the address of the next page in the `Link` header (RFC 8288)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TypeVar
from urllib.parse import urlencode

from quart import request

from pilothouse_app.routes.errors import InvalidField
from pilothouse_app.store.entities import Entity, format_time
from pilothouse_app.store.tables import Position

EntityT = TypeVar("EntityT", bound=Entity)

_CURSOR = re.compile(r"([0-9TZ:.-]{20,32}) ([a-z]{1,8}_[0-9a-f]{1,64})", re.ASCII)


def decode_cursor(cursor: str | None) -> Position | None:
    """Read a cursor of ours.

    Raises:
        InvalidField: it is none.
    """
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidField("cursor", "This is not a cursor of ours.") from error
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise InvalidField("cursor", "This is not a cursor of ours.")
    return Position(match[1], match[2])


def cut_page(found: list[EntityT], limit: int, key: str) -> tuple[list[EntityT], dict[str, str]]:
    """Cut what was found down to a page, and name the next one.

    Args:
        found: one more than `limit`, if there are so many.
        limit: of a page.
        key: the field of the entities' ids.

    Returns:
        The page and its headers.
    """
    if len(found) <= limit:
        return found, {}
    last = found[limit - 1]
    text = f"{format_time(last.created_at)} {getattr(last, key)}"
    cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return found[:limit], link_to_next(cursor=cursor)


def link_to_next(**parameters: str | int) -> dict[str, str]:
    """The header that leads to the next page: the current request, with these parameters."""
    query = urlencode({**request.args.to_dict(), **parameters})
    return {"Link": f'<{request.path}?{query}>; rel="next"'}
