"""A person's desk: a page in their own browser, the same page in the remote one, one keyboard and one clipboard."""

import json
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

import attrs
from playwright.sync_api import Page
from remote_page import RemotePage
from viewer_page import PLACE_ON_SCREEN, ViewerPage
from waiting import wait_until

_SECONDS = 10


class Keyboard(Protocol):
    """How a person presses chords.

    Attributes:
        platform: what the browser says to pages.
        redo: the key that does so, together with the modifier.
    """

    platform: ClassVar[str]
    redo: ClassVar[str]

    def press(self, page: Page, *keys: str) -> None:
        """The keys, one after the other, while the modifier is held."""


class WithControl:
    """Chords of Ctrl."""

    platform = "Linux x86_64"
    redo = "y"

    def press(self, page: Page, *keys: str) -> None:
        page.keyboard.down("Control")
        for key in keys:
            page.keyboard.press(key)
        page.keyboard.up("Control")


class WithCmd:
    """Chords of a Mac's Cmd, as Chromium tells of them there; a capital stands for the letter with Shift."""

    platform = "MacIntel"
    redo = "Z"

    _COMMANDS: ClassVar = {"a": "selectAll", "c": "copy", "v": "paste", "x": "cut", "z": "undo", "Z": "redo"}
    _META, _SHIFT = 4, 8

    def press(self, page: Page, *keys: str) -> None:
        devtools = page.context.new_cdp_session(page)
        page.keyboard.down("Meta")
        for key in keys:
            if key.isupper():
                page.keyboard.down("Shift")
            # On a Mac the command comes along with the key, the letter is small even with Shift, and its release is
            # told to nobody.
            event = {
                "type": "rawKeyDown",
                "key": key.lower(),
                "code": f"Key{key.upper()}",
                "windowsVirtualKeyCode": ord(key.upper()),
                "modifiers": self._META | (self._SHIFT if key.isupper() else 0),
                "commands": [self._COMMANDS[key]],
            }
            devtools.send("Input.dispatchKeyEvent", event)
            if key.isupper():
                page.keyboard.up("Shift")
        page.keyboard.up("Meta")
        devtools.detach()


@attrs.frozen
class Deck:
    """The page with all kinds of places for text, in whichever browser.

    Attributes:
        page: where the person types.
        keyboard: what they type on.
        evaluate: a script in the page with the places.
        point: click on the middle of an element of it.
    """

    page: Page
    keyboard: Keyboard
    evaluate: Callable[[str], Any]
    point: Callable[[str], None]

    def click(self, place: str) -> None:
        """Put the caret there."""
        self.point(place)
        wait_until(lambda: self.evaluate(f"focusedIs('{place}')"), seconds=_SECONDS)

    def press(self, *keys: str) -> None:
        self.keyboard.press(self.page, *keys)

    def undo(self) -> None:
        self.press("z")

    def redo(self) -> None:
        self.press(self.keyboard.redo)

    def select_all(self, place: str) -> None:
        """With the keyboard, where the caret is; returns when it is to be seen."""
        self.press("a")
        wait_until(lambda: self.evaluate(f"selectedIn('{place}')"), seconds=_SECONDS)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def see(self, place: str, text: str) -> None:
        """Wait until the text is there."""
        wait_until(lambda: self.text(place) == text, seconds=_SECONDS)

    def fill(self, place: str, text: str) -> None:
        self.evaluate(f"find('{place}').value = {json.dumps(text)}")

    def text(self, place: str) -> str:
        return str(self.evaluate(f"textOf('{place}')"))


@attrs.define
class Desk:
    """Where a person works in two browsers.

    Attributes:
        view: the viewer's page.
        there: the deck in the remote browser.
        here: the deck in a browser of their own.
    """

    view: ViewerPage
    there: Deck
    here: Deck

    @property
    def clipboard(self) -> str:
        return str(self.here.page.evaluate("navigator.clipboard.readText()"))

    @clipboard.setter
    def clipboard(self, text: str) -> None:
        self.here.page.evaluate("text => navigator.clipboard.writeText(text)", text)


def desk_with(view: ViewerPage, local: Page, remote: RemotePage, keyboard: Keyboard) -> Desk:
    """A desk whose keyboard works in both browsers."""

    def point_there(place: str) -> None:
        view.click_at(*remote.evaluate(f"({PLACE_ON_SCREEN})(find('{place}'))"))

    def point_here(place: str) -> None:
        # Not Locator.click, which waits for a frame to be drawn: a tab in the background draws one in a second.
        box = local.locator(f"#{place}").bounding_box()
        assert box is not None
        local.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    there = Deck(view.page, keyboard, remote.evaluate, point_there)
    here = Deck(local, keyboard, local.evaluate, point_here)
    return Desk(view, there, here)
