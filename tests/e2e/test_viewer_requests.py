"""What asks the person for an answer: an agent that needs help, somebody who wants control."""

from typing import Any

import pytest
from fake_session import CONTROL, IN_CONTROL, ME, SOMEBODY, TAB, FakeSession
from playwright.sync_api import Page, expect

HELP: dict[str, Any] = {
    "request_id": "tor_1",
    "reason": "captcha",
    "note": "Please type the letters, no more.",
    "state": "waiting",
    "deadline_seconds": 300,
}
TAKEN = {**HELP, "state": "taken"}
SOMEBODY_ELSE: dict[str, Any] = {
    **IN_CONTROL,
    "you_hold_control": False,
    "viewer_count": 2,
    "viewers": [ME, {**SOMEBODY, "holds_control": True}],
}
WATCHING_ONLY: dict[str, Any] = {**CONTROL, "viewer_count": 2, "viewers": [SOMEBODY, {**ME, "scope": "view"}]}
STEP: dict[str, Any] = {"number": 3, "total": 12, "type": "click", "status": "started", "reason": None}


@pytest.fixture
def session(page: Page) -> FakeSession:
    return FakeSession(page)


@pytest.fixture
def helping(session: FakeSession) -> FakeSession:
    """The person has control, and the agent waits for help."""
    session.tell("takeover-requested", **HELP)
    session.tell("takeover-requested", **TAKEN)
    session.give_control()
    return session


@pytest.fixture
def steering(session: FakeSession) -> FakeSession:
    """The person has control, and somebody asks for it."""
    session.give_control()
    session.tell("control-requested", client_id="b", seconds=15)
    expect(session.view.request).to_be_visible()
    return session


def test_a_request_for_help_is_told_and_takes_the_keyboard_from_nobody(session: FakeSession, page: Page) -> None:
    session.view.take_control.focus()
    session.tell("takeover-requested", **HELP)
    expect(session.view.help).to_contain_text("Please type the letters, no more.")
    announcement = page.get_by_test_id("announcement")
    expect(announcement).to_have_role("alert")
    expect(announcement).to_have_text("The agent asks for help: captcha. Please type the letters, no more.")
    expect(page).to_have_title("Help: captcha · Live · The agent has control · Pilothouse")
    expect(session.view.take_control).to_be_focused()


def test_help_by_keyboard_alone(session: FakeSession, page: Page) -> None:
    view = session.view
    session.tell("takeover-requested", **HELP)
    view.take_control.focus()
    page.keyboard.press("Tab")
    expect(view.help.get_by_role("button", name="Take control")).to_be_focused()
    page.keyboard.press("Enter")
    session.expect_said({"kind": "take-control"})
    session.tell("takeover-requested", **TAKEN)
    session.tell(**IN_CONTROL)
    expect(view.canvas).to_be_focused()
    expect(view.help).to_have_count(0)
    expect(view.line).to_have_text("The agent waits for you: captcha · Please type the letters, no more.")
    expect(page).to_have_title("Live · You have control · Pilothouse")

    page.keyboard.press("Control+Alt+Home")
    expect(view.hand_back).to_be_focused()
    page.keyboard.press("Enter")
    expect(view.note).to_be_focused()
    page.keyboard.type("It was X7Q.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    session.expect_said({"kind": "cede-control", "note": "It was X7Q."})
    session.tell("takeover-resolved", request_id="tor_1", outcome="completed")
    session.tell(**CONTROL)
    expect(view.help).to_have_count(0)
    expect(view.take_control).to_be_focused()


def test_a_note_need_not_be_written(helping: FakeSession, page: Page) -> None:
    helping.view.hand_back.click()
    page.get_by_role("button", name="Hand back").last.click()
    helping.expect_said({"kind": "cede-control"})


@pytest.mark.parametrize("way", ["Escape", "Not yet"])
def test_whoever_is_not_through_yet_goes_on(helping: FakeSession, page: Page, way: str) -> None:
    view = helping.view
    view.hand_back.click()
    expect(view.note).to_be_focused()
    if way == "Escape":
        page.keyboard.press("Escape")
    else:
        page.get_by_role("button", name=way).click()
    expect(view.note).to_have_count(0)
    expect(view.canvas).to_be_focused()
    assert helping.said == []


def test_declining_with_a_note(session: FakeSession, page: Page) -> None:
    view = session.view
    session.tell("takeover-requested", **HELP)
    view.help.get_by_role("button", name="Decline").click()
    expect(view.note).to_be_focused()
    page.keyboard.press("Escape")
    expect(view.help.get_by_role("button", name="Take control")).to_be_focused()
    view.help.get_by_role("button", name="Decline").click()
    page.keyboard.type("Ask the shop.")
    view.help.get_by_role("button", name="Decline to help").click()
    session.expect_said({"kind": "decline-takeover", "request_id": "tor_1", "note": "Ask the shop."})
    session.tell("takeover-resolved", request_id="tor_1", outcome="declined")
    expect(view.help).to_have_count(0)
    expect(view.notice).to_have_text("The agent was told that nobody helps.")
    expect(view.take_control).to_be_focused()


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("timed_out", "The agent has stopped waiting for help."),
        ("canceled", "The agent needs no help any more."),
        ("completed", ""),
        ("something new", ""),
    ],
)
def test_a_request_that_is_over_goes_away(helping: FakeSession, outcome: str, words: str) -> None:
    helping.view.hand_back.click()
    helping.tell("takeover-resolved", request_id="tor_0", outcome="canceled")
    helping.tell("agent-step", **STEP)
    expect(helping.view.help).to_be_visible()
    helping.tell("takeover-resolved", request_id="tor_1", outcome=outcome)
    expect(helping.view.help).to_have_count(0)
    expect(helping.view.notice).to_have_text(words)
    expect(helping.view.line).to_have_text("The agent waits at step 3 of 12 · click")
    helping.view.hand_back.click()
    helping.expect_said({"kind": "cede-control"})


