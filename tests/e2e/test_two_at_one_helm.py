"""Two people with real pictures of one session: who acts, who is asked, who is shown out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from live_server import Server, serving
from playwright.sync_api import Browser, Page, expect
from viewer_page import KEEP_SOCKETS, ViewerPage


@pytest.fixture
def mine(server: Server, session: dict[str, Any], page: Page) -> ViewerPage:
    view = ViewerPage(page)
    view.open(server.page_of(session))
    return view


@pytest.fixture
def theirs(mine: ViewerPage, server: Server, session: dict[str, Any], looker: Browser) -> Iterator[ViewerPage]:
    """The page of somebody else, who comes second."""
    with looker.new_context(viewport={"width": 1200, "height": 800}) as context:
        view = ViewerPage(context.new_page())
        view.open(server.page_of(session))
        expect(mine.watching).to_have_text("2 watching")
        expect(view.watching).to_have_text("2 watching")
        yield view


def put_control(server: Server, session: dict[str, Any], action: str) -> None:
    answer = server.api.put(f"/browser_sessions/{session['browser_session_id']}/control", json={"action": action})
    assert answer.status_code == 200, answer.text


def write(view: ViewerPage, remote: Page, text: str) -> None:
    """Click on the log book, and type."""
    view.click_on(remote.locator("#name"))
    view.page.keyboard.press("End")
    view.page.keyboard.type(text)


def test_keys_of_whoever_has_lost_control_do_not_arrive(
    mine: ViewerPage, theirs: ViewerPage, session: dict[str, Any], remote: Page
) -> None:
    name = remote.locator("#name")
    mine.take()
    theirs.expect_control("other")
    write(mine, remote, "mine")
    expect(name).to_have_value("mine")

    theirs.take()
    mine.expect_control("other")
    write(mine, remote, " lost")
    write(theirs, remote, " theirs")
    # Had anything of the one who lost control been let through, it would stand before what came after it.
    expect(name).to_have_value("mine theirs")

    mine.take()
    write(mine, remote, " again")
    expect(name).to_have_value("mine theirs again")


def test_in_a_pause_nobody_acts(
    mine: ViewerPage, theirs: ViewerPage, server: Server, session: dict[str, Any], remote: Page
) -> None:
    mine.take()
    put_control(server, session, "pause")
    for view in (mine, theirs):
        view.expect_control("paused")
        expect(view.take_control).to_be_disabled()
        expect(view.hand_back).to_be_disabled()
        write(view, remote, "lost")
    expect(mine.line).to_have_text("Paused: nobody can act. You have control when it goes on.")
    expect(theirs.line).to_have_text("Paused: nobody can act, neither the agent nor a person.")
    put_control(server, session, "resume")
    theirs.expect_control("other")
    mine.expect_control("you")
    write(mine, remote, "on")
    expect(remote.locator("#name")).to_have_value("on")


def test_control_is_kept_over_a_broken_connection(
    mine: ViewerPage, theirs: ViewerPage, server: Server, session: dict[str, Any], remote: Page
) -> None:
    theirs.page.add_init_script(KEEP_SOCKETS)
    theirs.page.reload()
    theirs.expect_status("live")
    theirs.take()
    mine.expect_control("other")
    theirs.page.evaluate("() => sockets.forEach((socket) => socket.close(4000))")
    overlay = theirs.page.get_by_test_id("overlay")
    expect(overlay).to_contain_text("You had control, and have it again if you are back soon.")
    expect(mine.watching).to_have_text("2 watching")
    theirs.expect_status("live")
    theirs.expect_control("you")
    mine.expect_control("other")
    state = server.api.get(f"/browser_sessions/{session['browser_session_id']}").json()
    assert state["control_epoch"] == 1, "nobody else had it meanwhile"
    write(theirs, remote, "still me")
    expect(remote.locator("#name")).to_have_value("still me")


def test_whoever_may_only_watch_sees_everything_and_takes_nothing(
    mine: ViewerPage, server: Server, session: dict[str, Any], looker: Browser, remote: Page
) -> None:
    with looker.new_context() as context:
        theirs = ViewerPage(context.new_page())
        theirs.open(server.page_of(session, server.token_of(session, "view")["token"]))
        expect(theirs.page.get_by_test_id("view-only")).to_have_text("You only watch")
        expect(theirs.take_control).to_have_count(0)
        theirs.page.evaluate("document.querySelector('pilothouse-viewer').takeControl()")
        expect(theirs.notice).to_have_text("You may only watch here.")
        theirs.expect_control("agent")
        mine.take()
        theirs.expect_control("other")
        write(theirs, remote, "lost")
        write(mine, remote, "mine")
        expect(remote.locator("#name")).to_have_value("mine")
        mine.watching.click()
        expect(mine.page.get_by_test_id("viewers")).to_contain_text("only watches")


def test_whoever_is_shown_out_is_told_so(
    mine: ViewerPage, theirs: ViewerPage, server: Server, session: dict[str, Any]
) -> None:
    theirs.take()
    mine.expect_control("other")
    path = f"/browser_sessions/{session['browser_session_id']}/viewers"
    [holder] = [viewer for viewer in server.api.get(path).json() if viewer["holds_control"]]
    assert server.api.delete(f"{path}/{holder['viewer_id']}").status_code == 204
    theirs.expect_words("Ended: You were shown out of this session.")
    mine.expect_control("agent")
    expect(mine.watching).to_have_text("1 watching")


class TestWhereControlIsAskedFor:
    """The holder is asked, and may refuse."""

    @pytest.fixture(scope="class")
    @staticmethod
    def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
        with serving(tmp_path_factory.mktemp("asking"), PILOTHOUSE_TAKEOVER_POLICY="ask") as server:
            yield server

    def test_holder_decides(self, mine: ViewerPage, theirs: ViewerPage, remote: Page) -> None:
        mine.take()
        theirs.expect_control("other")

        theirs.take_control.click()
        expect(theirs.request).to_contain_text("You have asked for control.")
        expect(mine.request).to_contain_text("Somebody asks you for control.")
        mine.request.get_by_role("button", name="Keep").click()
        expect(theirs.notice).to_have_text("Whoever has control wants to keep it.")
        expect(theirs.request).to_have_count(0)
        write(mine, remote, "mine")

        theirs.take_control.click()
        expect(mine.request).to_be_visible()
        theirs.request.get_by_role("button", name="Do not ask").click()
        expect(mine.request).to_have_count(0)

        theirs.take_control.click()
        mine.request.get_by_role("button", name="Hand over").click()
        theirs.expect_control("you")
        mine.expect_control("other")
        expect(theirs.canvas).to_be_focused()
        write(mine, remote, " lost")
        write(theirs, remote, " theirs")
        expect(remote.locator("#name")).to_have_value("mine theirs")

    def test_no_answer_is_a_yes(self, mine: ViewerPage, theirs: ViewerPage) -> None:
        mine.take()
        theirs.take_control.click()
        expect(mine.request).to_contain_text("They get it in")
        expect(theirs.viewer).to_have_attribute("control", "you", timeout=30_000)
        mine.expect_control("other")
        expect(mine.request).to_have_count(0)
        expect(theirs.request).to_have_count(0)
