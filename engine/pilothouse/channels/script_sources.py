"""The sources of our scripts in pages."""

from __future__ import annotations

from importlib.resources import files

WORLD = "pilothouse"
"""The JavaScript world in which they run, which pages can neither see nor change."""


def source(name: str) -> str:
    """A script as it stands in its file."""
    return files(__package__).joinpath(name).read_text("utf-8")


def with_selection(name: str) -> str:
    """A script that is a function, called with what `page_selection.js` gives."""
    return f"({source(name)})({source('page_selection.js')})"