def test_the_time_that_is_left_runs(session: FakeSession) -> None:
    session.tell("takeover-requested", **{**HELP, "deadline_seconds": 61})
    expect(session.view.help).to_contain_text("59 s left")


def test_somebody_else_helps(session: FakeSession) -> None:
    session.tell("takeover-requested", **TAKEN)
    session.tell(**SOMEBODY_ELSE)
    expect(session.view.line).to_have_text("Somebody helps the agent: captcha")
    expect(session.view.help).to_have_count(0)


def test_whoever_only_watches_is_told_so(session: FakeSession, page: Page) -> None:
    view = session.view
    session.tell(**WATCHING_ONLY)
    session.tell("takeover-requested", **HELP)
    expect(page.get_by_test_id("view-only")).to_have_text("You only watch")
    expect(view.help).to_contain_text("You only watch: somebody else has to help.")
    expect(page.get_by_role("button", name="Take control")).to_have_count(0)
    expect(view.help.get_by_role("button")).to_have_count(0)
    view.canvas.click()
    expect(view.notice).to_have_text("You may only watch here.")
    session.break_off(4411)
    view.expect_status("reconnecting")
    expect(page.get_by_test_id("view-only")).to_be_visible()


@pytest.mark.parametrize(("name", "kind"), [("Hand over", "grant-control"), ("Keep", "refuse-control")])
def test_whoever_has_control_answers_and_keeps_the_keyboard(steering: FakeSession, name: str, kind: str) -> None:
    expect(steering.view.request).to_contain_text("They get it in 1")
    steering.view.request.get_by_text("Somebody asks you for control.").click()
    expect(steering.view.canvas).to_be_focused()
    steering.view.request.get_by_role("button", name=name).click()
    steering.expect_said({"kind": kind})
    expect(steering.view.request).to_have_count(0)
    expect(steering.view.canvas).to_be_focused()


