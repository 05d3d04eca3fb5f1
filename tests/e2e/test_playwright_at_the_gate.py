"""Playwright through the gate of a real server, with a person who takes over in the middle."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from bare_agent import BareAgent, bare_agent
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


def act(page: Page, server: Server, word: str) -> None:
    """Something that shows: a request, a message, a change of the page."""
    page.evaluate(
        """async ([url, word]) => {
            await (await fetch(`${url}/harbour.html?${word}`)).text()
            console.log(word)
            document.body.setAttribute('data-word', word)
            document.body.style.background = word === 'nobody' ? '#c33' : '#3c3'
        }""",
        [server.url, word],
    )


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


def test_commands_of_an_agent_that_leaves_never_run(
    pier: Page, person: Person, remote: Page, server: Server, session: dict[str, Any]
) -> None:
    box = pier.locator("button").bounding_box()
    assert box is not None
    place = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    with bare_agent(address(server, session, hold_seconds="3600")) as agent:
        for number in agent.click(*place):
            agent.answer(number)
        assert len(remote.evaluate("clicks")) == 1, "it knows how to click"
        person.take_control()
        agent.click(*place)
        agent.all_is_there()
    person.give_back()
    pier.click("button")
    assert len(remote.evaluate("clicks")) == 2


def test_agents_that_wait_side_by_side_go_on_each_in_its_order(
    pier: Page, person: Person, remote: Page, server: Server, session: dict[str, Any]
) -> None:
    with bare_agent(address(server, session)) as one, bare_agent(address(server, session)) as other:
        agents = {"one": one, "other": other}
        waiting: list[tuple[BareAgent, int]] = []
        with driving(person) as given_back:
            for number in range(5):
                for name, agent in agents.items():
                    push = f"clicks.push([Date.now(), '{name} {number}']) && {number}"
                    waiting.append((agent, agent.send("Runtime.evaluate", expression=push)))
            for agent in agents.values():
                agent.all_is_there()
            assert remote.evaluate("clicks") == []
            pier.click("button")
        assert [agent.answer(number)["result"]["value"] for agent, number in waiting] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    done = remote.evaluate("clicks")
    assert len(done) == 11
    acts = [each for each in done if isinstance(each, list)]
    assert min(when for when, _ in acts) >= int(given_back[0])
    for name in agents:
        assert [what for _, what in acts if what.startswith(f"{name} ")] == [f"{name} {number}" for number in range(5)]


def test_what_a_person_does_is_seen_by_those_who_want_to_see(
    person: Person, remote: Page, server: Server, session: dict[str, Any]
) -> None:
    showing = ("Network.requestWillBeSent", "Runtime.consoleAPICalled", "DOM.attributeModified", "Page.screencastFrame")
    with (
        bare_agent(address(server, session)) as blind,
        bare_agent(address(server, session, observe="true")) as seeing,
    ):
        for agent in (blind, seeing):
            for domain in ("Page", "Network", "Runtime", "DOM"):
                agent.ask(f"{domain}.enable")
            agent.ask("DOM.getDocument", depth=-1)
            agent.ask("Page.startScreencast", format="jpeg", maxWidth=200, maxHeight=200)
        act(remote, server, "nobody")
        for agent in (blind, seeing):
            agent.until_told(*showing, "Network.loadingFinished")  # else it would be followed to its end
        person.take_control()
        for agent in (blind, seeing):
            agent.all_is_there()
            agent.forget()
        act(remote, server, "a-secret")
        seeing.until_told(*showing)
        remote.evaluate("location.hash = 'over'")
        blind.until_told("Page.navigatedWithinDocument")
        person.give_back()
        assert not set(blind.told) & set(showing)
        # A request that had begun before may end now.
        begun = [event for event in seeing.events if '"Network.requestWillBeSent"' in event]
        requests = [json.loads(event)["params"]["requestId"] for event in begun]
        for sign in ("a-secret", *(f'"requestId":"{request}"' for request in requests)):
            assert any(sign in event for event in seeing.events)
            assert not any(sign in event for event in blind.events)


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
