"""Everything that one does with this repository: `python3 noxfile.py -l` lists it.

Run by plain Python without nox, this file makes itself a private environment with nox in it and goes on there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
FRONTEND = ROOT / "app" / "frontend"
STATIC = ROOT / "app" / "pilothouse_app" / "static"


def apt_install(*packages: str) -> None:
    """Install Debian packages where we may; else say in one line what to install, and stop."""
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    sudo: list[str] = []
    if os.geteuid() != 0:
        sudo = ["sudo", "-n"]
        allowed = shutil.which("sudo") and subprocess.run([*sudo, "true"], capture_output=True).returncode == 0
        if not allowed:
            sys.exit(f"Pilothouse needs system packages: sudo apt-get install --no-install-recommends {' '.join(packages)}")
    if not shutil.which("apt-get"):
        sys.exit(f"Pilothouse needs what Debian calls {' '.join(packages)}: install it with your package manager.")
    print(f"Installing system packages: {' '.join(packages)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update", "-q"], command):
        done = subprocess.run([*sudo, *step], env=environment, capture_output=True, text=True)
        if done.returncode and step is command:
            sys.exit(f"{' '.join([*sudo, *step])} failed:\n{done.stderr.strip()}")


def run_again_under_nox() -> None:
    """The bootstrap: a private environment with nox in it, then this file again."""
    python = ROOT / ".venv" / "bin" / "python"
    if subprocess.run([python, "-c", "import nox"], capture_output=True).returncode if python.exists() else True:
        try:
            import ensurepip  # noqa: F401  (Debian ships venv without it until python3-venv is installed)
        except ModuleNotFoundError:
            apt_install(f"python3.{sys.version_info.minor}-venv")
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


def need_system_packages(*, for_tests: bool = False) -> None:
    """The real parts: TigerVNC's Xvnc, Chromium, fonts; for the tests also x11vnc and `ss`."""
    missing = []
    if not shutil.which("Xvnc"):
        missing.append("tigervnc-standalone-server")
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"))):
        known = subprocess.run(["apt-cache", "show", "chromium"], capture_output=True).returncode == 0
        ubuntu = "ubuntu" in Path("/etc/os-release").read_text().lower()
        missing.append("chromium" if known or not ubuntu else "chromium-browser")
        missing.append("fonts-liberation")
    if for_tests and not shutil.which("ss"):
        missing.append("iproute2")
    if missing:
        apt_install(*missing)


def install(session: nox.Session, *groups: str, extra: str = "[app]") -> None:
    session.install("-q", "-e", f".{extra}", *nox.project.dependency_groups(PROJECT, *groups))


def npm(session: nox.Session, *arguments: str) -> None:
    """Run npm in the web face's folder, with a Node.js that comes from PyPI like everything else."""
    session.install("-q", *nox.project.dependency_groups(PROJECT, "frontend"))
    with session.chdir(FRONTEND):
        session.run("npm", *arguments, silent=True)


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
    need_system_packages(for_tests=True)
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
def bench(session: nox.Session) -> None:
    """Benchmarks beside the peers in one run; prints ratios."""
    install(session, "bench")
    session.run("python", "tests/benchmarks/run.py", *session.posargs)


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


if __name__ == "__main__":
    nox.main()
