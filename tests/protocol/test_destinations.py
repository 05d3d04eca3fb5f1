"""Where a browser may be sent: URLs are read as browsers read them, and addresses are public or forbidden."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pilothouse.protocol.destinations import (
    Address,
    AllowedDestinations,
    Destination,
    DestinationForbidden,
    destination_of_untrusted,
    is_forbidden_address,
)

LOOPBACK = "http://127.0.0.1/"

READ_AS = {
    # Without a scheme
    "example.org": "https://example.org/",
    "example.org/a b?c#d": "https://example.org/a%20b?c#d",
    "example.org:8080": "https://example.org:8080/",
    "localhost:8080/x": "https://localhost:8080/x",
    "[2606:4700::1]:8080": "https://[2606:4700::1]:8080/",
    "bücher.example:8080": "https://xn--bcher-kva.example:8080/",
    "intranet": "https://intranet/",
    "//example.org": "https://example.org/",
    # With one
    "HTTP://Example.ORG:80/%7e": "http://example.org/%7e",
    "https://example.org:443": "https://example.org/",
    " \0http://example.org\n": "http://example.org/",
    "ht\ntps:\t//exam\rple.org": "https://example.org/",
    "http:example.org": "http://example.org/",
    "http:\\\\example.org\\a": "http://example.org/a",
    "http:////example.org": "http://example.org/",
    "https://example.org./": "https://example.org./",
    "https://faß.example": "https://xn--fa-hia.example/",
    "About:Blank": "about:blank",
    "about:blank#x": "about:blank",
    # 127.0.0.1, as browsers read it
    "http://127.1": LOOPBACK,
    "http://127.0.1": LOOPBACK,
    "http://0177.0.0.1": LOOPBACK,
    "http://2130706433": LOOPBACK,
    "http://017700000001": LOOPBACK,
    "http://0x7f.1": LOOPBACK,
    "http://0x7F000001": LOOPBACK,
    "http://127.0.0.1.": LOOPBACK,
    "http://%31%32%37.0.0.1": LOOPBACK,
    "http://１２７.０.０.１": LOOPBACK,
    "http://127。0．0｡1": LOOPBACK,
    "http://①②⑦.0.0.1": LOOPBACK,
    "http://127.0.0.1\\@example.org": "http://127.0.0.1/@example.org",
    "http://\u00ad127.0.0.1": LOOPBACK,
    # Others
    "http://0": "http://0.0.0.0/",
    "http://[::FFFF:127.0.0.1]": "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:0:0:1]": "http://[::1]/",
}

REFUSED = [
    "",
    "https://",
    "file:///etc/passwd",
    "FILE:/etc/passwd",
    "\tfi\nle:///etc/passwd",
    "chrome://settings",
    "chrome-extension://abc/page.html",
    "devtools://devtools/bundled/inspector.html",
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    "javascript:1",
    "javascript://example.org/%0aalert(1)",
    "data:text/html,hello",
    "blob:https://example.org/0e6f",
    "filesystem:https://example.org/temporary/x",
    "view-source:https://example.org",
    "ws://example.org",
    "ftp://example.org",
    "about:version",
    "about:srcdoc",
    "about:",
    "mailto:ada@example.org",
    "http://ada@example.org",
    "http://ada:secret@example.org",
    "http://:secret@example.org",
    "ada@example.org",
    "http://exa mple.org",
    "what is a pilot house",
    "http://example.org:65536",
    "http://example.org:port",
    "http://exam\0ple.org",
    "http://exam%00ple.org",
    "http://exam%2fple.org",
    "http://256.0.0.1",
    "http://1.2.3.4.5",
    "http://[::1",
    "http://[fe80::1%25eth0]",
    "http://[fe80::1%eth0]",
    "http://\ud800.example",
    "http://example.org/\udc00",
]


@pytest.mark.parametrize(("text", "url"), READ_AS.items())
def test_a_destination_is_read_as_a_browser_reads_it(text: str, url: str) -> None:
    assert destination_of_untrusted(text).url == url


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_url_and_every_other_scheme_is_refused(text: str) -> None:
    with pytest.raises(DestinationForbidden):
        destination_of_untrusted(text)


@given(st.text() | st.from_regex(r"(?i)(http|file|about|java\s?script|data)s?:[/\\]{0,3}[^/]{0,20}(:[0-9]*)?.{0,9}"))
def test_any_text_is_a_destination_in_its_canonical_form_or_refused(text: str) -> None:
    try:
        destination = destination_of_untrusted(text)
    except DestinationForbidden:
        return
    assert destination.url.startswith(("http://", "https://")) or destination.url == "about:blank"
    assert destination_of_untrusted(destination.url) == destination


@given(st.integers(0, 2**32 - 1), st.sampled_from(["{:d}", "{:#x}", "0{:o}"]), st.integers(1, 4))
def test_no_spelling_hides_an_address(number: int, spelling: str, parts: int) -> None:
    octets = [*number.to_bytes(4, "big")]
    values = [*octets[: parts - 1], int.from_bytes(octets[parts - 1 :], "big")]

    destination = destination_of_untrusted("http://" + ".".join(map(spelling.format, values)))

    assert destination.addresses == (IPv4Address(number),)


@given(st.ip_addresses(v=6))
def test_addresses_in_brackets_are_known(address: IPv6Address) -> None:
    assert destination_of_untrusted(f"[{address.exploded}]").addresses == (address,)


def test_host_and_port_of_a_destination() -> None:
    assert destination_of_untrusted("http://example.org") == Destination("http://example.org/", "example.org", 80, None)
    assert destination_of_untrusted("a.example").port == 443
    assert destination_of_untrusted("https://a.example:8443").port == 8443
    assert destination_of_untrusted("http://[::1]").host == "::1"
    assert destination_of_untrusted("about:blank") == Destination("about:blank", "", 0, ())


@pytest.mark.parametrize("name", ["localhost", "LocalHost.", "a.localhost", "a.b.localhost."])
def test_localhost_is_loopback_without_asking(name: str) -> None:
    assert destination_of_untrusted(name).addresses == (ip_address("127.0.0.1"), ip_address("::1"))


def test_names_that_only_look_like_localhost_have_to_be_resolved() -> None:
    for name in ("notlocalhost", "localhost.example", "localhost.."):
        assert destination_of_untrusted(name).addresses is None


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255"),
        *("168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1"),
        *("192.88.99.1", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1"),
        *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::7f00:1", "::808:808", "100::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1"),
        *("2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "3fff::1", "5f00::1", "64:ff9b:1::8.8.8.8"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:8.8.8.8"),
        *("2002:7f00:1::", "2002:a9fe:a9fe::1", "64:ff9b::127.0.0.1", "64:ff9b::a00:1"),
        "2001:0:808:808:0:0:80ff:fffe",  # Teredo of 127.0.0.1
        "fe80::1%eth0",
    ],
)
def test_what_is_not_public_is_forbidden(address: str) -> None:
    assert is_forbidden_address(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.15.255.255", "172.32.0.1", "223.255.255.255"),
        *("168.63.129.15", "2606:4700:4700::1111", "2a00::1", "2001:200::1"),
        *("::ffff:8.8.8.8", "2002:808:808::1", "64:ff9b::8.8.8.8"),
        "2001:0:808:808:0:0:f7f7:f7f7",  # Teredo of 8.8.8.8
    ],
)
def test_what_is_public_is_not(address: str) -> None:
    assert not is_forbidden_address(ip_address(address))


@given(st.ip_addresses())
@example(ip_address("fd00:ec2::254"))
def test_the_standard_library_knows_no_private_address_that_we_let_pass(address: Address) -> None:
    if not is_forbidden_address(address):
        in_disguise = isinstance(address, IPv6Address) and (address.teredo or address.ipv4_mapped)
        assert in_disguise or (address.is_global and not address.is_multicast)


@given(st.ip_addresses(v=4))
def test_ipv4_in_disguise_is_as_forbidden_as_it_is_bare(bare: IPv4Address) -> None:
    number = int(bare)
    disguises = [
        0xFFFF << 32 | number,
        0x0064_FF9B << 96 | number,
        0x2002 << 112 | number << 80 | 1,
        0x2001_0000 << 96 | number ^ 0xFFFF_FFFF,
    ]
    for disguise in disguises:
        assert is_forbidden_address(IPv6Address(disguise)) is is_forbidden_address(bare)


def test_a_name_is_allowed_as_it_is_written_and_with_it_no_other() -> None:
    allowed = AllowedDestinations.parse(["Intranet.example.", "Bücher.example:8080"])

    assert allowed.has_name(destination_of_untrusted("http://intranet.example"))
    assert allowed.has_name(destination_of_untrusted("https://INTRANET.example.:8443"))
    assert allowed.has_name(destination_of_untrusted("http://bücher.example:8080"))
    assert not allowed.has_name(destination_of_untrusted("http://bücher.example"))
    assert not allowed.has_name(destination_of_untrusted("http://a.intranet.example"))
    assert not allowed.has_name(destination_of_untrusted("about:blank"))


def test_an_address_is_allowed_by_itself_by_network_and_by_port() -> None:
    allowed = AllowedDestinations.parse(["127.0.0.1:8000", "10.1.2.3/8", "[::1]:8000", "fd00::/8", "0x7f.2"])

    for address, port in [
        *(("127.0.0.1", 8000), ("::ffff:127.0.0.1", 8000), ("10.200.0.1", 1), ("::1", 8000), ("fd00::1", 443)),
        ("127.0.0.2", 80),
    ]:
        assert allowed.has_address(ip_address(address), port)
    for address, port in [("127.0.0.1", 8001), ("127.0.0.3", 8000), ("::1", 80), ("11.0.0.1", 80), ("fc00::1", 80)]:
        assert not allowed.has_address(ip_address(address), port)


@pytest.mark.parametrize(
    "entry",
    [
        *("", "*", "*.example.org", "http://a", "a/b", "a b", "a@b", "a:", "a:0", "a:65536", "a:b", "10.0.0.0/33"),
        *("10.0.0.0/8:80", "::1:x", "[::1", "[::1]:0", "[a]", "[fe80::1%eth0]", "a%2fb", "a..b", "1.2.3.4.5", "\ud800"),
    ],
)
def test_what_is_no_host_cannot_be_allowed(entry: str) -> None:
    with pytest.raises(ValueError):
        AllowedDestinations.parse([entry])


@given(st.lists(st.text()))
def test_any_entries_are_understood_or_refused(entries: list[str]) -> None:
    with suppress(ValueError):
        AllowedDestinations.parse(entries)
