#!/usr/bin/env python3
"""Print the arguments of `sam deploy`, or refuse with a sentence. Run by the SAM CLI's own Python, from `make deploy`.

    .local/venv-sam/bin/python localstack/template/deploy.py [CONFIG]

CONFIG is a part of samconfig.toml: staging, prod. STACK, MAIL_FROM, PLATFORM_URL, ARCHITECTURE and OVERRIDES ("Name=value …")
come from the environment; OVERRIDES counts most, and what samconfig.toml says least. What is checked here is what
CloudFormation cannot: it neither adds nor compares numbers.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import tomlkit
from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent.parent
INVOCATIONS_PER_POLLER = 10


class Refusal(Exception):
    """Why this is not deployed, in a sentence."""


def main(config: str) -> list[str]:
    configs = tomlkit.loads((ROOT / "samconfig.toml").read_text()).unwrap()
    if config not in configs:
        raise Refusal(f"samconfig.toml has no {config}: use {', '.join(name for name in configs if name != 'version')}")
    said = configs[config]["deploy"]["parameters"]
    stack = os.environ.get("STACK") or (said.get("stack_name") if config != "default" else None)
    given = named(said.get("parameter_overrides", ""), "samconfig.toml")
    for variable, name in (("MAIL_FROM", "MailFrom"), ("PLATFORM_URL", "PlatformUrl"), ("ARCHITECTURE", "Architecture")):
        if os.environ.get(variable):
            given[name] = os.environ[variable]
    given |= named(os.environ.get("OVERRIDES", ""), "OVERRIDES")
    if not stack or not given.get("MailFrom") or not given.get("PlatformUrl"):
        raise Refusal("Say where and for whom: make deploy STACK=hookwarden MAIL_FROM=webhooks@your.example PLATFORM_URL=https://your.example")
    check(given)
    return ["--config-env", config, "--stack-name", stack, "--parameter-overrides", *(f"{name}={quoted(value)}" for name, value in given.items())]


def named(overrides: str | list[str], where: str) -> dict[str, str]:
    pairs = {}
    for override in shlex.split(overrides) if isinstance(overrides, str) else overrides:
        name, equals, value = override.partition("=")
        if not equals:
            raise Refusal(f"{where} has {override!r}, but wants Name=value")
        pairs[name] = value.strip('"')
    return pairs


def check(given: dict[str, str]) -> None:
    parameters = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
    for name in given:
        if name not in parameters:
            raise Refusal(f"{name} is no parameter of template.yaml")

    def number(name: str) -> int:
        value = given.get(name, parameters[name].get("Default"))
        try:
            return int(value)
        except ValueError:
            raise Refusal(f"{name} is {value}, but must be a whole number") from None

    pollers, most = number("WebhookMinimumPollers"), number("WebhookMaximumPollers")
    if pollers > most:
        raise Refusal(f"WebhookMaximumPollers is {most}, but must be at least WebhookMinimumPollers, {pollers}")
    reserved, new, retries = number("DeliverReservedConcurrency"), number("DeliverConcurrency"), number("RetryConcurrency")
    what = "DeliverConcurrency"
    if pollers:
        new, what = INVOCATIONS_PER_POLLER * most, f"{INVOCATIONS_PER_POLLER} for each of WebhookMaximumPollers"
    if reserved and reserved < new + retries:
        raise Refusal(f"DeliverReservedConcurrency is {reserved}, but must be 0 or at least {new + retries} "
                      f"({what}, {new}, and RetryConcurrency, {retries}): with less the mappings are throttled")


def quoted(value: str) -> str:
    """A value as the SAM CLI reads it on its command line."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    try:
        print(shlex.join(main(sys.argv[1] if len(sys.argv) > 1 else "default")))
    except Refusal as refusal:
        print(f"make deploy: {refusal}.", file=sys.stderr)
        sys.exit(2)
