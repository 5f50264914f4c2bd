"""The SAM CLI, for a stack on an engine."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "template"))

from environments import stack_environment
from overrides import arguments
from place import LOCAL, ROOT, Failure, Stack
from processes import kill_group, spawn


def program() -> str:
    return str(LOCAL / "venv-sam" / "bin" / "sam")


def goarch(name: str) -> str:
    known = {"x86_64": "amd64", "amd64": "amd64", "arm64": "arm64", "aarch64": "arm64"}
    if name not in known:
        raise Failure(f"ARCH is {name}, but must be arm64 or x86_64")
    return known[name]


def overrides(values: dict[str, str]) -> list[str]:
    """The arguments of sam deploy that set the template's parameters."""
    return ["--parameter-overrides", *arguments(values)]


def environment(stack: Stack) -> dict[str, str]:
    return stack_environment(stack) | {
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",  # seconds; the default is 5
        "__SAM_CLI_APP_DIR": str(stack.sam_folder),
    }


def note_version_check(stack: Stack) -> None:
    """Write the time of the SAM CLI's last version check. Without a recent one it would ask PyPI for a newer version of itself."""
    (stack.sam_folder / "metadata.json").write_text(json.dumps({"lastVersionCheck": time.time(), "telemetryEnabled": False}))


def run(stack: Stack, name: str, arguments: list[str], seconds: int, **variables: str) -> None:
    note_version_check(stack)
    log = stack.logs / f"{name}.log"
    process = spawn([program(), *arguments], log, environment(stack) | variables)
    try:
        if process.wait(seconds) != 0:
            raise Failure(f"sam {name} failed", log)
    except subprocess.TimeoutExpired:
        raise Failure(f"sam {name} took longer than {seconds} s", log) from None
    finally:
        kill_group(process)


def attached(stack: Stack, arguments: list[str]) -> None:
    """Run the SAM CLI with our standard output and error."""
    note_version_check(stack)
    if subprocess.run([program(), *arguments], cwd=ROOT, env=environment(stack)).returncode != 0:
        raise Failure(f"sam {' '.join(arguments[:2])} failed")
