from __future__ import annotations

import os
import signal
import struct
import subprocess
from pathlib import Path

import attrs
import pytest
import trio
from program import Program
from rfb_client import CONTROL, Picture, RfbClient, open_rfb_client, set_encodings, take_picture
from session_processes import (
    DisplaySocket,
    Process,
    display_socket,
    mentioning,
    processes_of,
    recorded,
    run_directory_in,
    until,
)

from pilothouse.browsers.errors import BrowserFailed
from pilothouse.browsers.local import LocalBrowser, LocalBrowsers
from pilothouse.browsers.provider import BrowserSpec
from pilothouse.testing.provider_contract import check_provider

SPEC = BrowserSpec("pbs_1")
GREEN = "data:text/html,<body style=background:lime>"


def rfb_socket(browser: LocalBrowser) -> Path:
    return Path(browser.vnc_address.removeprefix("unix://"))


def run_directory(browser: LocalBrowser) -> Path:
    return rfb_socket(browser).parent


async def test_keeps_to_the_contract_of_providers(browsers: LocalBrowsers) -> None:
    await check_provider(browsers, SPEC)


async def test_only_this_user_can_reach_the_vnc_server_and_only_through_its_socket(browsers: LocalBrowsers) -> None:
    async with browsers.start(SPEC) as browser:
        xvnc, chromium = (group["pid"] for group in recorded(run_directory(browser)))
        assert rfb_socket(browser).stat().st_mode & 0o777 == 0o600
        assert run_directory(browser).stat().st_mode & 0o777 == 0o700
        assert (run_directory(browser) / "Xauthority").stat().st_mode & 0o777 == 0o600
        assert tcp_listeners(xvnc) == []
        # The same look does find what listens on TCP: DevTools, on loopback.
        assert [f"http://{address}" for address in tcp_listeners(chromium)] == [browser.cdp_address]


def tcp_listeners(pid: int) -> list[str]:
    lines = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line.split()[3] for line in lines if f"pid={pid}," in line]


async def test_the_page_fills_the_screen(browsers: LocalBrowsers) -> None:
    async with browsers.start(attrs.evolve(SPEC, width=1024, height=700, url=GREEN)) as browser:
        with trio.fail_after(10):
            picture = await take_picture(rfb_socket(browser))
            while not is_green(picture, 500, 400):
                picture = await take_picture(rfb_socket(browser))
    assert (picture.width, picture.height) == (1024, 700)
    assert all(is_green(picture, x, 699) for x in range(1024)), "down to the last row"
    assert all(is_green(picture, x, y) for x in (0, 1023) for y in range(100, 700)), "from edge to edge"
    # Tabs and the address bar take 87 rows; a bar that complains about a switch would take 57 more.
    assert is_green(picture, 10, 100)
    assert not is_green(picture, 10, 60)


def is_green(picture: Picture, x: int, y: int) -> bool:
    return picture.colour(x, y) == "#00ff00"


# 64 by 48 pixels. Who has not advertised -308, ExtendedDesktopSize, would crash an Xvnc that accepts it.
SET_DESKTOP_SIZE = struct.pack(">BxHHBxIHHHHI", 251, 64, 48, 1, 0, 0, 0, 64, 48, 0)


@pytest.mark.parametrize("advertised", [[0], [0, -308]])
async def test_no_viewer_changes_the_size_of_the_screen(browsers: LocalBrowsers, advertised: list[int]) -> None:
    async with browsers.start(SPEC) as browser:
        async with open_rfb_client(rfb_socket(browser)) as client:
            await client.say(set_encodings(*advertised) + SET_DESKTOP_SIZE + client.update_request)
            with trio.fail_after(10):
                await client.hear()
        picture = await take_picture(rfb_socket(browser))
        assert (picture.width, picture.height) == (SPEC.width, SPEC.height)


