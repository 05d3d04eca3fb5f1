from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pilothouse.protocol.errors import BadMessage, RemoteProtocolError
from pilothouse.protocol.messages import (
    FROM_FRONTEND,
    TO_FRONTEND,
    ActivateTab,
    AgentStep,
    AskForClipboard,
    AskForClipboardResponse,
    BrowserTabs,
    BrowserUrl,
    CedeControl,
    ClearAllData,
    ClearCookies,
    ClearHistory,
    ClipboardCopy,
    ClipboardPaste,
    CloseTab,
    ControlAsked,
    ControlChanged,
    ControlRequested,
    ControlRequestOver,
    CopiedText,
    DeclineTakeover,
    Error,
    FromFrontend,
    GetBrowserUrl,
    GoBack,
    GoForward,
    GrantControl,
    MessageId,
    Navigate,
    Note,
    Pasted,
    Ping,
    Pong,
    RefuseControl,
    Reload,
    Screenshot,
    TabOnTheWire,
    TakeControl,
    TakeoverRequested,
    TakeoverResolved,
    TakeScreenshot,
    ToFrontend,
    ViewerOnTheWire,
    decode_from_server,
    decode_untrusted,
    encode,
)

CONTROL_CHANGED = ControlChanged(
    interactor="user",
    control_state="user_control",
    holder_client_id="tab_a",
    control_epoch=1,
    you_hold_control=True,
    viewer_count=150,
    viewers=[ViewerOnTheWire("v_1", "control", holds_control=True, you=False)],
)
CONTROL_CHANGED_ON_THE_WIRE = {
    "kind": "control-changed",
    "interactor": "user",
    "control_state": "user_control",
    "holder_client_id": "tab_a",
    "control_epoch": 1,
    "you_hold_control": True,
    "viewer_count": 150,
    "viewers": [{"viewer_id": "v_1", "scope": "control", "holds_control": True, "you": False}],
}

ON_THE_WIRE: list[tuple[FromFrontend | ToFrontend, dict[str, Any]]] = [
    (TakeControl(), {"kind": "take-control"}),
    (CedeControl(), {"kind": "cede-control", "note": None}),
    (CedeControl(Note("x" * 2000)), {"kind": "cede-control", "note": "x" * 2000}),
    (GrantControl(), {"kind": "grant-control"}),
    (RefuseControl(), {"kind": "refuse-control"}),
    (ControlRequested("tab_b", 15), {"kind": "control-requested", "client_id": "tab_b", "seconds": 15}),
    (ControlAsked(15), {"kind": "control-asked", "seconds": 15}),
    (ControlRequestOver("tab_b"), {"kind": "control-request-over", "client_id": "tab_b"}),
    (DeclineTakeover(MessageId("t1")), {"kind": "decline-takeover", "request_id": "t1", "note": None}),
    (TakeoverResolved("t1", "completed"), {"kind": "takeover-resolved", "request_id": "t1", "outcome": "completed"}),
    (
        TakeoverRequested("t1", "captcha", "the one with boats", "waiting", 300),
        {
            "kind": "takeover-requested",
            "request_id": "t1",
            "reason": "captcha",
            "note": "the one with boats",
            "state": "waiting",
            "deadline_seconds": 300,
        },
    ),
    (
        AgentStep(2, 9, "click", "failed", "the element is not visible"),
        {
            "kind": "agent-step",
            "number": 2,
            "total": 9,
            "type": "click",
            "status": "failed",
            "reason": "the element is not visible",
        },
    ),
    (Ping(id="1"), {"kind": "ping", "id": "1"}),
    (AskForClipboardResponse("a\n\u202e😀"), {"kind": "ask-for-clipboard-response", "text": "a\n\u202e😀"}),
    (ClipboardPaste(""), {"kind": "clipboard-paste", "text": ""}),
    (ClipboardCopy(), {"kind": "clipboard-copy"}),
    (GetBrowserUrl(), {"kind": "get-browser-url"}),
    (Navigate("example.org"), {"kind": "navigate", "url": "example.org"}),
    (GoBack(), {"kind": "go-back"}),
    (GoForward(), {"kind": "go-forward"}),
    (Reload(hard=True), {"kind": "reload", "hard": True}),
    (TakeScreenshot(), {"kind": "take-screenshot"}),
    (ClearCookies(), {"kind": "clear-cookies"}),
    (ClearHistory(), {"kind": "clear-history"}),
    (ClearAllData(), {"kind": "clear-all-data"}),
    (ActivateTab(id="A1"), {"kind": "activate-tab", "id": "A1"}),
    (CloseTab(id="A1"), {"kind": "close-tab", "id": "A1"}),
    (AskForClipboard(), {"kind": "ask-for-clipboard"}),
    (CopiedText("x"), {"kind": "copied-text", "text": "x"}),
    (Pasted(characters=3, ok=True), {"kind": "pasted", "characters": 3, "ok": True}),
    (BrowserUrl("about:blank"), {"kind": "browser-url", "url": "about:blank"}),
    (Screenshot("aGk=", "image/png"), {"kind": "screenshot", "data": "aGk=", "mime_type": "image/png"}),
    (
        BrowserTabs([TabOnTheWire("A1", "Title", "https://a", True, None, True, 1)]),
        {
            "kind": "browser-tabs",
            "tabs": [
                {
                    "id": "A1",
                    "title": "Title",
                    "url": "https://a",
                    "active": True,
                    "favicon": None,
                    "isReady": True,
                    "pageNumber": 1,
                }
            ],
        },
    ),
    (Pong(id="ü\u2028\x00"), {"kind": "pong", "id": "ü\u2028\x00"}),
    (CONTROL_CHANGED, CONTROL_CHANGED_ON_THE_WIRE),
    (
        ControlChanged("agent", "ai_control", None, 0, False),
        {
            "kind": "control-changed",
            "interactor": "agent",
            "control_state": "ai_control",
            "holder_client_id": None,
            "control_epoch": 0,
            "you_hold_control": False,
            "viewer_count": 0,
            "viewers": [],
        },
    ),
    (
        Error(failed_kind="ping", message="id is missing", code="invalid_field"),
        {"kind": "error", "failed_kind": "ping", "message": "id is missing", "code": "invalid_field"},
    ),
]

