"""The message channel's JSON: one class per kind, one table, one codec.

`FROM_FRONTEND` and `TO_FRONTEND` are the table. A field's type is its rule: nothing is converted, so that a number
where a text belongs is an error and not a text. Fields that we do not know are ignored, which leaves room for newer
frontends.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar, NewType, TypeVar, get_args

import attrs
import orjson
from cattrs import ClassValidationError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.preconf.orjson import make_converter

from pilothouse.protocol.errors import BadMessage
from pilothouse.protocol.takeover import LARGEST_NOTE

_MAX_ECHO = 64
_MAX_ID = 128

MessageId = NewType("MessageId", str)
"""A frontend's own name for a message: at most 128 characters, because it is sent back."""

Note = NewType("Note", str)
"""What a person writes to an agent: at most 2,000 characters."""


@attrs.frozen
class TakeControl:
    """Asks for control."""

    kind: ClassVar[str] = "take-control"


@attrs.frozen
class CedeControl:
    """Gives control back to the agent; the note is for an agent that had asked for help."""

    kind: ClassVar[str] = "cede-control"
    note: Note | None = None


@attrs.frozen
class DeclineTakeover:
    """Says no to an agent that asks for help; the note is for the agent."""

    kind: ClassVar[str] = "decline-takeover"
    request_id: MessageId
    note: Note | None = None


@attrs.frozen
class GrantControl:
    """Gives control to whoever has asked for it."""

    kind: ClassVar[str] = "grant-control"


@attrs.frozen
class RefuseControl:
    """Keeps control, though somebody has asked for it."""

    kind: ClassVar[str] = "refuse-control"


@attrs.frozen
class Ping:
    """Asks for a `Pong` with the same id at once."""

    kind: ClassVar[str] = "ping"
    id: MessageId


@attrs.frozen
class AskForClipboardResponse:
    """What the frontend's clipboard holds, to be pasted."""

    kind: ClassVar[str] = "ask-for-clipboard-response"
    text: str


@attrs.frozen
class ClipboardPaste:
    """Asks for text to be pasted, without having been asked for it."""

    kind: ClassVar[str] = "clipboard-paste"
    text: str


@attrs.frozen
class ClipboardCopy:
    """Asks for the selected text."""

    kind: ClassVar[str] = "clipboard-copy"


@attrs.frozen
class GetBrowserUrl:
    """Asks where the browser is."""

    kind: ClassVar[str] = "get-browser-url"


@attrs.frozen
class Navigate:
    """Sends the browser to an address."""

    kind: ClassVar[str] = "navigate"
    url: str


@attrs.frozen
class GoBack:
    """One entry back in the history."""

    kind: ClassVar[str] = "go-back"


@attrs.frozen
class GoForward:
    """One entry forward in the history."""

    kind: ClassVar[str] = "go-forward"


@attrs.frozen
class Reload:
    """Loads the page again; `hard` is past the cache."""

    kind: ClassVar[str] = "reload"
    hard: bool = False


@attrs.frozen
class TakeScreenshot:
    """Asks for a picture of the page."""

    kind: ClassVar[str] = "take-screenshot"


@attrs.frozen
class ClearCookies:
    """Clears the cookies of the current page's origin."""

    kind: ClassVar[str] = "clear-cookies"


@attrs.frozen
class ClearHistory:
    """Clears the history of the current page."""

    kind: ClassVar[str] = "clear-history"


@attrs.frozen
class ClearAllData:
    """Clears all that the current page's origin has stored."""

    kind: ClassVar[str] = "clear-all-data"


@attrs.frozen
class ActivateTab:
    """Brings a tab to the front."""

    kind: ClassVar[str] = "activate-tab"
    id: MessageId


@attrs.frozen
class CloseTab:
    """Closes a tab."""

    kind: ClassVar[str] = "close-tab"
    id: MessageId


@attrs.frozen
class Pong:
    """Answers a `Ping`."""

    kind: ClassVar[str] = "pong"
    id: MessageId


@attrs.frozen
class ViewerOnTheWire:
    """Somebody who is with the session.

    Attributes:
        viewer_id: random; names the viewer in this session only.
        scope: `view`, `control` or `agent`.
        holds_control: whether it has control.
        you: whether it is the one who reads this.
    """

    viewer_id: str
    scope: str
    holds_control: bool
    you: bool


