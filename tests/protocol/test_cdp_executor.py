from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import cdp.accessibility
import cdp.browser
import cdp.runtime
import cdp.target
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.protocol.cdp_executor import (
    CdpEvent,
    CdpExecutor,
    CdpFailure,
    CdpViolation,
    CommandRefused,
    ConnectionLost,
    TargetGone,
    UnexpectedResult,
    request_of,
    result_of,
)

RECORDED = json.loads((Path(__file__).parents[1] / "data" / "cdp-exchanges.json").read_text("utf-8"))["exchange"]

Answer = dict[str, Any] | CdpFailure


class Replay:
    """The recorded exchange, played through one executor.

    Attributes:
        answers: by the number of the command, in the order in which they came.
        events: in their order.
    """

    def __init__(self, recorded: list[dict[str, Any]]) -> None:
        self.executor = CdpExecutor()
        self.answers: dict[int, Answer] = {}
        self.events: list[CdpEvent] = []
        for step in recorded:
            if "sent" in step:
                self.send(step["sent"])
            elif (event := self.executor.receive_untrusted(step["received"])) is not None:
                self.events.append(event)

    def send(self, command: dict[str, Any]) -> None:
        number, message = self.executor.send(
            command["method"],
            command["params"],
            lambda answer: self.answers.update({command["id"]: answer}),
            session_id=command.get("sessionId"),
        )
        assert number == command["id"]
        assert json.loads(message) == command

    def answer_to(self, method: str, **params: Any) -> Answer:
        """To the last such command."""
        sent = [step["sent"] for step in RECORDED if "sent" in step]
        numbers = [c["id"] for c in sent if c["method"] == method and params.items() <= c["params"].items()]
        return self.answers[numbers[-1]]


@pytest.fixture
def replay() -> Replay:
    return Replay(RECORDED)


def value_of(answer: Answer) -> object:
    assert isinstance(answer, dict)
    return answer["result"]["value"]


def test_every_recorded_command_is_answered_and_every_event_handed_out(replay: Replay) -> None:
    received = [json.loads(step["received"]) for step in RECORDED if "received" in step]
    assert len(replay.executor) == 0
    assert list(replay.answers) == [message["id"] for message in received if "id" in message]
    told = [CdpEvent(m["method"], m["params"], m.get("sessionId")) for m in received if "method" in m]
    assert replay.events == told


def test_results_come_in_any_order(replay: Replay) -> None:
    values = [answer.get("result", {}).get("value") for answer in replay.answers.values() if isinstance(answer, dict)]
    assert [value for value in values if value in ("slow", "fast")] == ["fast", "slow"]
    sent = [step["sent"]["params"].get("expression", "") for step in RECORDED if "sent" in step]
    assert [expression for expression in sent if "slow" in expression or "fast" in expression][1] == "'fast'"


def test_an_event_of_a_page_names_its_session(replay: Replay) -> None:
    [first, popup] = [event for event in replay.events if event.method == "Target.attachedToTarget"]
    assert first.session_id is None
    loaded = next(event for event in replay.events if event.method == "Page.loadEventFired")
    assert loaded.session_id == first.params["sessionId"]
    assert popup.params["targetInfo"]["openerId"] == first.params["targetInfo"]["targetId"]


def test_events_that_the_schema_does_not_know_are_events_like_others(replay: Replay) -> None:
    [started] = [event for event in replay.events if event.method == "Page.frameStartedNavigating"]
    assert started.params["navigationType"] == "differentDocument"


def test_the_browser_refuses_in_its_own_words(replay: Replay) -> None:
    refused = replay.answer_to("No.suchMethod")
    assert isinstance(refused, CommandRefused)
    assert (refused.code, refused.message) == (-32601, "'No.suchMethod' wasn't found")
    assert str(refused) == "No.suchMethod: 'No.suchMethod' wasn't found"
    malformed = replay.answer_to("Page.navigate", url=1)
    assert isinstance(malformed, CommandRefused)
    assert malformed.code == -32602


def test_a_session_that_has_gone_is_told_without_its_name(replay: Replay) -> None:
    assert "sessionId" not in json.loads(RECORDED[-1]["received"])
    assert isinstance(replay.answer_to("Runtime.evaluate", expression="1"), TargetGone)


def test_half_a_surrogate_pair_in_the_page_costs_nothing(replay: Replay) -> None:
    half = replay.answer_to("Runtime.evaluate", expression="'half a pair: \\ud83d.'")
    whole = replay.answer_to("Runtime.evaluate", expression="'a whole one: 😀'")
    assert (value_of(half), value_of(whole)) == ("half a pair: \ufffd.", "a whole one: 😀")


@pytest.fixture
def executor() -> CdpExecutor:
    return CdpExecutor()


