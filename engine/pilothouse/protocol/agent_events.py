"""Which events go on to an agent while a person drives: those that say what there is, none that shows it.

An event that nobody has heard of stays behind. What a person types can be in the body of a request, in a message on
the console, in a call of a function that the agent has given to the page. So requests that begin while a person drives
are not shown at all, whereas those that had begun before are followed to their end: somebody waits for them.
"""

from __future__ import annotations

PASSING: dict[str, str] = {
    "Browser.downloadProgress": "downloads",
    "Browser.downloadWillBegin": "downloads",
    "Inspector.detached": "targets",
    "Inspector.targetCrashed": "targets",
    "Inspector.targetReloadedAfterCrash": "targets",
    "Page.domContentEventFired": "documents",
    "Page.downloadProgress": "downloads",
    "Page.downloadWillBegin": "downloads",
    "Page.frameAttached": "frames",
    "Page.frameClearedScheduledNavigation": "frames",
    "Page.frameDetached": "frames",
    "Page.frameNavigated": "frames",
    "Page.frameRequestedNavigation": "frames",
    "Page.frameScheduledNavigation": "frames",
    "Page.frameStartedLoading": "frames",
    "Page.frameStartedNavigating": "frames",
    "Page.frameStoppedLoading": "frames",
    "Page.frameSubtreeWillBeDetached": "frames",
    "Page.lifecycleEvent": "documents",
    "Page.loadEventFired": "documents",
    "Page.navigatedWithinDocument": "frames",
    "Page.documentOpened": "documents",
    "Runtime.executionContextCreated": "documents",
    "Runtime.executionContextDestroyed": "documents",
    "Runtime.executionContextsCleared": "documents",
    "Target.attachedToTarget": "targets",
    "Target.detachedFromTarget": "targets",
    "Target.targetCrashed": "targets",
    "Target.targetCreated": "targets",
    "Target.targetDestroyed": "targets",
    "Target.targetInfoChanged": "targets",
}
"""By method, what each is about."""

OF_REQUESTS = frozenset(
    {
        "Network.loadingFailed",
        "Network.loadingFinished",
        "Network.requestServedFromCache",
        "Network.requestWillBeSent",
        "Network.requestWillBeSentExtraInfo",
        "Network.resourceChangedPriority",
        "Network.responseReceived",
        "Network.responseReceivedExtraInfo",
    }
)
"""Pass for requests that had begun before the person took control."""

DIALOG_OPENS, DIALOG_CLOSES = "Page.javascriptDialogOpening", "Page.javascriptDialogClosed"
"""The person answers dialogs. One that is open when the agent has control again is told then."""
