"""The virtual environments, .local/venv-*. They are made once, and again if their requirements or the Python change."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from place import LOCAL, ROOT, Failure, locked, read, step
from processes import kill_group, spawn

VENVS = {
    LOCAL / "venv-engine": ROOT / "localstack" / "requirements-engine.txt",
    LOCAL / "venv-sam": ROOT / "localstack" / "requirements-sam.txt",
    LOCAL / "venv-cli": ROOT / "localstack" / "requirements-cli.txt",
    LOCAL / "venv-checkov": ROOT / "localstack" / "requirements-checkov.txt",
}
# What only `make lint` needs.
LINT_VENVS = {LOCAL / "venv-checkov"}

SETUP_SECONDS = 900


def setup(lint: bool = False) -> None:
    """Create the virtual environments that are missing or out of date; those for linting only if asked to."""
    check_tools()
    LOCAL.mkdir(exist_ok=True)
    with locked(LOCAL / "setup.lock"):
        stale = [venv for venv in VENVS if (lint or venv not in LINT_VENVS) and read(venv / "stamp") != stamp(venv)]
        if not stale:
            return
        names = ", ".join(f".local/{venv.name}" for venv in stale)
        with step(f"installing {names} (once)"):
            install(stale)


def check_tools() -> None:
    missing = []
    if sys.version_info < (3, 10):
        missing.append(f"Python 3.10 or later (this is {platform.python_version()})")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        missing.append("Python's venv module (Debian: apt install python3-venv)")
    for tool in ("go", "make"):
        if shutil.which(tool) is None:
            missing.append(tool)
    if missing:
        raise Failure(f"hookwarden's local stack needs {', '.join(missing)}.")


def stamp(venv: Path) -> str:
    """A hash of what a virtual environment was made from. It cannot be moved or given another Python."""
    made_from = [VENVS[venv].read_text(), str(venv), sys.version, os.path.realpath(sys.executable)]
    return hashlib.sha256("\n".join(made_from).encode()).hexdigest()


def install(venvs: list[Path]) -> None:
    """Fill several virtual environments at once. Each has a log file next to it."""
    pip = "-m pip install --quiet --disable-pip-version-check -r".split()
    running = []
    try:
        for venv in venvs:
            (venv / "stamp").unlink(missing_ok=True)
            log = venv.with_suffix(".log")
            script = ' && '.join([
                shlex.join([sys.executable, "-m", "venv", "--clear", str(venv)]),
                shlex.join([str(venv / "bin" / "python"), *pip, str(VENVS[venv])]),
            ])
            running.append((venv, log, spawn(["sh", "-c", script], log)))
        for venv, log, process in running:
            if process.wait(SETUP_SECONDS) != 0:
                raise Failure(f"installing {VENVS[venv].name} failed", log)
            (venv / "stamp").write_text(stamp(venv))
            log.unlink()
    except subprocess.TimeoutExpired:
        raise Failure(f"installing took longer than {SETUP_SECONDS} s", log) from None
    finally:
        for _, _, process in running:
            kill_group(process)
