#!/usr/bin/env python3
"""Start and stop the local stack: an engine, with template.yaml deployed to it by the real SAM CLI.

    stack.py setup                 create the virtual environments (.local/venv-*)
    stack.py up --port 4566        start the stack, or redeploy what changed, and write stack.env
    stack.py down --port 4566      stop it and remove what it left
    stack.py hold --port 0         up; print "ready <stack.env>"; wait for the end of standard input; down
    stack.py sam -- ARGUMENTS      run the SAM CLI for a running stack

The engine is MiniStack, or with --engine localstack LocalStack in Docker, or the LocalStack that already runs at
LOCALSTACK_ENDPOINT; --engine aws is account.py's. Everything of a stack lives in .local/<port>/. Standard library only,
Python 3.10 or later, Linux and macOS. Progress goes to standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import ipaddress
import json
import os
import platform
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
DEFAULT_PORT = 4566
STACK_NAME = "hookwarden"
REGION = "us-east-1"
# The engine takes this key for the account's root, which may do everything whatever AUTH says.
ROOT_KEY = "test"

VENVS = {
    LOCAL / "venv-engine": ROOT / "localstack" / "requirements-engine.txt",
    LOCAL / "venv-sam": ROOT / "localstack" / "requirements-sam.txt",
    LOCAL / "venv-cli": ROOT / "localstack" / "requirements-cli.txt",
    LOCAL / "venv-checkov": ROOT / "localstack" / "requirements-checkov.txt",
}
# What only `make lint` needs.
LINT_VENVS = {LOCAL / "venv-checkov"}

SETUP_SECONDS = 900
BUILD_SECONDS = 900
DEPLOY_SECONDS = 300
START_SECONDS = 30
COMPOSE_SECONDS = 900  # the first time Docker fetches a gigabyte
STOP_SECONDS = 5

# LocalStack's images since 2026-03 start only with an account's token. It goes from our environment into the container's, and nowhere else.
TOKEN = "LOCALSTACK_AUTH_TOKEN"

# Where programs of this machine listen, and where functions reach them. Engines that run functions in containers say otherwise.
RECEIVERS = {"RECEIVER_HOST": "127.0.0.1", "RECEIVER_LISTEN": "127.0.0.1"}


class Failure(Exception):
    """What went wrong, in a sentence; logs are the files whose ends explain it."""

    def __init__(self, sentence: str, *logs: Path):
        super().__init__(sentence)
        self.logs = list(logs)


class Interrupted(BaseException):
    """SIGINT, SIGTERM, or the end of hold's standard input."""


class Stack:
    """The places of one stack. elsewhere is the URL of an engine that was not started here, and is not ended here; empty for all others."""

    def __init__(self, port: int, elsewhere: str = ""):
        self.port = port
        self.folder = LOCAL / str(port)
        self.engine_file = self.folder / "engine"  # the engine's name, and where it is if it is elsewhere
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


# ---- setup


def setup(lint: bool = False) -> None:
    """Create the virtual environments that are missing or older than their requirements file, those for linting if asked to."""
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
    """What a virtual environment was made from; it can be neither moved nor given another Python."""
    made_from = [VENVS[venv].read_text(), str(venv), sys.version, os.path.realpath(sys.executable)]
    return hashlib.sha256("\n".join(made_from).encode()).hexdigest()


def install(venvs: list[Path]) -> None:
    """Fill several virtual environments at once, each with its log beside it."""
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


# ---- up


def up(stack: Stack, engine: Engine, overrides: str, arch: str, source: Path = ROOT) -> None:
    """Start the stack, or redeploy what changed. Stop what was started when anything goes wrong."""
    engine.check()
    setup()
    values = parameters(engine.parameters, overrides, arch, source)
    with folder_lock(stack):
        other = read(stack.engine_file)
        if other and other != mark_of(stack, engine):
            raise Failure(f"the stack on port {stack.port} is one of ENGINE={other}: take it down with make down, or choose another PORT=…")
        started = not engine.runs(stack) or not healthy(stack, engine)
        try:
            if started:
                stop(stack)
                start(stack, engine)
            build(stack, arch, source)
            deploy(stack, engine, values)
            engine.mend(stack, values)
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


