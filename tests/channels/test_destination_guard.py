"""The guard: who is at a name, and whether a browser may go there."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock

from pilothouse.channels.destination_guard import Admitted, DestinationGuard, resolve_with_system
from pilothouse.protocol.destinations import AllowedDestinations, DestinationForbidden

PUBLIC_V4, PUBLIC_V6 = "93.184.215.14", "2606:2800:21f::1"


def names(**addresses: list[str]) -> Callable[[str], Awaitable[list[str]]]:
    """A resolver that knows these names, written with _ for the dots, and no others."""

    async def resolve(host: str) -> list[str]:
        await trio.lowlevel.checkpoint()
        try:
            return addresses[host.replace(".", "_")]
        except KeyError:
            raise socket.gaierror(socket.EAI_NONAME, "not known") from None

    return resolve


async def nobody(host: str) -> list[str]:
    raise AssertionError(f"{host} was looked up")


async def test_a_name_with_public_addresses_is_admitted_in_its_canonical_form() -> None:
    guard = DestinationGuard(resolve=names(example_org=[PUBLIC_V4, PUBLIC_V6]))

    assert await guard.check("EXAMPLE.org") == Admitted("https://example.org/", public=True)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1"],
        [PUBLIC_V4, "10.0.0.1"],
        [PUBLIC_V6, PUBLIC_V4, "::ffff:169.254.169.254"],
        ["fe80::1%eth0", PUBLIC_V4],
        ["2002:7f00:1::"],
        [],
    ],
)
async def test_one_address_that_is_not_public_is_enough(addresses: list[str]) -> None:
    guard = DestinationGuard(resolve=names(example_org=addresses))

    with pytest.raises(DestinationForbidden):
        await guard.check("https://example.org")


@pytest.mark.parametrize(
    "url",
    [
        *("http://169.254.169.254", "http://[::ffff:127.0.0.1]", "http://0177.0.0.1", "http://[fd00:ec2::254]/latest"),
        *(
            "localhost",
            "http://a.localhost.:8000",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "view-source:https://a",
        ),
    ],
)
async def test_what_needs_no_look_up_is_forbidden_without_one(url: str) -> None:
    with pytest.raises(DestinationForbidden):
        await DestinationGuard(resolve=nobody).check(url)


async def test_public_addresses_and_the_blank_page_need_no_look_up() -> None:
    guard = DestinationGuard(resolve=nobody)

    assert await guard.check(f"http://{PUBLIC_V4}:8080/x") == Admitted(f"http://{PUBLIC_V4}:8080/x", public=True)
    assert (await guard.check("about:blank")).url == "about:blank"


async def test_a_name_that_nobody_knows_is_forbidden_like_one_that_is_blocked() -> None:
    with pytest.raises(DestinationForbidden, match="cannot be resolved"):
        await DestinationGuard(resolve=names()).check("https://example.org")


async def test_a_resolver_that_does_not_answer_is_waited_for_only_so_long(autojump_clock: MockClock) -> None:
    async def hang(host: str) -> list[str]:
        await trio.sleep_forever()
        return []

    with trio.fail_after(6), pytest.raises(DestinationForbidden):
        await DestinationGuard(resolve=hang).check("https://example.org")
    assert trio.current_time() >= 5


async def test_names_on_the_list_are_not_looked_up() -> None:
    guard = DestinationGuard(AllowedDestinations.parse(["wiki.internal", "localhost:8000"]), nobody)

    assert await guard.check("http://wiki.internal:81/a") == Admitted("http://wiki.internal:81/a", public=False)
    assert not (await guard.check("http://localhost:8000")).public
    with pytest.raises(DestinationForbidden):
        await guard.check("http://localhost:8001")


async def test_addresses_on_the_list_are_allowed_under_every_name_and_others_are_not() -> None:
    guard = DestinationGuard(
        AllowedDestinations.parse(["10.0.0.0/8", "127.0.0.1:8000"]),
        names(a_test=["10.1.2.3", PUBLIC_V4], b_test=["10.1.2.3", "192.168.0.1"], c_test=["127.0.0.1"]),
    )

    assert not (await guard.check("http://a.test")).public
    assert not (await guard.check("http://127.0.0.1:8000/page")).public
    assert not (await guard.check("http://c.test:8000")).public
    for url in ("http://b.test", "http://127.0.0.1", "http://127.0.0.1:8001", "http://127.0.0.2:8000", "http://c.test"):
        with pytest.raises(DestinationForbidden):
            await guard.check(url)


async def test_the_system_is_asked_for_all_addresses() -> None:
    assert "127.0.0.1" in await resolve_with_system("localhost")


@pytest.mark.parametrize("host", ["a" * 64, f"{'a.' * 200}example", "no-such-host.invalid", "."])
async def test_what_the_system_cannot_look_up_is_forbidden(host: str) -> None:
    with pytest.raises(DestinationForbidden):
        await DestinationGuard().check(f"https://{host}/")
