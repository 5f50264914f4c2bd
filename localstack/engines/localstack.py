"""LocalStack, in Docker or already running elsewhere."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import shutil
import socket
import subprocess
from pathlib import Path

from api import delete_stack, stack_status, verify_sender
from engines.engine import Engine, speaks
from environments import bare_environment
from place import ROOT, STACK_NAME, Failure, Stack, say, step

COMPOSE_SECONDS = 900  # the first time Docker fetches a gigabyte

# LocalStack's images since 2026-03 only start with an account's token. It goes from our environment into the
# container's, and nowhere else.
TOKEN = "LOCALSTACK_AUTH_TOKEN"


class LocalStack(Engine):
    """compose.yaml: LocalStack, which runs the functions in containers, and a mailbox, since it has no SES v2."""

    name = "localstack"
    health = "/_localstack/health"
    parameters = {"SesEndpoint": "http://mailbox:8005"}

    def check(self) -> None:
        for command, lacking in ((["docker", "version"], "a Docker engine"), (["docker", "compose", "version"], "docker compose")):
            if shutil.which("docker") is None or subprocess.run(command, capture_output=True).returncode != 0:
                raise Failure(f"ENGINE=localstack needs {lacking}, and this machine has none that answers. Without ENGINE the stack needs no Docker")

    def start(self, stack: Stack) -> None:
        with step("starting LocalStack and the mailbox (Docker fetches their images once)"), speaks(stack, self):
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
        # LocalStack removes its functions' containers if it ends normally.
        left = docker("ps", "--all", "--quiet", "--filter", f"network=hookwarden-{stack.port}").split()
        if left:
            docker("rm", "--force", *left)
        self.compose(stack, "down", "--volumes", "--remove-orphans")

    def compose(self, stack: Stack, *arguments: str) -> str:
        handed_on = {name: os.environ[name] for name in ("LOCALSTACK_IMAGE", TOKEN) if os.environ.get(name)}
        return docker("compose", "--file", str(ROOT / "localstack" / "compose.yaml"), *arguments, PORT=str(stack.port), **handed_on)


class LocalStackElsewhere(Engine):
    """A LocalStack that already runs, at LOCALSTACK_ENDPOINT. Only the stack is deployed to it, and removed again."""

    name = LocalStack.name
    health = LocalStack.health

    def claim(self, stack: Stack) -> None:
        if not self.answers(stack):
            raise Failure(f"no LocalStack answers at LOCALSTACK_ENDPOINT={stack.elsewhere}")
        if stack_status(stack):
            raise Failure(f"the LocalStack at {stack.elsewhere} already has a stack {STACK_NAME} that was not deployed from here: delete it first")

    def runs(self, stack: Stack) -> bool:
        return stack.engine_file.exists()

    def complete(self, stack: Stack, values: dict[str, str]) -> None:
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
        if stack.engine_file.exists() and self.answers(stack):
            delete_stack(stack)


def receivers(network: str) -> dict[str, str]:
    """Where containers on a Docker network reach this machine, unless the caller sets it. On Linux it is not a loopback address."""
    found = {"RECEIVER_HOST": "host.docker.internal", "RECEIVER_LISTEN": "127.0.0.1"}
    with contextlib.suppress(Failure):  # without Docker on this machine the caller must set it
        listed = docker("network", "inspect", network, "--format", "{{range .IPAM.Config}}{{.Gateway}} {{.Subnet}} {{end}}").split()
        # Docker's default network may name no gateway. It is then the first address.
        addresses = [str(next(ipaddress.ip_network(word).hosts())) if "/" in word else word for word in listed]
        found |= next(({"RECEIVER_HOST": address, "RECEIVER_LISTEN": address} for address in addresses if ours(address)), {})
    return found | {name: os.environ[name] for name in found if os.environ.get(name)}


def ours(address: str) -> bool:
    """Whether a program on this machine may listen at the address."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def docker(*arguments: str, **variables: str) -> str:
    try:
        done = subprocess.run(["docker", *arguments], env=bare_environment() | variables, capture_output=True, text=True,
                              timeout=COMPOSE_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failure(f"docker {arguments[0]}: {error}") from None
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise Failure(f"docker {arguments[0]} failed: {without_token(reason).rstrip('.')}")
    return without_token(done.stdout)


def without_token(text: str) -> str:
    token = os.environ.get(TOKEN)
    return text.replace(token, "…") if token else text
