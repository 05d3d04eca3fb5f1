"""Why an operation on a page was not carried out: one class and one code for each reason."""

from __future__ import annotations

from typing import Any, ClassVar

from pilothouse.protocol.cdp_executor import CdpFailure, CommandRefused, ConnectionLost, TargetGone

LARGEST_TEXT = 1024 * 1024
"""Bytes of UTF-8 that can be copied or pasted at once."""


class ExecutionFailed(Exception):
    """The operation was not carried out, or not as asked.

    Attributes:
        code: the kind of failure, for programs.
    """

    code: ClassVar[str] = "failed"


class TooSlow(ExecutionFailed):
    """The deadline passed: the page hangs, or there is no browser."""

    code = "too_slow"


class PageGone(ExecutionFailed):
    """The page was closed, crashed, or went elsewhere in the meantime; or the browser did."""

    code = "page_gone"


class DialogOpen(ExecutionFailed):
    """The page shows a dialog, and waits for its answer."""

    code = "dialog_open"

    def __init__(self) -> None:
        super().__init__("the page shows a dialog, which has to be answered first")


class JavaScriptError(ExecutionFailed):
    """The script threw.

    Attributes:
        name: of the error's class; empty when something else than an error was thrown.
        message: in the page's words.
    """

    code = "javascript_error"

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}" if name else message)
        self.name = name
        self.message = message


class DidNotArrive(ExecutionFailed):
    """The page did not get to where it was sent."""

    def __init__(self) -> None:
        super().__init__("the page did not get there")


class TextTooLarge(ExecutionFailed):
    """The text is over the limit; nothing was copied or pasted."""

    code = "text_too_large"

    def __init__(self) -> None:
        super().__init__(f"the text is larger than {LARGEST_TEXT // 1024} KiB")


class NotPossible(ExecutionFailed):
    """The browser cannot do it, and says why."""

    code = "not_possible"


class NoFocus(NotPossible):
    """The keyboard's focus is not in the page, but in the browser's address bar, its find bar, or another window."""

    code = "no_focus"


class NoPlaceForText(NotPossible):
    """The focus is in the page, but in nothing that takes text."""

    code = "no_place_for_text"


_GONE = {
    "Inspected target navigated or closed",
    "Execution context was destroyed.",
    "Cannot find context with specified id",
    "Target crashed",
}


def meaning_of(error: CdpFailure) -> ExecutionFailed:
    """What a failure of CDP means for whoever asked."""
    match error:
        case CommandRefused(message="Execution was terminated"):
            return TooSlow("the script ran for too long, and was stopped")
        case TargetGone() | ConnectionLost():
            return PageGone(str(error))
        case CommandRefused(message=message) if message in _GONE:
            return PageGone("the page went elsewhere in the meantime")
        case CommandRefused(message=message):
            return NotPossible(message)
    return NotPossible(str(error))


def thrown(details: dict[str, Any]) -> JavaScriptError:
    """The error in CDP's `exceptionDetails`."""
    exception = details.get("exception", {})
    description = exception.get("description", "")
    if exception.get("subtype") != "error":
        return JavaScriptError("", description or str(exception.get("value", details.get("text", ""))))
    # An error describes itself as `Name: message`, with the stack below.
    name, _, message = description.partition("\n    at ")[0].partition(": ")
    return JavaScriptError(name, message)
