"""The gate between one agent and the browser: what passes, what waits, what is refused.

It stands on the wire, so it holds for every library that speaks CDP, and for code that was never told of it. While the
agent has control everything passes as it came. While a person drives, or the session is paused, housekeeping passes,
and everything else waits in its order, or is refused, as the agent has chosen.

**No ghost actions.** A client that has given up on a command has told its program that it failed. Were it carried out
later, it would come unexpected. So a command that is older than `hold_seconds` when control comes back is refused, and
with it all that came behind it on its CDP session: those may rest on it. That goes for what comes while the refusal is
on its way, too; what reaches the gate after it was sent goes through. A command that has grown too old is answered when
control comes back, not when its time is up: a library that is told early tries again within its own time-out, and the
second attempt would be young enough to be sent after that time-out.

Ids of Chromium have 32 bits. The gate keeps the lowest quarter of them for commands of its own, whose answers end here.

Pure: the caller brings the time, in seconds of any steady clock, and does what it is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Literal

import attrs

from pilothouse.protocol.agent_commands import HOUSEKEEPING, LASTING, RULINGS, Ruling
from pilothouse.protocol.agent_events import (
    DIALOG_CLOSES,
    DIALOG_OPENS,
    OF_REQUESTS,
    PASSING,
)
from pilothouse.protocol.agent_targets import AgentTargets, Pages
from pilothouse.protocol.cdp_messages import (
    INVALID_REQUEST,
    NO_TARGET,
    SERVER_ERROR,
    Command,
    NoCommand,
    Raw,
    command_untrusted,
    event,
    event_of,
    failure,
    glance,
    order,
    request_of,
    result_of,
    success,
)
from pilothouse.protocol.held_commands import HeldCommands
from pilothouse.protocol.lasting_effects import LastingEffects, Step

USER_HAS_CONTROL = -32050
"""The code of the error with which a command is refused."""

FIRST_OWN_ID, LEAST_AGENTS_ID = -(2**31), -(2**30)
MOST_IN_FLIGHT = 10_000
"""Commands without an answer; an agent with more of them is not read until the browser has answered, and while a person
drives, when all are read, housekeeping is kept back like the rest."""

LET_BEGIN = "Runtime.runIfWaitingForDebugger"

_BLANK_PAGE: Step = ("Target.createTarget", {"url": "about:blank"}, None)
_MOST_REQUESTS = 10_000
_LARGEST_DIALOG = 65_536


OnUserControl = Literal["hold", "refuse"]


@attrs.frozen
class GateOptions:
    """What an agent chooses for its connection.

    Attributes:
        on_user_control: what becomes of commands while a person drives.
        hold_seconds: the age up to which a held command is sent.
        observe: whether events that show the page go on to the agent meanwhile.
    """

    on_user_control: OnUserControl = "hold"
    hold_seconds: float = 20.0
    observe: bool = False


@attrs.frozen
class Forward:
    """Send the message on as it came."""


@attrs.frozen
class Held:
    """Do nothing now."""


@attrs.frozen
class Changed:
    """Send these to the browser instead."""

    texts: tuple[str, ...]


@attrs.frozen
class Answer:
    """Send this to the agent.

    Attributes:
        leaves: whether the agent's connection is then closed.
    """

    text: str
    leaves: bool = False


Decision = Forward | Held | Changed | Answer

FORWARD, HELD = Forward(), Held()


@attrs.frozen
class Turn:
    """What is to be sent when control has moved, in this order."""

    to_browser: list[str] = attrs.field(factory=list)
    to_agent: list[str] = attrs.field(factory=list)
    leaves: bool = False


class AgentGate:
    """One agent's connection.

    Args:
        options: what the agent has chosen.
        pages: of the whole browser.
        may_act: whether the agent has control now.
        own_page: the connection's own target, where it is a page's and not the browser's.
    """

    def __init__(self, options: GateOptions, pages: Pages, *, may_act: bool, own_page: str | None = None) -> None:
        self._options = options
        self._may_act = may_act
        self._targets = AgentTargets(pages, own_page)
        self._own_page = own_page
        self._held = HeldCommands()
        self._effects = LastingEffects(observes=options.observe)
        self._own_ids = count(FIRST_OWN_ID)
        self._in_flight: dict[int, list[str | None]] = {}
        self._unanswered = 0
        self._before: set[int] = set()
        self._making_contexts: set[int] = set()
        self._refusing: set[str | None] = set()
        self._requests: dict[str, bool] = {}
        """The latest requests, and whether they are hidden from the agent."""
        self._dialogs: dict[str | None, Raw] = {}

    @property
    def may_act(self) -> bool:
        """Whether the agent has control."""
        return self._may_act

    @property
    def in_flight(self) -> int:
        """The number of commands that wait for the browser's answer, the gate's own among them."""
        return self._unanswered

    @property
    def held(self) -> int:
        """The number of commands that wait for control."""
        return len(self._held)

    @property
    def settled(self) -> bool:
        """Whether nothing is under way that was let through before control moved to a person."""
        return not self._before

    def from_agent_untrusted(self, message: str | bytes, now: float) -> tuple[str, Decision]:
        """Decide what becomes of an agent's message; one that is no command is answered as Chromium does.

        Returns:
            The command's method, empty where there is none, and the decision.
        """
        try:
            command = command_untrusted(message)
            if command.id < LEAST_AGENTS_ID:
                raise NoCommand(INVALID_REQUEST, f"Ids below {LEAST_AGENTS_ID} are the gate's own", command.id)
        except NoCommand as error:
            return "", Answer(failure(error.command_id, None, error.code, str(error)))
        return command.method, self._decide(command, now)

    def from_browser(self, message: Raw) -> Raw | None:
        """What goes on to the agent: the message as it came, another one, or nothing."""
        seen = glance(message)
        if seen.id is not None:
            return self._answered(seen.id, seen.session, message)
        if seen.method in ("Target.attachedToTarget", "Target.detachedFromTarget"):
            self._follow(seen.method, message)
            return message
        if self._may_act:
            return None if seen.method in OF_REQUESTS and self._is_hidden(message) else message
        return message if self._options.observe else self._shown(seen.method, message)

    def take(self) -> Turn:
        """A person takes control, or the session is paused: from now on commands are kept back."""
        if not self._may_act:
            return Turn()
        self._may_act = False
        turn = Turn(self._own(self._effects.taken_back()))
        self._before = set(self._in_flight)
        return turn

    def give_back(self, now: float) -> Turn:
        """The agent has control again. `answers_sent` is to follow, when the refusals have been sent."""
        if self._may_act:
            return Turn()
        self._may_act = True
        self._before.clear()
        turn = Turn(self._own(self._effects.brought_again()), [message.decode() for message in self._dialogs.values()])
        self._dialogs.clear()
        released = self._held.release(now, self._options.hold_seconds)
        leaves = False
        for command in released.timely:
            match self._let_through(command):
                case Forward():
                    turn.to_browser.append(command.text)
                case Changed(texts):
                    turn.to_browser.extend(texts)
                case Answer(text, leaves_too):
                    turn.to_agent.append(text)
                    leaves = leaves or leaves_too
        turn.to_agent.extend(_refusal(command) for command in released.stale)
        self._refusing |= {command.session for command in released.stale}
        return attrs.evolve(turn, leaves=leaves)

    def let_begin(self) -> list[str]:
        """What lets targets begin that wait for the agent since the last call; nothing while it has control itself.

        A page, a frame or a worker that the person opens waits for an agent that has asked for that, and the page that
        opens it waits, too. The agent may be busy, or wait itself for the answer to a command that is held.
        """
        if self._may_act:
            return []
        return self._own((LET_BEGIN, {}, session) for session in self._targets.overdue())

    def answers_sent(self) -> None:
        """The refusals of `give_back` have been sent: who goes on, knows of them."""
        self._refusing.clear()

    def _decide(self, command: Command, now: float) -> Decision:
        if command.session in self._refusing:
            return _refused(command)
        if self._may_act:
            return self._let_through(command)
        ruling = RULINGS.get(command.method)
        if ruling is Ruling.REFUSED or ruling is Ruling.LEAVES:
            return self._let_through(command)
        housekeeping = HOUSEKEEPING.get(command.method)
        if housekeeping is not None and housekeeping.harmless(command.params) and self._unanswered < MOST_IN_FLIGHT:
            decision = self._let_through(command)
            if decision is FORWARD and housekeeping.condition:
                # A parameter that came twice might mean to the browser what it did not mean to us.
                return Changed((order(command.id, command.method, command.params, command.session),))
            return decision
        lasting = LASTING.get(command.method)
        postponed = lasting is not None and lasting.at_once and self._targets.is_there(command.session)
        if postponed and not self._held.has(command.session):
            self._effects.postpone(command)
            return Answer(success(command))
        if self._options.on_user_control == "refuse":
            return _refused(command)
        return HELD if self._held.add(command, now) else _refused(command)

    def _let_through(self, command: Command) -> Decision:
        ruling = RULINGS.get(command.method)
        if ruling is not None and (decision := self._ruled(command, ruling)) is not None:
            return decision
        if self._targets.is_there(command.session):
            self._effects.note(command)
        if command.method == LET_BEGIN:
            self._targets.begins(command.session)
        self._begin(command)
        return FORWARD

    def _ruled(self, command: Command, ruling: Ruling) -> Decision | None:
        """What the table says; None is nothing against it."""
        match ruling:
            case Ruling.REFUSED:
                return _not_here(command, "is not for agents of this session")
            case Ruling.KEEPS_A_PAGE:
                stays = self._targets.page_stays(command.method, command.params, command.session)
                if stays is None:
                    return Answer(failure(command.id, command.session, NO_TARGET, "No target with given id found"))
                if stays:
                    return None
                if self._own_page is not None:
                    return _not_here(command, "would close the last page of the session")
                self._begin(command)
                return Changed((*self._own([_BLANK_PAGE]), command.text))
            case Ruling.LEAVES:
                return Answer(success(command), leaves=True)
            case Ruling.NO_PATH:
                if "downloadPath" not in command.params:
                    return None
                params = {**command.params, "behavior": "default"}
                del params["downloadPath"]
                self._begin(command)
                return Changed((order(command.id, command.method, params, command.session),))

    def _begin(self, command: Command) -> None:
        self._in_flight.setdefault(command.id, []).append(command.session)
        self._unanswered += 1
        if command.method == "Target.createBrowserContext":
            self._making_contexts.add(command.id)

    def _answered(self, number: int, session: str | None, message: Raw) -> Raw | None:
        waiting = self._in_flight.get(number)
        if waiting is not None:
            # Chromium does not name a session that it does not know.
            waiting.remove(session if session in waiting else waiting[0])
            self._unanswered -= 1
            if not waiting:
                self._forget(number)
        if number in self._making_contexts:
            self._making_contexts.discard(number)
            self._targets.context_made(result_of(message).get("browserContextId"))
        return None if number < LEAST_AGENTS_ID else message

    def _forget(self, number: int) -> None:
        del self._in_flight[number]
        self._before.discard(number)

    def _follow(self, method: str, message: Raw) -> None:
        params, parent = event_of(message)
        if method == "Target.attachedToTarget":
            self._targets.attached(params, parent)
            return
        for session in self._targets.detached(params):
            self._effects.session_gone(session)
            self._dialogs.pop(session, None)
            # Nobody answers what was asked there.
            for number in [number for number, waiting in self._in_flight.items() if session in waiting]:
                waiting = self._in_flight[number]
                left = [other for other in waiting if other != session]
                self._unanswered -= len(waiting) - len(left)
                self._in_flight[number] = left
                if not left:
                    self._forget(number)

    def _shown(self, method: str | None, message: Raw) -> Raw | None:
        """An event while a person drives, for an agent that is not to see the page."""
        if method in PASSING:
            return message
        if method in OF_REQUESTS:
            return None if self._is_hidden(message) else message
        if method in (DIALOG_OPENS, DIALOG_CLOSES):
            return self._dialog(method, message)
        return None

    def _is_hidden(self, message: Raw) -> bool:
        """Whether an event is about a request that was first heard of while a person drove.

        What its events come in is not certain: its headers may come before it is said to begin, or when it is over.
        """
        request = request_of(message)
        hidden = self._requests.get(request)
        if hidden is None:
            hidden = self._requests[request] = not self._may_act
            if len(self._requests) > _MOST_REQUESTS:
                del self._requests[next(iter(self._requests))]
        return hidden

    def _dialog(self, method: str, message: Raw) -> Raw | None:
        params, session = event_of(message)
        if method == DIALOG_OPENS:
            if len(message) <= _LARGEST_DIALOG:
                self._dialogs[session] = message
            return None
        if self._dialogs.pop(session, None) is not None:
            return None
        # The agent knows of the dialog, and is told that it has gone; not what was typed into it.
        return event(method, {**params, "userInput": ""}, session).encode()

    def _own(self, steps: Iterable[Step]) -> list[str]:
        texts = []
        for method, params, session in steps:
            number = next(self._own_ids)
            self._in_flight[number] = [session]
            self._unanswered += 1
            texts.append(order(number, method, params, session))
        return texts


def _refusal(command: Command) -> str:
    return failure(command.id, command.session, USER_HAS_CONTROL, "user has control")


def _refused(command: Command) -> Answer:
    return Answer(_refusal(command))


def _not_here(command: Command, why: str) -> Answer:
    return Answer(failure(command.id, command.session, SERVER_ERROR, f"{command.method} {why}"))