# A key has one colour, and Ctrl+C another, which shows that the page has handled it.
COPIES = """data:text/html,<textarea autofocus onfocus="body.style.background='rgb(255,0,255)'"
 oncopy="body.style.background='rgb(0,255,0)'" onkeyup="body.style.background=
 {1:'rgb(255,0,0)',2:'rgb(0,0,255)'}[event.key]||body.style.background">secret words</textarea>""".replace("\n", "")


async def test_what_is_copied_in_the_browser_reaches_no_viewer(browsers: LocalBrowsers) -> None:
    async with (
        browsers.start(attrs.evolve(SPEC, url=COPIES)) as browser,
        open_rfb_client(rfb_socket(browser)) as client,
    ):
        await until_shown(client, "#ff00ff")
        await client.press(CONTROL, ord("a"))
        await client.press(CONTROL, ord("c"))
        await until_shown(client, "#00ff00")
        # Xvnc and Chromium talk to each other about a clipboard that has changed before keys that come later.
        for key, colour in 5 * [("1", "#ff0000"), ("2", "#0000ff")]:
            await client.press(ord(key))
            await until_shown(client, colour)
        assert client.cut_texts == []


async def until_shown(client: RfbClient, colour: str) -> None:
    with trio.fail_after(10):
        while (await client.picture()).colour(client.width // 2, client.height - 50) != colour:
            pass


async def test_nothing_is_left_after_a_normal_end(browsers: LocalBrowsers) -> None:
    async with browsers.start(SPEC) as browser:
        processes = processes_of(run_directory(browser))
        assert len(processes) > 5, "Xvnc, Chromium, zygotes, network service, a page"
    assert still_running(processes) == []
    assert mentioning(run_directory(browser)) == []


@pytest.mark.parametrize(("which", "name"), [(0, "Xvnc"), (1, "Chromium")])
async def test_says_who_was_killed_and_leaves_nothing(browsers: LocalBrowsers, which: int, name: str) -> None:
    async with browsers.start(SPEC) as browser:
        processes = processes_of(run_directory(browser))
        display = display_socket(run_directory(browser))
        assert display.exists()
        os.kill(recorded(run_directory(browser))[which]["pid"], signal.SIGKILL)
        with trio.fail_after(1):
            assert await browser.wait_gone() == f"{name} was killed by SIGKILL"
    assert still_running(processes) == []
    assert mentioning(run_directory(browser)) == []
    assert not display.exists()


def still_running(processes: list[Process]) -> list[Process]:
    return [process for process in processes if process.is_alive()]


async def test_sessions_that_start_together_get_displays_of_their_own(browsers: LocalBrowsers) -> None:
    displays: list[DisplaySocket] = []
    both_run = trio.Event()

    async def run() -> None:
        async with browsers.start(SPEC) as browser:
            displays.append(display_socket(run_directory(browser)))
            if len(displays) == 2:
                both_run.set()
            await both_run.wait()

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            nursery.start_soon(run)
    assert len({display.path for display in displays}) == 2


@pytest.mark.parametrize("programs_running", [1, 2])
async def test_cancelled_while_it_starts_it_leaves_nothing(
    browsers: LocalBrowsers, base_directory: Path, programs_running: int
) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(start, browsers)
        await until(lambda: programs(base_directory) >= programs_running)
        processes = processes_of(run_directory_in(base_directory))
        nursery.cancel_scope.cancel()
    assert processes
    assert still_running(processes) == []


def programs(base_directory: Path) -> int:
    return sum(len(recorded(directory)) for directory in base_directory.iterdir())


async def test_a_program_that_is_not_there_is_named(base_directory: Path) -> None:
    with pytest.raises(BrowserFailed, match=r"^Chromium was not found; looked for no-such-browser$"):
        await start(LocalBrowsers(base_directory, chromium="no-such-browser"))
    with pytest.raises(BrowserFailed, match=r"^Xvnc was not found \(/no/such/Xvnc\)$"):
        await start(LocalBrowsers(base_directory, xvnc="/no/such/Xvnc"))


async def test_a_program_that_fails_is_quoted(base_directory: Path, program: Program) -> None:
    fails = program("echo a first line >&2; echo the last words >&2; exit 3")
    with pytest.raises(BrowserFailed, match=r"^Chromium exited with code 3: a first line \| the last words$"):
        await start(LocalBrowsers(base_directory, chromium=fails))
    with pytest.raises(BrowserFailed, match=r"^Xvnc exited with code 3: a first line \| the last words$"):
        await start(LocalBrowsers(base_directory, xvnc=fails))


async def test_a_program_that_leaves_its_group_is_found(base_directory: Path, program: Program) -> None:
    escapes = program("setsid sleep 1000 & exec sleep 2000")
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(start, LocalBrowsers(base_directory, chromium=escapes))
            await until(lambda: len(outside_of_groups(base_directory)) == 1)
            processes = processes_of(run_directory_in(base_directory))
            scope.cancel()
    assert still_running(processes) == []


def outside_of_groups(base_directory: Path) -> list[Process]:
    directories = list(base_directory.glob("pilothouse-*"))
    groups = {group["pid"] for directory in directories for group in recorded(directory)}
    return [
        process
        for directory in directories
        for process in mentioning(directory)
        if process.command == "sleep 1000" and process.group not in groups
    ]


async def test_a_start_has_a_deadline(base_directory: Path, program: Program) -> None:
    hangs = program("exec sleep 1000")
    with pytest.raises(BrowserFailed, match=r"^the browser was not ready within 0\.3 s$"):
        await start(LocalBrowsers(base_directory, chromium=hangs, start_seconds=0.3))


async def test_half_of_a_port_is_not_believed(base_directory: Path, program: Program, devtools: str) -> None:
    port = devtools.rpartition(":")[2]
    script = "printf '{}' > \"${{1#--user-data-dir=}}/DevToolsActivePort\"; exec sleep 1000"
    begins_to_write = program(script.format(port), "begins")
    with pytest.raises(BrowserFailed, match="not ready within"):
        await start(LocalBrowsers(base_directory, chromium=begins_to_write, start_seconds=0.3))
    writes_all = program(script.format(f"{port}\\n/devtools/browser/1"), "writes")
    async with LocalBrowsers(base_directory, chromium=writes_all).start(SPEC) as browser:
        assert browser.cdp_address == devtools


async def test_a_url_cannot_be_a_switch(browsers: LocalBrowsers) -> None:
    with pytest.raises(BrowserFailed, match="no URL to open"):
        await start(browsers, attrs.evolve(SPEC, url="--load-extension=/tmp"))


async def test_the_programs_do_not_get_our_secrets(
    base_directory: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOTHOUSE_API_KEY", "hunter2")
    monkeypatch.setenv("LC_TIME", "de_DE.UTF-8")
    shows = program('echo "[$PILOTHOUSE_API_KEY] [$LC_TIME] [$HOME]" >&2; exit 1')
    with pytest.raises(BrowserFailed) as caught:
        await start(LocalBrowsers(base_directory, chromium=shows))
    assert "[] [de_DE.UTF-8]" in caught.value.reason
    assert f"[{base_directory}/pilothouse-" in caught.value.reason, "a home directory that goes with the session"


async def test_a_base_directory_must_be_short_and_there(base_directory: Path) -> None:
    with pytest.raises(BrowserFailed, match="is too long for sockets"):
        await start(LocalBrowsers(base_directory / ("x" * 60)))
    with pytest.raises(BrowserFailed, match=r"cannot be written.*No such file"):
        await start(LocalBrowsers(base_directory / "x"))


async def start(browsers: LocalBrowsers, spec: BrowserSpec = SPEC) -> None:
    async with browsers.start(spec):
        raise AssertionError("it has started")