def start(stack: Stack, engine: Engine) -> None:
    for folder in (stack.tmp, stack.logs, stack.sam_folder):
        folder.mkdir(parents=True, exist_ok=True)
    engine.claim(stack)
    stack.engine_file.write_text(mark_of(stack, engine))
    engine.start(stack)


def build(stack: Stack, arch: str, source: Path) -> None:
    with step("building the functions"):
        sam(stack, "build", ["build", "--build-in-source", "--template-file", str(source / "template.yaml"), "--build-dir", str(stack.build)],
            BUILD_SECONDS, ARCH=arch, TARGET_OS=platform.system().lower())


def deploy(stack: Stack, engine: Engine, values: dict[str, str]) -> None:
    """Run sam deploy. What it says of a failure is often less than what the engine said."""
    with step("deploying"), engine_speaks(stack, engine):
        sam(stack, "deploy", [
            "deploy", "--template-file", str(stack.build / "template.yaml"), "--stack-name", STACK_NAME,
            "--resolve-s3", "--no-progressbar", "--no-fail-on-empty-changeset", "--capabilities", "CAPABILITY_IAM",
            "--parameter-overrides", *(f"{name}={quoted(value)}" for name, value in values.items()),
        ], DEPLOY_SECONDS)


@contextlib.contextmanager
def engine_speaks(stack: Stack, engine: Engine):
    """Have a failure show the end of the engine's log too."""
    try:
        yield
    except Failure as failure:
        failure.logs += engine.log(stack)
        raise


def parameters(ours: dict[str, str], overrides: str, arch: str, source: Path) -> dict[str, str]:
    """Every parameter of the template, so that a redeploy forgets the overrides of the one before; checked before anything starts."""
    values = json.loads((source / "localstack" / "parameters.json").read_text()) | ours
    values["Architecture"] = "x86_64" if arch == "amd64" else "arm64"
    # With what stands twice the later counts.
    named = [f"{name}={value}" for name, value in values.items()] + shlex.split(overrides)
    script = ROOT / "template" / "parameters.py"
    checked = subprocess.run([str(LOCAL / "venv-sam" / "bin" / "python"), str(script), "--template", str(source / "template.yaml"), *named], capture_output=True, text=True)
    if checked.returncode != 0:
        raise Failure(checked.stderr.strip().replace("\n", ".\n"))
    return json.loads(checked.stdout)


def outputs(stack: Stack) -> dict[str, str]:
    answer = api(stack, "cloudformation", {"Action": "DescribeStacks", "StackName": STACK_NAME})
    return {text(entry, "OutputKey"): text(entry, "OutputValue") for entry in members(answer, "Outputs")}


def write_env(stack: Stack, values: dict[str, str], names: dict[str, str]) -> None:
    lines = {upper_snake(name): value for name, value in values.items()}
    lines |= client_environment(stack) | names
    content = "".join(f"{name}={value}\n" for name, value in sorted(lines.items()))
    for file in stack.env_files():
        half = file.with_suffix(".half")
        half.write_text(content)
        half.replace(file)


# ---- down


def down(stack: Stack) -> None:
    """Stop the stack and remove what it left. Harmless when there is none."""
    if not stack.folder.exists():
        stop(stack)
        return
    with folder_lock(stack):
        stop(stack)


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


# ---- engines


