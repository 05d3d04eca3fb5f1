"""What an agent's commands have left behind on its CDP sessions: taken back for a person, and brought again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pilothouse.protocol.agent_commands import ENDING, LASTING, Lasting
from pilothouse.protocol.cdp_messages import Command

Step = tuple[str, Mapping[str, Any], str | None]
"""A method, its parameters, and the CDP session it goes to."""


class LastingEffects:
    """The last command of each kind on each CDP session.

    Args:
        observes: whether the agent may see the page while a person drives.
    """

    def __init__(self, *, observes: bool = False) -> None:
        self._observes = observes
        self._effects: dict[tuple[str | None, str], Command] = {}
        self._postponed: set[tuple[str | None, str]] = set()

    def note(self, command: Command) -> None:
        """A command goes to the browser."""
        lasting = LASTING.get(command.method)
        if lasting is not None:
            if not (lasting.only_shows and self._observes):
                self._remember(command)
        elif command.method in ENDING:
            self._effects.pop((command.session, ENDING[command.method]), None)

    def postpone(self, command: Command) -> None:
        """A command is to go to the browser when the agent has control again."""
        self._remember(command)
        self._postponed.add((command.session, command.method))

    def session_gone(self, session: str) -> None:
        """Nothing is left of a CDP session."""
        for key in [key for key in self._effects if key[0] == session]:
            del self._effects[key]

    def taken_back(self) -> Iterator[Step]:
        """What takes back all that would disturb a person."""
        for command, lasting in self._known():
            for method, params in lasting.undo:
                yield method, params, command.session

    def brought_again(self) -> Iterator[Step]:
        """What brings back what was taken back, and brings what was postponed."""
        for command, lasting in self._known():
            key = command.session, command.method
            if lasting.redo is not None:
                for method, params in lasting.redo:
                    yield method, params, command.session
            elif lasting.undo or key in self._postponed:
                yield command.method, command.params, command.session
        self._postponed.clear()

    def _remember(self, command: Command) -> None:
        key = command.session, command.method
        self._effects.pop(key, None)  # so that the order is that of the last commands
        if (command.method, command.params) not in LASTING[command.method].undo:
            self._effects[key] = command

    def _known(self) -> list[tuple[Command, Lasting]]:
        return [(command, LASTING[method]) for (_, method), command in self._effects.items()]
