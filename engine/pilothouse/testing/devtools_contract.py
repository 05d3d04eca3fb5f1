"""What our side relies on in the DevTools of a browser, as one check for the real one and the scripted one."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

import trio

from pilothouse.channels.cdp_link import open_cdp_link
from pilothouse.protocol.cdp_executor import CdpEvent, CommandRefused, TargetGone

_PATIENCE = 10.0
_PAGES = {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": True, "filter": [{"type": "page"}]}


async def check_devtools(address: str) -> None:
    """Ask, be refused, and see a page come and go.

    Args:
        address: `ws://…` of a browser that has a page.

    Raises:
        AssertionError: it is not as we know it.
        TooSlowError: it does not answer.
    """
    send, events = trio.open_memory_channel[CdpEvent](1000)
    with trio.fail_after(_PATIENCE):
        async with open_cdp_link(address, send.send_nowait) as link:
            assert (await link.execute("Browser.getVersion"))["protocolVersion"] == "1.3"
            await _refused(link.execute("No.suchMethod"), code=-32601)
            await _refused(link.execute("Target.closeTarget", {"targetId": "nobody"}), code=-32602)
            await _gone(link.execute("Runtime.runIfWaitingForDebugger", session_id="nobody"))

            await link.execute("Target.setAutoAttach", _PAGES)
            first = events.receive_nowait()
            assert first.method == "Target.attachedToTarget", "pages are told before the answer"
            assert first.session_id is None

            target_id = (await link.execute("Target.createTarget", {"url": "about:blank"}))["targetId"]
            attached = await _next(events, "Target.attachedToTarget")
            assert attached["targetInfo"]["targetId"] == target_id
            assert attached["targetInfo"]["type"] == "page"
            session_id = attached["sessionId"]
            assert await link.execute("Runtime.runIfWaitingForDebugger", session_id=session_id) == {}

            await link.execute("Target.closeTarget", {"targetId": target_id})
            assert (await _next(events, "Target.detachedFromTarget"))["sessionId"] == session_id
            await _gone(link.execute("Runtime.runIfWaitingForDebugger", session_id=session_id))


async def _next(events: trio.MemoryReceiveChannel[CdpEvent], method: str) -> Mapping[str, Any]:
    async for event in events:
        if event.method == method:
            return event.params
    raise AssertionError(f"no {method}")


async def _refused(command: Awaitable[object], *, code: int) -> None:
    try:
        await command
    except CommandRefused as refused:
        assert refused.code == code, refused
    else:
        raise AssertionError("it should have been refused")


async def _gone(command: Awaitable[object]) -> None:
    try:
        await command
    except TargetGone:
        return
    raise AssertionError("nobody is there, and it does not mind")
