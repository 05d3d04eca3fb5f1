"""Who holds keys and a button down and then loses the helm, or the connection, leaves none of them pressed."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from live_server import Server, serving
from playwright.sync_api import Browser, BrowserContext
from viewer_page import ViewerPage
from waiting import wait_until
from wire import Wire, laid_wire
from witness import Witness
from x_display import XDisplay, x11vnc

HELD_KEYS = ("Control", "a", "Shift")
HELD_AT_THE_DISPLAY = {"Control_L", "a", "Shift_L", "button 1"}


@attrs.define
class Stage:
    """A session at the display, and a person who watches it over a wire that can be cut."""

    server: Server
    session: dict[str, Any]
    witness: Witness
    context: BrowserContext
    wire: Wire
    view: ViewerPage = attrs.field(init=False)

    def open_tab(self) -> None:
        self.view = ViewerPage(self.context.new_page())
        self.view.open(attrs.evolve(self.server, url=self.wire.url).page_of(self.session))

    def hold(self) -> None:
        """Take the helm, press keys and the left button, and keep them down."""
        self.view.take()
        self.view.point_at_the_middle()
        for key in HELD_KEYS:
            self.view.page.keyboard.down(key)
        self.view.page.mouse.down()
        wait_until(lambda: self.witness.held() == HELD_AT_THE_DISPLAY, seconds=5)

    def let_go(self) -> None:
        """Lift them at the keyboard and the mouse."""
        self.view.page.mouse.up()
        for key in HELD_KEYS:
            self.view.page.keyboard.up(key)

    def expect_nothing_held(self) -> None:
        wait_until(lambda: not self.witness.held(), seconds=5)

    def expect_typing_to_work(self) -> None:
        self.view.page.keyboard.type("works.")
        assert self.witness.presses(until=".")[-6:] == list("works.")
        self.expect_nothing_held()


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with laid_wire() as wire:
        yield wire


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, wire: Wire) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server"), PILOTHOUSE_ALLOWED_ORIGINS=wire.url) as server:
        wire.target = httpx.URL(server.url).port or 0
        yield server


@pytest.fixture(scope="module", params=["Xvnc", "x11vnc"])
def shown_display(request: pytest.FixtureRequest, display: XDisplay) -> Iterator[XDisplay]:
    """The display behind each VNC server; x11vnc releases nothing by itself when a viewer goes away."""
    if request.param == "Xvnc":
        yield display
        return
    with tempfile.TemporaryDirectory() as name, x11vnc(Path(name), display) as shown:
        yield shown


@pytest.fixture
def stage(server: Server, wire: Wire, shown_display: XDisplay, witness: Witness, looker: Browser) -> Iterator[Stage]:
    session = server.start_session(provider="attached", vnc_address=shown_display.vnc_address)
    with looker.new_context() as context:
        stage = Stage(server, session, witness, context, wire)
        stage.open_tab()
        yield stage
    server.api.delete(f"/browser_sessions/{session['browser_session_id']}")


def test_after_handing_back(stage: Stage) -> None:
    stage.hold()
    # Not by the button: the page itself lets go of all keys when the picture loses the focus.
    stage.view.viewer.evaluate("viewer => viewer.handBack()")
    stage.expect_nothing_held()
    stage.view.expect_control("agent")
    stage.let_go()
    stage.view.take()
    stage.expect_typing_to_work()


def test_after_another_has_taken_the_helm(stage: Stage) -> None:
    stage.hold()
    another = {"action": "take_control", "client_id": "another"}
    stage.server.api.put(f"/browser_sessions/{stage.session['browser_session_id']}/control", json=another)
    stage.expect_nothing_held()
    stage.view.expect_control("other")
    stage.let_go()
    stage.view.take()
    stage.expect_typing_to_work()


def test_after_closing_the_tab(stage: Stage) -> None:
    stage.hold()
    stage.view.page.close()
    stage.expect_nothing_held()
    stage.open_tab()
    stage.view.take()
    stage.expect_typing_to_work()


def test_after_losing_the_connection(stage: Stage) -> None:
    stage.hold()
    stage.wire.cut()
    stage.view.expect_status("reconnecting")
    stage.expect_nothing_held()
    stage.let_go()
    stage.wire.mend()
    stage.view.expect_status("live")
    # Who comes back soon finds the helm again.
    stage.view.expect_control("you")
    stage.view.point_at_the_middle()
    stage.view.page.mouse.down()
    stage.view.page.mouse.up()
    stage.expect_typing_to_work()
