"""The clipboard, the address and the tabs of a remote browser, used as one uses those of a browser of one's own.

What a gesture does is compared with what the same gesture does in a browser of the person's own, at the same page.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from desk import Deck, Desk, Keyboard, WithCmd, WithControl, desk_with
from hands_on_site import PLACES, HandsOnSite, hands_on_site
from live_server import Server, serving
from playwright.sync_api import Browser, Locator, expect
from remote_page import RemotePage, remote_page
from viewer_page import ViewerPage
from waiting import wait_until

TEXT = "Füße 🦆 שלום"
LINES = "one\n\ttwo  🦆\n\nthree "
SECONDS = 10

CONTROL, CMD = WithControl(), WithCmd()
with_control = pytest.mark.parametrize("keyboard", [CONTROL], indirect=True)


@pytest.fixture(scope="module")
def site() -> Iterator[HandsOnSite]:
    with hands_on_site() as site:
        yield site


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, site: HandsOnSite) -> Iterator[Server]:
    """A server that may send browsers to the site."""
    with serving(tmp_path_factory.mktemp("server"), PILOTHOUSE_NAVIGATION_ALLOWLIST=site.hosts) as server:
        yield server


@pytest.fixture(scope="module")
def session(server: Server, site: HandsOnSite) -> dict[str, Any]:
    """A browser at the deck."""
    return server.start_session(url=site.url("/deck"))


@pytest.fixture(scope="module")
def remote(server: Server, session: dict[str, Any]) -> Iterator[RemotePage]:
    with remote_page(server.cdp_address(session)) as page:
        yield page


@pytest.fixture(scope="module", params=[CONTROL, CMD], ids=lambda keyboard: type(keyboard).__name__)
def keyboard(request: pytest.FixtureRequest) -> Keyboard:
    keyboard: Keyboard = request.param
    return keyboard


@pytest.fixture(scope="module")
def kept_desk(
    looker: Browser, server: Server, session: dict[str, Any], remote: RemotePage, keyboard: Keyboard
) -> Iterator[Desk]:
    with looker.new_context(viewport={"width": 1200, "height": 900}) as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.add_init_script(f"Object.defineProperty(navigator, 'platform', {{ value: '{keyboard.platform}' }})")
        local = context.new_page()
        view = ViewerPage(context.new_page())
        view.open(server.page_of(session))
        view.take()
        yield desk_with(view, local, remote, keyboard)


@pytest.fixture
def desk(kept_desk: Desk, remote: RemotePage, site: HandsOnSite) -> Desk:
    """Both browsers at an empty deck, and nothing in the clipboard that matters."""
    deck = site.url("/deck")
    remote.go(deck)
    kept_desk.here.page.goto(deck)
    wait_until(lambda: remote.evaluate("window.framed?.ready && document.readyState === 'complete'"), seconds=SECONDS)
    kept_desk.clipboard = "before"
    return kept_desk


def done_on_both(desk: Desk, place: str, gesture: Callable[[Deck], None]) -> str:
    """Do the same in both browsers; the text that then stands in both.

    A full stop at the end of it has come behind everything else: nothing is still on its way.
    """
    for deck in (desk.here, desk.there):
        deck.click(place)
        gesture(deck)
        deck.type(".")
    wait_until(lambda: "." in desk.there.text(place), seconds=SECONDS)
    assert desk.there.text(place) == desk.here.text(place)
    return desk.here.text(place)


@pytest.mark.parametrize("place", PLACES)
def test_copied_there_and_pasted_there(desk: Desk, place: str) -> None:
    for deck in (desk.here, desk.there):
        desk.clipboard = "before"
        deck.fill("input", TEXT)
        deck.click("input")
        deck.press("a", "c")
        wait_until(lambda: desk.clipboard != "before", seconds=SECONDS)
        assert desk.clipboard == TEXT
        deck.fill("input", "")
    assert done_on_both(desk, place, lambda deck: deck.press("v")) == f"{TEXT}."


@pytest.mark.parametrize("place", ["input", "textarea", "editable"])
def test_lines_are_pasted(desk: Desk, place: str) -> None:
    desk.clipboard = LINES
    assert "three" in done_on_both(desk, place, lambda deck: deck.press("v"))


@pytest.mark.parametrize("place", ["input", "textarea", "editable", "frame"])
def test_cut(desk: Desk, place: str) -> None:
    def cut(deck: Deck) -> None:
        desk.clipboard = "before"
        deck.type("one two")
        deck.press("a", "x")
        wait_until(lambda: desk.clipboard != "before", seconds=SECONDS)
        assert desk.clipboard == "one two"

    assert done_on_both(desk, place, cut) == "."


def select_all(deck: Deck) -> None:
    deck.type("one")
    deck.press("a")
    deck.type("two")


def undo_the_paste(deck: Deck) -> None:
    deck.type("one ")
    deck.press("v")
    deck.undo()


def redo_the_paste(deck: Deck) -> None:
    undo_the_paste(deck)
    deck.redo()


def paste_twice(deck: Deck) -> None:
    deck.press("v")
    deck.press("v")


def paste_twice_in_one_chord(deck: Deck) -> None:
    deck.press("v", "v")


def type_between_pastes(deck: Deck) -> None:
    deck.press("v")
    deck.type(" and more ")
    deck.press("v")


def type_behind_the_paste(deck: Deck) -> None:
    deck.press("v")
    deck.type(" and milk")


@pytest.mark.parametrize(
    ("gesture", "outcome"),
    [
        (select_all, "two."),
        (undo_the_paste, "one ."),
        (redo_the_paste, "one tea."),
        (paste_twice, "teatea."),
        (paste_twice_in_one_chord, "teatea."),
        (type_behind_the_paste, "tea and milk."),
        (type_between_pastes, "tea and more tea."),
    ],
)
def test_gesture(desk: Desk, gesture: Callable[[Deck], None], outcome: str) -> None:
    desk.clipboard = "tea"
    assert done_on_both(desk, "textarea", gesture) == outcome


def test_password_is_not_copied(desk: Desk) -> None:
    for deck in (desk.here, desk.there):
        deck.fill("password", "secret")
        deck.click("password")
        deck.select_all("password")
        deck.press("c", "x")
        # What comes next shows that this has been done.
        deck.type("!")
        deck.see("password", "!")
        assert desk.clipboard == "before"
    assert desk.there.text("password") == desk.here.text("password")


@with_control
@pytest.mark.parametrize("text", [TEXT, "plain"])
def test_address_bar_of_the_remote_browser(text: str, desk: Desk, remote: RemotePage, site: HandsOnSite) -> None:
    desk.there.fill("input", "of the page")
    desk.there.click("input")
    desk.there.select_all("input")
    address = site.url(f"/there?{text}").removeprefix("http://")
    desk.clipboard = f"{address}\n"
    desk.view.click_at(*remote.evaluate("[screenX + 400, screenY + 62, screen.width, screen.height]"))
    wait_until(lambda: not remote.evaluate("document.hasFocus()"), seconds=SECONDS)
    # What is selected in the page is not what is copied here.
    desk.there.press("c", "v")
    desk.view.page.keyboard.press("Enter")
    wait_until(lambda: "/there" in remote.evaluate("location.href"), seconds=SECONDS)
    desk.here.page.goto(f"http://{address}")
    assert remote.evaluate("location.href") == desk.here.page.url
    assert desk.clipboard == f"{address}\n"


def bar_button(desk: Desk, name: str) -> Locator:
    return desk.view.page.get_by_test_id("browser-bar").get_by_role("button", name=name, exact=True)


@with_control
def test_copy_and_paste_buttons(desk: Desk) -> None:
    desk.there.click("textarea")
    desk.there.type("tea")
    desk.there.see("textarea", "tea")
    desk.there.select_all("textarea")
    bar_button(desk, "Copy").click()
    wait_until(lambda: desk.clipboard == "tea", seconds=SECONDS)
    desk.clipboard = TEXT
    bar_button(desk, "Paste").click()
    wait_until(lambda: desk.there.text("textarea") == TEXT, seconds=SECONDS)


@with_control
def test_address_field_and_the_buttons_next_to_it(desk: Desk, remote: RemotePage, site: HandsOnSite) -> None:
    deck, second = site.url("/deck"), site.url("/second")
    address = desk.view.page.get_by_test_id("address")

    def expect_at(url: str) -> None:
        expect(address).to_have_value(url)
        wait_until(lambda: remote.evaluate("location.href") == url, seconds=SECONDS)

    def go(url: str) -> None:
        address.click()
        desk.view.page.keyboard.type(url)
        desk.view.page.keyboard.press("Enter")

    expect_at(deck)
    go(second)
    expect_at(second)
    bar_button(desk, "Back").click()
    expect_at(deck)
    bar_button(desk, "Forward").click()
    expect_at(second)
    asked = site.requests.count("/second")
    bar_button(desk, "Reload").click()
    wait_until(lambda: site.requests.count("/second") > asked, seconds=SECONDS)
    go("http://127.0.0.1:9/")
    expect(desk.view.page.get_by_test_id("notice")).to_contain_text("did not get there")
    assert remote.evaluate("location.href") == second


@with_control
def test_tab_that_the_page_opens(desk: Desk, remote: RemotePage, site: HandsOnSite) -> None:
    address = desk.view.page.get_by_test_id("address")
    desk.there.point("opens")
    expect(bar_button(desk, "Second")).to_have_attribute("aria-current", "true")
    expect(address).to_have_value(site.url("/second"))
    assert remote.evaluate("document.hidden")
    bar_button(desk, "Deck").click()
    expect(bar_button(desk, "Deck")).to_have_attribute("aria-current", "true")
    expect(address).to_have_value(site.url("/deck"))
    wait_until(lambda: not remote.evaluate("document.hidden"), seconds=SECONDS)
    bar_button(desk, "Close Second").click()
    expect(desk.view.page.get_by_test_id("tab")).to_have_count(1)
