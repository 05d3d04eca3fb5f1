"""What a person types on a foreign keyboard stands in the field of the remote page, each letter at its first press."""

from typing import Any

from layouts import ForeignKeyboard
from live_server import Server
from playwright.sync_api import Page, expect
from viewer_page import ViewerPage


def test_russian_and_german_in_the_remote_browser(
    server: Server, session: dict[str, Any], page: Page, remote: Page
) -> None:
    view = ViewerPage(page)
    view.open(server.page_of(session))
    view.take()
    name = remote.locator("#name")
    view.click_on(name)
    keyboard = ForeignKeyboard(page)
    russian, german = (
        "Съешь Ещё этих мягких французских булок да выпей же Чаю. ",
        "Äpfel ÖL übergroß [5 €] {m@il} \\ ~ µ.",
    )
    keyboard.type_russian(russian)
    keyboard.type_german(german)
    expect(name).to_have_value(russian + german)
