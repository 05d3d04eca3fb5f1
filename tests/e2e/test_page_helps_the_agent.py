"""An agent asks for help over REST, and a person on the page answers."""

from typing import Any

import pytest
from live_server import Server
from playwright.sync_api import Browser, Page, expect
from viewer_page import ViewerPage
from waiting import wait_until


class Plea:
    """A request for help, as its agent sees it."""

    def __init__(self, server: Server, session: dict[str, Any]) -> None:
        self.server = server
        self.path = f"/browser_sessions/{session['browser_session_id']}/takeover_requests"
        self.request_id = ""

    def make(self, **body: Any) -> None:
        made = self.server.api.post(self.path, json=body)
        assert made.status_code == 201, made.text
        self.request_id = made.json()["request_id"]

    def now(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.server.api.get(f"{self.path}/{self.request_id}").json()
        return answer

    def answer(self) -> tuple[str, str | None]:
        """How it ended, with the person's note."""

        def over() -> dict[str, Any] | None:
            now = self.now()
            return now if now["state"] == "resolved" else None

        resolved = wait_until(over, seconds=10)
        return resolved["outcome"], resolved["note"]


@pytest.fixture
def plea(server: Server, session: dict[str, Any]) -> Plea:
    return Plea(server, session)


def test_person_helps_and_says_what_was_done(
    server: Server, session: dict[str, Any], page: Page, looker: Browser, plea: Plea, remote: Page
) -> None:
    mine = ViewerPage(page)
    mine.open(server.page_of(session))
    plea.make(reason="captcha", note="Please ring the bell.", deadline_seconds=300)
    expect(mine.help).to_contain_text("Please ring the bell.")
    with looker.new_context() as context:
        theirs = ViewerPage(context.new_page())
        theirs.open(server.page_of(session))
        expect(theirs.help).to_contain_text("The agent asks for help: captcha")
        mine.help.get_by_role("button", name="Take control").click()
        mine.expect_control("you")
        theirs.expect_control("other")
        expect(theirs.line).to_have_text("Somebody helps the agent: captcha")
        expect(theirs.help).to_have_count(0)
    assert plea.now()["state"] == "taken"
    expect(mine.help).to_have_count(0)
    mine.click_on(remote.locator("#bell"))
    expect(remote.locator("#rings")).to_have_text("It has rung once.")

    mine.hand_back.click()
    mine.note.fill("It has rung.")
    mine.help.get_by_role("button", name="Hand back").click()
    mine.expect_control("agent")
    assert plea.answer() == ("completed", "It has rung.")
    expect(mine.help).to_have_count(0)


def test_person_declines_and_says_why(server: Server, session: dict[str, Any], page: Page, plea: Plea) -> None:
    view = ViewerPage(page)
    view.open(server.page_of(session))
    plea.make(reason="one-time code")
    view.help.get_by_role("button", name="Decline").click()
    view.note.fill("I do not have the phone.")
    view.help.get_by_role("button", name="Decline to help").click()
    expect(view.help).to_have_count(0)
    assert plea.answer() == ("declined", "I do not have the phone.")


def test_time_runs_out_before_the_eyes_of_the_person(
    server: Server, session: dict[str, Any], page: Page, plea: Plea
) -> None:
    view = ViewerPage(page)
    view.open(server.page_of(session))
    plea.make(reason="captcha", deadline_seconds=4)
    expect(view.help).to_contain_text("1 s left", timeout=10_000)
    expect(view.help).to_have_count(0, timeout=10_000)
    expect(view.notice).to_have_text("The agent has stopped waiting for help.")
    assert plea.answer() == ("timed_out", None)
