"""Writes the table of docs/reference/input-policy.md from the policy itself.

python docs/input_policy_table.py
"""

from pathlib import Path

from pilothouse.protocol.rfb.input_groups import GROUPS, LEFT, MIDDLE, RIGHT, WHEEL, Group
from pilothouse.protocol.rfb.input_policy import GUARDED, OPEN

PAGE = Path(__file__).parent / "reference" / "input-policy.md"
BEGIN, END = "<!-- table: written by docs/input_policy_table.py -->\n", "<!-- end of table -->\n"

_BUTTONS = {LEFT: "left button", MIDDLE: "middle button", RIGHT: "right button", WHEEL: "wheel", 0x80: "back button"}


def table() -> str:
    """One row for each group: what it is, whether it passes, with what, and why one would block it."""
    rows = ["| group | lets a person do | guarded | open | keys and buttons | risk |", "|---|---|---|---|---|---|"]
    rows += [
        f"| `{name}` | {group.about} | {_verdict(name in GUARDED.groups)} | {_verdict(name in OPEN.groups)} "
        f"| {_keys(group)} | {group.risk} |"
        for name, group in GROUPS.items()
    ]
    return "\n".join(rows) + "\n"


def page_with_table() -> str:
    """The page as it should be."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n" + table() + "\n" + END + after


def _verdict(allowed: bool) -> str:
    return "passes" if allowed else "**blocked**"


def _keys(group: Group) -> str:
    keys = [f"`{chord.replace('+ ', '+Space')}`" for chord in group.chords]
    return ", ".join(keys + [name for bits, name in _BUTTONS.items() if group.buttons & bits])


if __name__ == "__main__":
    PAGE.write_text(page_with_table())
