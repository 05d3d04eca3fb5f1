"""Who may import whom: protocol ← channels, browsers ← app; pure code stays pure; everything runs on Trio."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENGINE, APP = ROOT / "engine", ROOT / "app"
PROTOCOL = ENGINE / "pilothouse" / "protocol"

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# What the benchmarks measure beside Pilothouse is an asyncio program.
ASYNCIO_PEERS = {ROOT / "tests" / "benchmarks" / "fastapi_passthrough.py"}


def sources(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py") if "node_modules" not in path.parts)


def module_name(source: Path) -> str:
    parts = source.relative_to(ENGINE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source: Path) -> set[str]:
    """Dotted names of everything that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported_by(folder: Path, root: str = "") -> set[str]:
    """Everything that a folder's files import whose name begins so."""
    return {name for file in sources(folder) for name in imports_of(file) if name.startswith(root)}


def offences(files: list[Path], forbidden: set[str]) -> list[tuple[str, str]]:
    """Each import of something forbidden, or of something in it."""
    assert files
    return [
        (str(file.relative_to(ROOT)), name)
        for file in files
        for name in sorted(imports_of(file))
        if any(name == root or name.startswith(f"{root}.") for root in forbidden)
    ]


def python(code: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a fresh interpreter, the same as ours, from the root of the repository."""
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", [module_name(source) for source in sources(PROTOCOL)])
def test_protocol_is_pure(module: str) -> None:
    code = (
        f"import sys, {module}\n"
        "impure = {'trio', 'socket', 'ssl', 'sqlite3', 'quart', 'asyncio'} & set(sys.modules)\n"
        f"sys.exit(f'{module} loads {{impure}}' if impure else 0)"
    )
    done = python(code, "-I")
    assert done.returncode == 0, done.stderr


def test_pilothouse_itself_imports_nothing() -> None:
    code = "import sys; before = set(sys.modules); import pilothouse; print(sorted(set(sys.modules) - before))"
    assert python(code, "-I").stdout == "['pilothouse']\n"


def test_protocol_knows_only_itself_and_its_data_libraries() -> None:
    allowed = sys.stdlib_module_names | {"ada_url", "attrs", "cattrs", "orjson"}
    foreign = {name for file in sources(PROTOCOL) for name in imports_of(file) if name.split(".")[0] not in allowed}
    assert {name for name in foreign if not name.startswith("pilothouse.protocol.")} == set()


def test_protocol_has_no_clock_no_logger_no_environment() -> None:
    assert offences(sources(PROTOCOL), {"logging", "os", "random", "secrets", "subprocess", "threading", "time"}) == []


def test_the_engine_knows_nothing_of_the_app() -> None:
    app = {"pilothouse_app", "quart", "quart_trio", "hypercorn", "sqlite3", "sqlite_utils", "structlog", "click"}
    assert offences(sources(ENGINE), app) == []


def test_channels_know_nothing_of_processes() -> None:
    assert offences(sources(ENGINE / "pilothouse" / "channels"), {"pilothouse.browsers", "subprocess"}) == []


def test_browsers_know_of_channels_only_how_to_get_into_a_vnc_server() -> None:
    known = {f"pilothouse.channels.{module}" for module in ("errors", "upstream", "upstream_login")}
    imported = offences(sources(ENGINE / "pilothouse" / "browsers"), {"pilothouse.channels"})
    assert {name.rpartition(".")[0] for _, name in imported} == known


def test_nothing_imports_asyncio() -> None:
    files = [ROOT / "noxfile.py", *sources(ENGINE, APP, ROOT / "tests")]
    imported = {file: {part for name in imports_of(file) for part in name.split(".")} for file in files}
    assert {file for file in files if "asyncio" in imported[file]} - ASYNCIO_PEERS == set()


def test_what_runs_in_agents_runs_on_any_loop_and_needs_nothing_of_the_rest() -> None:
    agent = ENGINE / "pilothouse" / "agent"
    assert {name for name in imported_by(agent) if name.startswith("pilothouse.agent")} == imported_by(
        agent, "pilothouse"
    )
    assert offences(sources(agent), {"trio"}) == []
    assert {file for file in sources(ENGINE, APP) if imports_of(file) & {"anyio", "httpx"}} <= set(sources(agent))


@pytest.mark.parametrize(("package", "extras"), [("engine", ["agent"]), ("app", ["app"])])
def test_only_declared_dependencies_are_imported(package: str, extras: list[str]) -> None:
    requirements = PROJECT["dependencies"] + [r for extra in extras for r in PROJECT["optional-dependencies"][extra]]
    declared = {re.split(r"[^\w.-]", requirement)[0].replace("-", "_") for requirement in requirements}
    known = sys.stdlib_module_names | declared | {"pilothouse", "pilothouse_app"}
    imported = {name.split(".")[0] for file in sources(ROOT / package) for name in imports_of(file)}
    assert imported - known == set()


@pytest.mark.parametrize("source_root", ["engine", "app"])
def test_source_roots_are_no_packages(source_root: str) -> None:
    done = python(f"import {source_root}", PYTHONSAFEPATH="1")
    assert done.returncode == 1
    assert f"No module named '{source_root}'" in done.stderr
