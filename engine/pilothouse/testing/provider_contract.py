"""What every `BrowserProvider` has to do; run it against your own."""

from __future__ import annotations

from urllib.parse import urlsplit

import trio
from trio.testing import wait_all_tasks_blocked

from pilothouse.browsers.provider import BrowserProvider, BrowserSpec, RunningBrowser

_VNC_SCHEMES = ("unix", "tcp", "ws", "wss")
_CDP_SCHEMES = ("http", "https", "ws", "wss")


class _BodyFailed(Exception):
    pass


async def check_provider(provider: BrowserProvider, spec: BrowserSpec, *, seconds: float = 30.0) -> None:
    """Start and stop browsers in every way, three times in all.

    Args:
        provider: a fresh one.
        spec: what to start.
        seconds: how long it may all take.

    Raises:
        AssertionError: the provider does not keep to the contract.
        TooSlowError: it hangs.
    """
    with trio.fail_after(seconds):
        async with provider.start(spec) as browser:
            _check_addresses(browser)
            await _check_that_waiting_goes_on(browser)
        await _check_that_exceptions_come_out(provider, spec)
        await _check_cancellation(provider, spec)


def _check_addresses(browser: RunningBrowser) -> None:
    vnc, cdp = browser.vnc_address, browser.cdp_address
    assert vnc is not None or cdp is not None, "a browser without an address"
    assert vnc is None or urlsplit(vnc).scheme in _VNC_SCHEMES, f"{vnc} is no address of a VNC server"
    assert cdp is None or urlsplit(cdp).scheme in _CDP_SCHEMES, f"{cdp} is no address of DevTools"
    assert not browser.vnc_password or browser.vnc_password not in repr(browser), "repr() shows the password"


async def _check_that_waiting_goes_on(browser: RunningBrowser) -> None:
    """Two tasks at a time, because nothing says that only one may wait."""
    returned: list[str] = []

    async def wait() -> None:
        returned.append(await browser.wait_gone())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert not returned, "wait_gone() returned while the browser was running"


async def _check_that_exceptions_come_out(provider: BrowserProvider, spec: BrowserSpec) -> None:
    raised = _BodyFailed()
    try:
        async with provider.start(spec):
            raise raised
    except _BodyFailed as error:
        assert error is raised, "another exception came out than the body's"
    except BaseExceptionGroup as error:
        raise AssertionError("the body's exception came out in a group") from error
    else:
        raise AssertionError("the body's exception was lost")


async def _check_cancellation(provider: BrowserProvider, spec: BrowserSpec) -> None:
    with trio.CancelScope() as scope:
        async with provider.start(spec):
            scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught, "the cancellation was lost"
