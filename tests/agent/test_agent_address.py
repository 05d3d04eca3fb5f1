from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.agent.address import SessionAddress


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://127.0.0.1:8000/api/v1/cdp/pbs_1", "http://127.0.0.1:8000/api/v1"),
        ("ws://127.0.0.1:8000/api/v1/cdp/pbs_1", "http://127.0.0.1:8000/api/v1"),
        ("wss://pilot.example/api/v1/cdp/pbs_1/devtools/browser/x", "https://pilot.example/api/v1"),
        ("https://pilot.example/api/v1/browser_sessions/pbs_1", "https://pilot.example/api/v1"),
        ("https://pilot.example/under/here/api/v1/browser_sessions/pbs_1/", "https://pilot.example/under/here/api/v1"),
        ("http://user:word@[::1]:80/api/v1/cdp/pbs_1", "http://[::1]:80/api/v1"),
    ],
)
def test_every_address_of_a_session_will_do(url: str, base: str) -> None:
    address = SessionAddress.parse(url, "a&b")
    assert (address.base, address.session_id) == (base, "pbs_1")
    assert address.api == f"{base}/browser_sessions/pbs_1"
    assert address.cdp_url == f"{base}/cdp/pbs_1?apikey=a%26b"
    assert SessionAddress.parse(address.cdp_url, None) == address
    assert "a&b" not in repr(address)


def test_the_key_may_stand_in_the_address_and_the_argument_wins() -> None:
    url = "http://127.0.0.1/api/v1/cdp/pbs_1"
    assert SessionAddress.parse(f"{url}?token=t%20t", None).key == "t t"
    assert SessionAddress.parse(f"{url}?apikey=one", "two").key == "two"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8000/api/v1/cdp/pbs_1",
        "ftp://127.0.0.1/api/v1/cdp/pbs_1",
        "http:///api/v1/cdp/pbs_1",
        "http://127.0.0.1:8000",
        "http://127.0.0.1:8000/api/v1/cdp/",
        "http://127.0.0.1:8000/api/v1/tasks/tsk_1",
        "http://127.0.0.1:9222/devtools/browser/x",
    ],
)
def test_what_is_no_address_of_a_session_is_said_to_be_none(url: str) -> None:
    with pytest.raises(ValueError, match="a session's address looks like"):
        SessionAddress.parse(url, "key")


def test_options_for_the_gate_are_kept() -> None:
    url = "http://127.0.0.1/api/v1/cdp/pbs_1?hold_seconds=3600&apikey=key&observe=true"
    assert SessionAddress.parse(url, None).cdp_url == (
        "http://127.0.0.1/api/v1/cdp/pbs_1?hold_seconds=3600&observe=true&apikey=key"
    )


def test_a_key_is_needed() -> None:
    with pytest.raises(ValueError, match="a key is needed"):
        SessionAddress.parse("http://127.0.0.1/api/v1/cdp/pbs_1", None)


@given(st.text() | st.builds("http://{}/api/v1/cdp/{}?{}".format, st.text(), st.text(), st.text()))
def test_any_text_is_an_address_or_a_value_error(url: str) -> None:
    try:
        address = SessionAddress.parse(url, "key")
    except ValueError:
        return
    assert SessionAddress.parse(address.cdp_url, None) == address
