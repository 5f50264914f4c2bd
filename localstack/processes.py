"""The processes of a stack: start them so that they end together, find them again, and end them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from place import ROOT, Failure, read

STOP_SECONDS = 5


def spawn(command: list[str], log: Path, environment: dict[str, str] | None = None, cwd: Path = ROOT) -> subprocess.Popen:
    """Start a program in a session of its own, so that only we end it, together with its children."""
    with log.open("wb") as output:
        return subprocess.Popen(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                stderr=subprocess.STDOUT, start_new_session=True)


def kill_group(process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def processes() -> list[tuple[int, int, str]]:
    """Process id, process group and command line of everything that runs."""
    if Path("/proc/self/stat").exists():
        return [row for folder in Path("/proc").glob("[0-9]*") if (row := process_of(folder))]
    listing = subprocess.run(["ps", "-axww", "-o", "pid=,pgid=,state=,command="], capture_output=True, text=True, errors="replace", check=True)
    rows = (line.split(None, 3) for line in listing.stdout.splitlines())
    return [(int(row[0]), int(row[1]), row[3]) for row in rows if len(row) == 4 and not row[2].startswith("Z")]


def process_of(folder: Path) -> tuple[int, int, str] | None:
    """One row of processes, from Linux's /proc: a small image has no ps."""
    state = read(folder / "stat").rpartition(")")[2].split()
    if not state or state[0] in "ZX":
        return None
    return int(folder.name), int(state[2]), read(folder / "cmdline").replace("\0", " ").strip()


def end_group(group: int) -> None:
    for sign, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, sign)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not any(row[1] == group for row in processes()):
                return
            time.sleep(0.05)
    raise Failure(f"the processes of group {group} do not end")
