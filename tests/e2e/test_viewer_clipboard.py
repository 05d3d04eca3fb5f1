"""The clipboard of the person who watches: by key and by button, with and without leave of their browser."""

from typing import Any

import pytest
from fake_session import TAB, FakeSession
from playwright.sync_api import Locator, Page, expect

V, INSERT, C = 0x76, 0xFF63, 0x63
TEXT = "Füße 🦆\n\tשלום"


def answer(text: str) -> dict[str, Any]:
    return {"kind": "ask-for-clipboard-response", "text": text}


def unasked(text: str) -> dict[str, Any]:
    return {"kind": "clipboard-paste", "text": text}


def start(page: Page, origin: str) -> FakeSession:
    session = FakeSession(page, origin)
    session.tell("browser-tabs", tabs=[TAB])
    session.give_control()
    return session


@pytest.fixture
def session(page: Page) -> FakeSession:
    """The person is in control, at a page that may use the clipboard as far as they allow it."""
    return start(page, "https://viewer.test")


@pytest.fixture
def plain_session(page: Page) -> FakeSession:
    """The same at plain http, where pages have no `navigator.clipboard` at all."""
    session = start(page, "http://viewer.test")
    assert page.evaluate("navigator.clipboard === undefined")
    return session


@pytest.fixture(params=["session", "plain_session"])
def any_session(request: pytest.FixtureRequest) -> FakeSession:
    session: FakeSession = request.getfixturevalue(request.param)
    return session


def copy_locally(page: Page, text: str) -> None:
    """The person copies something in another page of theirs."""
    other = page.context.new_page()
    other.set_content("<textarea></textarea>")
    other.locator("textarea").fill(text)
    other.locator("textarea").press("Control+a")
    other.keyboard.press("Control+c")
    other.close()


def paste_locally(page: Page) -> str:
    """What the person's clipboard holds."""
    other = page.context.new_page()
    other.set_content("<textarea></textarea>")
    other.locator("textarea").press("Control+v")
    text = other.locator("textarea").input_value()
    other.close()
    return text


def button(session: FakeSession, name: str) -> Locator:
    return session.page.get_by_test_id("browser-bar").get_by_role("button", name=name)


def prompt(session: FakeSession) -> Locator:
    return session.page.get_by_test_id("clipboard")


