"""Shell scripts that stand where a program is expected."""

from __future__ import annotations

from pathlib import Path


class Program:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def __call__(self, text: str, name: str = "program") -> str:
        path = self._directory / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)
