"""The reference page says what the class says."""

from __future__ import annotations

from pathlib import Path

import attrs

from pilothouse_app.settings import Settings, variable_of

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def test_the_table_in_the_docs_is_the_table_in_the_class() -> None:
    expected = [
        "| `{}` | {} | {} | {} |".format(variable_of(f), *(f.metadata[key] for key in ("allowed", "default", "about")))
        for f in attrs.fields(Settings)
    ]

    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]

    assert rows == expected


def test_the_documented_defaults_are_the_defaults() -> None:
    for field in attrs.fields(Settings):
        documented = field.metadata["default"]
        if field.name != "data_dir" and documented != "none":
            assert field.metadata["parse"](documented.strip("`")) == field.default
