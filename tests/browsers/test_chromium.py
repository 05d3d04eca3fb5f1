from __future__ import annotations

from pathlib import Path

import pytest
from program import Program

from pilothouse.browsers.chromium import EXECUTABLES, find_executable
from pilothouse.browsers.errors import BrowserFailed


def test_the_usual_names_are_tried_in_order(program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in reversed(EXECUTABLES):
        path = program("", name)
        assert find_executable() == path
    assert find_executable("google-chrome") == str(tmp_path / "google-chrome")


def test_no_chromium_is_an_error_that_says_what_was_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        BrowserFailed,
        match=r"^Chromium was not found; looked for chromium, chromium-browser, google-chrome-stable, google-chrome$",
    ):
        find_executable()
