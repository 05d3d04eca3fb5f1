"""The bar above the picture: the remote browser's tabs, its address and its buttons."""

from typing import Any

import pytest
from fake_session import TAB, FakeSession
from playwright.sync_api import Locator, Page, expect

ICON = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"
TABS = [TAB, {**TAB, "id": "B", "title": "Tides", "url": "https://tides.example/", "active": False, "favicon": ICON}]
BUTTONS = ["Back", "Forward", "Reload", "Copy", "Paste", "Tides", "Close Tides"]


@pytest.fixture
def session(page: Page) -> FakeSession:
    return FakeSession(page)


@pytest.fixture
def bar(session: FakeSession) -> Locator:
    """The bar of somebody in control."""
    session.tell("browser-tabs", tabs=TABS)
    session.give_control()
    return session.page.get_by_role("group", name="Remote browser")


def button(bar: Locator, name: str) -> Locator:
    return bar.get_by_role("button", name=name, exact=True)


def test_bar_comes_with_the_first_tabs(session: FakeSession, page: Page) -> None:
    expect(page.get_by_test_id("browser-bar")).to_have_count(0)
    session.tell("browser-tabs", tabs=TABS)
    expect(page.get_by_test_id("tab")).to_have_text(["HThe harbour", "Tides"])
    expect(page.get_by_role("textbox", name="Address")).to_have_value(TAB["url"])


def test_without_control_everything_is_to_be_seen_and_nothing_to_be_pressed(session: FakeSession, bar: Locator) -> None:
    session.take_control_away()
    for name in BUTTONS:
        expect(button(bar, name)).to_be_disabled()
    expect(bar.get_by_role("textbox")).not_to_be_editable()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Back", {"kind": "go-back"}),
        ("Forward", {"kind": "go-forward"}),
        ("Reload", {"kind": "reload", "hard": False}),
        ("Tides", {"kind": "activate-tab", "id": "B"}),
        ("Close Tides", {"kind": "close-tab", "id": "B"}),
        ("Copy", {"kind": "clipboard-copy"}),
    ],
)
def test_button_says_what_it_is_for_and_leaves_the_keyboard_with_the_picture(
    session: FakeSession, bar: Locator, name: str, message: dict[str, Any]
) -> None:
    button(bar, name).click()
    session.expect_said(message)
    expect(session.view.canvas).to_be_focused()


def test_reload_with_shift_goes_past_the_cache(session: FakeSession, bar: Locator) -> None:
    button(bar, "Reload").click(modifiers=["Shift"])
    session.expect_said({"kind": "reload", "hard": True})


def test_buttons_work_by_keyboard_too(session: FakeSession, bar: Locator) -> None:
    button(bar, "Back").press("Enter")
    session.expect_said({"kind": "go-back"})
    expect(button(bar, "Back")).to_be_focused()


def test_address_is_sent_complete_and_the_keyboard_goes_back(session: FakeSession, bar: Locator) -> None:
    address = bar.get_by_role("textbox")
    address.click()
    session.page.keyboard.type("example.com/harbour")
    session.page.keyboard.press("Enter")
    session.expect_said({"kind": "navigate", "url": "https://example.com/harbour"})
    expect(session.view.canvas).to_be_focused()
    session.tell("browser-url", url="https://example.com/harbour")
    expect(address).to_have_value("https://example.com/harbour")


def test_what_is_no_address_is_not_sent(session: FakeSession, bar: Locator) -> None:
    address = bar.get_by_role("textbox")
    address.fill("javascript:alert(1)")
    address.press("Enter")
    expect(session.page.get_by_test_id("notice")).to_have_text("Only addresses of the web can be opened here.")
    expect(address).to_have_value("javascript:alert(1)")
    button(bar, "Back").click()
    session.expect_said({"kind": "go-back"})


def test_typing_is_not_disturbed_by_the_browser_going_on(session: FakeSession, bar: Locator) -> None:
    address = bar.get_by_role("textbox")
    address.fill("exam")
    session.tell("browser-tabs", tabs=[{**TAB, "title": "Elsewhere", "url": "https://elsewhere.example/"}])
    expect(session.page.get_by_test_id("tab")).to_have_text(["EElsewhere"])
    expect(address).to_have_value("exam")
    address.press("Escape")
    expect(address).to_have_value("https://elsewhere.example/")
    expect(session.view.canvas).to_be_focused()


def test_tab_that_goes_away_passes_the_focus_on(session: FakeSession, bar: Locator) -> None:
    button(bar, "Close Tides").press("Enter")
    session.expect_said({"kind": "close-tab", "id": "B"})
    session.tell("browser-tabs", tabs=[TAB])
    expect(session.view.hand_back).to_be_focused()


def test_active_tab_is_marked_and_in_view_among_a_hundred(session: FakeSession, bar: Locator) -> None:
    tabs = [{**TAB, "id": str(number), "title": f"Page {number}", "active": number == 99} for number in range(100)]
    session.tell("browser-tabs", tabs=tabs)
    last = button(bar, "Page 99")
    expect(last).to_be_in_viewport(ratio=1)
    expect(last).to_have_attribute("aria-current", "true")
    expect(button(bar, "Page 0")).to_have_attribute("aria-current", "false")


def test_icon_of_another_site_is_not_fetched(session: FakeSession, bar: Locator) -> None:
    fetched: list[str] = []
    session.page.on("request", lambda request: fetched.append(request.url))
    session.tell("browser-tabs", tabs=[{**TAB, "title": "Spy", "favicon": "https://spy.example/icon.png"}])
    expect(session.page.get_by_test_id("tab")).to_have_text(["HSpy"])
    assert fetched == []


@pytest.mark.parametrize("width", [320, 1200])
def test_bar_fits(session: FakeSession, bar: Locator, width: int) -> None:
    session.page.set_viewport_size({"width": width, "height": 600})
    for name in ("Back", "Paste"):
        expect(button(bar, name)).to_be_in_viewport(ratio=1)
    address = bar.get_by_role("textbox").bounding_box()
    assert address is not None
    assert address["width"] > 100
