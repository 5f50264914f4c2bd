#!/usr/bin/env python3
"""Start and stop the local stack: an engine to which the real SAM CLI deploys template.yaml.

    stack.py setup                 create the virtual environments (.local/venv-*)
    stack.py up --port 4566        start the stack, or redeploy what changed, and write stack.env
    stack.py down --port 4566      stop it and remove what it left
    stack.py hold --port 0         up; print "ready <stack.env>"; wait for the end of standard input; down
    stack.py sam -- ARGUMENTS      run the SAM CLI for a running stack

The engine is MiniStack, or with --engine localstack LocalStack in Docker, or the LocalStack that already runs at
LOCALSTACK_ENDPOINT. --engine aws runs account.py. All files of a stack are in .local/<port>/. Needs only the standard
library of Python 3.10 or later, on Linux or macOS. Progress goes to standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import sam
from api import outputs
from engines import ENGINES, LocalStack, engine_of, mark_of
from engines.engine import Engine, speaks
from environments import client_environment
from place import DEFAULT_PORT, LOCAL, ROOT, STACK_NAME, Failure, Stack, folder_lock, free_port, place, read, say, shown, step, tail, upper_snake
from venvs import setup

BUILD_SECONDS = 900
DEPLOY_SECONDS = 300

# Where receivers on this machine listen, and where functions reach them. Engines that run functions in containers
# change these.
RECEIVERS = {"RECEIVER_HOST": "127.0.0.1", "RECEIVER_LISTEN": "127.0.0.1"}


class Interrupted(BaseException):
    """SIGINT, SIGTERM, or the end of hold's standard input."""


def up(stack: Stack, engine: Engine, overrides: str, arch: str, source: Path = ROOT) -> None:
    """Start the stack, or redeploy what changed. If anything goes wrong, stop what was started."""
    engine.check()
    setup()
    values = parameters(engine.parameters, overrides, arch, source)
    with folder_lock(stack):
        other = read(stack.engine_file)
        if other and other != mark_of(stack, engine):
            raise Failure(f"the stack on port {stack.port} runs with ENGINE={other}: stop it with make down, or choose another PORT=…")
        started = not engine.runs(stack) or not engine.answers(stack)
        try:
            if started:
                stop(stack)
                start(stack, engine)
            build(stack, arch, source)
            deploy(stack, engine, values)
            engine.complete(stack, values)
            write_env(stack, outputs(stack), RECEIVERS | engine.names(stack, values) | {"HOOKWARDEN_ENGINE": engine.name})
        except Failure as failure:
            if started and failure.logs:
                end(stack)  # and keep the logs
            elif started:
                stop(stack)
            raise
        except BaseException:
            if started:
                stop(stack)
            raise
    say(f"the stack answers at {stack.endpoint}; its names are in {shown(stack.env_files()[-1])}")


def named(stack: Stack) -> str:
    """The option that names the stack to the operator's program. The stack on the default port needs none."""
    return "" if LOCAL / "stack.env" in stack.env_files() else f" --env {shown(stack.env_file)}"


def start(stack: Stack, engine: Engine) -> None:
    for folder in (stack.tmp, stack.logs, stack.sam_folder):
        folder.mkdir(parents=True, exist_ok=True)
    engine.claim(stack)
    stack.engine_file.write_text(mark_of(stack, engine))
    engine.start(stack)


def build(stack: Stack, arch: str, source: Path) -> None:
    with step("building the functions"):
        sam.run(stack, "build", ["build", "--build-in-source", "--template-file", str(source / "template.yaml"), "--build-dir", str(stack.build)],
            BUILD_SECONDS, ARCH=arch, TARGET_OS=platform.system().lower())


def deploy(stack: Stack, engine: Engine, values: dict[str, str]) -> None:
    """Run sam deploy. If it fails, show the end of the engine's log too, which often says more."""
    with step("deploying"), speaks(stack, engine):
        sam.run(stack, "deploy", [
            "deploy", "--template-file", str(stack.build / "template.yaml"), "--stack-name", STACK_NAME,
            "--resolve-s3", "--no-progressbar", "--no-fail-on-empty-changeset", "--capabilities", "CAPABILITY_IAM",
            *sam.overrides(values),
        ], DEPLOY_SECONDS)


def parameters(ours: dict[str, str], overrides: str, arch: str, source: Path) -> dict[str, str]:
    """Every parameter of the template, so that a redeploy forgets earlier overrides. Checked before anything starts."""
    values = json.loads((source / "localstack" / "parameters.json").read_text()) | ours
    values["Architecture"] = "x86_64" if arch == "amd64" else "arm64"
    # If a name comes twice, the later value counts.
    named = [f"{name}={value}" for name, value in values.items()] + shlex.split(overrides)
    script = ROOT / "template" / "parameters.py"
    checked = subprocess.run([str(LOCAL / "venv-sam" / "bin" / "python"), str(script), "--template", str(source / "template.yaml"), *named], capture_output=True, text=True)
    if checked.returncode != 0:
        raise Failure(checked.stderr.strip().replace("\n", ".\n"))
    return json.loads(checked.stdout)