def allow_reading(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read"], origin="https://viewer.test")


@pytest.mark.parametrize(("chord", "keysym"), [("Control+v", V), ("Shift+Insert", INSERT)])
def test_pasting_by_key_needs_no_leave(any_session: FakeSession, chord: str, keysym: int) -> None:
    copy_locally(any_session.page, TEXT)
    any_session.press(chord, keysym)
    any_session.tell("ask-for-clipboard")
    any_session.expect_said(answer(TEXT))
    expect(prompt(any_session)).to_be_empty()


def test_keys_around_a_paste_arrive_in_order(session: FakeSession) -> None:
    session.page.keyboard.press("a")
    session.press("Control+v", V)
    session.page.keyboard.press("b")
    session.wait_until(lambda: ord("b") in session.keys)
    assert session.keys == [0xFFE3, V, ord("b")]


def test_two_quick_pastes_are_two_answers(session: FakeSession) -> None:
    copy_locally(session.page, "tea")
    session.press("Control+v", V)
    session.press("Control+v", V)
    session.tell("ask-for-clipboard")
    session.tell("ask-for-clipboard")
    session.expect_said(answer("tea"), answer("tea"))


def test_without_control_nothing_is_taken_from_the_clipboard(session: FakeSession) -> None:
    copy_locally(session.page, "secret")
    session.take_control_away()
    session.view.canvas.evaluate("canvas => canvas.focus()")
    session.page.keyboard.press("Control+v")
    session.give_control()
    button(session, "Back").click()
    session.expect_said({"kind": "go-back"})


def test_pasting_into_the_address_is_not_pasting_into_the_browser(session: FakeSession) -> None:
    copy_locally(session.page, "example.com")
    address = session.page.get_by_role("textbox", name="Address")
    address.click()
    session.page.keyboard.press("Control+v")
    expect(address).to_have_value("example.com")
    address.press("Enter")
    session.expect_said({"kind": "navigate", "url": "https://example.com/"})


def test_paste_button_reads_the_clipboard_where_it_may(session: FakeSession) -> None:
    allow_reading(session.page)
    copy_locally(session.page, TEXT)
    button(session, "Paste").click()
    session.expect_said(unasked(TEXT))
    expect(session.view.canvas).to_be_focused()


def test_paste_button_offers_a_field_where_the_page_may_not_read(any_session: FakeSession) -> None:
    copy_locally(any_session.page, TEXT)
    button(any_session, "Paste").click()
    field = any_session.page.get_by_test_id("paste-here")
    expect(field).to_be_focused()
    expect(prompt(any_session)).to_contain_text("Your browser does not let this page read your clipboard.")
    any_session.page.keyboard.press("Control+v")
    any_session.expect_said(unasked(TEXT))
    expect(field).to_have_count(0)
    expect(any_session.view.canvas).to_be_focused()


def test_field_answers_the_question_of_a_key_that_the_browser_did_not_take_for_paste(
    plain_session: FakeSession,
) -> None:
    copy_locally(plain_session.page, TEXT)
    plain_session.tell("ask-for-clipboard")
    expect(plain_session.page.get_by_test_id("paste-here")).to_be_focused()
    plain_session.page.keyboard.press("Control+v")
    plain_session.expect_said(answer(TEXT))


def test_field_pastes_after_the_server_has_given_up(plain_session: FakeSession) -> None:
    copy_locally(plain_session.page, TEXT)
    plain_session.tell("ask-for-clipboard")
    expect(plain_session.page.get_by_test_id("paste-here")).to_be_focused()
    plain_session.tell("error", failed_kind="ask-for-clipboard", message="No answer.", code="clipboard_timeout")
    plain_session.tell("error", failed_kind=None, message="Something else.", code="failed")
    expect(plain_session.page.get_by_test_id("notice")).to_have_text("Something else.")
    plain_session.page.keyboard.press("Control+v")
    plain_session.expect_said(unasked(TEXT))


def test_field_can_be_sent_away(plain_session: FakeSession) -> None:
    button(plain_session, "Paste").click()
    plain_session.page.get_by_test_id("paste-here").press("Escape")
    expect(prompt(plain_session)).to_be_empty()
    expect(plain_session.view.canvas).to_be_focused()


def test_field_goes_with_control(plain_session: FakeSession) -> None:
    button(plain_session, "Paste").click()
    expect(plain_session.page.get_by_test_id("paste-here")).to_be_focused()
    plain_session.take_control_away()
    expect(prompt(plain_session)).to_be_empty()


def test_person_is_told_when_the_browser_asks_them(session: FakeSession) -> None:
    # Headless browsers have nobody to ask, so this one is made to wait as if there were somebody.
    session.page.evaluate(
        "() => { navigator.clipboard.readText = () => new Promise((resolve) => { window.allow = resolve; }); }"
    )
    button(session, "Paste").click()
    expect(prompt(session)).to_contain_text("Your browser asks whether this page may read your clipboard.")
    session.page.evaluate("text => window.allow(text)", TEXT)
    session.expect_said(unasked(TEXT))
    expect(prompt(session)).to_be_empty()


def test_error_of_the_server_is_shown(session: FakeSession) -> None:
    copy_locally(session.page, "tea")
    session.press("Control+v", V)
    session.tell("ask-for-clipboard")
    session.expect_said(answer("tea"))
    session.tell("pasted", characters=3, ok=False)
    expect(session.page.get_by_test_id("notice")).to_have_text("The text could not be pasted.")


@pytest.mark.parametrize("chord", ["Control+c", "Control+x", "Control+Insert", "Shift+Delete"])
def test_copying_by_key_fills_the_clipboard(any_session: FakeSession, chord: str) -> None:
    any_session.page.keyboard.press(chord)
    any_session.tell("copied-text", text=TEXT)
    expect(prompt(any_session)).to_be_empty()
    any_session.wait_until(lambda: paste_locally(any_session.page) == TEXT)


def test_copying_by_key_leaves_keyboard_and_keys_alone(any_session: FakeSession) -> None:
    any_session.page.keyboard.down("Control")
    any_session.press("c", C)
    any_session.tell("copied-text", text=TEXT)
    any_session.press("v", V)
    any_session.tell("ask-for-clipboard")
    any_session.expect_said(answer(TEXT))
    any_session.page.keyboard.up("Control")


def test_copy_button_fills_the_clipboard(any_session: FakeSession) -> None:
    button(any_session, "Copy").click()
    any_session.expect_said({"kind": "clipboard-copy"})
    any_session.tell("copied-text", text=TEXT)
    any_session.wait_until(lambda: paste_locally(any_session.page) == TEXT)
    expect(any_session.view.canvas).to_be_focused()


def test_text_without_a_gesture_waits_for_a_button(any_session: FakeSession) -> None:
    copy_locally(any_session.page, "before")
    any_session.tell("copied-text", text=TEXT)
    expect(prompt(any_session)).to_contain_text("Your browser puts it into your clipboard when you press Copy.")
    expect(any_session.view.canvas).to_be_focused()
    assert paste_locally(any_session.page) == "before"
    any_session.page.get_by_test_id("copy-now").click()
    expect(prompt(any_session)).to_be_empty()
    any_session.wait_until(lambda: paste_locally(any_session.page) == TEXT)
    expect(any_session.view.canvas).to_be_focused()


def test_page_around_the_viewer_hears_of_no_paste_that_is_the_browsers(session: FakeSession) -> None:
    session.page.evaluate("window.heard = 0; document.addEventListener('paste', () => { window.heard += 1; })")
    copy_locally(session.page, "tea")
    session.press("Control+v", V)
    session.tell("ask-for-clipboard")
    session.expect_said(answer("tea"))
    assert session.page.evaluate("window.heard") == 0