BROKEN = [
    b"",
    b"{",
    b"take-control",
    b'{"kind": "take-control"',
    b'{"kind": "take-control"}{}',
    b"{'kind': 'take-control'}",
    b'{"kind": "ping", "id": NaN}',
    b'{"kind": "ping", "id": "\xff"}',
    b"\xef\xbb\xbf{}",
    b"[" * 100_000,
]

NO_MESSAGE: list[Any] = [
    None,
    1,
    "take-control",
    [],
    [{"kind": "take-control"}],
    {},
    {"Kind": "take-control"},
    {"kind": None},
    {"kind": 1},
    {"kind": ["take-control"]},
    {"kind": {"kind": "take-control"}},
]

WRONG_PING = {
    "missing": ({}, "ping: id is missing"),
    "too long": ({"id": "x" * 129}, "ping: id is longer than 128 characters"),
    "number": ({"id": 1}, "ping: id is not a string"),
    "null": ({"id": None}, "ping: id is not a string"),
    "true": ({"id": True}, "ping: id is not a string"),
    "list": ({"id": ["1"]}, "ping: id is not a string"),
    "object": ({"id": {}}, "ping: id is not a string"),
    "capital": ({"ID": "1"}, "ping: id is missing"),
}

WRONG_CONTROL_CHANGED = {
    "boolean for a number": ({"control_epoch": True}, "control_epoch is not an integer"),
    "fraction for a number": ({"control_epoch": 1.0}, "control_epoch is not an integer"),
    "text for a number": ({"control_epoch": "1"}, "control_epoch is not an integer"),
    "number for a boolean": ({"you_hold_control": 1}, "you_hold_control is not a boolean"),
    "number for a text or null": ({"holder_client_id": 1}, "holder_client_id is not a string"),
}


def refusal_of(text: str | bytes) -> BadMessage:
    with pytest.raises(BadMessage) as caught:
        decode_untrusted(text)
    return caught.value


@pytest.mark.parametrize(("message", "document"), ON_THE_WIRE, ids=lambda value: getattr(value, "kind", ""))
def test_every_kind_there_and_back(message: FromFrontend | ToFrontend, document: dict[str, Any]) -> None:
    text = encode(message)
    assert json.loads(text) == document
    decode = decode_untrusted if message.kind in FROM_FRONTEND else decode_from_server
    assert decode(text) == message
    assert decode(text.encode()) == message


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r"a\ud83d", "a\ufffd"),
        (r"\uDE00b", "\ufffdb"),
        (r"\ude00\ud83d", "\ufffd\ufffd"),
        (r"\ud83d\ud83d\ude00", "\ufffd😀"),
        (r"\\ud83d \ud800 \n", "\\ud83d \ufffd \n"),
    ],
)
def test_half_a_surrogate_pair_is_replaced(written: str, text: str) -> None:
    document = '{"kind": "clipboard-paste", "text": "' + written + '"}'
    assert decode_untrusted(document) == decode_untrusted(document.encode()) == ClipboardPaste(text)


def test_reload_is_not_hard_unless_it_says_so() -> None:
    assert decode_untrusted('{"kind": "reload"}') == Reload(hard=False)


def test_every_kind_is_tried() -> None:
    assert {message.kind for message, _ in ON_THE_WIRE} == set(FROM_FRONTEND) | set(TO_FRONTEND)
    assert not set(FROM_FRONTEND) & set(TO_FRONTEND)


def test_the_text_begins_with_the_kind() -> None:
    assert encode(Ping(id="1")) == '{"kind":"ping","id":"1"}'