def test_the_answer_is_one_key_away(steering: FakeSession, page: Page) -> None:
    expect(page.get_by_test_id("announcement")).to_have_text("Somebody asks you for control.")
    expect(steering.view.canvas).to_be_focused()
    page.keyboard.press("Control+Alt+Home")
    expect(steering.view.request.get_by_role("button", name="Hand over")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    steering.expect_said({"kind": "refuse-control"})
    expect(steering.view.canvas).to_be_focused()


@pytest.mark.parametrize("end", ["withdrawn", "moved"])
def test_a_question_that_is_answered_goes_away(steering: FakeSession, end: str) -> None:
    steering.tell(**{**IN_CONTROL, "viewer_count": 2, "viewers": [*IN_CONTROL["viewers"], SOMEBODY]})
    expect(steering.view.watching).to_have_text("2 watching")
    expect(steering.view.request).to_be_visible()
    if end == "withdrawn":
        steering.tell("control-request-over", client_id="b")
    else:
        steering.tell(**SOMEBODY_ELSE)
    expect(steering.view.request).to_have_count(0)


def test_whoever_has_asked_waits_and_may_change_their_mind(session: FakeSession) -> None:
    view = session.view
    session.tell(**SOMEBODY_ELSE)
    view.take_control.click()
    session.expect_said({"kind": "take-control"})
    session.tell("control-asked", seconds=15)
    expect(view.request).to_contain_text("You get it in 1")
    expect(view.take_control).to_be_disabled()
    view.request.get_by_role("button", name="Do not ask").click()
    session.expect_said({"kind": "cede-control"})
    expect(view.request).to_have_count(0)
    expect(view.take_control).to_be_enabled()


@pytest.mark.parametrize("way", ["refused", "withdrawn"])
def test_the_keyboard_does_not_follow_control_that_was_not_given(session: FakeSession, way: str) -> None:
    view = session.view
    session.tell(**SOMEBODY_ELSE)
    view.take_control.click()
    session.tell("control-asked", seconds=15)
    if way == "withdrawn":
        view.request.get_by_role("button", name="Do not ask").click()
    else:
        session.tell("error", failed_kind="take-control", message="no", code="control_refused")
    expect(view.request).to_have_count(0)
    session.tell(**IN_CONTROL)
    view.expect_control("you")
    expect(view.hand_back).to_be_enabled()
    expect(view.canvas).not_to_be_focused()


def test_whoever_has_asked_is_told_the_answer(session: FakeSession) -> None:
    view = session.view
    session.tell(**SOMEBODY_ELSE)
    for granted in (False, True):
        view.take_control.click()
        session.tell("control-asked", seconds=15)
        expect(view.request).to_be_visible()
        if granted:
            session.tell(**IN_CONTROL)
            expect(view.canvas).to_be_focused()
        else:
            session.tell("error", failed_kind="take-control", message="no", code="control_refused")
            expect(view.notice).to_have_text("Whoever has control wants to keep it.")
            session.tell(**{**SOMEBODY_ELSE, "viewer_count": 3})
            expect(view.watching).to_have_text("3 watching")
            expect(view.notice).to_have_text("Whoever has control wants to keep it.")
            expect(view.take_control).to_be_enabled()
        expect(view.request).to_have_count(0)


@pytest.mark.parametrize("holds", [False, True])
def test_in_a_pause_nobody_acts_and_everybody_sees_it(session: FakeSession, page: Page, *, holds: bool) -> None:
    view = session.view
    session.tell(**{**CONTROL, "control_state": "paused", "viewers": [{**ME, "holds_control": holds}]})
    view.expect_control("paused")
    expect(page.get_by_test_id("control")).to_have_text("Paused")
    expect(view.take_control).to_be_disabled()
    expect(view.hand_back).to_be_disabled()
    words = "You have control when it goes on." if holds else "neither the agent nor a person."
    expect(view.line).to_contain_text(words)
    view.canvas.click()
    expect(view.notice).to_have_text("The session is paused: nobody can act until it goes on.")
    session.tell("takeover-requested", **HELP)
    expect(view.help.get_by_role("button", name="Take control")).to_be_disabled()


def test_who_is_here(session: FakeSession, page: Page) -> None:
    view, viewers = session.view, page.get_by_role("list", name="Who is here")
    session.tell(**{**SOMEBODY_ELSE, "viewers": [*SOMEBODY_ELSE["viewers"], {**SOMEBODY, "scope": "agent"}]})
    session.tell(**{**SOMEBODY_ELSE, "viewer_count": 150})
    expect(view.watching).to_have_text("150 watching")
    expect(viewers).to_be_hidden()
    view.watching.focus()
    page.keyboard.press("Enter")
    expect(viewers.get_by_role("listitem")).to_have_text(
        [f"You may take control {ME['viewer_id']}", f"Viewer has control {SOMEBODY['viewer_id']}", "and 148 more"]
    )
    page.keyboard.press("Escape")
    expect(viewers).to_be_hidden()
    expect(view.watching).to_be_focused()
    view.watching.click()
    expect(viewers).to_be_visible()
    view.canvas.click()
    expect(viewers).to_be_hidden()


def test_agent_at_work(session: FakeSession) -> None:
    expect(session.view.line).to_have_text("")
    session.tell("agent-step", **STEP)
    expect(session.view.line).to_have_text("Agent: step 3 of 12 · click")
    session.give_control()
    expect(session.view.line).to_have_text("The agent waits at step 3 of 12 · click")
    session.take_control_away()
    expect(session.view.line).to_have_text("Agent: step 3 of 12 · click")


def test_the_page_around_hears_of_it(session: FakeSession, page: Page) -> None:
    page.evaluate(
        """() => {
            window.heard = [];
            for (const type of ['pilothouse-help', 'pilothouse-control'])
                addEventListener(type, ({ detail }) => heard.push(detail));
        }"""
    )
    session.tell("takeover-requested", **HELP)
    session.tell(**WATCHING_ONLY)
    session.tell("takeover-resolved", request_id="tor_1", outcome="completed")
    page.wait_for_function("heard.length === 3")
    assert page.evaluate("heard") == [
        {
            "state": "waiting",
            "requestId": "tor_1",
            "reason": "captcha",
            "note": "Please type the letters, no more.",
        },
        {
            "control": "agent",
            "text": "The agent has control",
            "holderClientId": None,
            "epoch": 0,
            "watching": 2,
            "mayControl": False,
        },
        {"state": "none", "requestId": None, "reason": "", "note": ""},
    ]


def test_a_paste_goes_into_its_own_field_while_a_note_is_written(helping: FakeSession, page: Page) -> None:
    helping.tell("browser-tabs", tabs=[TAB])
    page.evaluate("() => { navigator.clipboard.readText = () => Promise.reject(new Error('not allowed')); }")
    helping.view.hand_back.click()
    expect(helping.view.note).to_be_focused()
    helping.tell("ask-for-clipboard")
    expect(page.get_by_test_id("paste-here")).to_be_focused()


def test_nothing_is_asked_over_a_broken_connection(helping: FakeSession, page: Page) -> None:
    helping.view.hand_back.click()
    helping.tell("control-requested", client_id="b", seconds=15)
    expect(helping.view.request).to_be_visible()
    helping.break_off(4411)
    overlay = page.get_by_test_id("overlay")
    expect(overlay).to_contain_text("You had control, and have it again if you are back soon.")
    for gone in (helping.view.request, helping.view.help, helping.view.line, helping.view.watching):
        expect(gone).to_have_count(0)
    helping.view.expect_status("live")
    expect(helping.view.line).to_have_text("")
    expect(helping.view.request).to_have_count(0)
    helping.break_off(4411)
    expect(overlay).to_be_visible()
    expect(overlay).not_to_contain_text("You had control")


def test_whoever_is_shown_out_is_told_so(session: FakeSession, page: Page) -> None:
    session.break_off(4401, "removed from the session")
    session.view.expect_words("Ended: You were shown out of this session.")
    expect(page.get_by_test_id("overlay")).not_to_contain_text("removed")


@pytest.mark.parametrize("width", [320, 480, 1200])
def test_nothing_jumps_and_everything_fits(session: FakeSession, page: Page, width: int) -> None:
    view = session.view
    page.set_viewport_size({"width": width, "height": 640})
    session.tell("browser-tabs", tabs=[TAB])
    expect(page.get_by_test_id("browser-bar")).to_be_visible()
    stage = page.get_by_test_id("stage")
    place = stage.bounding_box()
    long = {**HELP, "reason": "captcha " * 25, "note": "Please type the letters.\n" * 80}
    session.tell("agent-step", **STEP)
    session.tell("takeover-requested", **long)
    view.help.get_by_role("button", name="Decline").click()
    for name in ("Decline to help", "Back"):
        expect(view.help.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    assert stage.bounding_box() == place
    session.tell("takeover-requested", **{**long, "state": "taken"})
    session.give_control()
    session.tell("control-requested", client_id="b", seconds=15)
    for name in ("Hand over", "Keep"):
        expect(view.request.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    expect(view.watching).to_be_in_viewport(ratio=1)
    assert stage.bounding_box() == place
    session.tell(**{**CONTROL, "control_state": "paused"})
    view.expect_control("paused")
    assert stage.bounding_box() == place
