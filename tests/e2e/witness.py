"""An X client like `xev`: it has the focus, and says which keys and buttons arrive at it."""

from collections.abc import Iterator
from contextlib import contextmanager

from waiting import wait_until
from Xlib import XK, X
from Xlib.display import Display
from Xlib.protocol.event import KeyButtonPointer
from Xlib.xobject.drawable import Window

XK.load_keysym_group("xkb")
_NAMES = {getattr(XK, name): name.removeprefix("XK_") for name in dir(XK) if name.startswith("XK_")}
_CHORD_MODIFIERS = {X.ControlMask: "Control", X.Mod1Mask: "Alt", X.Mod4Mask: "Super"}
_BUTTON_MASKS = (X.Button1Mask, X.Button2Mask, X.Button3Mask, X.Button4Mask, X.Button5Mask)


@contextmanager
def witness_on(name: str) -> Iterator["Witness"]:
    """A witness on the display of this name."""
    display = Display(name)
    yield Witness(display)
    display.close()


class Witness:
    """Sees what a program on the display sees, in the same order."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._window = _focused_window(display)

    def presses(self, *, until: str) -> list[str]:
        """What went down since the last question, up to this last one.

        A key is called by its character or its X name, with the modifiers that change its meaning: `A`, `Control+c`,
        `Shift+Insert`; a button `button 1`.
        """
        seen: list[str] = []

        def complete() -> bool:
            while self._display.pending_events():
                event = self._display.next_event()
                if event.type == X.MappingNotify:
                    self._display.refresh_keyboard_mapping(event)
                elif event.type in (X.KeyPress, X.ButtonPress):
                    seen.append(self._name(event))
                    if seen[-1] == until:
                        return True
            return False

        try:
            wait_until(complete, seconds=5)
        except AssertionError as error:
            raise AssertionError(f"{until} has not arrived, but {seen}") from error
        return seen

    def typed(self, *, until: str) -> str:
        """The characters among the presses."""
        return "".join(name for name in self.presses(until=until) if len(name) == 1)

    def held(self) -> set[str]:
        """The keys and buttons that the X server takes for pressed at this moment."""
        codes = [
            8 * i + bit for i, byte in enumerate(self._display.query_keymap()) for bit in range(8) if byte >> bit & 1
        ]
        mask = self._window.query_pointer().mask
        buttons = {f"button {number}" for number, bit in enumerate(_BUTTON_MASKS, start=1) if mask & bit}
        return {_spelled(self._display.keycode_to_keysym(code, 0)) for code in codes} | buttons

    def _name(self, event: KeyButtonPointer) -> str:
        modifiers = [name for mask, name in _CHORD_MODIFIERS.items() if event.state & mask]
        if event.type == X.ButtonPress:
            name = f"button {event.detail}"
        else:
            name = _spelled(self._keysym(event.detail, event.state))
            if len(name) > 1 and event.state & X.ShiftMask:
                modifiers.append("Shift")
        return "+".join([*modifiers, name])

    def _keysym(self, keycode: int, state: int) -> int:
        """As X programs read a key: a level that the key does not have is one without what it does not know."""
        shift, third = bool(state & X.ShiftMask), 4 * bool(state & X.Mod5Mask)
        keysyms = (self._display.keycode_to_keysym(keycode, level) for level in (third + shift, shift, 0))
        return next(filter(None, keysyms), X.NoSymbol)


def _focused_window(display: Display) -> Window:
    screen = display.screen()
    window: Window = screen.root.create_window(
        *(0, 0, screen.width_in_pixels, screen.height_in_pixels, 0, screen.root_depth),
        background_pixel=0x2F6F8F,
        event_mask=X.KeyPressMask | X.ButtonPressMask | X.StructureNotifyMask,
    )
    window.map()
    while display.next_event().type != X.MapNotify:
        pass
    window.set_input_focus(X.RevertToParent, X.CurrentTime)
    display.sync()
    return window


def _spelled(keysym: int) -> str:
    """A keysym's character, if it has one, else its name."""
    if 0x20 <= keysym <= 0xFF or keysym == 0x20AC:  # Latin-1 and the euro are their own code points
        return chr(keysym)
    if 0x06C0 <= keysym <= 0x06FF or keysym in (0x06A3, 0x06B3):  # these are KOI8-R
        return bytes([keysym & 0xFF]).decode("koi8-r")
    if keysym > 0x0100_0000:
        return chr(keysym - 0x0100_0000)
    return _NAMES.get(keysym, hex(keysym))
