"""No ghost actions, whatever the interleaving: clients that time out, control that moves, a browser."""

from __future__ import annotations

import json
from typing import Any, Literal

import attrs
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.protocol.agent_gate import FORWARD, HELD, AgentGate, Answer, Changed, Decision, GateOptions

HOLD_SECONDS = 20.0
CLIENTS_TIMEOUT = 25.0
SESSIONS = (None, "S", "T")
ACTING, HOUSEKEEPING, AT_ONCE = "Runtime.evaluate", "Page.enable", "Emulation.setFocusEmulationEnabled"

Step = tuple[Literal["send", "take", "give back", "refusals sent", "browser answers", "session ends"], float, Any]


@attrs.define
class Sent:
    """A command as its client knows it."""

    at: float
    method: str
    session: str | None
    carried_out: float | None = None
    answers: int = 0
    told_of_failure: float | None = None
    order: int = 0


class World:
    """Agent, gate, browser."""

    def __init__(self, options: GateOptions) -> None:
        self.now = 100.0
        self.gate = AgentGate(options, lambda: frozenset({"page"}), may_act=True)
        for session in SESSIONS[1:]:
            self.gate.from_browser(event("Target.attachedToTarget", sessionId=session, targetInfo={}))
        self.driving = False
        self.commands: dict[int, Sent] = {}
        self.unanswered: list[dict[str, Any]] = []
        self.refused_in_turn: dict[str | None, int] = {}
        self.count = 0

    def step(self, step: Step) -> None:
        kind, seconds, detail = step
        self.now += seconds
        for command in self.commands.values():
            if command.answers == 0 and self.now - command.at > CLIENTS_TIMEOUT and command.told_of_failure is None:
                command.told_of_failure = command.at + CLIENTS_TIMEOUT
        match kind:
            case "send":
                self._send(*detail)
            case "take":
                self.driving = True
                self._turn(self.gate.take())
            case "give back":
                self.driving = False
                self._turn(self.gate.give_back(self.now))
            case "refusals sent":
                self.gate.answers_sent()
                self.refused_in_turn.clear()
            case "browser answers":
                if self.unanswered:
                    self._browser_answers(self.unanswered.pop(detail % len(self.unanswered)))
            case "session ends":
                self.gate.from_browser(event("Target.detachedFromTarget", sessionId=detail))
                self.unanswered = [asked for asked in self.unanswered if asked.get("sessionId") != detail]

    def _send(self, method: str, session: str | None) -> None:
        number = len(self.commands) + 1
        self.commands[number] = command = Sent(self.now, method, session)
        document = {"id": number, "method": method, "params": {"enabled": True}}
        text = json.dumps(document | ({"sessionId": session} if session else {}))
        decision: Decision = self.gate.from_agent_untrusted(text, self.now)[1]
        if decision is FORWARD:
            assert session not in self.refused_in_turn, "its client may not know of the refusal"
            self._to_browser(text)
        elif isinstance(decision, Changed):
            raise AssertionError("nothing here is to be changed")
        elif isinstance(decision, Answer):
            self._to_agent(decision.text)
        else:
            assert decision is HELD
            assert self.driving
            assert command.method != HOUSEKEEPING

    def _turn(self, turn: Any) -> None:
        for text in turn.to_agent:
            answer = json.loads(text)
            assert answer["error"]["code"] == -32050
            self.refused_in_turn.setdefault(self.commands[answer["id"]].session, answer["id"])
        for text in turn.to_browser:
            number = json.loads(text)["id"]
            before = number < 0 or number < self.refused_in_turn.get(self.commands[number].session, number + 1)
            assert before, "rests on one that was refused"
            self._to_browser(text)
        for text in turn.to_agent:
            self._to_agent(text)

    def _to_browser(self, text: str) -> None:
        document = json.loads(text)
        self.unanswered.append(document)
        if document["id"] < 0:
            return
        command = self.commands[document["id"]]
        assert command.carried_out is None, "carried out twice"
        assert command.answers == 0, "carried out after it was answered"
        assert command.told_of_failure is None, "a ghost: its client has given up"
        assert command.method == HOUSEKEEPING or not self.driving, "a person drives"
        self.count += 1
        command.carried_out, command.order = self.now, self.count

    def _to_agent(self, text: str | bytes) -> None:
        answer = json.loads(text)
        command = self.commands[answer["id"]]
        command.answers += 1
        assert command.answers == 1
        assert command.session == answer.get("sessionId")
        if "error" in answer:
            command.told_of_failure = self.now

    def _browser_answers(self, document: dict[str, Any]) -> None:
        session = {"sessionId": document["sessionId"]} if "sessionId" in document else {}
        passed = self.gate.from_browser(
            json.dumps({"id": document["id"], "result": {}, **session}, separators=(",", ":")).encode()
        )
        assert (passed is None) == (document["id"] < 0)
        if passed is not None:
            self._to_agent(passed)


def event(method: str, **params: Any) -> bytes:
    return json.dumps({"method": method, "params": params}, separators=(",", ":")).encode()


def steps() -> st.SearchStrategy[list[Step]]:
    methods = st.sampled_from([ACTING, ACTING, ACTING, HOUSEKEEPING, AT_ONCE])
    pauses = st.sampled_from([0.0, 1.0, 7.0, 13.0, 21.0])
    sends = st.tuples(st.just("send"), pauses, st.tuples(methods, st.sampled_from(SESSIONS)))
    moves = st.tuples(st.sampled_from(["take", "give back", "refusals sent"]), pauses, st.none())
    answers = st.tuples(st.just("browser answers"), st.just(0.0), st.integers(0, 5))
    ends = st.tuples(st.just("session ends"), st.just(0.0), st.sampled_from(SESSIONS[1:]))
    singles = (sends | sends | moves | answers | ends).map(lambda step: [step])
    # What comes too late is rare by chance.
    lates = st.sampled_from(SESSIONS).map(
        lambda session: [("take", 0.0, None), ("send", 0.0, (ACTING, session)), ("give back", 21.0, None)]
    )
    return st.lists(singles | lates, max_size=30).map(lambda parts: [step for part in parts for step in part])


@given(steps(), st.sampled_from(["hold", "refuse"]))
def test_no_action_comes_after_its_client_has_given_up(story: list[Step], choice: Literal["hold", "refuse"]) -> None:
    world = World(GateOptions(choice, HOLD_SECONDS))
    for step in story:
        world.step(step)
    world.step(("give back", 1.0, None))
    world.step(("refusals sent", 0.0, None))
    while world.unanswered:
        world.step(("browser answers", 0.0, 0))
    assert world.gate.in_flight == 0
    assert world.gate.held == 0
    for command in world.commands.values():
        # Carried out, or answered by the gate; a browser does not answer for a session that has ended.
        assert command.carried_out is not None or command.answers == 1
    for session in SESSIONS:
        done = [c for c in world.commands.values() if c.session == session and c.method == ACTING and c.carried_out]
        assert done == sorted(done, key=lambda command: command.order), "out of order"


@given(steps())
def test_what_waits_is_waited_for_until_all_of_it_is_answered(story: list[Step]) -> None:
    world = World(GateOptions())
    for step in story:
        world.step(step)
    world.step(("give back", 0.0, None))
    world.step(("take", 0.0, None))
    asked = list(world.unanswered)
    while asked:
        assert not world.gate.settled
        world._browser_answers(asked.pop())
    assert world.gate.settled
