"""The input policy's table: which chords and buttons there are, in named groups.

A policy is a set of group names. What stands in no allowed group does not pass: groups that no ready policy allows are
here so that an event and a reader can tell what was blocked, and so that an operator can allow them.

A chord is written `Ctrl+Shift+t`: modifiers, then one character or a name from `keysyms.NAMED`. A letter is written in
lower case; with Shift the capital is what counts, because servers press Shift for a capital letter and release it for a
small one, whatever the viewer holds. `Shift?+` stands for with and without Shift. `any character` means what it says. A
modifier by itself passes whatever else is held, if its group is allowed or a chord of an allowed group needs it.

What the chords do was observed with Chromium 156 on X11 behind TigerVNC's Xvnc.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

ANY_CHARACTER = "any character"

LEFT, MIDDLE, RIGHT = 0x01, 0x02, 0x04
WHEEL = 0x78
BACK = 0x80

_ARROWS_HOME_END = ("Left", "Right", "Up", "Down", "Home", "End")
_DIGITS = tuple("123456789")


@attrs.frozen(kw_only=True)
class Group:
    """What is allowed or blocked together.

    Attributes:
        about: what it lets a person do.
        risk: why one may want to block it; empty where there is no reason to.
        chords: as described above. In `clipboard` they are mapped to what they mean.
        buttons: bits of the pointer's mask.
    """

    about: str
    risk: str = ""
    chords: tuple[str, ...] = ()
    buttons: int = 0


COPY_CHORDS = ("Ctrl+c", "Ctrl+Insert", "Cmd+c")
CUT_CHORDS = ("Ctrl+x", "Shift+Delete", "Cmd+x")
PASTE_CHORDS = ("Ctrl+v", "Shift+Insert", "Cmd+v")
SHORTCUTS = {"Cmd+a": "a", "Cmd+z": "z", "Cmd+Shift+z": "Z"}
"""A Mac's, and the letter that means the same with Control; a capital where Shift is held."""

