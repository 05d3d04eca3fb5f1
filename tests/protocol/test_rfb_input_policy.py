from __future__ import annotations

import pytest

from pilothouse.protocol.clipboard_policy import DIRECTIONS, ClipboardPolicy
from pilothouse.protocol.rfb.constants import MAX_CUT_TEXT
from pilothouse.protocol.rfb.decisions import FORWARD, Copy, Cut, Drop, KeyDecision, Kind, Paste, Reason, Shortcut
from pilothouse.protocol.rfb.input_groups import GROUPS, GUARDED_GROUPS, OPEN_GROUPS
from pilothouse.protocol.rfb.input_policy import GUARDED, OPEN, READY_POLICIES, GroupPolicy
from pilothouse.protocol.rfb.keysyms import MODIFIER_OF, NAMED, fold

KEYSYMS = {**NAMED, "Shift": 0xFFE1, "Ctrl": 0xFFE3, "Alt": 0xFFEA, "Cmd left": 0xFFE9, "Cmd right": 0xFFEB}
KEYSYMS |= {"KP_0": 0xFFB0, "KP_Add": 0xFFAB, "KP_F1": 0xFF91, "KP_F4": 0xFF94, "KP_Insert": 0xFF9E}
KEYSYMS |= {"KP_Delete": 0xFF9F, "KP_Home": 0xFF95, "KP_Enter": 0xFF8D, "Shcha": 0x6DD, "Unicode o": 0x100006F}
KEYSYMS |= {"Space": 0x20, "Plus": 0x2B}


def keysym(name: str) -> int:
    return KEYSYMS[name] if name in KEYSYMS else ord(name)


def judge(policy: GroupPolicy, pressed: str) -> KeyDecision:
    """A chord as it is pressed: the letter of a chord with Shift is written as the capital that is sent."""
    *modifiers, key = (keysym(name) for name in pressed.split("+"))
    return policy.key(sum(MODIFIER_OF[modifier] for modifier in modifiers), fold(key))


def blocked(group: str | None) -> Drop:
    return Drop(Kind.KEY, Reason.NOT_ALLOWED, group)


# Every row of the table of what Chromium does; with it the forms that a plain comparison misses.
DANGEROUS = {
    "open_file": ["Ctrl+o", "Control_R+o", "Ctrl+Unicode o"],
    "save_page": ["Ctrl+s"],
    "view_source": ["Ctrl+u"],
    "print": ["Ctrl+p", "Ctrl+Shift+P", "Ctrl+P", "Print", "Shift+Print", "Ctrl+Print", "Alt+Print"],
    "browser_pages": ["Ctrl+j", "Ctrl+h", "Ctrl+Shift+Delete", "Ctrl+Shift+KP_Delete", "Ctrl+Shift+M"],
    "bookmarks": ["Ctrl+Shift+O", "Ctrl+O", "Ctrl+d", "Ctrl+Shift+D", "Ctrl+Shift+B"],
    "developer_tools": ["F12", "Ctrl+Shift+I", "Ctrl+Shift+J", "Ctrl+Shift+C", "Ctrl+C", "Shift_R+Control_R+I"],
    "quit": ["Ctrl+q", "Ctrl+Shift+Q"],
    "task_manager": ["Shift+Escape", "Shift_R+Escape"],
    "context_menu": ["Menu", "Shift+Menu", "Ctrl+Menu", "Shift+F10", "Shift_R+F10"],
    "browser_menu": ["F1", "KP_F1", "F10", "Alt+f", "Alt+e", "Meta_L+f", "Alt_L+f", "Alt+Shift+I", "Help"],
    "window_manager": ["Super_L", "Super_R", "Hyper_L", "Hyper_R", "Alt+Space", "Alt+Tab", "Alt+Escape", "Ctrl+Escape"],
}
UNLESS_OPEN = {
    "tabs": [
        *("Ctrl+t", "Ctrl+Shift+T", "Ctrl+w", "Ctrl+F4", "Ctrl+KP_F4", "Ctrl+Tab", "Ctrl+Shift+Tab"),
        *("Ctrl+1", "Ctrl+9", "Alt+1", "Ctrl+Shift+A", "Ctrl+PageUp", "Ctrl+PageDown"),
    ],
    "windows": ["Ctrl+n", "Ctrl+Shift+N", "Ctrl+Shift+W", "Alt+F4", "Alt_L+F4", "Meta_L+F4", "Alt+KP_F4", "F11"],
    "address_bar": ["Ctrl+l", "Alt+d", "Alt_L+d", "Ctrl+k", "Ctrl+e", "F6"],
    "history": ["Alt+Left", "Alt+Right", "Alt+Home", "Alt+KP_Home"],
    "hard_reload": ["Ctrl+Shift+R", "Shift+F5", "Ctrl+F5"],
    "submit": ["Ctrl+Return", "Ctrl+KP_Enter"],
    "alt": ["Alt_L", "Alt_R", "Meta_L", "Meta_R", "Alt+x", "Alt+Shift+X", "Alt+Return"],
}
# No group holds them, so there is nothing that an operator could allow.
IN_NO_GROUP = ["Ctrl+Shcha", "Ctrl+Alt+t", "Ctrl+Super_R+t", "Ctrl+Meta_L+t", "Alt+Shcha", "Super_R+e", "Hyper_L+x"]
IN_NO_GROUP += ["Ctrl+b", "Ctrl+g", "Ctrl+Shift+F10", "Ctrl+F12", "Shift+F12", "F2", "F4", "F7", "Alt+Shift+F10"]

