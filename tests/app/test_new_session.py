"""Any JSON that is ordered is a session, or is refused by name."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pilothouse_app.network_names import HostList
from pilothouse_app.routes.errors import InvalidField
from pilothouse_app.routes.models import NewSession
from pilothouse_app.routes.new_session import session_from

LOOPBACK = HostList.parse(["localhost", "127.0.0.0/8", "::1"])
ADDRESSES = st.sampled_from(
    ["tcp://127.0.0.1:5900", "unix:///x", "http://localhost:9222", "wss://10.0.0.1", "tcp://[", ""]
)
ORDERS = st.fixed_dictionaries(
    {},
    optional={
        "provider": st.sampled_from(["local", "attached", 1]),
        "url": st.none() | st.text() | st.sampled_from(["example.org", "javascript:x", "http://["]),
        "timeout_minutes": st.integers(-1, 1500) | st.text() | st.floats(),
        "viewport": st.none() | st.dictionaries(st.sampled_from(["width", "height"]), st.integers(0, 4000)),
        "transport": st.sampled_from(["auto", "vnc", "cdp", ""]),
        "vnc_address": st.none() | ADDRESSES | st.text(),
        "cdp_address": st.none() | ADDRESSES | st.text(),
        "vnc_password": st.none() | st.text(),
    },
)


@given(ORDERS)
def test_an_order_becomes_a_session_or_one_named_error(order: dict[str, Any]) -> None:
    try:
        session = session_from(msgspec.convert(order, NewSession, strict=False), "o_1", LOOPBACK)
    except msgspec.ValidationError:
        return
    except InvalidField as error:
        assert error.details is not None
        assert error.details["field"] in attrs.fields_dict(NewSession)
        return
    assert 1 <= session.timeout_minutes <= 1440
    assert (session.vnc_address or session.cdp_address) if session.provider == "attached" else True
    assert "10.0.0.1" not in f"{session.vnc_address} {session.cdp_address}"