GROUPS: Mapping[str, Group] = {
    "modifiers": Group(
        about="Shift, Control, AltGr, Caps Lock and Num Lock by themselves",
        chords=(
            *("Shift_L", "Shift_R", "Control_L", "Control_R"),
            *("ISO_Level3_Shift", "Mode_switch", "Caps_Lock", "Num_Lock"),
        ),
    ),
    "text": Group(
        about="typing: characters of every alphabet, Enter, Tab",
        chords=(f"Shift?+{ANY_CHARACTER}", "Shift?+Return", "Shift?+Tab"),
    ),
    "editing": Group(
        about="deleting, undo, redo, select all, Escape",
        chords=(
            *("Shift?+BackSpace", "Delete", "Insert", "Escape"),
            *("Ctrl+BackSpace", "Ctrl+Delete", "Ctrl+a", "Ctrl+z", "Ctrl+y", *SHORTCUTS),
        ),
    ),
    "navigation_keys": Group(
        about="moving the cursor and scrolling by keyboard",
        chords=(
            *(f"Shift?+{key}" for key in (*_ARROWS_HOME_END, "PageUp", "PageDown", "Begin")),
            *(f"Ctrl+Shift?+{key}" for key in _ARROWS_HOME_END),
        ),
    ),
    "pointer": Group(about="the left button and the wheel", buttons=LEFT | WHEEL),
    "clipboard": Group(
        about="copy, cut and paste by keyboard, and the clipboard that the viewer sends",
        risk="carries data into and out of the browser",
        chords=(*COPY_CHORDS, *CUT_CHORDS, *PASTE_CHORDS),
    ),
    "reload": Group(about="reloading the page", chords=("F5", "Ctrl+r")),
    "find": Group(about="finding text in the page", chords=("Ctrl+f", "Shift?+F3")),
    "zoom": Group(
        about="making the page larger and smaller",
        chords=("Ctrl+Shift?++", "Ctrl+=", "Ctrl+-", "Ctrl+0"),
    ),
    "submit": Group(
        about="Ctrl+Enter, with which some pages send a form",
        risk="in the address bar it completes what was typed to a .com address and goes there",
        chords=("Ctrl+Return",),
    ),
    "hard_reload": Group(
        about="reloading the page past the cache",
        risk="repeats requests that were meant to be made once",
        chords=("Ctrl+Shift+r", "Shift+F5", "Ctrl+F5"),
    ),
    "history": Group(
        about="back, forward, home page",
        risk="leaves the page that the agent works on",
        chords=("Alt+Left", "Alt+Right", "Alt+Home"),
    ),
    "tabs": Group(
        about="opening, closing and changing tabs",
        risk="the agent loses its tab, or works on in one that nobody sees",
        chords=(
            *("Ctrl+t", "Ctrl+Shift+t", "Ctrl+w", "Ctrl+F4", "Ctrl+Shift?+Tab", "Ctrl+Shift+a"),
            *("Ctrl+Shift?+PageUp", "Ctrl+Shift?+PageDown"),
            *(f"{modifier}+{digit}" for modifier in ("Ctrl", "Alt") for digit in _DIGITS),
        ),
    ),
    "windows": Group(
        about="opening and closing windows, full screen",
        risk="closing the last one ends the browser; an incognito window is outside what the agent sees",
        chords=("Ctrl+n", "Ctrl+Shift+n", "Ctrl+Shift+w", "Alt+F4", "F11"),
    ),
    "address_bar": Group(
        about="typing addresses",
        risk="reaches chrome: pages, file: and javascript: addresses",
        chords=("Ctrl+l", "Alt+d", "Ctrl+k", "Ctrl+e", "Shift?+F6"),
    ),
    "alt": Group(
        about="Alt by itself, and with a character of ASCII or a navigation key (access keys of pages)",
        risk="opens menus of the browser, where no other group says so",
        chords=(
            *("Alt_L", "Alt_R", "Meta_L", "Meta_R", f"Alt+Shift?+{ANY_CHARACTER}"),
            *(f"Alt+Shift?+{key}" for key in ("Up", "Down", "End", "PageUp", "PageDown", "Return", "BackSpace")),
        ),
    ),
    "browser_menu": Group(
        about="the browser's own menu, help and feedback",
        risk="leads to the settings, to file dialogs and to developer tools",
        chords=("F10", "Alt+f", "Alt+e", "Alt+Shift+t", "Alt+Shift+i", "Alt+Shift+b", "F1", "Help"),
    ),
    "bookmarks": Group(
        about="bookmarks",
        risk="changes the browser's profile; their manager imports and exports files",
        chords=("Ctrl+d", "Ctrl+Shift+d", "Ctrl+Shift+o", "Ctrl+Shift+b"),
    ),
    "browser_pages": Group(
        about="downloads, history, clearing of data, profiles",
        risk="shows and deletes what the profile holds; downloads can be opened on the host",
        chords=("Ctrl+j", "Ctrl+h", "Ctrl+Shift+Delete", "Ctrl+Shift+m"),
    ),
    "open_file": Group(about="opening a file", risk="a dialog shows the host's file system", chords=("Ctrl+o",)),
    "save_page": Group(about="saving the page", risk="a dialog shows the host's file system", chords=("Ctrl+s",)),
    "print": Group(
        about="printing",
        risk="saves files on the host; the system's dialog stops the page until somebody closes it",
        chords=("Ctrl+p", "Ctrl+Shift+p", "Shift?+Print", "Ctrl+Print", "Alt+Print"),
    ),
    "view_source": Group(about="the source of the page", risk="opens a tab of the browser's own", chords=("Ctrl+u",)),
    "developer_tools": Group(
        about="developer tools",
        risk="runs any script in any page",
        chords=("F12", "Ctrl+Shift+i", "Ctrl+Shift+j", "Ctrl+Shift+c"),
    ),
    "context_menu": Group(
        about="the right button, the Menu key, Shift+F10",
        risk="the menu saves files, prints and inspects",
        chords=("Shift?+Menu", "Ctrl+Menu", "Shift+F10"),
        buttons=RIGHT,
    ),
    "task_manager": Group(
        about="the browser's task manager", risk="ends the browser's processes", chords=("Shift+Escape",)
    ),
    "quit": Group(about="ending the browser", risk="ends the session", chords=("Ctrl+q", "Ctrl+Shift+q")),
    "window_manager": Group(
        about="what a window manager listens to",
        risk="starts programs of the host",
        chords=(
            *("Super_L", "Super_R", "Hyper_L", "Hyper_R"),
            *("Alt+Tab", "Alt+Shift+Tab", "Alt+Escape", "Alt+ ", "Ctrl+Escape"),
        ),
    ),
    "middle_click": Group(
        about="the middle button",
        risk="pastes what was last selected on the host, opens tabs; passes only together with `clipboard`",
        buttons=MIDDLE,
    ),
    "side_buttons": Group(
        about="the mouse's button for going back", risk="leaves the page that the agent works on", buttons=BACK
    ),
}

GUARDED_GROUPS = frozenset(
    {
        *("modifiers", "text", "editing", "navigation_keys", "pointer", "clipboard"),
        *("reload", "find", "zoom"),
    }
)
OPEN_GROUPS = GUARDED_GROUPS | {
    *("submit", "hard_reload", "history", "tabs", "windows", "address_bar", "alt"),
    *("middle_click", "side_buttons"),
}
