"""Reading messages of CDP: commands as Chromium does, everything else no further than needed."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.protocol.cdp_messages import (
    Command,
    Glance,
    NoCommand,
    command_untrusted,
    event_of,
    glance,
    request_of,
    result_of,
)

SESSION = "0123456789ABCDEF0123456789ABCDEF"

# What Chromium 156 itself answers to these.
REFUSED = [
    ("nonsense", -32700, None),
    ('{"id":6,"method":"Browser.getVersion",}', -32700, None),
    ('{"id":7,"method":"A.b","params":{"x":NaN}}', -32700, None),
    ('{"id":8,"method":"Browser.getVersion"} trailing', -32700, None),
    ("[" * 100_000, -32700, None),
    ("[1]", -32600, None),
    ("null", -32600, None),
    ("{}", -32600, None),
    ('{"id":"x","method":"A.b"}', -32600, None),
    ('{"id":true,"method":"A.b"}', -32600, None),
    ('{"id":1.5,"method":"A.b"}', -32600, None),
    ('{"id":2147483648,"method":"A.b"}', -32600, None),
    ('{"id":1}', -32600, 1),
    ('{"id":1,"method":7}', -32600, 1),
    ('{"id":5,"method":"A.b","sessionId":7}', -32600, 5),
    ('{"id":5,"method":"A.b","sessionId":null}', -32600, 5),
    ('{"id":5,"method":"A.b","params":7}', -32600, 5),
    ('{"id":6,"method":"A.b","params":{},"extra":1}', -32600, 6),
]


@pytest.mark.parametrize(("text", "code", "command_id"), REFUSED)
def test_what_is_no_command_is_refused_as_chromium_does(text: str, code: int, command_id: int | None) -> None:
    with pytest.raises(NoCommand) as refusal:
        command_untrusted(text)
    assert (refusal.value.code, refusal.value.command_id) == (code, command_id)


def test_binary_messages_are_none() -> None:
    with pytest.raises(NoCommand):
        command_untrusted(b'{"id":1,"method":"A.b"}')


@pytest.mark.parametrize("value", ['"\\ud83d"', '"\\ud83d\\ude00"'])
def test_what_javascript_writes_is_read(value: str) -> None:
    text = f'{{"id":-3,"method":"A.b","params":{{"x":{value}}}}}'
    assert command_untrusted(text) == Command(text, -3, "A.b", {"x": json.loads(value)}, None)


@given(st.text() | st.binary())
def test_anything_is_a_command_or_refused(message: str | bytes) -> None:
    with suppress(NoCommand):
        command_untrusted(message)


TREES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["id", "sessionId", "method"]), inner),
    max_leaves=8,
)


def as_read(document: dict[str, Any]) -> Glance:
    number, session = document.get("id"), document.get("sessionId")
    if number is None:
        return Glance(None, document.get("method"))
    return Glance(number, None, session)


@given(
    st.fixed_dictionaries(
        {"id": st.integers(-(2**31), 2**31 - 1), "result": TREES}, optional={"sessionId": st.just(SESSION)}
    )
    | st.fixed_dictionaries({"method": st.just("A.b"), "params": TREES}, optional={"sessionId": st.just(SESSION)}),
    st.data(),
    st.sampled_from([(",", ":"), (", ", ": ")]),
)
def test_a_glance_sees_what_a_look_would_see(
    document: dict[str, Any], data: st.DataObject, separators: tuple[str, str]
) -> None:
    members = data.draw(st.permutations(list(document.items())))
    message = json.dumps(dict(members), separators=separators).encode()
    seen = glance(message)
    assert (seen.id, seen.method) == (document.get("id"), document.get("method"))
    # Where it stands last, as Chromium writes it, and wherever it stands in what is read as a whole.
    last = members[-1][0] == "sessionId" and separators == (",", ":")
    if "id" in document and (last or members[0][0] != "id" or separators != (",", ":")):
        assert seen.session == document.get("sessionId")


@pytest.mark.parametrize(
    "inside",
    [
        '{"x":"\\",\\"sessionId\\":\\"A\\"}"}',
        f'{{"y":{{"z":1,"sessionId":"{SESSION}"}}}}',
        f'[{{"a":1,"sessionId":"{SESSION}"}}]',
    ],
)
def test_a_session_inside_a_result_is_not_the_answers(inside: str) -> None:
    assert glance(f'{{"id":5,"result":{inside}}}'.encode()) == Glance(5, None, None)


@given(st.binary())
def test_any_bytes_can_be_looked_at(message: bytes) -> None:
    glance(message)
    event_of(message)
    result_of(message)


def test_of_a_large_answer_only_the_ends_are_read() -> None:
    # The middle is no JSON: whoever parsed it would stumble.
    message = b'{"id":7,"result":' + b"\xff" * 1000 + b',"sessionId":"' + SESSION.encode() + b'"}'
    assert glance(message) == Glance(7, None, SESSION)


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@given(st.text() | st.from_regex(r"[0-9A-F.]+", fullmatch=True), st.booleans())
def test_the_request_that_an_event_is_about(separators: tuple[str, str], request: str, first: bool) -> None:
    params = {"requestId": request, "x": 1} if first else {"x": {"requestId": "another"}, "requestId": request}
    message = json.dumps({"method": "Network.loadingFinished", "params": params}, separators=separators).encode()
    assert request_of(message) == request


@given(st.binary())
def test_any_bytes_are_about_some_request(message: bytes) -> None:
    request_of(message)
