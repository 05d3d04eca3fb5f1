"""What presses may mean to a server, written down by hand: the input policy's table is under test, and not used here.

Each function takes the keysyms that a server holds and the one that is pressed, and fails when that must not happen.
"""

from __future__ import annotations

SHIFT, CONTROL = {0xFFE1, 0xFFE2}, {0xFFE3, 0xFFE4}
META_AND_ALT, SUPER_AND_HYPER = {0xFFE7, 0xFFE8, 0xFFE9, 0xFFEA}, {0xFFEB, 0xFFEC, 0xFFED, 0xFFEE}
ALT_GR, LOCKS = {0xFE03, 0xFF7E}, {0xFFE5, 0xFF7F}

BACKSPACE, TAB, RETURN, ESCAPE, PRINT, INSERT, MENU, HELP, DELETE = (
    *(0xFF08, 0xFF09, 0xFF0D, 0xFF1B),
    *(0xFF61, 0xFF63, 0xFF67, 0xFF6A, 0xFFFF),
)
HOME, LEFT, UP, RIGHT, DOWN, PAGE_UP, PAGE_DOWN, END, BEGIN = range(0xFF50, 0xFF59)
F = [0xFFBD + number for number in range(13)]
JUMPS = {HOME, LEFT, UP, RIGHT, DOWN, END}

_KEYPAD = {0xFF80: 0x20, 0xFF89: TAB, 0xFF8D: RETURN, 0xFF9E: INSERT, 0xFF9F: DELETE, 0xFFBD: 0x3D}
_KEYPAD |= {0xFF91: F[1], 0xFF92: F[2], 0xFF93: F[3], 0xFF94: F[4]}
_KEYPAD |= dict(zip(range(0xFF95, 0xFF9E), (HOME, LEFT, UP, RIGHT, DOWN, PAGE_UP, PAGE_DOWN, END, BEGIN), strict=True))
_KEYPAD |= dict(zip(range(0xFFAA, 0xFFBA), b"*+,-./0123456789", strict=True))

PASSES_ALONE = SHIFT | CONTROL | ALT_GR | LOCKS
_TEXT = {RETURN, TAB, BACKSPACE, DELETE, INSERT, *range(HOME, BEGIN + 1), F[3]}
_WITH_CONTROL = {*b"acvxyz", *b"rf0-=+", BACKSPACE, DELETE, INSERT, *JUMPS}
_WITH_CONTROL_AND_SHIFT = {*b"+", *JUMPS}

_NEVER_WHEN_OPEN = {MENU, PRINT, HELP, F[1], F[10], F[12], *SUPER_AND_HYPER}
_NEVER_WITH_CONTROL = {*b"osuphjdqbgm", *b"OSUPHJDQBGMICVXLKE", ESCAPE, PRINT, MENU, F[12], *range(0xA0, 0x20AD)}
_NEVER_WITH_SHIFT = {ESCAPE, F[10]}
_NEVER_WITH_ALT = {*b"feFEcvx", 0x20, TAB, ESCAPE, F[10], PRINT}


def only_what_guarded_allows(down: frozenset[int], pressed: int) -> None:
    keysym = _plain(pressed)
    assert not down & (META_AND_ALT | SUPER_AND_HYPER), "Alt or Super was forwarded"
    if down & CONTROL and down & SHIFT:
        allowed = keysym in _WITH_CONTROL_AND_SHIFT
    elif down & CONTROL:
        allowed = keysym in _WITH_CONTROL
    else:
        allowed = _is_character(keysym) or keysym in _TEXT or (not down & SHIFT and keysym in {ESCAPE, F[5]})
    assert allowed or keysym in PASSES_ALONE, f"{pressed:#x} was pressed with {sorted(map(hex, down))}"


def nothing_that_open_forbids(down: frozenset[int], pressed: int) -> None:
    keysym = _plain(pressed)
    forbidden = set(_NEVER_WHEN_OPEN)
    if down & CONTROL:
        forbidden |= _NEVER_WITH_CONTROL
    if down & SHIFT:
        forbidden |= _NEVER_WITH_SHIFT
    if down & {0xFFE9}:
        forbidden |= _NEVER_WITH_ALT
    elif down & META_AND_ALT:
        forbidden |= _NEVER_WITH_ALT - {*b"cvx"}
    assert keysym not in forbidden, f"{pressed:#x} was pressed with {sorted(map(hex, down))}"


def nothing_that_servers_obey(down: frozenset[int], pressed: int) -> None:
    assert pressed == 0xFE03 or not 0xFE00 <= pressed <= 0xFEFF, f"{pressed:#x} was pressed: a function of the server"
    assert pressed <= 0x0110_FFFF, f"{pressed:#x} was pressed: a vendor's key"
    named = {*_TEXT, *PASSES_ALONE, *_KEYPAD, *F[1:], *META_AND_ALT, *SUPER_AND_HYPER, ESCAPE, PRINT, MENU, HELP}
    assert pressed in named or _is_character(pressed), f"{pressed:#x} was pressed: neither a character nor a known key"


def _plain(keysym: int) -> int:
    """Without the two forms that mean the same key."""
    return keysym - 0x0100_0000 if 0x0100_0020 <= keysym <= 0x0100_00FF else _KEYPAD.get(keysym, keysym)


def _is_character(keysym: int) -> bool:
    if 0x0100_0000 <= keysym <= 0x0110_FFFF:
        keysym -= 0x0100_0000
        return keysym > 0xFF or 0x20 <= keysym <= 0x7E or keysym >= 0xA0
    return 0x20 <= keysym <= 0x7E or 0xA0 <= keysym <= 0x20AC