class Engine:
    """What stands behind the endpoint. All that differs between engines is here."""

    name: str
    health: str  # a path that answers 200 once the engine does
    parameters: dict[str, str] = {}  # of the template, beside localstack/parameters.json

    def check(self) -> None:
        """Say what is missing on this machine."""

    def claim(self, stack: Stack) -> None:
        """Refuse a place that is another's."""
        if taken(stack.port):
            raise Failure(f"port {stack.port} is taken by another program: choose another one with PORT=…")

    def start(self, stack: Stack) -> None:
        """Start it, and wait until it answers."""

    def log(self, stack: Stack) -> list[Path]:
        """The file with what it has said, if there is one."""
        return []

    def runs(self, stack: Stack) -> bool:
        """Whether it has been started and not ended."""

    def mend(self, stack: Stack, values: dict[str, str]) -> None:
        """Make up, after a deployment, for what the engine lacks."""

    def names(self, stack: Stack, values: dict[str, str]) -> dict[str, str]:
        """Lines of stack.env that depend on it. values are the template's parameters."""

    def end(self, stack: Stack) -> None:
        """End it and its functions. Harmless when it does not run."""


class MiniStack(Engine):
    """A Python program that runs the functions as programs: no Docker, and IAM enforced."""

    name = "ministack"
    health = "/_ministack/health"

    def start(self, stack: Stack) -> None:
        python = LOCAL / "venv-engine" / "bin" / "python"
        # Python ignores an -X option that it does not know: this one shows in `ps` whose engine it is.
        command = [str(python), "-X", engine_mark(stack), "-m", "ministack"]
        log = stack.logs / "engine.log"
        with step("starting the engine"):
            engine = spawn(command, log, engine_environment(stack), cwd=stack.folder)
            stack.pid_file.write_text(str(engine.pid))
            deadline = time.monotonic() + START_SECONDS
            while not healthy(stack, self):
                if engine.poll() is not None:
                    raise Failure("the engine did not start", log)
                if time.monotonic() > deadline:
                    raise Failure(f"the engine did not answer within {START_SECONDS} s", log)
                time.sleep(0.05)

    def runs(self, stack: Stack) -> bool:
        return engine_group(stack) is not None

    def mend(self, stack: Stack, values: dict[str, str]) -> None:
        verify_sender(stack, values["MailFrom"])
        allow_mail(stack)
        allow_batches(stack)
        allow_plain_http(stack)
        mend_mappings(stack)

    def names(self, stack: Stack, values: dict[str, str]) -> dict[str, str]:
        return {"MAILBOX_URL": f"{stack.endpoint}/_ministack/ses/messages"}

    def log(self, stack: Stack) -> list[Path]:
        return [stack.logs / "engine.log"]

    def end(self, stack: Stack) -> None:
        group = engine_group(stack)
        if group:
            end_group(group)


class LocalStack(Engine):
    """compose.yaml: LocalStack, which runs the functions in containers, and a mailbox, since it has no SES v2."""

    name = "localstack"
    health = "/_localstack/health"
    parameters = {"SesEndpoint": "http://mailbox:8005"}

    def check(self) -> None:
        for command, lacking in ((["docker", "version"], "a Docker engine"), (["docker", "compose", "version"], "docker compose")):
            if shutil.which("docker") is None or subprocess.run(command, capture_output=True).returncode != 0:
                raise Failure(f"ENGINE=localstack needs {lacking}, and none answers on this machine: without ENGINE the stack needs no Docker")

    def start(self, stack: Stack) -> None:
        with step("starting LocalStack and the mailbox, for which Docker fetches the images once"), engine_speaks(stack, self):
            try:
                self.compose(stack, "up", "--detach", "--wait", "--quiet-pull")
            except Failure as failure:
                if "exited (55)" in str(failure):
                    raise Failure(f"{failure}: this image does not start without a valid {TOKEN}; localstack/localstack:4.14.0 does") from None
                raise

    def runs(self, stack: Stack) -> bool:
        return stack.engine_file.exists() and bool(self.compose(stack, "ps", "--quiet", "localstack"))

    def names(self, stack: Stack, values: dict[str, str]) -> dict[str, str]:
        mailbox = self.compose(stack, "port", "mailbox", "8005").strip()
        return {"MAILBOX_URL": f"http://{mailbox}/store"} | receivers(f"hookwarden-{stack.port}")

    def log(self, stack: Stack) -> list[Path]:
        file = stack.logs / "engine.log"
        with contextlib.suppress(Failure):
            file.write_text(self.compose(stack, "logs", "--no-color", "--no-log-prefix", "--tail", "1000", "localstack"))
            return [file]
        return []

    def end(self, stack: Stack) -> None:
        if not stack.engine_file.exists():
            return
        self.compose(stack, "stop")
        # LocalStack removes its functions' containers when it ends in order.
        left = docker("ps", "--all", "--quiet", "--filter", f"network=hookwarden-{stack.port}").split()
        if left:
            docker("rm", "--force", *left)
        self.compose(stack, "down", "--volumes", "--remove-orphans")

    def compose(self, stack: Stack, *arguments: str) -> str:
        handed_on = {name: os.environ[name] for name in ("LOCALSTACK_IMAGE", TOKEN) if os.environ.get(name)}
        return docker("compose", "--file", str(ROOT / "localstack" / "compose.yaml"), *arguments, PORT=str(stack.port), **handed_on)


