"""Which keys and buttons reach the display: pressed in the viewer's page, seen by a program behind the VNC server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from layouts import ForeignKeyboard
from live_server import Server, serving
from playwright.sync_api import Browser
from viewer_page import ViewerPage
from witness import Witness
from x_display import XDisplay

NEEDS_SHIFT = frozenset('ABCDEFGHIJKLMNOPQRSTUVWXYZ~!@#$%^&*()_+{}|:"<>?')


@pytest.fixture(scope="module")
def view(server: Server, display: XDisplay, witness: Witness, looker: Browser) -> Iterator[ViewerPage]:
    """A person at the helm, with the mouse over the picture."""
    with looker.new_context(viewport={"width": 1200, "height": 800}) as context:
        view = ViewerPage(context.new_page())
        _steer(view, server, display)
        yield view


def _steer(view: ViewerPage, server: Server, display: XDisplay) -> None:
    view.open(server.page_of(server.start_session(provider="attached", vnc_address=display.vnc_address)))
    view.take()
    view.point_at_the_middle()


# Each test ends with an x. What stands before it is all that has arrived: keys do not overtake each other.


@pytest.mark.parametrize(
    ("keys", "arriving"),
    [
        ("Control+o", ["Control_L"]),
        ("ControlRight+o", ["Control_R"]),
        ("Shift+F10", ["Shift_L"]),
        ("ContextMenu", []),
        ("F12", []),
        ("Alt+F4", []),
        ("Control+Shift+I", ["Control_L", "Control+Shift_L"]),
    ],
)
def test_keys_that_are_held_back(view: ViewerPage, witness: Witness, keys: str, arriving: list[str]) -> None:
    view.page.keyboard.press(keys)
    view.page.keyboard.press("x")
    assert witness.presses(until="x") == [*arriving, "x"]


@pytest.mark.parametrize("button", ["right", "middle"])
def test_buttons_that_are_held_back(view: ViewerPage, witness: Witness, button: str) -> None:
    view.page.mouse.down(button=button)
    view.page.mouse.up(button=button)
    view.page.keyboard.press("x")
    assert witness.presses(until="x") == ["x"]


@pytest.mark.parametrize(
    ("keys", "arriving"),
    [
        ("Control+c", ["Control_L", "Control+c"]),
        ("Control+v", ["Control_L", "Control+v"]),
        ("Control+ArrowLeft", ["Control_L", "Control+Left"]),
        ("Shift+Insert", ["Shift_L", "Shift+Insert"]),
        ("F5", ["F5"]),
        ("Control+f", ["Control_L", "Control+f"]),
        ("ControlRight+f", ["Control_R", "Control+f"]),
    ],
)
def test_keys_that_arrive(view: ViewerPage, witness: Witness, keys: str, arriving: list[str]) -> None:
    view.page.keyboard.press(keys)
    view.page.keyboard.press("x")
    assert witness.presses(until="x") == [*arriving, "x"]


def test_left_button_and_wheel_arrive(view: ViewerPage, witness: Witness) -> None:
    view.page.mouse.down()
    view.page.mouse.up()
    view.page.mouse.wheel(0, 100)
    view.page.mouse.wheel(0, -100)
    view.page.keyboard.press("x")
    assert witness.presses(until="x") == ["button 1", "button 5", "button 4", "x"]


def test_typing_on_a_us_keyboard(view: ViewerPage, witness: Witness) -> None:
    text = "The Quick Brown FOX: 100% of (a+b)*[c] {d} ~`^_|\\\"'<>?,/;=-!@#$&"
    for character in text:
        view.page.keyboard.press(f"Shift+{character}" if character in NEEDS_SHIFT else character)
    view.page.keyboard.press(".")
    assert witness.typed(until=".") == f"{text}."


def test_typing_on_a_russian_keyboard(view: ViewerPage, witness: Witness) -> None:
    text = "Съешь Ещё этих мягких французских булок да выпей же Чаю."
    ForeignKeyboard(view.page).type_russian(text)
    assert witness.typed(until=".") == text


def test_typing_on_a_german_keyboard(view: ViewerPage, witness: Witness) -> None:
    text = "Äpfel ÖL übergroß [5 €] {m@il} \\ ~ µ."
    ForeignKeyboard(view.page).type_german(text)
    assert witness.typed(until=".") == text


def test_group_that_the_operator_allows(tmp_path: Path, display: XDisplay, witness: Witness, looker: Browser) -> None:
    with (
        serving(tmp_path, PILOTHOUSE_INPUT_ALLOW="context_menu", PILOTHOUSE_INPUT_DENY="reload") as server,
        looker.new_context() as context,
    ):
        view = ViewerPage(context.new_page())
        _steer(view, server, display)
        view.page.mouse.down(button="right")
        view.page.mouse.up(button="right")
        view.page.keyboard.press("F5")
        view.page.keyboard.press("x")
        assert witness.presses(until="x") == ["button 3", "x"]
