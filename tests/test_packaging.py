"""What others install: the sdist, the wheel, and the engine without the app's dependencies."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import attrs
import pytest

import pilothouse
import pilothouse_app

ROOT = Path(__file__).parent.parent
ENGINE = ROOT / "engine"

# Package installers fetch from the network.
pytestmark = pytest.mark.timeout(600)

IMPORT_EVERYTHING = """
import importlib, pkgutil, pilothouse
for module in pkgutil.walk_packages(pilothouse.__path__, "pilothouse."):
    if not module.name.startswith("pilothouse.agent"):
        importlib.import_module(module.name)
        print(module.name)
"""

IMPORT_AGENT = """
try:
    import pilothouse.agent
except ModuleNotFoundError as error:
    print(error)
"""

FIND_FOREIGN = """
import importlib.util
print([name for name in ("quart", "hypercorn", "sqlite_utils", "structlog", "click") if importlib.util.find_spec(name)])
"""


@attrs.frozen
class Built:
    sdist: Path
    wheel: Path


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The wheel is built from the sdist, as package indexes and distributors do it."""
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    return Built(*folder.glob("*.tar.gz"), *folder.glob("*.whl"))


@pytest.fixture(scope="module")
def fresh_python(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has the wheel without extras, and nothing else."""
    environment = tmp_path_factory.mktemp("fresh")
    run(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--disable-pip-version-check", built.wheel)
    return python


def modules_in(source_root: Path) -> set[str]:
    return {path.relative_to(source_root).as_posix() for path in source_root.rglob("*.py")}


def test_the_wheel_has_every_module_and_types(built: Built) -> None:
    names = set(zipfile.ZipFile(built.wheel).namelist())
    assert modules_in(ENGINE) <= names
    assert {f"pilothouse_app/{name}" for name in modules_in(ROOT / "app" / "pilothouse_app")} <= names
    assert {"pilothouse/py.typed", "pilothouse_app/py.typed"} <= names


def test_the_wheel_has_what_runs_in_the_pages(built: Built) -> None:
    scripts = {path.relative_to(ENGINE).as_posix() for path in ENGINE.rglob("*.js")}
    assert "pilothouse/channels/page_watch.js" in scripts
    assert scripts <= set(zipfile.ZipFile(built.wheel).namelist())


def test_the_wheel_has_the_built_web_face(built: Built) -> None:
    wheel = zipfile.ZipFile(built.wheel)
    page = wheel.read("pilothouse_app/static/index.html")
    scripts = [name for name in wheel.namelist() if name.startswith("pilothouse_app/static/") and name.endswith(".js")]
    assert any(Path(name).name.encode() in page for name in scripts)


def test_the_wheel_has_nothing_else(built: Built) -> None:
    names = zipfile.ZipFile(built.wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"pilothouse", "pilothouse_app"}
    assert not [name for name in names if "__pycache__" in name or "node_modules" in name]


def test_both_carry_the_licence(built: Built) -> None:
    words = (ROOT / "LICENSE").read_bytes()
    root = f"pilothouse-{pilothouse.__version__}"
    assert zipfile.ZipFile(built.wheel).read(f"{root}.dist-info/licenses/LICENSE") == words
    with tarfile.open(built.sdist) as sdist:
        licence = sdist.extractfile(f"{root}/LICENSE")
        assert licence is not None
        assert licence.read() == words


def test_there_is_one_version(built: Built) -> None:
    metadata = zipfile.ZipFile(built.wheel).read(f"pilothouse-{pilothouse.__version__}.dist-info/METADATA").decode()
    assert f"\nVersion: {pilothouse.__version__}\n" in metadata
    assert distribution("pilothouse").version == pilothouse.__version__


def test_the_engine_alone_imports_whole(fresh_python: Path) -> None:
    assert run(fresh_python, "-I", "-c", FIND_FOREIGN) == "[]\n", "the app's dependencies are not there"
    imported = set(run(fresh_python, "-I", "-c", IMPORT_EVERYTHING).split())
    sources = {Path(name).with_suffix("") for name in modules_in(ENGINE)}
    expected = {".".join(path.parent.parts if path.name == "__init__" else path.parts) for path in sources}
    assert imported == {name for name in expected if not name.startswith("pilothouse.agent")} - {"pilothouse"}


def test_the_engine_alone_says_what_an_agent_needs(fresh_python: Path) -> None:
    said = run(fresh_python, "-I", "-c", IMPORT_AGENT)
    assert said == "pilothouse.agent needs its extra: pip install 'pilothouse[agent]'\n"


def test_these_tests_run_on_an_editable_install() -> None:
    origin = json.loads(distribution("pilothouse").read_text("direct_url.json") or "{}")
    assert origin["dir_info"]["editable"]
    assert Path(pilothouse.__file__).is_relative_to(ENGINE / "pilothouse")
    assert Path(pilothouse_app.__file__).is_relative_to(ROOT / "app" / "pilothouse_app")