class LocalStackElsewhere(Engine):
    """A LocalStack that runs already, at LOCALSTACK_ENDPOINT: only the stack is put there, and removed again."""

    name = LocalStack.name
    health = LocalStack.health

    def claim(self, stack: Stack) -> None:
        if not healthy(stack, self):
            raise Failure(f"no LocalStack answers at LOCALSTACK_ENDPOINT={stack.elsewhere}")
        if stack_status(stack):
            raise Failure(f"the LocalStack at {stack.elsewhere} has a stack {STACK_NAME} that was not put there from here: delete that one first")

    def runs(self, stack: Stack) -> bool:
        return stack.engine_file.exists()

    def mend(self, stack: Stack, values: dict[str, str]) -> None:
        if values.get("SesEndpoint"):
            return
        try:
            verify_sender(stack, values["MailFrom"])
        except Failure:
            say(f"the LocalStack at {stack.elsewhere} has no SES v2, so no mail will be sent: "
                'name a mailbox that its functions reach with OVERRIDES="SesEndpoint=http://…"')

    def names(self, stack: Stack, values: dict[str, str]) -> dict[str, str]:
        ses = values.get("SesEndpoint")
        mailbox = f"{ses}/store" if ses else f"{stack.endpoint}/_aws/ses"
        return {"MAILBOX_URL": mailbox} | receivers("bridge")

    def end(self, stack: Stack) -> None:
        if stack.engine_file.exists() and healthy(stack, self):
            delete_stack(stack)


ENGINES: dict[str, Engine] = {engine.name: engine for engine in (MiniStack(), LocalStack())}


def engine_of(stack: Stack, name: str = "") -> Engine:
    """The engine of that name, or the one that a stack was started with."""
    if stack.elsewhere:
        return LocalStackElsewhere()
    return ENGINES[name or read(stack.engine_file) or MiniStack.name]


def mark_of(stack: Stack, engine: Engine) -> str:
    """What a stack's engine file says."""
    return f"{engine.name} {stack.elsewhere}".strip()


def place(port: int, endpoint: str) -> Stack:
    """The stack on a port, 0 for a free one, or that at LOCALSTACK_ENDPOINT, whose port is its own."""
    if not endpoint:
        return Stack(port or free_port())
    url = urllib.parse.urlsplit(endpoint)
    if url.scheme not in ("http", "https") or not url.hostname or url.path not in ("", "/"):
        raise Failure(f"LOCALSTACK_ENDPOINT is {endpoint}, but must be like http://127.0.0.1:4566")
    its = url.port or (443 if url.scheme == "https" else 80)
    if port not in (0, DEFAULT_PORT, its):
        raise Failure(f"PORT is {port}, but LOCALSTACK_ENDPOINT names port {its}")
    return Stack(its, f"{url.scheme}://{url.netloc}")


