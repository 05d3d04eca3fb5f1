"""Playwright through the gate of a real server, with a person who takes over in the middle."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from live_server import API_KEY, Server
from person import Person, person_at
from playwright.sync_api import Browser, Page, Playwright
from waiting import wait_until

WAITING = 1.5
"""Seconds for which the person drives: long enough for any command that passes by mistake."""

PIER = """data:text/html,<title>Pier</title><input id=name>
<button onclick='clicks.push(Date.now())'>go</button><script>clicks = []</script>"""


def address(server: Server, session: dict[str, Any], **query: str) -> str:
    parameters = "&".join(f"{name}={value}" for name, value in {"apikey": API_KEY, **query}.items())
    return f"{server.url}/api/v1/cdp/{session['browser_session_id']}?{parameters}"


@pytest.fixture
def agent(playwright: Playwright, server: Server, session: dict[str, Any]) -> Iterator[Browser]:
    """Playwright, connected as its documentation says."""
    browser = playwright.chromium.connect_over_cdp(address(server, session))
    yield browser
    browser.close()


@pytest.fixture
def pier(agent: Browser) -> Page:
    page = agent.contexts[0].pages[0]
    page.goto(PIER)
    return page


@pytest.fixture
def person(server: Server, session: dict[str, Any]) -> Iterator[Person]:
    with person_at(server, session) as person:
        yield person


@contextmanager
def driving(person: Person) -> Iterator[list[float]]:
    """The person takes control now, and gives it back after a while, whatever the agent does.

    Gives a list that then holds when that was, in milliseconds of the clock that pages have.
    """
    person.take_control()
    given_back = []

    def give_back() -> None:
        given_back.append(time.time() * 1000)
        person.give_back()

    timer = threading.Timer(WAITING, give_back)
    timer.start()
    try:
        yield given_back
    finally:
        timer.join()


def test_a_click_waits_and_happens_once(pier: Page, person: Person, remote: Page) -> None:
    with driving(person) as given_back:
        pier.click("button")
    [clicked] = remote.evaluate("clicks")
    assert clicked >= int(given_back[0])


def test_filling_and_going_somewhere_wait(pier: Page, person: Person) -> None:
    with driving(person):
        pier.fill("#name", "Anna")
    assert pier.input_value("#name") == "Anna"
    with driving(person):
        pier.goto("data:text/html,<title>Quay</title>")
    assert pier.title() == "Quay"


def test_an_agent_connects_while_a_person_drives(
    playwright: Playwright, server: Server, session: dict[str, Any], person: Person
) -> None:
    person.take_control()
    late = playwright.chromium.connect_over_cdp(address(server, session))
    [page] = late.contexts[0].pages
    timer = threading.Timer(WAITING, person.give_back)
    timer.start()
    assert page.evaluate("1 + 1") == 2
    timer.join()
    late.close()


def test_pages_that_the_person_opens_are_known_to_the_agent(
    pier: Page, person: Person, remote: Page, server: Server
) -> None:
    with driving(person), pier.context.expect_page() as opened:
        remote.evaluate("url => void open(url)", f"{server.url}/harbour.html")
    assert opened.value.title() == "The harbour"


def test_what_is_left_behind_does_not_disturb(pier: Page, person: Person, remote: Page) -> None:
    pier.set_viewport_size({"width": 400, "height": 300})
    assert pier.evaluate("innerWidth") == 400
    person.take_control()
    assert remote.evaluate("innerWidth") > 400
    person.give_back()
    wait_until(lambda: pier.evaluate("innerWidth") == 400, seconds=10)


def test_requests_that_wait_for_the_agent_go_on_for_the_person(
    pier: Page, person: Person, server: Server, remote: Page
) -> None:
    stopped: list[str] = []
    pier.route("**/harbour.html*", lambda route: stopped.append(route.request.url))
    person.take_control()
    remote.goto(f"{server.url}/harbour.html?by=person", timeout=10_000)
    assert stopped == []
    person.give_back()
    pier.unroute_all(behavior="ignoreErrors")


def test_a_script_may_close_its_last_page(pier: Page, server: Server, session: dict[str, Any]) -> None:
    with pier.context.expect_page() as opened:
        pier.close()
    assert opened.value.evaluate("location.href") == "about:blank"
    assert server.api.get(f"/browser_sessions/{session['browser_session_id']}").json()["status"] == "running"
