"""The choice of the lane from a request's first bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse_app.lanes import LARGEST_HEAD, Lane, lane_of

UPGRADE = b"GET /api/v1/stream/vnc/browser_session/pbs_1?token=t HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\n\r\n"
HEADS = [
    (UPGRADE, Lane.STREAM),
    (UPGRADE.replace(b"/stream/vnc", b"/cdp"), Lane.STREAM),
    (UPGRADE.replace(b"Upgrade: WebSocket", b"uPGRADE:websocket  "), Lane.STREAM),
    (UPGRADE.replace(b"Upgrade: WebSocket", b"Upgrade: h2c"), Lane.HTTP),
    (UPGRADE.replace(b"Upgrade: WebSocket", b"X-Upgrade: websocket"), Lane.HTTP),
    (b"GET /api/v1/cdp/pbs_1/json/version HTTP/1.1\r\nHost: x\r\n\r\n", Lane.HTTP),
    (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", Lane.HTTP),
    (b"GET /api/v1/streams HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", Lane.HTTP),
    (b"POST /api/v1/browser_sessions HTTP/1.1\r\n\r\n", Lane.HTTP),
    (b"\x16\x03\x01\x02\x00", Lane.HTTP),
]


@pytest.mark.parametrize(("head", "lane"), HEADS)
def test_lane_is_the_same_however_the_head_is_cut(head: bytes, lane: Lane) -> None:
    assert lane_of(head) is lane
    assert lane_of(head + b"trailing") is lane
    early = {lane_of(head[:size]) for size in range(len(head))}
    assert early <= {None, lane}


def test_head_that_never_ends_goes_to_the_http_lane() -> None:
    endless = UPGRADE[:-2] + b"X: " + b"y" * LARGEST_HEAD
    assert lane_of(endless[: LARGEST_HEAD - 1]) is None
    assert lane_of(endless[:LARGEST_HEAD]) is Lane.HTTP


@given(st.binary(max_size=200), st.integers(0, 60))
def test_any_bytes_get_a_lane_or_wait(garbage: bytes, cut: int) -> None:
    assert lane_of(UPGRADE[:cut] + garbage) in (None, *Lane)