def receivers(network: str) -> dict[str, str]:
    """Where containers on a Docker network reach this machine, unless the caller says. On Linux it is no loopback address."""
    found = {"RECEIVER_HOST": "host.docker.internal", "RECEIVER_LISTEN": "127.0.0.1"}
    with contextlib.suppress(Failure):  # without Docker here the caller has to say
        listed = docker("network", "inspect", network, "--format", "{{range .IPAM.Config}}{{.Gateway}} {{.Subnet}} {{end}}").split()
        # Docker's default network may name no gateway: it is the first address.
        addresses = [str(next(ipaddress.ip_network(word).hosts())) if "/" in word else word for word in listed]
        found |= next(({"RECEIVER_HOST": address, "RECEIVER_LISTEN": address} for address in addresses if ours(address)), {})
    return found | {name: os.environ[name] for name in found if os.environ.get(name)}


def stack_status(stack: Stack) -> str:
    """What CloudFormation says of the stack; empty if there is none."""
    try:
        answer = api(stack, "cloudformation", {"Action": "DescribeStacks", "StackName": STACK_NAME})
    except Failure:
        return ""  # it says so with an error
    status = answer.findtext(".//{*}StackStatus") or ""
    return "" if status == "DELETE_COMPLETE" else status


def delete_stack(stack: Stack) -> None:
    with step(f"deleting the stack {STACK_NAME} from {stack.endpoint}"):
        api(stack, "cloudformation", {"Action": "DeleteStack", "StackName": STACK_NAME})
        deadline = time.monotonic() + DEPLOY_SECONDS
        while status := stack_status(stack):
            if status == "DELETE_FAILED" or time.monotonic() > deadline:
                raise Failure(f"the stack {STACK_NAME} at {stack.endpoint} is not deleted: its status is {status}")
            time.sleep(0.5)


def docker(*arguments: str, **variables: str) -> str:
    try:
        done = subprocess.run(["docker", *arguments], env=bare_environment() | variables, capture_output=True, text=True,
                              timeout=COMPOSE_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failure(f"docker {arguments[0]}: {error}") from None
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["it says no more"])[-1]
        raise Failure(f"docker {arguments[0]} failed: {without_token(reason).rstrip('.')}")
    return without_token(done.stdout)


def without_token(text: str) -> str:
    token = os.environ.get(TOKEN)
    return text.replace(token, "…") if token else text


# ---- MiniStack


def verify_sender(stack: Stack, address: str) -> None:
    body = json.dumps({"EmailIdentity": address}).encode()
    request(stack, "ses", "/v2/email/identities", body, "application/json")


