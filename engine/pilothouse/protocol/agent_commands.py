"""What an agent may ask of a browser, as tables.

Names cannot tell acting from observing, because `Runtime.evaluate` clicks. So while a person drives, everything is
kept back except what stands in `HOUSEKEEPING`: what client libraries send to connect, to follow targets and to keep
them alive. None of it runs code, reads what a page shows, or changes it. A method that nobody has heard of is kept
back, too.

`RULINGS` are about the browser as a whole, and hold at any time: an agent that ends the browser ends the session.

`LASTING` are commands whose effect stays until another one takes it back. Some of them would disturb a person: a page
that believes it has the focus, a screen of another size, requests that wait for the agent. They are taken back when a
person takes control, and sent again when the agent has it.

Source of what libraries send: `tests/data/agent-connections.jsonl`, recorded from Playwright and Puppeteer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import attrs

Params = Mapping[str, Any]


def _anyhow(params: Params) -> bool:
    return True


def _without_code(params: Params) -> bool:
    """Libraries send a script that is empty, or nothing but its name, to have a world of their own in each document."""
    source = params.get("source")
    if not isinstance(source, str) or params.get("runImmediately"):
        return False
    return not source or (source.startswith("//") and source.isascii() and source.isprintable())


@attrs.frozen
class Housekeeping:
    """A command that passes while a person drives.

    Attributes:
        about: what it is for.
        harmless: whether it is, with these parameters.
        condition: the same in words, if there is any.
    """

    about: str
    harmless: Callable[[Params], bool] = _anyhow
    condition: str = ""


_EVENTS = Housekeeping("has events sent, of which those that show the page are kept back")

HOUSEKEEPING: dict[str, Housekeeping] = {
    "Browser.getVersion": Housekeeping("says which browser it is"),
    "Browser.setDownloadBehavior": Housekeeping("passes changed, see below"),
    "Schema.getDomains": Housekeeping("says what the browser understands"),
    "Target.attachToBrowserTarget": Housekeeping("opens a CDP session"),
    "Target.attachToTarget": Housekeeping("opens a CDP session"),
    "Target.detachFromTarget": Housekeeping("closes a CDP session"),
    "Target.getBrowserContexts": Housekeeping("lists targets"),
    "Target.getTargetInfo": Housekeeping("lists targets"),
    "Target.getTargets": Housekeeping("lists targets"),
    "Target.setAutoAttach": Housekeeping("follows targets"),
    "Target.setDiscoverTargets": Housekeeping("follows targets"),
    "Runtime.runIfWaitingForDebugger": Housekeeping("lets a target begin that waits for its clients"),
    "Page.getFrameTree": Housekeeping("lists frames"),
    "Page.setLifecycleEventsEnabled": _EVENTS,
    "Page.screencastFrameAck": Housekeeping("lets the next frame come, to an agent that observes"),
    "Page.createIsolatedWorld": Housekeeping("makes a place for scripts, and runs none"),
    "Page.addScriptToEvaluateOnNewDocument": Housekeeping(
        "makes such a place in each document to come", _without_code, "without a script, or with one that is a comment"
    ),
    "Audits.enable": _EVENTS,
    "DOM.enable": _EVENTS,
    "Inspector.enable": _EVENTS,
    "Log.enable": _EVENTS,
    "Network.enable": _EVENTS,
    "Page.enable": _EVENTS,
    "Performance.enable": _EVENTS,
    "Runtime.enable": _EVENTS,
    "Security.enable": _EVENTS,
    "ServiceWorker.enable": _EVENTS,
    "WebMCP.enable": _EVENTS,
}


class Ruling(Enum):
    """What becomes of a command that concerns the browser as a whole."""

    REFUSED = "refused"
    KEEPS_A_PAGE = "sent; if it closes the last page, a blank one is opened first"
    LEAVES = "answered with success, and the agent's connection is closed; the browser stays"
    NO_PATH = "sent without the path, so that downloads go where the browser's own go"


RULINGS: dict[str, Ruling] = {
    "Browser.close": Ruling.LEAVES,
    "Browser.crash": Ruling.REFUSED,
    "Browser.crashGpuProcess": Ruling.REFUSED,
    "Browser.setDownloadBehavior": Ruling.NO_PATH,
    "Page.close": Ruling.KEEPS_A_PAGE,
    "Page.setDownloadBehavior": Ruling.NO_PATH,
    "Target.closeTarget": Ruling.KEEPS_A_PAGE,
    "Target.disposeBrowserContext": Ruling.KEEPS_A_PAGE,
    # These three lead around the gate: a page with DevTools, a connection in a connection, browsers elsewhere.
    "Target.exposeDevToolsProtocol": Ruling.REFUSED,
    "Target.sendMessageToTarget": Ruling.REFUSED,
    "Target.setRemoteLocations": Ruling.REFUSED,
    "Target.openDevTools": Ruling.REFUSED,
    "Tethering.bind": Ruling.REFUSED,
    "Tethering.unbind": Ruling.REFUSED,
}

Order = tuple[str, Params]
"""A method and its parameters."""


@attrs.frozen
class Lasting:
    """A command whose effect stays.

    Attributes:
        about: what it would do to a person, or why it is remembered.
        undo: takes the effect back; none where it does not disturb, or where there is no way.
        redo: brings it again; None is the agent's own command once more.
        at_once: whether an agent that sends it while a person drives is answered at once, and it is sent later.
            Only what libraries send to connect: an answer of theirs to wait for would be no connection.
        only_shows: whether all that it does is to show the page, so that it goes on for an agent that observes.
    """

    about: str
    undo: tuple[Order, ...] = ()
    redo: tuple[Order, ...] | None = None
    at_once: bool = False
    only_shows: bool = False


LASTING: dict[str, Lasting] = {
    "Emulation.setFocusEmulationEnabled": Lasting(
        "the page believes that it always has the focus",
        (("Emulation.setFocusEmulationEnabled", {"enabled": False}),),
        at_once=True,
    ),
    "Emulation.setDeviceMetricsOverride": Lasting(
        "the page has another size than the screen", (("Emulation.clearDeviceMetricsOverride", {}),), at_once=True
    ),
    "Emulation.setTouchEmulationEnabled": Lasting(
        "the page believes that it is touched",
        (("Emulation.setTouchEmulationEnabled", {"enabled": False}),),
        at_once=True,
    ),
    "Emulation.setEmitTouchEventsForMouse": Lasting(
        "the mouse touches", (("Emulation.setEmitTouchEventsForMouse", {"enabled": False}),)
    ),
    "Emulation.setEmulatedMedia": Lasting("stays as it is: the page would change its looks", at_once=True),
    "Page.setFontFamilies": Lasting("stays as it is: the page would change its looks", at_once=True),
    "Emulation.setScriptExecutionDisabled": Lasting(
        "scripts do not run", (("Emulation.setScriptExecutionDisabled", {"value": False}),)
    ),
    "Emulation.setScrollbarsHidden": Lasting(
        "there are no scrollbars", (("Emulation.setScrollbarsHidden", {"hidden": False}),)
    ),
    "Emulation.setCPUThrottlingRate": Lasting(
        "the page is slowed down", (("Emulation.setCPUThrottlingRate", {"rate": 1}),)
    ),
    "Emulation.setEmulatedVisionDeficiency": Lasting(
        "the page looks blurred or has other colours", (("Emulation.setEmulatedVisionDeficiency", {"type": "none"}),)
    ),
    "Input.setIgnoreInputEvents": Lasting(
        "the page is deaf to mouse and keyboard", (("Input.setIgnoreInputEvents", {"ignore": False}),)
    ),
    "Input.setInterceptDrags": Lasting(
        "what is dragged goes to the agent", (("Input.setInterceptDrags", {"enabled": False}),)
    ),
    "Page.setInterceptFileChooserDialog": Lasting(
        "a chosen file's dialog goes to the agent", (("Page.setInterceptFileChooserDialog", {"enabled": False}),)
    ),
    "Page.setWebLifecycleState": Lasting("the page is frozen", (("Page.setWebLifecycleState", {"state": "active"}),)),
    "Page.startScreencast": Lasting("the agent sees the page", (("Page.stopScreencast", {}),), only_shows=True),
    "Fetch.enable": Lasting("requests wait for the agent; those that do, go on", (("Fetch.disable", {}),)),
    "Network.setRequestInterception": Lasting(
        "requests wait for the agent", (("Network.setRequestInterception", {"patterns": []}),)
    ),
    "Network.setBlockedURLs": Lasting("some addresses cannot be reached", (("Network.setBlockedURLs", {"urls": []}),)),
    "Network.emulateNetworkConditions": Lasting(
        "the network is slow or cut",
        (
            (
                "Network.emulateNetworkConditions",
                {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1},
            ),
        ),
    ),
    "Debugger.enable": Lasting(
        "a page stops at a breakpoint; one that has stopped goes on",
        (("Debugger.setSkipAllPauses", {"skip": True}), ("Debugger.resume", {})),
        (("Debugger.setSkipAllPauses", {"skip": False}),),
    ),
    "Debugger.setSkipAllPauses": Lasting("belongs to the row above", (("Debugger.resume", {}),)),
    "Overlay.setInspectMode": Lasting(
        "a click chooses an element", (("Overlay.setInspectMode", {"mode": "none", "highlightConfig": {}}),)
    ),
}

ENDING: dict[str, str] = {
    "Emulation.clearDeviceMetricsOverride": "Emulation.setDeviceMetricsOverride",
    "Page.stopScreencast": "Page.startScreencast",
    "Fetch.disable": "Fetch.enable",
    "Debugger.disable": "Debugger.enable",
}
"""Commands by which an agent itself ends a lasting effect, and that effect's command."""
