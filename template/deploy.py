#!/usr/bin/env python3
"""What make deploy does in addition to building and deploying. Run by the SAM CLI's own Python, which has boto3.

    .local/venv-sam/bin/python template/deploy.py check [CONFIG]     print the arguments of `sam deploy`, or refuse
    .local/venv-sam/bin/python template/deploy.py prepare [CONFIG]   change what CloudFormation cannot

CONFIG is a section of samconfig.toml: staging, prod, sentry. STACK, MAIL_FROM, PLATFORM_URL, ARCHITECTURE and OVERRIDES
("Name=value …") come from the environment. OVERRIDES has the highest priority and samconfig.toml the lowest. A parameter that
none of them names keeps the value that the stack has. Everything that is wrong is reported before anything is built, in a
sentence each.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
import tomlkit
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from overrides import Refusal, arguments, named
from parameters import ROOT, faults, missing, without_default

LONGEST_QUEUE = "-NotificationQueue"  # SQS takes 80 characters in all
# How to set what has no default. Everything that is not here is set in
# OVERRIDES.
SAID = {"STACK": "STACK=hookwarden", "MailFrom": "MAIL_FROM=webhooks@your.example", "PlatformUrl": "PLATFORM_URL=https://your.example"}
# A stack that was never complete. CloudFormation can still remove its tables.
NOT_DEPLOYED = {"REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_COMPLETE"}


class Wanted:
    """What to deploy, from the caller and samconfig.toml."""

    def __init__(self, config: str):
        configs = tomlkit.loads((ROOT / "samconfig.toml").read_text()).unwrap()
        if config not in configs:
            raise Refusal(f"samconfig.toml has no {config}: use {', '.join(name for name in configs if name != 'version')}")
        said = configs[config]["deploy"]["parameters"]
        self.config = config
        self.stack = os.environ.get("STACK") or (said.get("stack_name") if config != "default" else "")
        self.region = os.environ.get("AWS_REGION") or boto3.session.Session().region_name or said.get("region")
        self.given = named(said.get("parameter_overrides", ""), "samconfig.toml")
        for variable, name in (("MAIL_FROM", "MailFrom"), ("PLATFORM_URL", "PlatformUrl"), ("ARCHITECTURE", "Architecture")):
            if os.environ.get(variable):
                self.given[name] = os.environ[variable]
        self.given |= named(os.environ.get("OVERRIDES", ""), "OVERRIDES")


class Account:
    """What the account already has. Each question is one short call."""

    def __init__(self, wanted: Wanted):
        if not wanted.region:
            raise Refusal("no region is set: set AWS_REGION, or a region for AWS_PROFILE")
        self.session = boto3.session.Session(region_name=wanted.region)
        self.stack = wanted.stack
        self.config = Config(connect_timeout=1, read_timeout=1.5, retries={"total_max_attempts": 1})

    def client(self, service: str):
        return self.session.client(service, config=self.config)

    def identity(self) -> None:
        """Refuse if there are no credentials, or if AWS does not accept them."""
        try:
            self.client("sts").get_caller_identity()
        except (NoCredentialsError, ClientError) as error:
            raise Refusal(f"AWS accepts no credentials from here ({reason(error)}): log in, or set AWS_PROFILE") from None
        except BotoCoreError as error:
            raise Refusal(f"AWS does not answer ({reason(error)})") from None

    def deployed(self) -> dict[str, str] | None:
        """The parameters of the deployed stack, or None."""
        try:
            found = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                return None
            raise Refusal(f"CloudFormation does not describe the stack {self.stack} ({reason(error)})") from None
        if found["StackStatus"] in NOT_DEPLOYED:
            return None
        return {p["ParameterKey"]: p["ParameterValue"] for p in found.get("Parameters", [])}

    def sender(self, address: str) -> None:
        """Refuse a sender that SES has not verified: the address, its domain or a domain above it."""
        labels = address.rpartition("@")[2].split(".")
        names = [address, *(".".join(labels[i:]) for i in range(len(labels) - 1))]
        with ThreadPoolExecutor() as pool:
            states = list(pool.map(self.verified, names))
        if not any(states) and None not in states:
            raise Refusal(f"SES in {self.session.region_name} has verified neither {address} nor its domain: verify one of them first")

    def verified(self, identity: str) -> bool | None:
        """Whether SES has verified an identity; None if that cannot be found out."""
        try:
            return self.client("sesv2").get_email_identity(EmailIdentity=identity)["VerifiedForSendingStatus"]
        except ClientError as error:
            return False if error.response["Error"]["Code"] == "NotFoundException" else None
        except BotoCoreError:
            return None


def reason(error: Exception) -> str:
    return str(error).rstrip(".")


def check(wanted: Wanted) -> list[str]:
    """The arguments of `sam deploy`."""
    if not wanted.stack:
        raise Refusal(ask_for(["STACK", *missing(wanted.given)]))
    most = 80 - len(LONGEST_QUEUE)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", wanted.stack) or len(wanted.stack) > most:
        raise Refusal(f"STACK is {wanted.stack!r}, but must be at most {most} letters, digits and dashes, with a letter first: queues are named after it")
    refuse(faults(wanted.given, dict.fromkeys(missing(wanted.given), "")))  # before AWS is asked
    account = Account(wanted)
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(account.identity), pool.submit(account.deployed)]
        if "MailFrom" in wanted.given:
            asked.append(pool.submit(account.sender, wanted.given["MailFrom"]))
    asked[0].result()  # without credentials no other answer matters
    before = asked[1].result()
    for answer in asked[2:]:
        answer.result()
    given = dict(wanted.given)
    if before is None and given.get("DeletionProtection") == "true":
        given["DeletionProtection"] = "false"
        note("this first deployment leaves DeletionProtection off, so that CloudFormation can remove it if it fails. Run make deploy once more to turn it on.")
    absent = missing((before or {}) | given)
    refuse(faults(given, (before or {}) | dict.fromkeys(absent, "")) + ([ask_for(absent)] if absent else []))
    return ["--config-env", wanted.config, "--stack-name", wanted.stack, "--region", account.session.region_name,
            "--parameter-overrides", *arguments(given)]


def ask_for(absent: list[str]) -> str:
    """A sentence that asks for everything that is missing."""
    overridden = [f"{name}=…" for name in absent if name not in SAID]
    said = [SAID[name] for name in absent if name in SAID] + ([f'OVERRIDES="{" ".join(overridden)}"'] if overridden else [])
    model = "; CONFIG=sentry has the model's" if overridden else ""
    return f"{without_default(absent)}: make deploy {' '.join(said)}{model}"


def refuse(wrong: list[str]) -> None:
    if wrong:
        raise Refusal(".\nmake deploy: ".join(wrong))


def prepare(wanted: Wanted) -> None:
    """Turn provisioned pollers off if they are no longer wanted. CloudFormation leaves them on if the template no longer has them."""
    account = Account(wanted)
    before = account.deployed()
    if before is None or before.get("WebhookMinimumPollers", "0") == "0" or wanted.given.get("WebhookMinimumPollers") != "0":
        return
    resource = account.client("cloudformation").describe_stack_resource(StackName=wanted.stack, LogicalResourceId="DeliverFunctionWebhooks")
    mapping = resource["StackResourceDetail"]["PhysicalResourceId"]
    functions = account.client("lambda")
    functions.update_event_source_mapping(UUID=mapping, ProvisionedPollerConfig={})
    note("turned the provisioned pollers of WebhookQueue off")
    for _ in range(60):
        if not functions.get_event_source_mapping(UUID=mapping).get("State", "").endswith("ing"):
            return
        time.sleep(2)
    raise Refusal("the mapping of WebhookQueue is still updating after two minutes: try again")


def note(sentence: str) -> None:
    print(f"make deploy: {sentence}", file=sys.stderr)


if __name__ == "__main__":
    command, config = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "default"
    try:
        if command == "prepare":
            prepare(Wanted(config))
        else:
            print(shlex.join(check(Wanted(config))))
    except Refusal as refusal:
        note(f"{refusal}.")
        sys.exit(2)
