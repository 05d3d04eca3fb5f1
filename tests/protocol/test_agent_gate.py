"""The agent gate: what passes, what waits, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pilothouse.protocol.agent_commands import HOUSEKEEPING, LASTING, RULINGS, Ruling
from pilothouse.protocol.agent_gate import (
    FORWARD,
    HELD,
    LEAST_AGENTS_ID,
    LET_BEGIN,
    MOST_IN_FLIGHT,
    USER_HAS_CONTROL,
    AgentGate,
    Answer,
    Changed,
    Decision,
    GateOptions,
)
from pilothouse.protocol.held_commands import MOST_BYTES, MOST_COMMANDS

RECORDING = Path(__file__).parents[1] / "data" / "agent-connections.jsonl"
RECORDED = [json.loads(line) for line in RECORDING.read_text().splitlines()]
ONE_PAGE, TWO_PAGES = frozenset({"page-1"}), frozenset({"page-1", "page-2"})


class Gate:
    """A gate with a shorthand: `session` names are part of a method, as in `S1/Runtime.evaluate`."""

    def __init__(self, *, may_act: bool = True, pages: frozenset[str] = TWO_PAGES, **options: Any) -> None:
        self.pages = pages
        self.gate = AgentGate(GateOptions(**options), lambda: self.pages, may_act=may_act)
        self.last_id = 0

    def send(self, what: str, at: float = 0.0, /, **params: Any) -> Decision:
        self.last_id += 1
        return self.say(command(self.last_id, what, **params), at)

    def say(self, text: str | bytes, at: float = 0.0) -> Decision:
        return self.gate.from_agent_untrusted(text, at)[1]

    def hear(self, message: dict[str, Any]) -> Any:
        passed = self.gate.from_browser(json.dumps(message, separators=(",", ":")).encode())
        return None if passed is None else json.loads(passed)

    def event(self, what: str, **params: Any) -> Any:
        session, _, method = what.rpartition("/")
        return self.hear({"method": method, "params": params} | ({"sessionId": session} if session else {}))

    def attach(self, session: str, target: str, kind: str = "page", parent: str = "", context: str = "default") -> None:
        info = {"targetId": target, "type": kind, "browserContextId": context}
        assert self.event(f"{parent}/Target.attachedToTarget", sessionId=session, targetInfo=info) is not None


def command(number: int, what: str, **params: Any) -> str:
    session, _, method = what.rpartition("/")
    document: dict[str, Any] = {"id": number, "method": method}
    if params:
        document["params"] = params
    return json.dumps(document | ({"sessionId": session} if session else {}))


def error(decision: Decision | str) -> Any:
    text = decision if isinstance(decision, str) else decision.text  # type: ignore[union-attr]
    return json.loads(text)["error"]


def refused(text: str) -> bool:
    return bool(error(text) == {"code": USER_HAS_CONTROL, "message": "user has control"})


def recorded(stage: str, *libraries: str) -> list[dict[str, Any]]:
    """What libraries have sent in a stage of their scripts."""
    return [line["command"] for line in RECORDED if line["stage"] == stage and line["library"] in libraries]


def sent(texts: list[str]) -> list[tuple[str, dict[str, Any], str | None]]:
    documents = [json.loads(text) for text in texts]
    return [(document["method"], document.get("params", {}), document.get("sessionId")) for document in documents]


def test_while_the_agent_has_control_everything_passes_as_it_came() -> None:
    gate = Gate()
    assert gate.say('{ "method":"Runtime.evaluate",  "id":1, "sessionId":"S" }') is FORWARD
    assert gate.send("Nobody.knows") is FORWARD
    assert gate.event("S/Page.screencastFrame", data="…") is not None
    assert gate.hear({"id": 1, "result": {}, "sessionId": "S"}) is not None


@pytest.mark.parametrize("library", ["playwright", "puppeteer"])
@pytest.mark.parametrize("stage", ["connect", "open"])
@pytest.mark.parametrize("choice", ["hold", "refuse"])
def test_libraries_can_connect_and_follow_pages_while_a_person_drives(library: str, stage: str, choice: str) -> None:
    gate = Gate(may_act=False, on_user_control=choice)
    kept_back = set()
    commands = recorded(stage, library)
    assert "Runtime.runIfWaitingForDebugger" in {command["method"] for command in commands}
    for session in {command["sessionId"] for command in commands if "sessionId" in command}:
        gate.attach(session, "page-1")
    for number, sent in enumerate(commands, start=1):
        decision = gate.say(json.dumps({"id": number, **sent}))
        if isinstance(decision, Answer) and "result" in json.loads(decision.text):
            assert LASTING[sent["method"]].at_once
        elif decision is not FORWARD and not isinstance(decision, Changed):
            kept_back.add(sent["method"])
    # At the end the scripts ask for the new page's title.
    assert kept_back <= ({"Runtime.evaluate", "Runtime.callFunctionOn"} if stage == "open" else set())


def test_what_is_in_the_tables_evaluates_nothing() -> None:
    acting = {command["method"] for command in recorded("act", "playwright", "puppeteer")}
    assert {"Runtime.evaluate", "Runtime.callFunctionOn", "Input.dispatchMouseEvent", "DOM.describeNode"} <= acting
    assert not {"Runtime.evaluate", "Runtime.callFunctionOn", "Input.dispatchMouseEvent"} & HOUSEKEEPING.keys()
    assert not [method for method in HOUSEKEEPING if method.startswith(("Input.", "DOM.get", "Accessibility."))]
    assert all(rule in HOUSEKEEPING or rule not in LASTING for rule in RULINGS)


@pytest.mark.parametrize("method", ["Runtime.evaluate", "Page.captureScreenshot", "Nobody.knows", "Page.navigate", ""])
def test_everything_else_is_held(method: str) -> None:
    gate = Gate()
    gate.gate.take()
    assert gate.send(method) is HELD
    assert gate.gate.give_back(1.0).to_browser == [command(1, method)]


@pytest.mark.parametrize(
    ("source", "passes"),
    [
        ("", True),
        ("//# sourceURL=pptr:internal", True),
        ("//\nalert(1)", False),
        ("//\u2028alert(1)", False),
        ("alert(1)", False),
        (" ", False),
        (7, False),
    ],
)
def test_a_script_for_new_documents_passes_only_if_it_is_none(source: object, passes: bool) -> None:
    gate = Gate(may_act=False)
    decision = gate.send("Page.addScriptToEvaluateOnNewDocument", source=source)
    assert isinstance(decision, Changed) if passes else decision is HELD
    assert gate.send("Page.addScriptToEvaluateOnNewDocument", source=source, runImmediately=True) is HELD


def test_a_parameter_that_comes_twice_passes_once() -> None:
    gate = AgentGate(GateOptions(), frozenset, may_act=False)
    method = "Page.addScriptToEvaluateOnNewDocument"
    twice = f'{{"id": 1, "method": "{method}", "params": {{"source": "alert(1)", "source": ""}}}}'
    _, decision = gate.from_agent_untrusted(twice, 0.0)
    assert isinstance(decision, Changed)
    assert [json.loads(text) for text in decision.texts] == [{"id": 1, "method": method, "params": {"source": ""}}]


def test_held_commands_come_out_in_their_order() -> None:
    gate = Gate()
    gate.gate.take()
    texts = [command(number, f"S{number % 3}/Runtime.evaluate") for number in range(10)]
    assert all(gate.say(text) is HELD for text in texts)
    assert gate.send("S1/Page.enable") is FORWARD
    turn = gate.gate.give_back(1.0)
    assert (turn.to_browser, turn.to_agent) == (texts, [])


def test_what_is_too_old_is_refused_and_what_follows_on_its_session() -> None:
    gate = Gate(hold_seconds=20)
    gate.gate.take()
    old, young, other = command(1, "S/A.b"), command(2, "S/A.b"), command(3, "T/A.b")
    gate.say(old, 0.0)
    gate.say(young, 15.0)
    gate.say(other, 15.0)
    turn = gate.gate.give_back(20.1)
    assert turn.to_browser == [other]
    assert [json.loads(text)["id"] for text in turn.to_agent] == [1, 2]
    assert all(map(refused, turn.to_agent))
    assert json.loads(turn.to_agent[0])["sessionId"] == "S"
    # Until the refusals have been sent, the client may not know.
    assert refused(gate.send("S/A.b").text)  # type: ignore[union-attr]
    assert gate.send("T/A.b") is FORWARD
    gate.gate.answers_sent()
    assert gate.send("S/A.b") is FORWARD


def test_a_refusal_on_its_way_counts_however_often_control_moves_meanwhile() -> None:
    gate = Gate(hold_seconds=5)
    gate.gate.take()
    gate.send("S/Runtime.evaluate", 0.0)
    assert [refused(text) for text in gate.gate.give_back(6.0).to_agent] == [True]
    gate.gate.take()
    assert error(gate.send("S/Runtime.evaluate", 6.0))["code"] == USER_HAS_CONTROL
    assert gate.gate.give_back(6.0).to_browser == []
    assert error(gate.send("S/Runtime.evaluate", 6.0))["code"] == USER_HAS_CONTROL
    gate.gate.answers_sent()
    assert gate.send("S/Runtime.evaluate", 6.0) is FORWARD


def test_at_the_very_age_it_is_still_sent() -> None:
    gate = Gate(hold_seconds=20)
    gate.gate.take()
    gate.send("A.b", 1.0)
    assert len(gate.gate.give_back(21.0).to_browser) == 1


def test_an_agent_may_want_to_be_refused_at_once() -> None:
    gate = Gate(on_user_control="refuse")
    gate.gate.take()
    decision = gate.send("S/Runtime.evaluate")
    assert isinstance(decision, Answer)
    assert refused(decision.text)
    assert gate.gate.give_back(1.0).to_browser == []


def test_only_so_many_are_held() -> None:
    gate = Gate(may_act=False)
    assert all(gate.send("A.b") is HELD for _ in range(MOST_COMMANDS))
    assert refused(gate.send("A.b").text)  # type: ignore[union-attr]
    assert len(gate.gate.give_back(1.0).to_browser) == MOST_COMMANDS
    gate.gate.take()
    assert gate.send("A.b") is HELD


def test_only_so_much_housekeeping_is_under_way() -> None:
    gate = Gate(may_act=False)
    for _ in range(MOST_IN_FLIGHT):
        assert gate.send("Page.enable") is FORWARD
    assert gate.send("Page.enable") is HELD
    gate.hear({"id": 1, "result": {}})
    assert gate.send("Page.enable") is FORWARD


def test_only_so_much_is_held() -> None:
    gate = Gate(may_act=False)
    assert gate.send("A.b", text="\u2638" * (MOST_BYTES // 6 - 100)) is HELD  # escaped, six bytes each
    assert refused(gate.send("A.b", text="x" * 2000).text)  # type: ignore[union-attr]


@pytest.mark.parametrize("message", ["nonsense", b"\x00", "[]", '{"id":1}', command(LEAST_AGENTS_ID - 1, "A.b")])
@pytest.mark.parametrize("may_act", [True, False])
def test_what_is_no_command_is_answered(message: str | bytes, may_act: bool) -> None:
    gate = Gate(may_act=may_act)
    decision = gate.say(message)
    assert isinstance(decision, Answer)
    assert error(decision)["code"] in (-32700, -32600)
    assert gate.send("Browser.getVersion") is FORWARD


def test_what_was_let_through_before_is_waited_for() -> None:
    gate = Gate()
    gate.attach("S", "page-1")
    gate.send("S/Runtime.evaluate")
    gate.send("T/Runtime.evaluate")
    gate.send("S/Runtime.evaluate")
    assert gate.gate.settled
    gate.gate.take()
    assert not gate.gate.settled
    assert gate.send("Page.enable") is FORWARD
    gate.hear({"id": 1, "result": {}, "sessionId": "S"})
    gate.hear({"id": 2, "error": {"code": -32001, "message": "Session with given id not found."}})
    assert not gate.gate.settled
    gate.event("Target.detachedFromTarget", sessionId="S")  # nobody answers any more
    assert gate.gate.settled
    assert gate.gate.in_flight == 1


def test_sessions_in_a_session_end_with_it() -> None:
    gate = Gate()
    gate.attach("TAB", "tab-1", kind="tab")
    gate.attach("S", "page-1", parent="TAB")
    gate.attach("FRAME", "frame-1", kind="iframe", parent="S")
    gate.send("FRAME/Runtime.evaluate")
    gate.gate.take()
    gate.event("Target.detachedFromTarget", sessionId="TAB")
    assert gate.gate.settled


def test_an_id_that_is_used_again_is_counted_again() -> None:
    gate = Gate()
    for session in ("S", "T", "S"):
        gate.say(command(1, f"{session}/A.b"))
    gate.gate.take()
    for session in ("S", "T"):
        gate.hear({"id": 1, "result": {}, "sessionId": session})
        assert not gate.gate.settled
    gate.hear({"id": 1, "result": {}, "sessionId": "S"})
    assert gate.gate.settled
    assert gate.gate.in_flight == 0


def test_lasting_effects_are_taken_back_and_brought_again() -> None:
    gate = Gate()
    gate.attach("S", "page-1")
    gate.attach("GONE", "page-2")
    size = {"width": 1, "height": 1, "deviceScaleFactor": 1, "mobile": False}
    gate.send("GONE/Fetch.enable")
    gate.send("S/Emulation.setFocusEmulationEnabled", enabled=True)
    gate.send("S/Emulation.setDeviceMetricsOverride", **size)
    gate.send("S/Fetch.enable", patterns=[{"urlPattern": "*"}])
    gate.send("S/Network.setBlockedURLs", urls=["x"])
    gate.send("S/Network.setBlockedURLs", urls=[])
    gate.send("S/Page.startScreencast")
    gate.send("S/Page.stopScreencast")
    gate.send("S/Emulation.setEmulatedMedia", media="print")
    gate.event("Target.detachedFromTarget", sessionId="GONE")
    turn = gate.gate.take()
    assert sent(turn.to_browser) == [
        ("Emulation.setFocusEmulationEnabled", {"enabled": False}, "S"),
        ("Emulation.clearDeviceMetricsOverride", {}, "S"),
        ("Fetch.disable", {}, "S"),
    ]
    # The gate's own commands are waited for, too, and the agent never hears of them.
    ids = [json.loads(text)["id"] for text in turn.to_browser]
    assert max(ids) < LEAST_AGENTS_ID
    for number in range(1, 10):
        gate.hear({"id": number, "result": {}, "sessionId": "S" if number != 1 else "GONE"})
    assert not gate.gate.settled
    assert [gate.hear({"id": number, "result": {}, "sessionId": "S"}) for number in ids] == [None, None, None]
    assert gate.gate.settled
    gate.send("S/Runtime.evaluate")
    assert sent(gate.gate.give_back(1.0).to_browser) == [
        ("Emulation.setFocusEmulationEnabled", {"enabled": True}, "S"),
        ("Emulation.setDeviceMetricsOverride", size, "S"),
        ("Fetch.enable", {"patterns": [{"urlPattern": "*"}]}, "S"),
        ("Runtime.evaluate", {}, "S"),
    ]


def test_nothing_is_remembered_of_cdp_sessions_that_there_are_not() -> None:
    gate = Gate()
    gate.attach("S", "page-1")
    gate.send("S/Emulation.setFocusEmulationEnabled", enabled=True)
    gate.event("Target.detachedFromTarget", sessionId="S")
    for session in ("S", "NONE"):
        assert gate.send(f"{session}/Emulation.setFocusEmulationEnabled", enabled=True) is FORWARD
    assert gate.gate.take().to_browser == []
    assert gate.send("NONE/Emulation.setFocusEmulationEnabled", enabled=True) is HELD


def test_a_debugger_lets_go_and_holds_again() -> None:
    gate = Gate()
    gate.attach("S", "page-1")
    gate.send("S/Debugger.enable")
    assert sent(gate.gate.take().to_browser) == [
        ("Debugger.setSkipAllPauses", {"skip": True}, "S"),
        ("Debugger.resume", {}, "S"),
    ]
    assert sent(gate.gate.give_back(1.0).to_browser) == [("Debugger.setSkipAllPauses", {"skip": False}, "S")]
    gate.send("S/Debugger.disable")
    assert gate.gate.take().to_browser == []


def test_an_effect_asked_for_while_a_person_drives_comes_later() -> None:
    gate = Gate(may_act=False)
    gate.attach("S", "page-1")
    decision = gate.send("S/Emulation.setFocusEmulationEnabled", enabled=True)
    assert isinstance(decision, Answer)
    assert json.loads(decision.text) == {"id": 1, "result": {}, "sessionId": "S"}
    # Behind a held command it would overtake.
    assert gate.send("S/Runtime.evaluate") is HELD
    assert gate.send("S/Emulation.setTouchEmulationEnabled", enabled=True) is HELD
    assert [method for method, _, _ in sent(gate.gate.give_back(1.0).to_browser)] == [
        "Emulation.setFocusEmulationEnabled",
        "Runtime.evaluate",
        "Emulation.setTouchEmulationEnabled",
    ]
    assert len(gate.gate.take().to_browser) == 2


def test_what_waits_for_the_agent_while_a_person_drives_begins_without_it() -> None:
    gate = Gate()
    for session in ("LET", "GONE", "LEFT"):
        info = {"targetId": session, "type": "page"}
        gate.event("Target.attachedToTarget", sessionId=session, targetInfo=info, waitingForDebugger=True)
    gate.attach("S", "page-1")
    assert gate.gate.let_begin() == gate.gate.let_begin() == []
    gate.gate.take()
    assert gate.gate.let_begin() == []
    gate.send(f"LET/{LET_BEGIN}")
    gate.event("Target.detachedFromTarget", sessionId="GONE")
    assert sent(gate.gate.let_begin()) == [(LET_BEGIN, {}, "LEFT")]
    assert gate.gate.let_begin() == []


def test_control_that_does_not_move_changes_nothing() -> None:
    gate = Gate()
    gate.send("Emulation.setFocusEmulationEnabled", enabled=True)
    assert gate.gate.give_back(0.0).to_browser == []
    assert len(gate.gate.take().to_browser) == 1
    assert gate.gate.take().to_browser == []


@pytest.mark.parametrize("method", [method for method, ruling in RULINGS.items() if ruling is Ruling.REFUSED])
@pytest.mark.parametrize("may_act", [True, False])
def test_what_would_harm_the_browser_is_refused(method: str, may_act: bool) -> None:
    decision = Gate(may_act=may_act).send(method)
    assert isinstance(decision, Answer)
    assert not decision.leaves
    assert error(decision)["code"] == -32000


@pytest.mark.parametrize("may_act", [True, False])
def test_an_agent_that_closes_the_browser_leaves(may_act: bool) -> None:
    decision = Gate(may_act=may_act).send("Browser.close")
    assert decision == Answer('{"id":1,"result":{}}', leaves=True)


@pytest.mark.parametrize("method", ["Browser.setDownloadBehavior", "Page.setDownloadBehavior"])
@pytest.mark.parametrize("may_act", [True, False])
def test_a_path_for_downloads_is_left_out(method: str, may_act: bool) -> None:
    gate = Gate(may_act=may_act)
    decision = gate.send(method, behavior="allowAndName", downloadPath="/etc", eventsEnabled=True)
    if method.startswith("Page.") and not may_act:
        assert decision is HELD
        [text] = gate.gate.give_back(1.0).to_browser
    else:
        assert isinstance(decision, Changed)
        [text] = decision.texts
    assert json.loads(text) == {"id": 1, "method": method, "params": {"behavior": "default", "eventsEnabled": True}}
    assert gate.gate.in_flight == 1
    gate = Gate()
    assert gate.send(method, behavior="deny") is FORWARD


def opens_a_page(decision: Decision | list[str]) -> bool:
    """Whether a blank page is opened before the rest."""
    texts = decision.texts if isinstance(decision, Changed) else decision
    assert isinstance(texts, list | tuple)
    [(method, params, session), (closing, _, _)] = sent(list(texts))
    return (method, params, session) == ("Target.createTarget", {"url": "about:blank"}, None) and "lose" in closing


def test_a_page_stays() -> None:
    gate = Gate(pages=TWO_PAGES)
    gate.attach("S", "page-1")
    assert gate.send("S/Page.close") is FORWARD
    # Nobody else knows yet that it goes.
    assert error(gate.send("Target.closeTarget", targetId="what"))["code"] == -32602
    decision = gate.send("Target.closeTarget", targetId="page-2")
    assert opens_a_page(decision)
    assert isinstance(decision, Changed)
    own, closing = (json.loads(text)["id"] for text in decision.texts)
    assert gate.hear({"id": own, "result": {"targetId": "page-3"}}) is None
    assert gate.hear({"id": closing, "result": {"success": True}}) is not None
    gate.pages = frozenset({"page-3", "page-4"})
    assert gate.send("Target.closeTarget", targetId="page-4") is FORWARD
    assert opens_a_page(gate.send("Target.closeTarget", targetId="page-3"))


def test_of_two_pages_one_stays_whichever_is_closed() -> None:
    assert Gate(pages=TWO_PAGES).send("Target.closeTarget", targetId="some-tab") is FORWARD


def test_a_page_that_only_the_agent_knows_of_yet_counts() -> None:
    gate = Gate(pages=ONE_PAGE)
    gate.attach("S", "page-2")
    assert gate.send("Target.closeTarget", targetId="page-1") is FORWARD


def test_pages_that_go_with_the_agent_do_not_count() -> None:
    gate = Gate(pages=ONE_PAGE)
    gate.send("Target.createBrowserContext")
    gate.hear({"id": 1, "result": {"browserContextId": "mine"}})
    gate.attach("S", "page-2", context="mine")
    gate.pages = TWO_PAGES
    assert opens_a_page(gate.send("Target.closeTarget", targetId="page-1"))
    assert gate.send("S/Page.close") is FORWARD
    assert gate.send("Target.disposeBrowserContext", browserContextId="mine") is FORWARD


def test_a_context_with_all_pages_leaves_one_behind() -> None:
    gate = Gate(pages=ONE_PAGE)
    gate.attach("S", "page-1", context="default")
    decision = gate.send("Target.disposeBrowserContext", browserContextId="default")
    assert isinstance(decision, Changed)
    assert [method for method, _, _ in sent(list(decision.texts))] == [
        "Target.createTarget",
        "Target.disposeBrowserContext",
    ]


def test_a_tab_is_its_page() -> None:
    gate = Gate(pages=ONE_PAGE)
    gate.attach("TAB", "tab-1", kind="tab")
    gate.attach("S", "page-1", parent="TAB")
    gate.attach("W", "worker-1", kind="service_worker")
    assert gate.send("Target.closeTarget", targetId="worker-1") is FORWARD
    assert opens_a_page(gate.send("Target.closeTarget", targetId="tab-1"))


def test_the_only_page_cannot_close_itself_on_a_connection_of_its_own() -> None:
    gate = AgentGate(GateOptions(), lambda: ONE_PAGE, may_act=True, own_page="page-1")
    decision = gate.from_agent_untrusted(command(1, "Page.close"), 0.0)[1]
    assert "last page" in error(decision)["message"]


def test_the_last_page_is_looked_for_when_a_held_command_is_sent() -> None:
    gate = Gate(pages=TWO_PAGES, may_act=False)
    assert gate.send("Target.closeTarget", targetId="page-1") is HELD
    gate.pages = ONE_PAGE
    assert opens_a_page(gate.gate.give_back(1.0).to_browser)


def test_events_that_show_the_page_stay_behind_while_a_person_drives() -> None:
    gate = Gate(may_act=False)
    shown = [
        "Page.screencastFrame",
        "Network.dataReceived",
        "Network.webSocketFrameSent",
        "DOM.setChildNodes",
        "Accessibility.nodesUpdated",
        "Runtime.consoleAPICalled",
        "Runtime.bindingCalled",
        "Fetch.requestPaused",
        "Nobody.knows",
    ]
    assert [gate.event(f"S/{method}") for method in shown] == [None] * len(shown)
    passing = ["Page.frameNavigated", "Page.lifecycleEvent", "Target.targetCreated", "Runtime.executionContextCreated"]
    assert None not in [gate.event(f"S/{method}") for method in passing]
    gate.gate.give_back(1.0)
    assert None not in [gate.event(f"S/{method}") for method in shown]


def test_an_agent_that_observes_sees_everything() -> None:
    gate = Gate(may_act=False, observe=True)
    assert gate.event("S/Page.screencastFrame") is not None
    assert gate.event("S/Page.javascriptDialogOpening") is not None
    assert gate.gate.give_back(1.0).to_agent == []


@pytest.mark.parametrize("observe", [False, True])
def test_a_screencast_goes_on_for_an_agent_that_observes(*, observe: bool) -> None:
    gate = Gate(observe=observe)
    gate.attach("S", "page-1")
    gate.send("S/Page.startScreencast")
    stopped, begun_again = [("Page.stopScreencast", {}, "S")], [("Page.startScreencast", {}, "S")]
    assert sent(gate.gate.take().to_browser) == ([] if observe else stopped)
    assert sent(gate.gate.give_back(1.0).to_browser) == ([] if observe else begun_again)


def test_a_request_of_the_person_is_never_shown_and_one_of_the_agent_is_followed() -> None:
    gate = Gate()
    gate.event("S/Network.requestWillBeSent", requestId="agents")
    gate.gate.take()
    assert gate.event("S/Network.requestWillBeSent", requestId="agents", redirectResponse={}) is not None
    assert gate.event("S/Network.requestWillBeSentExtraInfo", requestId="persons early") is None
    assert gate.event("S/Network.requestWillBeSent", requestId="persons") is None
    for method in ("requestWillBeSentExtraInfo", "responseReceived"):
        assert gate.event(f"S/Network.{method}", requestId="agents") is not None
        assert gate.event(f"S/Network.{method}", requestId="persons") is None
    gate.gate.give_back(1.0)
    assert gate.event("S/Network.responseReceivedExtraInfo", requestId="persons") is None
    assert gate.event("S/Network.loadingFinished", requestId="persons") is None
    assert gate.event("S/Network.loadingFinished", requestId="agents") is not None
    for request in ("persons", "persons early"):
        assert gate.event("S/Network.responseReceivedExtraInfo", requestId=request) is None
    assert gate.event("S/Network.requestWillBeSent", requestId="agents next") is not None


def test_the_latest_requests_are_remembered() -> None:
    gate = Gate(may_act=False)
    for number in range(10_001):
        assert gate.event("Network.requestWillBeSent", requestId=f"{number}.1") is None
    gate.gate.give_back(1.0)
    assert gate.event("Network.responseReceived", requestId="10000.1") is None
    assert gate.event("Network.responseReceived", requestId="1.1") is None
    assert gate.event("Network.responseReceived", requestId="0.1") is not None


def test_a_dialog_is_the_persons_until_the_agent_has_control() -> None:
    gate = Gate()
    assert gate.event("S/Page.javascriptDialogOpening", message="agent's") is not None
    gate.gate.take()
    closed = gate.event("S/Page.javascriptDialogClosed", result=True, userInput="a secret")
    assert closed["params"] == {"result": True, "userInput": ""}
    assert gate.event("S/Page.javascriptDialogOpening", message="1") is None
    assert gate.event("S/Page.javascriptDialogClosed", result=True, userInput="x") is None
    assert gate.event("S/Page.javascriptDialogOpening", message="2") is None
    [opening] = gate.gate.give_back(1.0).to_agent
    assert json.loads(opening)["params"] == {"message": "2"}
    gate.gate.take()
    assert gate.gate.give_back(2.0).to_agent == []


def test_messages_that_make_no_sense_pass_to_the_agent_who_has_control() -> None:
    gate = Gate()
    for message in (b"", b"nonsense", b"[]", b'{"id":"x"}', b'{"method":"Target.attachedToTarget"}', b"\xff"):
        assert gate.gate.from_browser(message) == message