def allow_mail(stack: Stack) -> None:
    """Let notify mail: MiniStack 1.5.33 knows ses:SendEmail on no resource but *, and no ses:FromAddress, so that the template's statement never fits."""
    answer = api(stack, "cloudformation", {"Action": "DescribeStackResource", "StackName": STACK_NAME, "LogicalResourceId": "NotifyRole"})
    statement = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*"}
    api(stack, "iam", {
        "Action": "PutRolePolicy",
        "Version": "2010-05-08",
        "RoleName": answer.findtext(".//{*}PhysicalResourceId"),
        "PolicyName": "local-engine-mail",
        "PolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    })


def allow_batches(stack: Stack) -> None:
    """Let the roles send in batches: MiniStack 1.5.33 wants sqs:SendMessageBatch, which is no action of AWS's, where sqs:SendMessage covers the call."""
    for name in ("Register", "Deliver", "Disable", "Sweep", "Notify"):
        answer = api(stack, "cloudformation", {"Action": "DescribeStackResource", "StackName": STACK_NAME, "LogicalResourceId": f"{name}Role"})
        policy = {"Version": "2010-05-08", "RoleName": answer.findtext(".//{*}PhysicalResourceId"), "PolicyName": name.lower()}
        found = api(stack, "iam", policy | {"Action": "GetRolePolicy"}).findtext(".//{*}PolicyDocument")
        document = json.loads(urllib.parse.unquote(found))
        sends = [s for s in document["Statement"] if "sqs:SendMessage" in s["Action"]]
        for statement in sends:
            statement["Action"] = ["sqs:SendMessage", "sqs:SendMessageBatch"]
        api(stack, "iam", policy | {"Action": "PutRolePolicy", "PolicyDocument": json.dumps(document)})


def allow_plain_http(stack: Stack) -> None:
    """Take the queues' policies away: they refuse whoever comes without TLS, and the engine has none."""
    for name, value in outputs(stack).items():
        if name.endswith(("QueueUrl", "DlqUrl")):
            api(stack, "sqs", {"Action": "SetQueueAttributes", "Version": "2012-11-05", "QueueUrl": value,
                               "Attribute.1.Name": "Policy", "Attribute.1.Value": ""})


def mend_mappings(stack: Stack) -> None:
    """Say once more what the mappings call and how often at once. MiniStack 1.5.33 takes a parameter's MaximumConcurrency for text, and then
    its SQS poller stops; and after an update it goes on calling the alias that a mapping had before."""
    mappings = "/2015-03-31/event-source-mappings"
    listed = json.loads(request(stack, "lambda", mappings, None, "application/json"))["EventSourceMappings"]
    for mapping in listed:
        change = {"FunctionName": mapping["FunctionArn"]}
        if "MaximumConcurrency" in mapping.get("ScalingConfig", {}):
            change["ScalingConfig"] = {"MaximumConcurrency": int(mapping["ScalingConfig"]["MaximumConcurrency"])}
        request(stack, "lambda", f"{mappings}/{mapping['UUID']}", json.dumps(change).encode(), "application/json", method="PUT")


def engine_mark(stack: Stack) -> str:
    return f"stack={stack.folder}"


def engine_group(stack: Stack) -> int | None:
    """The process group of the engine and its functions, recognised by its command lines, or None."""
    recorded = read(stack.pid_file)
    for pid, group, command in processes():
        if f"-X {engine_mark(stack)} -m ministack" in command and pid == group:
            return group
        # An engine that died may have left functions: their programs lie in the stack's folder.
        if str(group) == recorded and command.startswith(f"{stack.tmp}/"):
            return group
    return None


def processes() -> list[tuple[int, int, str]]:
    """Process id, process group and command line of everything that runs."""
    if Path("/proc/self/stat").exists():
        return [row for folder in Path("/proc").glob("[0-9]*") if (row := process_of(folder))]
    listing = subprocess.run(["ps", "-axww", "-o", "pid=,pgid=,state=,command="], capture_output=True, text=True, errors="replace", check=True)
    rows = (line.split(None, 3) for line in listing.stdout.splitlines())
    return [(int(row[0]), int(row[1]), row[3]) for row in rows if len(row) == 4 and not row[2].startswith("Z")]


def process_of(folder: Path) -> tuple[int, int, str] | None:
    """One row of processes, as Linux tells it: a small image has no ps."""
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


# ---- hold


def hold(stack: Stack, engine: Engine, overrides: str, arch: str, source: Path) -> None:
    """Keep a stack for as long as the parent keeps our standard input open."""
    # A session of our own: what ends the parent's whole process group must not end us before the stack is down.
    with contextlib.suppress(PermissionError):
        os.setsid()
    threading.Thread(target=interrupt_at_end_of_input, daemon=True).start()
    if stack.elsewhere and stack.engine_file.exists():
        raise Failure(f"a stack is at {stack.elsewhere} already: HOOKWARDEN_STACK={shown(stack.env_file)} uses it, make down removes it")
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


# ---- sam


def run_sam(stack: Stack, arguments: list[str]) -> None:
    """Run the SAM CLI for a running stack, with our standard output and error."""
    if not engine_of(stack).runs(stack):
        raise Failure(f"no stack runs on port {stack.port}: start one with make up")
    note_version_check(stack)
    if subprocess.run([sam_program(), *arguments], cwd=ROOT, env=sam_environment(stack)).returncode != 0:
        raise Failure(f"sam {' '.join(arguments[:2])} failed")


# ---- an account


def run_in_account(command: str, name: str) -> None:
    """Hand over to account.py, with the caller's own credentials and the SAM CLI's boto3."""
    if command not in ("up", "down") or not name:
        raise Failure("ENGINE=aws wants make up or make down, and STACK=… for a stack of the tests' own")
    setup()
    program = [str(LOCAL / "venv-sam" / "bin" / "python"), str(ROOT / "localstack" / "account.py"), command, name]
    sys.stderr.flush()
    os.execv(program[0], program)


# ---- environments


def bare_environment() -> dict[str, str]:
    """Ours, without what would lead a tool to a real account, to another engine or to a surrounding make."""
    ours = re.compile(r"(AWS|SAM|LOCALSTACK|MINISTACK|MAKE|MFLAGS|SERVICES|PERSIST_STATE|S3_PERSIST|USE_SSL|EDGE_PORT|ARCH$|OVERRIDES$|ENGINE$|STACK$)")
    kept = {name: value for name, value in os.environ.items() if not ours.match(name)}
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(filter(None, [kept.get(name), "127.0.0.1,localhost"]))
    return kept


def client_environment(stack: Stack) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": stack.endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
    }


def stack_environment(stack: Stack) -> dict[str, str]:
    return bare_environment() | client_environment(stack) | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "TMPDIR": str(stack.tmp),
    }


