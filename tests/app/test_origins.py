"""The Origin check: own pages and allowed ones, whatever a Host header claims."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse_app.network_names import HostList
from pilothouse_app.origins import (
    forwarded_origin,
    origin_allowed,
    own_origins,
    public_origin,
    websocket_origin_allowed,
)
from pilothouse_app.settings import Settings

LOOPBACK = ("127.0.0.1", 8000)
LAN = ("192.168.1.5", 8000)
PROXY = "10.0.0.2"


@attrs.frozen
class Arrived:
    headers: Mapping[str, str] = attrs.field(factory=dict)
    peer_ip: str = "127.0.0.1"
    local_address: tuple[str, int] = LOOPBACK


def settings(**fields: object) -> Settings:
    return Settings(data_dir=Path("/x"), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "arrived_at", "scheme", "own"),
    [
        ("127.0.0.1", LOOPBACK, "http", {"http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"}),
        ("::1", ("::1", 80), "http", {"http://127.0.0.1", "http://localhost", "http://[::1]"}),
        ("localhost", ("127.0.0.1", 443), "https", {"https://127.0.0.1", "https://localhost", "https://[::1]"}),
        ("192.168.1.5", LAN, "http", {"http://192.168.1.5:8000"}),
        ("pilot.lan", LAN, "http", {"http://192.168.1.5:8000", "http://pilot.lan:8000"}),
        ("0.0.0.0", LAN, "http", {"http://192.168.1.5:8000"}),
        ("::", ("::ffff:192.168.1.5", 8000), "http", {"http://192.168.1.5:8000"}),
        ("::", ("fd00::5", 8000), "http", {"http://[fd00::5]:8000"}),
        ("0.0.0.0", LOOPBACK, "http", {"http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"}),
    ],
)
def test_the_own_origins_follow_the_socket(host: str, arrived_at: tuple[str, int], scheme: str, own: set[str]) -> None:
    arrived = Arrived(headers={"host": "evil.example", "x-forwarded-host": "evil.example"}, local_address=arrived_at)

    assert own_origins(arrived, settings(host=host), scheme=scheme) == own


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({"x-forwarded-proto": "https", "x-forwarded-host": "pilot.example"}, "https://pilot.example"),
        ({"x-forwarded-proto": "https", "host": "pilot.example"}, "https://pilot.example"),
        ({"x-forwarded-proto": "wss", "host": "pilot.example:8443"}, "https://pilot.example:8443"),
        (
            {"x-forwarded-host": "evil.example, pilot.example", "x-forwarded-proto": "http, HTTPS"},
            "https://pilot.example",
        ),
        ({"host": "pilot.example:80"}, "http://pilot.example"),
        ({"x-forwarded-proto": "gopher", "host": "pilot.example"}, None),
        ({"x-forwarded-host": "not a host"}, None),
        ({}, None),
    ],
)
def test_a_trusted_proxy_is_believed(headers: dict[str, str], origin: str | None) -> None:
    trusting = settings(trusted_proxies=HostList.parse(["10.0.0.0/8"]))

    assert forwarded_origin(Arrived(headers, peer_ip=PROXY), trusting) == origin
    assert forwarded_origin(Arrived(headers, peer_ip=f"::ffff:{PROXY}"), trusting) == origin
    assert forwarded_origin(Arrived(headers, peer_ip="11.0.0.2"), trusting) is None
    assert forwarded_origin(Arrived(headers, peer_ip=PROXY), settings()) is None


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://localhost:8000", True),
        ("HTTP://LOCALHOST:8000", True),
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8001", False),
        ("https://localhost:8000", False),
        ("http://localhost", False),
        ("http://evil.example", False),
        ("https://friend.example", True),
        ("https://friend.example:443", True),
        ("https://friend.example.evil.example", False),
        ("http://friend.example", False),
        ("null", False),
        ("", False),
        ("*", False),
        ("http://localhost:8000, http://evil.example", False),
    ],
)
def test_a_websocket_is_opened_for_known_pages_only(origin: str | None, allowed: bool) -> None:
    arrived = Arrived(headers={} if origin is None else {"origin": origin})
    chosen = settings(allowed_origins=frozenset({"https://friend.example"}))

    assert websocket_origin_allowed(arrived, chosen) is allowed


def test_dns_rebinding_gets_nowhere() -> None:
    rebound = Arrived(headers={"host": "evil.example:8000", "origin": "http://evil.example:8000"})

    assert not websocket_origin_allowed(rebound, settings())
    assert not websocket_origin_allowed(rebound, settings(trusted_proxies=HostList.parse([PROXY])))


def test_a_page_behind_a_trusted_proxy_is_an_own_page() -> None:
    headers = {"host": "pilot.example", "x-forwarded-proto": "https", "origin": "https://pilot.example"}

    assert websocket_origin_allowed(Arrived(headers, peer_ip=PROXY), settings(trusted_proxies=HostList.parse([PROXY])))
    assert not websocket_origin_allowed(Arrived(headers, peer_ip=PROXY), settings())


def test_a_star_allows_every_page() -> None:
    for origin in ("http://evil.example", "null"):
        assert origin_allowed(origin, (), {"*"})


@given(st.text() | st.builds("{}://{}".format, st.sampled_from(["http", "https"]), st.text()))
def test_no_text_is_an_own_origin_by_accident(origin: str) -> None:
    own = {"http://localhost:8000"}

    assert origin_allowed(origin, own, ()) is (origin.strip().lower().rstrip("/") == "http://localhost:8000")


@given(st.dictionaries(st.sampled_from(["host", "origin", "x-forwarded-host", "x-forwarded-proto"]), st.text()))
def test_no_header_raises_an_error(headers: dict[str, str]) -> None:
    trusting = settings(trusted_proxies=HostList.parse([PROXY]))

    for peer in (PROXY, "8.8.8.8", ""):
        arrived = Arrived(headers, peer_ip=peer)
        websocket_origin_allowed(arrived, trusting)
        assert public_origin(arrived, trusting).startswith("http")


@pytest.mark.parametrize(
    ("headers", "peer", "origin"),
    [
        ({"host": "published.example:9000"}, "8.8.8.8", "http://published.example:9000"),
        ({"host": "in.side:8000", "x-forwarded-host": "evil.example"}, "8.8.8.8", "http://in.side:8000"),
        ({"host": "in.side:8000", "x-forwarded-host": "pilot.example"}, PROXY, "http://pilot.example"),
        ({"host": "in.side", "x-forwarded-proto": "https"}, PROXY, "https://in.side"),
        ({"host": "no host"}, "8.8.8.8", "http://127.0.0.1:8000"),
        ({}, "8.8.8.8", "http://127.0.0.1:8000"),
    ],
)
def test_urls_for_the_client_begin_where_it_came_from(headers: dict[str, str], peer: str, origin: str) -> None:
    trusting = settings(trusted_proxies=HostList.parse([PROXY]))

    assert public_origin(Arrived(headers, peer_ip=peer), trusting) == origin
