"""Everything that one does with this repository: `python3 noxfile.py -l` lists it.

Run by plain Python without nox, this file makes itself a private environment with nox in it and goes on there.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
FRONTEND = ROOT / "app" / "frontend"
STATIC = ROOT / "app" / "pilothouse_app" / "static"


def apt_install(packages: list[str]) -> None:
    """Install Debian packages where we may; else say in one line what to install, and stop."""
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if not shutil.which("apt-get"):
        sys.exit(f"Pilothouse needs what Debian calls {' '.join(packages)}: install it with your package manager.")
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if as_root and (not shutil.which("sudo") or subprocess.run([*as_root, "true"], capture_output=True).returncode):
        sys.exit(f"Pilothouse needs system packages: sudo {' '.join(install)}")
    print(f"Installing system packages: {' '.join(packages)}", flush=True)
    quiet = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive"]
    # Where updating fails, the lists that are there may still do.
    subprocess.run([*quiet, "apt-get", "update"], capture_output=True)
    done = subprocess.run([*quiet, *install], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(install)} failed:\n{done.stderr.strip()}")


def run_again_under_nox() -> None:
    """The bootstrap: a private environment with nox in it, then this file again."""
    python = ROOT / ".venv" / "bin" / "python"
    if not python.exists() or subprocess.run([python, "-c", "import nox"], capture_output=True).returncode:
        if not importlib.util.find_spec("ensurepip"):  # Debian ships venv without it
            apt_install([f"python3.{sys.version_info.minor}-venv"])
        subprocess.run([sys.executable, "-m", "venv", "--clear", ROOT / ".venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "nox"], check=True)
    os.execv(python, [str(python), "-m", "nox", "-f", str(ROOT / "noxfile.py"), *sys.argv[1:]])


try:
    import nox
except ModuleNotFoundError:
    if __name__ != "__main__":
        raise
    run_again_under_nox()

nox.options.sessions = ["tests"]
nox.options.reuse_existing_virtualenvs = True
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")


def need_system_packages(*, for_tests: bool = False, for_playwright: bool = False) -> None:
    """The real parts: TigerVNC's Xvnc, Chromium, fonts; for the tests also x11vnc, `ss`, `ps` and `curl`."""
    missing = []
    if not shutil.which("Xvnc"):
        missing.append("tigervnc-standalone-server")
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"))):
        # Ubuntu has Chromium only as a snap, which this transitional package brings.
        ubuntu = "ID=ubuntu" in Path("/etc/os-release").read_text()
        missing += ["chromium-browser" if ubuntu else "chromium", "fonts-dejavu-core", "fonts-liberation"]
    tools = {"ss": "iproute2", "ps": "procps", "curl": "curl", "x11vnc": "x11vnc"} if for_tests else {}
    missing += [package for tool, package in tools.items() if not shutil.which(tool)]
    if for_playwright and not any(Path("/usr/lib").glob("*/libatomic.so.1")):
        missing.append("libatomic1")  # for its Node.js
    if missing:
        apt_install(missing)


def install(session: nox.Session, *groups: str, extra: str = "[app]") -> None:
    session.install("-q", "-e", f".{extra}", *nox.project.dependency_groups(PROJECT, *groups))


def npm(session: nox.Session, *arguments: str) -> None:
    """Run npm in the web face's folder, with a Node.js that comes from PyPI like everything else."""
    if not (Path(session.bin) / "npm").exists():
        session.install("-q", *nox.project.dependency_groups(PROJECT, "frontend"))
    with session.chdir(FRONTEND):
        # Without its cache Node.js leaves nothing in /tmp.
        session.run("npm", *arguments, silent=True, env={"NODE_DISABLE_COMPILE_CACHE": "1"})


def build_frontend(session: nox.Session) -> None:
    """Build the web face into the package, unless what is there was built from these very sources."""
    digest = hashlib.sha256()
    for source in sorted(FRONTEND.rglob("*")):
        if source.is_file() and "node_modules" not in source.parts:
            digest.update(str(source.relative_to(FRONTEND)).encode() + b"\0" + source.read_bytes())
    stamp = FRONTEND / "node_modules" / ".built"
    if (STATIC / "index.html").exists() and stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    npm(session, "ci", "--no-audit", "--no-fund", "--loglevel=error")
    npm(session, "run", "--silent", "build")
    stamp.write_text(digest.hexdigest())


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: rules and format."""
    session.install("-q", *nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict."""
    install(session, "types")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Everything that must hold before a change lands; arguments after `--` go to pytest."""
    need_system_packages(for_tests=True, for_playwright=True)
    install(session, "lint", "types", "tests")
    build_frontend(session)
    if not session.posargs:
        session.run("ruff", "check", ".")
        session.run("ruff", "format", "--check", ".")
        session.run("mypy")
        npm(session, "test", "--silent")
    # Safe path: neither engine/ nor app/ may be importable by the accident of the working directory.
    session.run("pytest", *session.posargs, env={"PYTHONSAFEPATH": "1"})


@nox.session
def deep(session: nox.Session) -> None:
    """The properties of the protocols, with many more examples than the tests try."""
    need_system_packages(for_tests=True)
    install(session, "tests")
    session.run(
        *("pytest", "--hypothesis-profile=deep", "--timeout=1800", "tests/protocol", *session.posargs),
        env={"PYTHONSAFEPATH": "1"},
    )


@nox.session
def fuzz(session: nox.Session) -> None:
    """Coverage-guided fuzzing of the input filter for 60 seconds; arguments after `--` go to libFuzzer."""
    install(session, extra="")
    try:
        session.install("-q", "--only-binary=atheris", *nox.project.dependency_groups(PROJECT, "fuzz"))
    except nox.command.CommandFailed:
        session.warn("There is no atheris for this Python: hypothesis searches instead, in the session `deep`.")
        session.notify("deep", ["tests/fuzz"])
        return
    found = Path(session.create_tmp())
    session.run(
        *("python", "tests/fuzz/fuzz_viewer_input.py", str(found / "corpus")),
        *("-max_total_time=60", "-max_len=1024", f"-artifact_prefix={found}/", *session.posargs),
    )


@nox.session
def bench(session: nox.Session) -> None:
    """Benchmarks beside the peers in one run; prints ratios."""
    need_system_packages(for_playwright=True)
    install(session, "bench")
    session.run("python", "-m", "benchmarks", *session.posargs, env={"PYTHONPATH": str(ROOT / "tests")})


@nox.session
def demo(session: nox.Session) -> None:
    """Start the server and a real browser session, and print the URL of the page that shows it."""
    need_system_packages()
    install(session)
    build_frontend(session)
    # The demo takes this process over, so that Ctrl+C and SIGTERM reach it and nobody else.
    sys.stdout.flush()
    python = str(Path(session.bin) / "python")
    os.execv(python, [python, "-m", "pilothouse_app", "demo", *session.posargs])


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the package, with the web face in it, into dist/."""
    session.install("-q", "build")
    build_frontend(session)
    session.run("python", "-m", "build", "--wheel", silent=True)


if __name__ == "__main__":
    nox.main()