@attrs.frozen
class ControlChanged:
    """Who has control, and who is there; sent on connect and whenever one of them changes.

    Attributes:
        interactor: `agent` or `user`.
        control_state: `ai_control`, `user_control` or `paused`.
        holder_client_id: of whoever has control, also during a pause; None for the agent.
        control_epoch: grows by one with each change of control.
        you_hold_control: whether what you send gets through: not during a pause.
        viewer_count: how many are there.
        viewers: the first 100 of them, and you in any case.
    """

    kind: ClassVar[str] = "control-changed"
    interactor: str
    control_state: str
    holder_client_id: str | None
    control_epoch: int
    you_hold_control: bool
    viewer_count: int = 0
    viewers: list[ViewerOnTheWire] = attrs.field(factory=list)


@attrs.frozen
class ControlRequested:
    """Somebody asks you for control, and gets it unless you refuse in time."""

    kind: ClassVar[str] = "control-requested"
    client_id: str
    seconds: int


@attrs.frozen
class ControlAsked:
    """You have asked for control, and get it unless whoever has it refuses in time."""

    kind: ClassVar[str] = "control-asked"
    seconds: int


@attrs.frozen
class ControlRequestOver:
    """Whoever has asked you for control does not want it any more."""

    kind: ClassVar[str] = "control-request-over"
    client_id: str


@attrs.frozen
class TakeoverRequested:
    """An agent asks for help; sent when it does, on connect while it does, and when its state changes.

    Attributes:
        reason: short, in the agent's words.
        note: more about it; empty when there is no more.
        state: `waiting`; `taken` while a person has control.
        deadline_seconds: how long the agent still waits.
    """

    kind: ClassVar[str] = "takeover-requested"
    request_id: str
    reason: str
    note: str
    state: str
    deadline_seconds: int


@attrs.frozen
class TakeoverResolved:
    """No help is needed any more, or none will come."""

    kind: ClassVar[str] = "takeover-resolved"
    request_id: str
    outcome: str


@attrs.frozen
class AskForClipboard:
    """The person wants to paste: what does the frontend's clipboard hold?"""

    kind: ClassVar[str] = "ask-for-clipboard"


@attrs.frozen
class CopiedText:
    """What was copied in the browser."""

    kind: ClassVar[str] = "copied-text"
    text: str


@attrs.frozen
class Pasted:
    """A paste is done, or could not be."""

    kind: ClassVar[str] = "pasted"
    characters: int
    ok: bool


@attrs.frozen
class BrowserUrl:
    """Where the browser is."""

    kind: ClassVar[str] = "browser-url"
    url: str


@attrs.frozen
class TabOnTheWire:
    """A tab as frontends know it.

    Attributes:
        page_number: its place among the tabs, from 1 on.
    """

    id: str
    title: str
    url: str
    active: bool
    favicon: str | None
    is_ready: bool
    page_number: int


@attrs.frozen
class BrowserTabs:
    """The browser's tabs; sent on connect and whenever they change."""

    kind: ClassVar[str] = "browser-tabs"
    tabs: list[TabOnTheWire]


@attrs.frozen
class Screenshot:
    """A picture of the page, in base64."""

    kind: ClassVar[str] = "screenshot"
    data: str
    mime_type: str


@attrs.frozen
class AgentStep:
    """The session's own agent has begun a step of its flow, has done it, or could not.

    Attributes:
        number: of the step, from 1 on.
        total: how many it will play.
        type: of the step, such as `click`.
        status: `started`, `done` or `failed`.
        reason: why it failed.
    """

    kind: ClassVar[str] = "agent-step"
    number: int
    total: int
    type: str
    status: str
    reason: str | None


@attrs.frozen
class Error:
    """A message could not be carried out; the channel goes on."""

    kind: ClassVar[str] = "error"
    failed_kind: str
    message: str
    code: str