HARMLESS = ["a", "A", "Shift+A", "Shift+a", "Shcha", "Shift+Shcha", "1", "Shift+!", "Space", "é", "KP_0", "KP_Enter"]
HARMLESS += ["Return", "Shift+Return", "Tab", "Shift+Tab", "BackSpace", "Shift+BackSpace", "Delete", "Insert", "Escape"]
HARMLESS += ["Left", "Shift+Left", "Ctrl+Left", "Ctrl+Shift+Left", "KP_Home", "Home", "Ctrl+Shift+End", "PageDown"]
HARMLESS += ["Ctrl+a", "Ctrl+z", "Ctrl+y", "Ctrl+BackSpace", "Ctrl+Delete"]
HARMLESS += ["Shift_L", "Shift_R", "Control_L", "Control_R", "ISO_Level3_Shift", "Mode_switch", "Caps_Lock", "Num_Lock"]
HARMLESS += ["F5", "Ctrl+r", "Ctrl+f", "F3", "Shift+F3"]
HARMLESS += ["Ctrl+Plus", "Ctrl+Shift+Plus", "Ctrl+=", "Ctrl+-", "Ctrl+0", "Ctrl+KP_0", "Ctrl+KP_Add"]

CLIPBOARD = {
    Copy: (["Ctrl+c", "Ctrl+Insert", "Ctrl+KP_Insert"], ["Cmd left+c", "Cmd right+c"]),
    Cut: (["Ctrl+x", "Shift+Delete", "Shift+KP_Delete"], ["Cmd left+x", "Cmd right+x"]),
    Paste: (["Ctrl+v", "Shift+Insert", "Shift_R+KP_Insert"], ["Cmd left+v", "Cmd right+v"]),
}


def in_groups(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(group, pressed) for group, chords in table.items() for pressed in chords]


@pytest.mark.parametrize("pressed", HARMLESS)
@pytest.mark.parametrize("policy", [GUARDED, OPEN], ids=READY_POLICIES)
def test_harmless_chords_pass(policy: GroupPolicy, pressed: str) -> None:
    assert judge(policy, pressed) == FORWARD


@pytest.mark.parametrize(("group", "pressed"), in_groups(DANGEROUS | UNLESS_OPEN))
def test_dangerous_chords_are_blocked_and_their_group_is_named(group: str, pressed: str) -> None:
    assert judge(GUARDED, pressed) == blocked(group)


@pytest.mark.parametrize(("group", "pressed"), in_groups(UNLESS_OPEN))
def test_open_lets_tabs_windows_addresses_and_alt_pass(group: str, pressed: str) -> None:
    assert judge(OPEN, pressed) == FORWARD