def begin(executor: CdpExecutor, *, session_id: str | None = None) -> tuple[int, list[Answer]]:
    answers: list[Answer] = []
    number, _ = executor.send("Page.enable", {}, answers.append, session_id=session_id)
    return number, answers


def test_an_answer_to_a_forgotten_command_is_skipped(executor: CdpExecutor) -> None:
    forgotten, none = begin(executor)
    other, one = begin(executor)
    executor.forget(forgotten)
    executor.forget(forgotten)
    assert len(executor) == 1
    assert executor.receive_untrusted(f'{{"id": {forgotten}, "result": {{}}}}') is None
    executor.receive_untrusted(f'{{"id": {other}, "result": {{"a": 1}}}}')
    assert (none, one) == ([], [{"a": 1}])


def test_a_command_is_settled_once(executor: CdpExecutor) -> None:
    number, answers = begin(executor, session_id="S")
    for _ in range(2):
        executor.receive_untrusted(f'{{"id": {number}, "result": {{}}}}')
    executor.target_gone("S")
    executor.connection_lost("closed")
    assert answers == [{}]


def test_who_waits_for_a_page_hears_that_it_has_gone(executor: CdpExecutor) -> None:
    (_, here), (_, there), (_, browser) = (begin(executor, session_id=session) for session in ("A", "B", None))
    executor.target_gone("A")
    executor.target_gone("A")
    assert [type(answer) for answer in here] == [TargetGone]
    assert (there, browser, len(executor)) == ([], [], 2)


def test_everybody_hears_at_once_that_the_connection_is_lost(executor: CdpExecutor) -> None:
    waiting = [begin(executor, session_id=session)[1] for session in ("A", "B", None)]
    executor.connection_lost("Chromium was killed")
    assert [str(answer) for [answer] in waiting] == ["Page.enable: Chromium was killed"] * 3
    assert all(isinstance(answer, ConnectionLost) for [answer] in waiting)
    assert len(executor) == 0
    with pytest.raises(ConnectionLost, match=r"^Page\.enable: Chromium was killed$"):
        begin(executor)


def test_who_hears_of_the_end_may_try_again_at_once_and_is_refused(executor: CdpExecutor) -> None:
    refused = []

    def try_again(_answer: Answer) -> None:
        with pytest.raises(ConnectionLost) as caught:
            begin(executor)
        refused.append(caught.value)

    executor.send("Page.enable", {}, try_again)
    executor.connection_lost("closed")
    assert len(refused) == 1


@pytest.mark.parametrize("number", ["true", "1.0", "1e0", '"1"', "null", "[1]", '{"id": 1}', "-1", "2", "1" + "0" * 30])
def test_a_number_that_is_not_exactly_ours_settles_nothing(executor: CdpExecutor, number: str) -> None:
    _, answers = begin(executor)
    assert executor.receive_untrusted(f'{{"id": {number}, "result": {{}}}}') is None
    assert answers == []
    assert len(executor) == 1


@pytest.mark.parametrize("result", ["", ', "result": null', ', "result": []', ', "error": null', ', "error": "no"'])
def test_an_answer_without_a_result_is_unexpected(executor: CdpExecutor, result: str) -> None:
    number, answers = begin(executor)
    executor.receive_untrusted(f'{{"id": {number}{result}}}')
    assert [type(answer) for answer in answers] == [UnexpectedResult]


@pytest.mark.parametrize(("error", "code", "message"), [("{}", 0, "refused"), ('{"code": true, "message": 3}', 0, "3")])
def test_a_refusal_may_lack_words(executor: CdpExecutor, error: str, code: int, message: str) -> None:
    number, answers = begin(executor)
    executor.receive_untrusted(f'{{"id": {number}, "error": {error}}}')
    [refused] = answers
    assert isinstance(refused, CommandRefused)
    assert (refused.code, refused.message) == (code, message)


@pytest.mark.parametrize(
    "event",
    [
        "{}",
        '{"method": null, "params": {}}',
        '{"method": 1}',
        '{"method": "A.b", "params": null}',
        '{"method": "A.b", "params": []}',
        '{"method": "A.b", "params": {}, "sessionId": 1}',
        '{"error": {"code": -32700, "message": "JSON: parse error"}}',
    ],
)
def test_what_is_no_event_is_skipped(executor: CdpExecutor, event: str) -> None:
    assert executor.receive_untrusted(event) is None


