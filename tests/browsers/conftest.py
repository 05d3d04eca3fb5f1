from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from devtools_server import devtools_server
from program import Program

from pilothouse.browsers.local import LocalBrowsers


@pytest.fixture
def base_directory() -> Iterator[Path]:
    """Short, because there are sockets in it; and whatever a test does, it has to be empty again in the end."""
    with tempfile.TemporaryDirectory(prefix="ph-") as name:
        path = Path(name)
        yield path
        assert list(path.iterdir()) == []


@pytest.fixture
def browsers(base_directory: Path) -> LocalBrowsers:
    return LocalBrowsers(base_directory)


@pytest.fixture
def devtools() -> Iterator[str]:
    with devtools_server() as address:
        yield address


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)