@pytest.mark.parametrize(("group", "pressed"), in_groups(DANGEROUS))
def test_open_blocks_what_reaches_the_host_and_the_browsers_own_parts(group: str, pressed: str) -> None:
    assert judge(OPEN, pressed) == blocked(group)


@pytest.mark.parametrize("pressed", IN_NO_GROUP)
def test_what_stands_in_no_group_passes_under_no_policy(pressed: str) -> None:
    for policy in (GUARDED, OPEN, GroupPolicy(GROUPS)):
        assert judge(policy, pressed) == blocked(None)


@pytest.mark.parametrize("pressed", ["Ctrl+Shift+o", "Ctrl+Shift+t", "Ctrl+Shift+c", "Ctrl+T", "Alt+D", "Ctrl+Shift+1"])
def test_a_chord_with_another_shift_than_servers_make_of_it_passes_under_no_policy(pressed: str) -> None:
    assert isinstance(judge(GroupPolicy(GROUPS), pressed), Drop)


@pytest.mark.parametrize("meaning", CLIPBOARD)
@pytest.mark.parametrize("policy", [GUARDED, OPEN], ids=READY_POLICIES)
def test_clipboard_chords_are_recognised_and_a_macs_do_not_pass(
    policy: GroupPolicy, meaning: type[Copy | Cut | Paste]
) -> None:
    understood, a_macs = CLIPBOARD[meaning]
    assert {judge(policy, pressed) for pressed in understood} == {meaning(passes=True)}
    assert {judge(policy, pressed) for pressed in a_macs} == {meaning(passes=False)}


@pytest.mark.parametrize("pressed", [*CLIPBOARD[Copy][0], *CLIPBOARD[Cut][0], *CLIPBOARD[Paste][0]])
def test_without_the_clipboard_none_of_its_chords_pass(pressed: str) -> None:
    assert judge(OPEN.changed(deny=["clipboard"]), pressed) == blocked("clipboard")


@pytest.mark.parametrize("cmd", ["Cmd left", "Cmd right"])
def test_a_macs_shortcuts_are_recognised(cmd: str) -> None:
    # With Cmd and Shift, browsers on a Mac tell of a small letter.
    shortcuts = {"a": "a", "z": "z", "Shift+Z": "Z", "Shift+z": "Z"}
    for pressed, key in shortcuts.items():
        assert judge(GUARDED, f"{cmd}+{pressed}") == Shortcut(ord(key))
        assert judge(GUARDED.changed(deny=["editing"]), f"{cmd}+{pressed}") == blocked("editing")


@pytest.mark.parametrize("directions", DIRECTIONS.values(), ids=DIRECTIONS)
def test_the_clipboard_may_be_open_one_way_only(directions: ClipboardPolicy) -> None:
    policy = OPEN.changed(clipboard=directions)
    for meaning, (understood, a_macs) in CLIPBOARD.items():
        allowed = directions.paste if meaning is Paste else directions.copy
        for pressed in (*understood, *a_macs):
            assert judge(policy, pressed) == (judge(OPEN, pressed) if allowed else blocked("clipboard"))
    assert policy.largest_cut_text == (MAX_CUT_TEXT if directions.paste else -1)
    assert bool(policy.buttons & 0b10) == directions.paste, "the middle button pastes"
    changed = policy.changed(allow=["find"])
    assert judge(changed, "Ctrl+v") == judge(policy, "Ctrl+v"), "another change leaves the directions as they are"


def test_the_right_alt_is_no_cmd() -> None:
    assert judge(GUARDED, "Alt_R+c") == blocked("alt")
    assert judge(OPEN, "Alt_R+c") == FORWARD


def test_a_modifier_is_judged_alone_whatever_is_held() -> None:
    for held in MODIFIER_OF.values():
        assert GUARDED.key(held, NAMED["Control_R"]) == FORWARD
        assert GUARDED.key(held, NAMED["Alt_L"]) == blocked("alt")


def test_nothing_that_a_policy_allows_is_outside_its_groups() -> None:
    assert all(isinstance(judge(GroupPolicy([]), pressed), Drop) for pressed in HARMLESS)
    assert judge(GroupPolicy(["text"]), "a") == FORWARD
    assert judge(GroupPolicy(["text"]), "Left") == blocked("navigation_keys")


