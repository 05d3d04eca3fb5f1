"""Origins and host lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse_app.network_names import HostList, origin_of, parse_origin


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("http://example.org", "http://example.org"),
        ("HTTP://Example.ORG:80", "http://example.org"),
        ("https://example.org:443/", "https://example.org"),
        ("https://example.org:80", "https://example.org:80"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://[::1]:80", "http://[::1]"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
    ],
)
def test_an_origin_has_one_form(text: str, origin: str) -> None:
    assert parse_origin(text) == origin


NO_ORIGINS = """
null
*
example.org
http://
http://a/b
http://a?b
http://u:p@a
http://a:
http://a:99999
http://a b
http://[a]
http://[::1
http://::1
http://a\\b
http://a..b
"""


@pytest.mark.parametrize("text", [*NO_ORIGINS.splitlines(), "http://a\nb"])
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        parse_origin(text)


@given(st.text() | st.builds("{}://{}:{}".format, st.text(), st.text(), st.integers() | st.text()))
def test_any_text_is_an_origin_or_one_named_error(text: str) -> None:
    try:
        origin = parse_origin(text)
    except ValueError:
        return
    assert parse_origin(origin) == origin


def test_ipv6_hosts_wear_brackets() -> None:
    assert origin_of("http", "::1", 8000) == "http://[::1]:8000"
    assert origin_of("http", "Localhost", 80) == "http://localhost"


def test_a_host_list_compares_names_as_written_and_addresses_by_network() -> None:
    hosts = HostList.parse(["Localhost", "127.0.0.0/8", "::1", "fd00::1"])

    for host in (
        "localhost",
        "LOCALHOST",
        "127.0.0.1",
        "127.255.0.3",
        "0:0:0:0:0:0:0:1",
        "::ffff:127.0.0.1",
        "fd00::1",
    ):
        assert host in hosts
    for host in (None, "", "localhost.evil.example", "127.1", "2130706433", "128.0.0.1", "::2", "::ffff:128.0.0.1"):
        assert host not in hosts