def engine_environment(stack: Stack) -> dict[str, str]:
    """Loopback only, with IAM enforced. Functions inherit it, so that they find the engine."""
    return stack_environment(stack) | {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(stack.port),
        "MINISTACK_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "AUTH": "true",
    }


def sam_environment(stack: Stack) -> dict[str, str]:
    return stack_environment(stack) | {
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",  # seconds; the default is 5
        "__SAM_CLI_APP_DIR": str(stack.sam_folder),
    }


def sam_program() -> str:
    return str(LOCAL / "venv-sam" / "bin" / "sam")


def note_version_check(stack: Stack) -> None:
    """The SAM CLI asks PyPI for a newer version of itself when this file does not say that it did lately."""
    (stack.sam_folder / "metadata.json").write_text(json.dumps({"lastVersionCheck": time.time(), "telemetryEnabled": False}))


def sam(stack: Stack, name: str, arguments: list[str], seconds: int, **variables: str) -> None:
    note_version_check(stack)
    log = stack.logs / f"{name}.log"
    process = spawn([sam_program(), *arguments], log, sam_environment(stack) | variables)
    try:
        if process.wait(seconds) != 0:
            raise Failure(f"sam {name} failed", log)
    except subprocess.TimeoutExpired:
        raise Failure(f"sam {name} took longer than {seconds} s", log) from None
    finally:
        kill_group(process)


# ---- the engine's API


def request(stack: Stack, service: str, path: str, body: bytes | None, content_type: str, method: str | None = None) -> bytes:
    """One call, signed for the eye only: the engine does not check the root key's signature."""
    credential = f"{ROOT_KEY}/{time.strftime('%Y%m%d', time.gmtime())}/{REGION}/{service}/aws4_request"
    headers = {
        "Content-Type": content_type,
        "X-Forwarded-Proto": "https",  # as if over TLS, for the queues' policies
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature={'0' * 64}",
    }
    call = urllib.request.Request(stack.endpoint + path, data=body, headers=headers, method=method or ("GET" if body is None else "POST"))
    try:
        with direct().open(call, timeout=30) as answer:
            return answer.read()
    except OSError as error:
        detail = error.read().decode(errors="replace") if isinstance(error, urllib.error.HTTPError) else str(error)
        raise Failure(f"the engine refused a call to {service}: {detail}") from None