@pytest.mark.parametrize(
    ("group", "modifier", "pressed"),
    [("history", "Alt_L", "Alt_L+Left"), ("tabs", "Alt_R", "Alt_R+1"), ("zoom", "Control_L", "Control_L+0")],
)
def test_a_modifier_passes_if_an_allowed_chord_needs_it(group: str, modifier: str, pressed: str) -> None:
    policy = GroupPolicy([group])
    assert judge(policy, modifier) == FORWARD
    assert judge(policy, pressed) == FORWARD
    assert isinstance(judge(policy, pressed.rpartition("+")[2]), Drop)


def test_no_modifier_passes_for_the_sake_of_a_macs_cmd() -> None:
    assert judge(GroupPolicy(["clipboard"]), "Cmd left") == blocked("alt")
    assert judge(GroupPolicy(["clipboard"]), "Ctrl") == FORWARD


def test_an_allowed_group_is_never_named_as_what_would_help() -> None:
    assert judge(GUARDED, "Ctrl+Shift+c") == blocked(None)
    assert judge(GUARDED, "Ctrl+Shift+o") == blocked("open_file")


def test_groups_can_be_allowed_and_denied() -> None:
    policy = GUARDED.changed(allow=["tabs", "print"], deny=["reload", "print"])
    assert judge(policy, "Ctrl+t") == FORWARD
    assert judge(policy, "F5") == blocked("reload")
    assert judge(policy, "Ctrl+p") == blocked("print"), "what is denied is denied, allowed or not"
    assert policy.groups == GUARDED.groups - {"reload"} | {"tabs"}
    assert judge(GUARDED, "F5") == FORWARD, "the ready policy itself stays as it is"


@pytest.mark.parametrize("change", ["allow", "deny"])
def test_a_changed_policy_keeps_its_limit(change: str) -> None:
    policy = GroupPolicy(GUARDED_GROUPS, largest_cut_text=1000)
    assert policy.changed(**{change: ["find"]}).largest_cut_text == 1000
    without = policy.changed(deny=["clipboard"])
    assert without.changed(allow=["clipboard"]).largest_cut_text == 1000


def test_a_changed_policy_may_have_another_limit() -> None:
    assert GUARDED.changed(largest_cut_text=0).largest_cut_text == 0
    without = GUARDED.changed(deny=["clipboard"], largest_cut_text=1000)
    assert without.largest_cut_text == -1
    assert without.changed(allow=["clipboard"]).largest_cut_text == 1000


def test_an_unknown_group_is_said() -> None:
    with pytest.raises(ValueError, match="no input group clipbord"):
        GroupPolicy(["text", "clipbord"])
    with pytest.raises(ValueError, match="no input group prin"):
        GUARDED.changed(allow=["prin"])


def test_buttons_of_the_ready_policies() -> None:
    assert GUARDED.buttons == 0b0111_1001
    assert OPEN.buttons == 0b1111_1011
    assert GroupPolicy([]).buttons == 0


def test_the_middle_button_pastes_and_so_needs_the_clipboard_too() -> None:
    policy = OPEN.changed(deny=["clipboard"])
    assert policy.buttons == OPEN.buttons & ~0b10
    assert policy.blocked_buttons(0b10) == Drop(Kind.POINTER, Reason.NOT_ALLOWED, "clipboard")


@pytest.mark.parametrize(("mask", "group"), [(0b10, "middle_click"), (0b100, "context_menu"), (0x80, "side_buttons")])
def test_a_blocked_button_names_its_group(mask: int, group: str) -> None:
    assert GUARDED.blocked_buttons(mask) == Drop(Kind.POINTER, Reason.NOT_ALLOWED, group)


def test_clipboard_text_passes_only_with_its_group() -> None:
    assert GUARDED.largest_cut_text == OPEN.largest_cut_text == MAX_CUT_TEXT
    assert GUARDED.changed(deny=["clipboard"]).largest_cut_text == -1


def test_the_ready_policies() -> None:
    assert READY_POLICIES == {"guarded": GUARDED, "open": OPEN}
    assert GUARDED.groups == GUARDED_GROUPS
    assert OPEN.groups == OPEN_GROUPS