def test_an_event_needs_no_parameters_and_may_have_new_fields(executor: CdpExecutor) -> None:
    assert executor.receive_untrusted('{"method": "A.b", "new": 1}') == CdpEvent("A.b", {}, None)
    assert executor.receive_untrusted(b'{"method": "A.b", "params": {"n": 1}}') == CdpEvent("A.b", {"n": 1}, None)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "x",
        "[]",
        '"a"',
        "1",
        "null",
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"id": 1' + "0" * 5000,
        b"\xff",
        b"\xfe\xff",
    ],
)
def test_what_is_no_message_is_a_violation(executor: CdpExecutor, message: str | bytes) -> None:
    with pytest.raises(CdpViolation):
        executor.receive_untrusted(message)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None, categories=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "id": st.integers(0, 3) | JSON,
        "method": st.just("Target.attachedToTarget") | JSON,
        "params": JSON,
        "result": JSON,
        "error": st.fixed_dictionaries({}, optional={"code": JSON, "message": JSON}) | JSON,
        "sessionId": JSON,
    },
)


@given(st.lists(st.text() | st.binary() | JSON.map(json.dumps) | MESSAGES.map(json.dumps), max_size=5))
def test_whatever_the_browser_sends_it_is_taken_in_or_a_violation(messages: list[str | bytes]) -> None:
    executor = CdpExecutor()
    answers = [begin(executor)[1] for _ in range(2)]
    for message in messages:
        try:
            event = executor.receive_untrusted(message)
        except CdpViolation:
            continue
        assert event is None or isinstance(event.method, str)
    assert all(len(settled) <= 1 for settled in answers)
    assert len(executor) == sum(not settled for settled in answers)


@given(JSON)
def test_whatever_the_parameters_the_message_is_json_in_utf_8(params: Any) -> None:
    try:
        orjson.dumps(params)
    except TypeError as error:
        if "surrogates" not in str(error):
            return  # integers that JSON in browsers has no room for
    _, message = CdpExecutor().send("A.b", {"value": params}, lambda _answer: None)
    assert set(orjson.loads(message)["params"]) == {"value"}


def test_half_a_surrogate_pair_in_a_parameter_is_replaced(executor: CdpExecutor) -> None:
    params = {"text": "a\ud800b\ud83d\ude00c\udc00", "more": [{"\udfff": 1}, ("\ud800",)], "n": 1}
    _, message = executor.send("Input.insertText", params, lambda _answer: None)
    sent = {"text": "a\ufffdb😀c\ufffd", "more": [{"\ufffd": 1}, ["\ufffd"]], "n": 1}
    assert json.loads(message)["params"] == sent


def test_a_pycdp_command_gives_its_request_and_a_typed_result(replay: Replay) -> None:
    get_version = cdp.browser.get_version()
    assert request_of(get_version) == ("Browser.getVersion", {})
    answer = replay.answer_to("Browser.getVersion")
    assert isinstance(answer, dict)
    protocol_version, product, *_ = result_of(get_version, answer)
    assert (protocol_version, product.split("/")[0]) == ("1.3", "Chrome")

    get_targets = cdp.target.get_targets()
    assert request_of(get_targets) == ("Target.getTargets", {})
    answer = replay.answer_to("Target.getTargets")
    assert isinstance(answer, dict)
    [target] = result_of(get_targets, answer)
    assert (target.type_, target.url) == ("page", "about:blank")

    evaluate = cdp.runtime.evaluate("document.title", return_by_value=True)
    assert request_of(evaluate) == ("Runtime.evaluate", {"expression": "document.title", "returnByValue": True})
    answer = replay.answer_to("Runtime.evaluate", expression="throw new Error('no')")
    assert isinstance(answer, dict)
    _, details = result_of(evaluate, answer)
    assert details is not None
    assert details.exception is not None
    assert details.exception.class_name == "Error"


def test_a_result_that_the_schema_no_longer_knows_is_unexpected(replay: Replay) -> None:
    tree = cdp.accessibility.get_full_ax_tree()
    assert request_of(tree) == ("Accessibility.getFullAXTree", {})
    answer = replay.answer_to("Accessibility.getFullAXTree")
    assert isinstance(answer, dict)
    with pytest.raises(UnexpectedResult, match="schema"):
        result_of(tree, answer)


@pytest.mark.parametrize("make", [cdp.browser.get_version, cdp.target.get_targets, cdp.accessibility.get_full_ax_tree])
@given(result=st.dictionaries(st.sampled_from(["product", "targetInfos", "nodes"]), JSON))
def test_no_result_breaks_a_pycdp_command_otherwise(make: Callable[[], Any], result: dict[str, Any]) -> None:
    command = make()
    request_of(command)
    with suppress(UnexpectedResult):
        result_of(command, result)


def test_a_command_that_asks_twice_is_unexpected() -> None:
    def twice() -> Any:
        yield {"method": "A.b"}
        yield {"method": "A.c"}

    command = twice()
    assert request_of(command) == ("A.b", {})
    with pytest.raises(UnexpectedResult, match="second"):
        result_of(command, {})