def api(stack: Stack, service: str, form: dict[str, str]) -> ElementTree.Element:
    body = urllib.parse.urlencode({"Version": "2010-05-15", **form}).encode()
    return ElementTree.fromstring(request(stack, service, "/", body, "application/x-www-form-urlencoded"))


def members(answer: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    found = answer.find(f".//{{*}}{name}")
    return [] if found is None else list(found)


def text(entry: ElementTree.Element, name: str) -> str | None:
    found = entry.find(f"{{*}}{name}")
    return None if found is None else found.text or ""


def healthy(stack: Stack, engine: Engine) -> bool:
    try:
        with direct().open(stack.endpoint + engine.health, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def direct() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


# ---- small things


def spawn(command: list[str], log: Path, environment: dict[str, str] | None = None, cwd: Path = ROOT) -> subprocess.Popen:
    """Start a program in a session of its own, so that it and its children end together and by our hand only."""
    with log.open("wb") as output:
        return subprocess.Popen(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                stderr=subprocess.STDOUT, start_new_session=True)


def kill_group(process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def locked(file: Path):
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def folder_lock(stack: Stack):
    """One up or down at a time. The lock is on the folder itself, which whoever had it before us may have removed."""
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
    # Whoever started us may be gone already.
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def ours(address: str) -> bool:
    """Whether a program on this machine may listen at the address."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read(file: Path) -> str:
    with contextlib.suppress(OSError):
        return file.read_text(errors="replace")
    return ""


def tail(file: Path) -> str:
    return "\n".join(read(file).splitlines()[-25:])


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def quoted(value: str) -> str:
    """A value as the SAM CLI reads it on its command line."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def upper_snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def goarch(name: str) -> str:
    known = {"x86_64": "amd64", "amd64": "amd64", "arm64": "arm64", "aarch64": "arm64"}
    if name not in known:
        raise Failure(f"ARCH is {name}, but must be arm64 or x86_64")
    return known[name]


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
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="default 4566; 0 picks a free one")
    parser.add_argument("--overrides", default=os.environ.get("OVERRIDES", ""), help='"Name=value …", on top of localstack/parameters.json')
    parser.add_argument("--arch", default=os.environ.get("ARCH") or platform.machine(), help="arm64 or x86_64, default this machine's")
    parser.add_argument("--source", type=Path, default=ROOT, help="another checkout, whose template and functions are deployed instead")
    parser.add_argument("--lint", action="store_true", help="for setup: what linting needs, too")
    parser.add_argument("--engine", default=os.environ.get("ENGINE", ""), help="ministack, localstack or aws; default what the stack was started with, else ministack")
    parser.add_argument("--stack", default=os.environ.get("STACK", ""), help="for --engine aws: the stack's name in the account")
    return parser.parse_intermixed_args()


def run(options: argparse.Namespace) -> None:
    if options.engine == "aws":
        run_in_account(options.command, options.stack)
        return
    if options.engine and options.engine not in ENGINES:
        raise Failure(f"ENGINE is {options.engine}, but must be {', '.join(ENGINES)} or aws")
    stack = place(options.port, os.environ.get("LOCALSTACK_ENDPOINT", "") if options.engine == LocalStack.name else "")
    engine = engine_of(stack, options.engine)
    if options.command == "setup":
        setup(options.lint)
    elif options.command == "up":
        up(stack, engine, options.overrides, goarch(options.arch), options.source)
    elif options.command == "down":
        down(stack)
    elif options.command == "hold":
        hold(stack, engine, options.overrides, goarch(options.arch), options.source)
    else:
        run_sam(stack, options.arguments)


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
    except Interrupted:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
