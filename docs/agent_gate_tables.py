"""Writes the tables of docs/reference/agent-gate.md from the gate itself.

python docs/agent_gate_tables.py
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from pilothouse.protocol.agent_commands import HOUSEKEEPING, LASTING, RULINGS, Order
from pilothouse.protocol.agent_events import OF_REQUESTS, PASSING

PAGE = Path(__file__).parent / "reference" / "agent-gate.md"
_TABLE = re.compile(r"(<!-- (\w+): written by docs/agent_gate_tables.py -->\n).*?(<!-- end -->\n)", re.DOTALL)


def _housekeeping() -> list[str]:
    rows = ["| command | what it is for | passes |", "|---|---|---|"]
    rows += [f"| `{name}` | {row.about} | {row.condition or 'always'} |" for name, row in sorted(HOUSEKEEPING.items())]
    return rows


def _events() -> list[str]:
    rows = ["| about | events |", "|---|---|"]
    about = sorted(set(PASSING.values()))
    rows += [f"| {word} | {_names(name for name in PASSING if PASSING[name] == word)} |" for word in about]
    return [*rows, f"| requests that had begun before | {_names(OF_REQUESTS)} |"]


def _rulings() -> list[str]:
    rows = ["| command | what becomes of it |", "|---|---|"]
    return rows + [f"| `{name}` | {ruling.value} |" for name, ruling in sorted(RULINGS.items())]


def _lasting() -> list[str]:
    rows = ["| command | its effect | when a person takes control | while a person drives |", "|---|---|---|---|"]
    rows += [
        f"| `{name}` | {row.about} | {', '.join(map(_order, row.undo)) or 'nothing'}"
        f"{', without `observe=true`' if row.only_shows else ''} "
        f"| {'answered at once, sent later' if row.at_once else 'held'} |"
        for name, row in LASTING.items()
    ]
    return rows


def _order(order: Order) -> str:
    method, params = order
    return f"`{method} {json.dumps(params)}`" if params else f"`{method}`"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


TABLES = {"housekeeping": _housekeeping, "events": _events, "rulings": _rulings, "lasting": _lasting}


def _written(found: re.Match[str]) -> str:
    return "\n".join([found[1], *TABLES[found[2]](), "", found[3]])


def page_with_tables() -> str:
    """The page as it should be."""
    return _TABLE.sub(
        lambda found: found[1] + "\n" + "\n".join(TABLES[found[2]]()) + "\n\n" + found[3], PAGE.read_text()
    )


if __name__ == "__main__":
    PAGE.write_text(page_with_tables())