Clipboard = AskForClipboardResponse | ClipboardPaste | ClipboardCopy
Navigation = Navigate | GoBack | GoForward | Reload | ActivateTab | CloseTab
Clearing = ClearCookies | ClearHistory | ClearAllData
Helm = TakeControl | CedeControl | GrantControl | RefuseControl
FromFrontend = Helm | DeclineTakeover | Ping | Clipboard | Navigation | Clearing | GetBrowserUrl | TakeScreenshot
ToldUnasked = (
    ControlChanged
    | ControlRequested
    | ControlAsked
    | ControlRequestOver
    | BrowserTabs
    | TakeoverRequested
    | TakeoverResolved
    | AgentStep
)
ToFrontend = Pong | ToldUnasked | AskForClipboard | CopiedText | Pasted | BrowserUrl | Screenshot | Error

FROM_FRONTEND: dict[str, type[FromFrontend]] = {message.kind: message for message in get_args(FromFrontend)}
TO_FRONTEND: dict[str, type[ToFrontend]] = {message.kind: message for message in get_args(ToFrontend)}

_MessageT = TypeVar("_MessageT")

_IN_JSON = {str: "a string", int: "an integer", bool: "a boolean"}

# One escape of a JSON string at a time: the halves of a pair stay together, and so does an escaped backslash.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)

_converter = make_converter()


def _exactly(value: Any, wanted: type) -> Any:
    # bool is an int to Python, not to JSON.
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise TypeError(f"not {_IN_JSON[wanted]}")
    return value


def _at_most(limit: int) -> Callable[[Any, Any], str]:
    def check(value: Any, _wanted: Any) -> str:
        if len(_exactly(value, str)) > limit:
            raise ValueError(f"longer than {limit} characters")
        return str(value)

    return check


_converter.register_structure_hook(MessageId, _at_most(_MAX_ID))
_converter.register_structure_hook(Note, _at_most(LARGEST_NOTE))
_is_ready, _page_number = override(rename="isReady"), override(rename="pageNumber")
_converter.register_structure_hook(
    TabOnTheWire, make_dict_structure_fn(TabOnTheWire, _converter, is_ready=_is_ready, page_number=_page_number)
)
_converter.register_unstructure_hook(
    TabOnTheWire, make_dict_unstructure_fn(TabOnTheWire, _converter, is_ready=_is_ready, page_number=_page_number)
)
for _primitive in _IN_JSON:
    _converter.register_structure_hook(_primitive, _exactly)


def encode(message: ToFrontend | FromFrontend) -> str:
    """One message as JSON text."""
    return orjson.dumps({"kind": message.kind, **_converter.unstructure(message)}).decode()


def decode_untrusted(text: str | bytes) -> FromFrontend:
    """Read a message from a frontend.

    Raises:
        BadMessage: not JSON, not an object, no known `kind`, or a field is missing or of the wrong type.
    """
    return _decode(text, FROM_FRONTEND)


def decode_from_server(text: str | bytes) -> ToFrontend:
    """Read a message as a frontend would; for clients written in Python.

    Raises:
        BadMessage: as for `decode_untrusted`.
    """
    return _decode(text, TO_FRONTEND)


def _decode(text: str | bytes, table: dict[str, type[_MessageT]]) -> _MessageT:
    try:
        document = _parsed(text)
    except ValueError as error:
        raise BadMessage("this is not JSON", failed_kind="", code="malformed_json") from error
    kind = document.get("kind") if isinstance(document, dict) else None
    if not isinstance(kind, str):
        raise BadMessage("a message is an object with a kind", failed_kind="", code="malformed_message")
    if kind not in table:
        raise BadMessage("no such kind of message", failed_kind=kind[:_MAX_ECHO], code="unknown_kind")
    try:
        return _converter.structure(document, table[kind])
    except ClassValidationError as error:
        raise BadMessage(f"{kind}: {_fields(error)}", failed_kind=kind, code="invalid_field") from error


def _parsed(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # JavaScript may hold half a surrogate pair, and writes it as an escape that no UTF-8 can stand for.
        whole = text.decode() if isinstance(text, bytes) else text
        return orjson.loads(_ESCAPE.sub(lambda escape: "\\ufffd" if escape["half"] else escape[0], whole))


def _fields(error: ClassValidationError) -> str:
    """Each wrong field with what is wrong about it."""
    return ", ".join(
        f"{note.name} is {'missing' if isinstance(cause, KeyError) else cause}"
        for cause, note in error.group_exceptions()[0]
    )
