"""Where a browser may begin, and where a session may attach to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse_app.network_names import HostList
from pilothouse_app.routes.attach_addresses import CDP_SCHEMES, VNC_SCHEMES, check_address
from pilothouse_app.routes.start_url import normalize_url

LOOPBACK = HostList.parse(["localhost", "127.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("about:blank", "about:blank"),
        ("https://example.org/a?b#c", "https://example.org/a?b#c"),
        ("HTTP://example.org", "HTTP://example.org"),
        ("example.org", "https://example.org"),
        (" example.org/path ", "https://example.org/path"),
        ("localhost:3000", "https://localhost:3000"),
        ("example.org?next=http://a", "https://example.org?next=http://a"),
        ("http://[::1]:8000/", "http://[::1]:8000/"),
    ],
)
def test_an_address_for_the_browser_is_completed(text: str, url: str) -> None:
    assert normalize_url(text) == url


NO_URLS = """
javascript:alert(1)
data:text/html,x
file:///etc/passwd
chrome://settings
view-source:https://example.org
about:config
http://
https:///path
http://a:99999
http://a b
http://[::1
//example.org
mailto:ada@example.org
ftp://example.org
https:\\\\example.org
"""


@pytest.mark.parametrize("text", [*NO_URLS.splitlines(), "https://example.org\nx", "java\tscript:alert(1)"])
def test_other_addresses_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        normalize_url(text)


@given(st.text())
def test_whatever_comes_out_is_http_or_blank(text: str) -> None:
    try:
        url = normalize_url(text)
    except ValueError:
        return
    assert url == "about:blank" or url.lower().startswith(("http://", "https://"))


@pytest.mark.parametrize(
    "address",
    [
        "unix:///run/user/1000/vnc.sock",
        "tcp://127.0.0.1:5900",
        "tcp://LOCALHOST:5901",
        "tcp://[::1]:5900",
        "ws://127.1.2.3/websockify?token=x",
        "wss://localhost:6080",
    ],
)
def test_vnc_addresses_on_loopback_are_taken(address: str) -> None:
    check_address(address, VNC_SCHEMES, LOOPBACK)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("tcp://127.0.0.1", "names a port"),
        ("tcp://127.0.0.1:0", "names a port"),
        ("tcp://127.0.0.1:99999", "not an address"),
        ("tcp://10.0.0.1:5900", "ALLOWLIST"),
        ("tcp://localhost.evil.example:5900", "ALLOWLIST"),
        ("tcp://2130706433:5900", "ALLOWLIST"),
        ("tcp://[::ffff:10.0.0.1]:5900", "ALLOWLIST"),
        ("tcp://user@127.0.0.1:5900", "no user"),
        ("ws://evil.example\\@127.0.0.1/", "no backslashes"),
        ("ws://127.0.0.1 .evil.example/", "no spaces"),
        ("ws:///path", "names a host"),
        ("http://127.0.0.1:9222", "begins with one of unix://, tcp://, ws://, wss://"),
        ("127.0.0.1:5900", "begins with one of"),
        ("unix://run/vnc.sock", "absolute path"),
        ("unix:/run/vnc.sock", "absolute path"),
        ("unix:///run/vnc.sock?x", "absolute path"),
        ("tcp://[::1", "not an address"),
    ],
)
def test_other_vnc_addresses_are_refused_with_the_reason(address: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_address(address, VNC_SCHEMES, LOOPBACK)


def test_unix_sockets_count_as_loopback() -> None:
    for allowed in (["localhost"], ["127.0.0.1"], ["::1"]):
        check_address("unix:///x", VNC_SCHEMES, HostList.parse(allowed))
    with pytest.raises(ValueError, match="count as loopback"):
        check_address("unix:///x", VNC_SCHEMES, HostList.parse(["10.0.0.0/8"]))


@given(st.text() | st.builds("{}://{}".format, st.sampled_from([*VNC_SCHEMES, *CDP_SCHEMES]), st.text()))
def test_any_text_is_taken_or_refused_with_a_sentence(text: str) -> None:
    try:
        check_address(text, VNC_SCHEMES, LOOPBACK)
    except ValueError as error:
        assert str(error).endswith(".")
