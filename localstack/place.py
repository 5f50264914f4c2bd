"""Where a stack lives (.local/<port>/), and small functions that all of these programs need.

Like everything that stack.py imports, it uses only the standard library."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import re
import sys
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
DEFAULT_PORT = 4566
HIGHEST_PORT = 65535
STACK_NAME = "hookwarden"


class Failure(Exception):
    """What went wrong, as a sentence without its full stop. logs are files whose last lines explain it."""

    def __init__(self, sentence: str, *logs: Path):
        super().__init__(sentence.rstrip("."))
        self.logs = list(logs)


class Stack:
    """The files and addresses of one stack. elsewhere is the URL of an engine that somebody else starts and stops; empty for all others."""

    def __init__(self, port: int, elsewhere: str = ""):
        self.port = port
        self.folder = LOCAL / str(port)
        self.engine_file = self.folder / "engine"  # the engine's name, and its URL if it is elsewhere
        self.elsewhere = elsewhere or read(self.engine_file).partition(" ")[2]
        self.endpoint = self.elsewhere or f"http://127.0.0.1:{port}"
        self.tmp = self.folder / "tmp"
        self.build = self.folder / "build"
        self.logs = self.folder / "logs"
        self.sam_folder = self.folder / "sam"
        self.pid_file = self.folder / "engine.pid"
        self.env_file = self.folder / "stack.env"

    def env_files(self) -> list[Path]:
        if self.port == DEFAULT_PORT:
            return [self.env_file, LOCAL / "stack.env"]
        return [self.env_file]


def place(port: int, endpoint: str = "") -> Stack:
    """The stack on a port, or the one at LOCALSTACK_ENDPOINT, on that endpoint's port."""
    if not endpoint:
        if not 0 < port <= HIGHEST_PORT:
            raise Failure(f"PORT is {port}, but must be from 1 to {HIGHEST_PORT}")
        return Stack(port)
    url = urllib.parse.urlsplit(endpoint)
    try:
        its = url.port or (443 if url.scheme == "https" else 80)
    except ValueError:
        its = 0
    if url.scheme not in ("http", "https") or not url.hostname or url.path not in ("", "/") or not its:
        raise Failure(f"LOCALSTACK_ENDPOINT is {endpoint}, but must be a URL such as http://127.0.0.1:4566")
    if port not in (0, DEFAULT_PORT, its):
        raise Failure(f"PORT is {port}, but LOCALSTACK_ENDPOINT names port {its}")
    return Stack(its, f"{url.scheme}://{url.netloc}")


def claim(port: int) -> None:
    """Refuse a port on which this machine does not let us listen now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise Failure(f"port {port} needs special rights: choose one from 1024 up with PORT=…") from None
        except OSError:
            raise Failure(f"port {port} is taken by another program: choose another one with PORT=…") from None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def locked(file: Path):
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def folder_lock(stack: Stack):
    """Allow one up or down at a time. The lock is on the folder itself, which its last holder may have removed."""
    while True:
        stack.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(stack.folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), os.stat(stack.folder)):
                    yield
                    return
        finally:
            os.close(handle)


@contextlib.contextmanager
def step(what: str):
    started = time.monotonic()
    say(f"{what} …")
    yield
    say(f"{what}: {time.monotonic() - started:.1f} s")


def say(line: str) -> None:
    # The program that started us may be gone.
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def read(file: Path) -> str:
    with contextlib.suppress(OSError):
        return file.read_text(errors="replace")
    return ""


def tail(file: Path) -> str:
    return "\n".join(read(file).splitlines()[-25:])


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def upper_snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()
