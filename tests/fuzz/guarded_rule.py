"""What the policy `guarded` promises, written down once more and without its table."""

from __future__ import annotations

CONTROL, SHIFT = {0xFFE3, 0xFFE4}, {0xFFE1, 0xFFE2}
_ARROWS_HOME_END = {*range(0xFF50, 0xFF55), 0xFF57}
META_ALT_SUPER_HYPER = {*range(0xFFE7, 0xFFEF)}
_NEVER = {
    *META_ALT_SUPER_HYPER,
    *(0xFF67, 0xFF61, 0xFF6A),  # Menu, Print, Help
    *({*range(0xFFBE, 0xFFE1)} - {0xFFC0, 0xFFC2}),  # F keys but F3 and F5
}
_JUDGED_ALONE = {*CONTROL, *SHIFT, 0xFFE5, 0xFF7F, 0xFE03, 0xFF7E}
_WITH_CONTROL = {*map(ord, "acvxyzrf+-=0"), *_ARROWS_HOME_END, 0xFF08, 0xFF63, 0xFFFF}
_WITH_CONTROL_AND_SHIFT = {ord("+"), *_ARROWS_HOME_END}
_NEVER_WITH_SHIFT = {0xFF1B, 0xFFC2}  # Escape, F5

# Xvnc takes the keypad's keys for these.
_SAME = {
    **dict(zip(range(0xFF95, 0xFF9E), range(0xFF50, 0xFF59), strict=True)),
    **{0xFF91 + number: 0xFFBE + number for number in range(4)},
    **{0xFFAA + number: ord("*") + number for number in range(16)},
    0xFF9E: 0xFF63,
    0xFF9F: 0xFFFF,
    0xFF80: 0x20,
    0xFF89: 0xFF09,
    0xFF8D: 0xFF0D,
    0xFFBD: ord("="),
}


def breaks_guarded(keysym: int, held: set[int]) -> bool:
    """Whether `guarded` must not let this press pass while these keys are held, whether they passed or not."""
    same = _SAME.get(keysym, keysym - 0x0100_0000 if keysym in range(0x0100_0000, 0x0100_0100) else keysym)
    if same in _NEVER:
        return True
    if same in _JUDGED_ALONE:
        return False
    if held & META_ALT_SUPER_HYPER:
        return True
    if held & CONTROL:
        return same not in (_WITH_CONTROL_AND_SHIFT if held & SHIFT else _WITH_CONTROL)
    return bool(held & SHIFT) and same in _NEVER_WITH_SHIFT