@pytest.mark.parametrize(
    "document", [{"kind": "ping", "id": "1", "newer": [1]}, {"newer": 1, "id": "1", "kind": "ping"}]
)
def test_fields_of_newer_frontends_are_ignored(document: dict[str, Any]) -> None:
    assert decode_untrusted(json.dumps(document)) == Ping(id="1")


def test_white_space_is_free() -> None:
    assert decode_untrusted(' {\n"kind" :\t"take-control" } ') == TakeControl()


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: repr(text[:30]))
def test_what_is_not_json(text: bytes) -> None:
    error = refusal_of(text)
    assert (error.code, error.failed_kind) == ("malformed_json", "")


def test_a_text_that_cannot_be_encoded_is_not_json() -> None:
    assert refusal_of('{"kind": "\ud800"}').code == "malformed_json"


@pytest.mark.parametrize("document", NO_MESSAGE, ids=json.dumps)
def test_what_is_json_but_no_message(document: Any) -> None:
    error = refusal_of(json.dumps(document))
    assert (error.code, error.failed_kind) == ("malformed_message", "")


@pytest.mark.parametrize("kind", ["", "Ping", "ping ", "no-such-kind", "pong", "control-changed", "error"])
def test_unknown_kinds_are_named(kind: str) -> None:
    error = refusal_of(json.dumps({"kind": kind}))
    assert (error.code, error.failed_kind) == ("unknown_kind", kind)


def test_a_long_kind_is_not_sent_back_whole() -> None:
    assert refusal_of(json.dumps({"kind": "k" * 100_000})).failed_kind == "k" * 64


@pytest.mark.parametrize("name", WRONG_PING)
def test_wrong_fields_are_named(name: str) -> None:
    fields, words = WRONG_PING[name]
    error = refusal_of(json.dumps({"kind": "ping", **fields}))
    assert (error.code, error.failed_kind) == ("invalid_field", "ping")
    assert str(error) == words


@pytest.mark.parametrize(
    ("note", "words"), [(7, "note is not a string"), ("x" * 2001, "note is longer than 2000 characters")]
)
@pytest.mark.parametrize("kind", ["cede-control", "decline-takeover"])
def test_a_note_is_a_short_text(kind: str, note: Any, words: str) -> None:
    error = refusal_of(json.dumps({"kind": kind, "request_id": "t1", "note": note}))
    assert str(error) == f"{kind}: {words}"


def test_a_note_need_not_be_there() -> None:
    assert decode_untrusted('{"kind": "cede-control"}') == CedeControl(None)


@pytest.mark.parametrize("name", WRONG_CONTROL_CHANGED)
def test_nothing_is_converted(name: str) -> None:
    fields, words = WRONG_CONTROL_CHANGED[name]
    with pytest.raises(BadMessage, match=words) as caught:
        decode_from_server(json.dumps({**CONTROL_CHANGED_ON_THE_WIRE, **fields}))
    assert caught.value.code == "invalid_field"


def test_all_wrong_fields_are_named_at_once() -> None:
    with pytest.raises(BadMessage) as caught:
        decode_from_server(json.dumps({**CONTROL_CHANGED_ON_THE_WIRE, "interactor": 1, "control_epoch": "1"}))
    assert str(caught.value) == "control-changed: interactor is not a string, control_epoch is not an integer"


def test_a_frontends_kinds_mean_nothing_from_the_server() -> None:
    with pytest.raises(BadMessage) as caught:
        decode_from_server(encode(TakeControl()))
    assert caught.value.code == "unknown_kind"


def test_a_bad_message_is_the_peers_error() -> None:
    assert issubclass(BadMessage, RemoteProtocolError)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
kinds = st.sampled_from([*FROM_FRONTEND, *TO_FRONTEND]) | st.text()
fields = st.dictionaries(st.sampled_from(["id", "kind", *CONTROL_CHANGED_ON_THE_WIRE]) | st.text(), json_values)
documents = json_values | st.builds(lambda kind, rest: {**rest, "kind": kind}, kinds, fields)


def decodes_or_refuses(text: str | bytes) -> None:
    for decode, table in ((decode_untrusted, FROM_FRONTEND), (decode_from_server, TO_FRONTEND)):
        try:
            message = decode(text)
        except BadMessage as error:
            assert error.code in {"malformed_json", "malformed_message", "unknown_kind", "invalid_field"}
            assert len(error.failed_kind) <= 64
        else:
            assert isinstance(message, tuple(table.values()))
            assert decode(encode(message)) == message


@given(st.text() | st.binary())
@example('{"kind": "ping", "id": "1"}')
def test_any_text_is_a_message_or_a_bad_one(text: str | bytes) -> None:
    decodes_or_refuses(text)


@given(documents)
def test_any_document_is_a_message_or_a_bad_one(document: Any) -> None:
    decodes_or_refuses(json.dumps(document))


@given(st.text(max_size=128))
def test_a_ping_keeps_its_id_whatever_it_is(identifier: str) -> None:
    text = orjson.dumps({"kind": "ping", "id": identifier})
    assert decode_untrusted(text) == Ping(id=identifier)
