"""A person watches a real browser, takes the helm, types, clicks, and hands it back."""

import os
import signal
import subprocess
from typing import Any

import pytest
from live_server import API_KEY, Server
from playwright.sync_api import Browser, Page, expect
from viewer_page import KEEP_SOCKETS, ViewerPage
from waiting import wait_until


def test_live_picture_of_the_remote_browser(server: Server, session: dict[str, Any], page: Page) -> None:
    view = ViewerPage(page)
    view.open(server.page_of(session))
    view.expect_control("agent")
    wait_until(lambda: view.colours() > 20, seconds=20)
    expect(page).to_have_title("Live · The agent has control · Pilothouse")


def test_typing_reaches_the_browser_with_control_and_only_then(
    server: Server, session: dict[str, Any], page: Page, remote: Page
) -> None:
    view = ViewerPage(page)
    view.open(server.page_of(session))
    name = remote.locator("#name")

    view.click_on(name)
    page.keyboard.type("before ")
    view.take()
    view.click_on(name)
    page.keyboard.type("Ada Lovelace")
    expect(name).to_have_value("Ada Lovelace")

    view.give_back()
    view.click_on(name)
    page.keyboard.type(" after")
    view.take()
    view.click_on(name)
    page.keyboard.press("End")
    page.keyboard.type("!")
    # Had anything been let through without control, it would stand before the exclamation mark.
    expect(name).to_have_value("Ada Lovelace!")


def test_server_does_not_rely_on_the_page_to_hold_input_back(
    server: Server, session: dict[str, Any], page: Page, remote: Page
) -> None:
    # The page itself sends nothing without control, so this one sends behind its back.
    page.add_init_script(KEEP_SOCKETS)
    view = ViewerPage(page)
    view.open(server.page_of(session))
    name = remote.locator("#name")
    view.take()
    view.click_on(name)
    page.keyboard.type("Ada")
    view.give_back()
    page.evaluate(
        """() => {
            const picture = sockets.find((socket) => socket.url.includes('/stream/vnc/'));
            for (const down of [1, 0]) picture.send(new Uint8Array([4, down, 0, 0, 0, 0, 0, 0x78]));
        }"""
    )
    view.take()
    page.keyboard.type("!")
    expect(name).to_have_value("Ada!")


def test_clicking_reaches_the_browser_with_control_and_only_then(
    server: Server, session: dict[str, Any], page: Page, remote: Page
) -> None:
    view = ViewerPage(page)
    view.open(server.page_of(session))
    view.click_on(remote.locator("#bell"))
    view.take()
    view.click_on(remote.locator("#bell"))
    expect(remote.locator("#rings")).to_have_text("It has rung once.")


def test_everybody_sees_who_has_control(server: Server, session: dict[str, Any], page: Page, looker: Browser) -> None:
    mine = ViewerPage(page)
    mine.open(server.page_of(session))
    with looker.new_context() as context:
        theirs = ViewerPage(context.new_page())
        theirs.open(server.page_of(session))
        theirs.take()
        mine.expect_control("other")
        mine.take()
        theirs.expect_control("other")
        state = server.api.get(f"/browser_sessions/{session['browser_session_id']}").json()
        assert (state["interactor"], state["control_epoch"]) == ("user", 2)
    mine.give_back()


def test_deleting_the_session_ends_the_picture(server: Server, session: dict[str, Any], page: Page) -> None:
    view = ViewerPage(page)
    view.open(server.page_of(session))
    assert server.api.delete(f"/browser_sessions/{session['browser_session_id']}").status_code == 204
    view.expect_status("ended")
    view.expect_words("Ended: The session has ended.")
    expect(view.canvas).to_have_count(0)


@pytest.mark.parametrize("program", ["chromium", "Xvnc"])
def test_killed_browser_ends_the_picture(server: Server, session: dict[str, Any], page: Page, program: str) -> None:
    view = ViewerPage(page)
    view.open(server.page_of(session))
    os.kill(_process_of(server, program), signal.SIGKILL)
    view.expect_status("ended")
    ended = wait_until(lambda: _unless_running(server, session), seconds=10)
    assert ended["status"] == "failed"
    assert ended["failure_reason"]


def test_unknown_session_and_wrong_key_are_told_apart_from_trouble(
    server: Server, session: dict[str, Any], page: Page
) -> None:
    view = ViewerPage(page)
    unknown = {**session, "browser_session_id": "pbs_000000000000000000000000"}
    for credential in (API_KEY, server.token_of(session)["token"]):
        page.goto("about:blank")
        page.goto(server.page_of(unknown, credential))
        view.expect_words("Ended: There is no such session.")
    for credential in ("ph_wrong", "pht_wrong"):
        page.goto("about:blank")
        page.goto(server.page_of(session, credential))
        view.expect_words("Ended: Access was refused, or it has expired.")


def _process_of(server: Server, program: str) -> int:
    """The server's own child of this name."""
    children = subprocess.run(
        ["ps", "-o", "pid=,comm=", "--ppid", str(server.process.pid)], capture_output=True, text=True, check=True
    )
    for line in children.stdout.splitlines():
        pid, name = line.split(maxsplit=1)
        if name.startswith(program):
            return int(pid)
    raise AssertionError(f"no {program} among:\n{children.stdout}")


def _unless_running(server: Server, session: dict[str, Any]) -> dict[str, Any] | None:
    current: dict[str, Any] = server.api.get(f"/browser_sessions/{session['browser_session_id']}").json()
    return None if current["status"] == "running" else current