def write_env(stack: Stack, values: dict[str, str], names: dict[str, str]) -> None:
    lines = {upper_snake(name): value for name, value in values.items()}
    lines |= client_environment(stack) | names
    content = "".join(f"{name}={value}\n" for name, value in sorted(lines.items()))
    for file in stack.env_files():
        half = file.with_suffix(".half")
        half.write_text(content)
        half.replace(file)


def down(stack: Stack) -> bool:
    """Stop the stack and remove what it left, and return whether there was one."""
    there = stack.folder.exists()
    with folder_lock(stack) if there else contextlib.nullcontext():
        there = engine_of(stack).runs(stack) or there
        stop(stack)
    return there


def end(stack: Stack) -> None:
    """End the engine and its functions."""
    engine_of(stack).end(stack)
    for file in stack.env_files():
        file.unlink(missing_ok=True)


def stop(stack: Stack) -> None:
    """End the engine and its functions, and remove the stack's folder."""
    end(stack)
    for _ in range(20):
        shutil.rmtree(stack.folder, ignore_errors=True)
        if not stack.folder.exists():
            return
        time.sleep(0.1)


def hold(stack: Stack, engine: Engine, overrides: str, arch: str, source: Path) -> None:
    """Keep a stack until the parent closes our standard input."""
    # In a session of our own, a signal to the parent's whole process group does not end us before the stack is
    # down.
    with contextlib.suppress(PermissionError):
        os.setsid()
    threading.Thread(target=interrupt_at_end_of_input, daemon=True).start()
    if stack.elsewhere and stack.engine_file.exists():
        raise Failure(f"there is already a stack at {stack.elsewhere}: use it with HOOKWARDEN_STACK={shown(stack.env_file)}, or remove it with make down")
    up(stack, engine, overrides, arch, source)
    with contextlib.suppress(Interrupted, BrokenPipeError):
        print(f"ready {stack.env_file}", flush=True)
        while True:
            signal.pause()
    ignore_signals()
    down(stack)


def interrupt_at_end_of_input() -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    os.kill(os.getpid(), signal.SIGHUP)


def run_in_account(command: str, name: str) -> None:
    """Hand over to account.py, with the caller's own credentials and the SAM CLI's boto3."""
    if command not in ("up", "down") or not name:
        raise Failure("ENGINE=aws is for make up and make down, and needs STACK=…, the name of a stack for the tests alone")
    setup()
    program = [str(LOCAL / "venv-sam" / "bin" / "python"), str(ROOT / "localstack" / "account.py"), command, name]
    sys.stderr.flush()
    os.execv(program[0], program)


def ignore_signals() -> None:
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)


def interrupt(sign, frame) -> None:
    ignore_signals()
    raise Interrupted


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["setup", "up", "down", "hold", "sam"])
    parser.add_argument("arguments", nargs="*", metavar="ARGUMENTS", help="for sam: what to run, after --")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="default 4566; for hold 0 picks a free one")
    parser.add_argument("--overrides", default=os.environ.get("OVERRIDES", ""), help='"Name=value …", on top of localstack/parameters.json')
    parser.add_argument("--arch", default=os.environ.get("ARCH") or platform.machine(), help="arm64 or x86_64, default this machine's")
    parser.add_argument("--source", type=Path, default=ROOT, help="another checkout, whose template and functions are deployed instead")
    parser.add_argument("--lint", action="store_true", help="for setup: also install what linting needs")
    parser.add_argument("--engine", default=os.environ.get("ENGINE", ""), help="ministack, localstack or aws; default: the running stack's engine, else ministack")
    parser.add_argument("--stack", default=os.environ.get("STACK", ""), help="for --engine aws: the stack's name in the account")
    return parser.parse_intermixed_args()


def run(options: argparse.Namespace) -> None:
    if options.engine == "aws":
        run_in_account(options.command, options.stack)
        return
    if options.engine and options.engine not in ENGINES:
        raise Failure(f"ENGINE is {options.engine}, but must be {', '.join(ENGINES)} or aws")
    if options.command == "setup":
        setup(options.lint)
        return
    endpoint = os.environ.get("LOCALSTACK_ENDPOINT", "") if options.engine == LocalStack.name else ""
    if options.command == "hold" and not options.port and not endpoint:
        options.port = free_port()
    stack = place(options.port, endpoint)
    engine = engine_of(stack, options.engine)
    if options.command == "up":
        up(stack, engine, options.overrides, sam.goarch(options.arch), options.source)
        say(f"see what it does: go run ./cmd/hookwarden{named(stack)} status")
    elif options.command == "down":
        there = down(stack)
        say(f"the stack at {stack.endpoint} is down, and its folder {shown(stack.folder)} is removed" if there
            else f"there is no stack at {stack.endpoint}: nothing was stopped")
    elif options.command == "hold":
        hold(stack, engine, options.overrides, sam.goarch(options.arch), options.source)
    else:
        if not engine.runs(stack):
            raise Failure(f"no stack runs on port {stack.port}: start one with make up")
        sam.attached(stack, options.arguments)


def main() -> int:
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, interrupt)
    try:
        run(arguments())
    except Failure as failure:
        say(f"stack.py: {failure}.")
        for log in failure.logs:
            say(f"The end of {shown(log)}:\n{tail(log)}")
        return 1
    except OSError as error:  # for example, a folder that we may not write, or a full disk
        say(f"stack.py: cannot use {error.filename or 'this machine'}: {error.strerror or error}.")
        return 1
    except Interrupted:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
