"""The page and its token: what carries it, where it stays, and what the page says when it is good no more."""

import re
from pathlib import Path
from typing import Any

import pytest
from live_server import API_KEY, Server
from playwright.sync_api import Page, expect
from viewer_page import ViewerPage

STREAMS = Path(__file__).parents[2] / "docs" / "reference" / "streams.md"


@pytest.mark.parametrize("own_key", [False, True])
def test_credential_stands_in_no_address(server: Server, session: dict[str, Any], page: Page, *, own_key: bool) -> None:
    credential = API_KEY if own_key else server.token_of(session)["token"]
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.on("websocket", lambda websocket: addresses.append(websocket.url))
    view = ViewerPage(page)
    view.open(server.page_of(session, credential))
    assert len([address for address in addresses if "/stream/" in address]) == 2
    assert not [address for address in addresses if credential in address]
    assert page.url == f"{server.url}/#session={session['browser_session_id']}"


def test_reload_finds_the_token_again_and_another_tab_does_not(
    server: Server, session: dict[str, Any], page: Page
) -> None:
    view = ViewerPage(page)
    view.open(server.page_of(session))
    view.take()
    page.reload()
    view.expect_status("live")
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_label("API key or token")).to_be_visible()
    expect(other.get_by_label("Session")).to_have_value(session["browser_session_id"])
    other.get_by_label("API key or token").fill(server.token_of(session, "view")["token"])
    other.get_by_role("button", name="Watch").click()
    ViewerPage(other).expect_status("live")
    assert "token" not in other.url


def test_revoked_token_ends_the_picture_and_is_forgotten(server: Server, session: dict[str, Any], page: Page) -> None:
    token = server.token_of(session)
    view = ViewerPage(page)
    view.open(server.page_of(session, token["token"]))
    path = f"/browser_sessions/{session['browser_session_id']}/stream_tokens/{token['token_id']}"
    assert server.api.delete(path).status_code == 204
    view.expect_words("Ended: Your access has expired, or it was withdrawn.")
    page.reload()
    expect(page.get_by_label("API key or token")).to_be_visible()


def test_websocket_of_the_docs_is_opened_by_a_browser(server: Server, session: dict[str, Any], page: Page) -> None:
    [snippet] = re.findall(r"^```js\n(new WebSocket\(.*?\));\n```$", STREAMS.read_text(), re.MULTILINE | re.DOTALL)
    for written, meant in (
        ("wss://pilothouse.example.org", server.url.replace("http", "ws")),
        ("pbs_…", session["browser_session_id"]),
        ("pht_…", server.token_of(session, "view")["token"]),
    ):
        assert written in snippet
        snippet = snippet.replace(written, meant)
    page.goto(server.url)
    message = page.evaluate(
        f"new Promise((told) => {{ {snippet}.onmessage = ({{ data }}) => told(JSON.parse(data).kind); }})"
    )
    assert message == "control-changed"
