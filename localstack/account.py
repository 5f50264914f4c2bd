#!/usr/bin/env python3
"""Run the end-to-end tests on a stack of their own in an AWS account.

    account.py up STACK      deploy it, or redeploy what changed, run the tests against it, with DisableMode=enforce, and print
                             a report that can be pasted into an issue
    account.py down STACK    delete it, and what it retained

localstack/stack.py runs this with the SAM CLI's Python, which has boto3. Credentials and region are the caller's own.
It only touches stacks that carry its mark, so none that is in use.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

import sam as sam_cli
from place import LOCAL, ROOT, Failure, read, say, shown, upper_snake

MARK = "hookwarden-end-to-end"  # a tag of the stacks that this program made
PRODUCTION = re.compile(r"prod|prd|live", re.IGNORECASE)

# What a stack may leave behind, and how it is deleted.
DELETE = {
    "AWS::DynamoDB::Table": lambda session, name: session.client("dynamodb").delete_table(TableName=name),
    "AWS::SQS::Queue": lambda session, url: session.client("sqs").delete_queue(QueueUrl=url),
    "AWS::Logs::LogGroup": lambda session, name: session.client("logs").delete_log_group(logGroupName=name),
}
LOG_SECONDS = 20  # CloudWatch usually has the last lines by then
GONE = {"ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}


class Account:
    """One stack in an account."""

    def __init__(self, name: str):
        self.name = name
        self.session = boto3.session.Session(region_name=os.environ.get("AWS_REGION") or None)
        self.region = self.session.region_name
        if not self.region:
            raise Failure("no region is set: set AWS_REGION or AWS_PROFILE")
        self.folder = LOCAL / f"aws-{name}"
        self.build = self.folder / "build"
        self.env_file = self.folder / "stack.env"
        self.left_file = self.folder / "left.json"
        self.tests_file = self.folder / "tests.json"
        self.calls_file = self.folder / "calls.json"
        self.logs_file = self.folder / "logs.txt"

    def describe(self) -> dict | None:
        try:
            return self.session.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise


def refuse(account: Account) -> None:
    """Refuse a stack that looks like production, or that this program did not make."""
    samconfig = (ROOT / "samconfig.toml").read_text()
    if PRODUCTION.search(account.name) or account.name in re.findall(r'stack_name\s*=\s*"([^"]+)"', samconfig):
        raise Failure(f"STACK={account.name} looks like production: the tests disable apps and fill queues. Choose another name")
    found = account.describe()
    if not found:
        return
    tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
    if MARK not in tags:
        raise Failure(f"the stack {account.name} was not made by make up ENGINE=aws: choose another name")
    refuse_values(account, [*tags.values(), *(parameter.get("ParameterValue", "") for parameter in found.get("Parameters", []))])


def refuse_values(account: Account, values: list[str]) -> None:
    for value in filter(PRODUCTION.search, values):
        raise Failure(f"the stack {account.name} looks like production: one of its tags or parameters is {value!r}")


# ---- up


def up(account: Account) -> None:
    refuse(account)
    values = json.loads((ROOT / "localstack" / "parameters.json").read_text())
    values |= {"MailFrom": wanted("MAIL_FROM", "an address that SES has verified in this region"), "Architecture": architecture(), "DisableMode": "enforce"}
    refuse_values(account, list(values.values()))
    receivers = {
        "RECEIVER_HOST": wanted("RECEIVER_HOST", "this machine's public name or address, where webhooks reach the tests' receivers"),
        "RECEIVER_LISTEN": os.environ.get("RECEIVER_LISTEN", "0.0.0.0"),
    }
    account.folder.mkdir(parents=True, exist_ok=True)
    sam("build", "--build-in-source", "--build-dir", str(account.build))
    sam("deploy", "--template-file", str(account.build / "template.yaml"), "--stack-name", account.name, "--region", account.region, "--resolve-s3",
        "--no-fail-on-empty-changeset", "--capabilities", "CAPABILITY_IAM", "--tags", f"{MARK}={account.name}",
        *sam_cli.overrides(values))
    found = account.describe()
    names = {upper_snake(output["OutputKey"]): output["OutputValue"] for output in found["Outputs"]}
    names |= {"AWS_REGION": account.region, "AWS_DEFAULT_REGION": account.region, "HOOKWARDEN_ENGINE": "aws"} | receivers
    account.env_file.write_text("".join(f"{name}={value}\n" for name, value in sorted(names.items())))
    say(f"the stack's names are in {shown(account.env_file)}")
    passed = test(account)
    report(account)
    if not passed:
        raise Failure(f"the tests failed. The stack stays; make down ENGINE=aws STACK={account.name} deletes it")


def test(account: Account) -> bool:
    """Run the end-to-end tests. Keep their output, their requests and the functions' logs for the report."""
    for file in (account.tests_file, account.calls_file, account.logs_file):
        file.unlink(missing_ok=True)
    began = time.time()
    command = ["go", "test", "-json", "-count=1", "./localstack/e2e"]
    environment = os.environ | {"HOOKWARDEN_STACK": str(account.env_file), "HOOKWARDEN_CALLS": str(account.calls_file)}
    with account.tests_file.open("w") as kept, subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as tests:
        for line in tests.stdout:
            kept.write(line)
            show(line)
    if tests.returncode not in (0, 1):
        raise Failure(f"go test ended with {tests.returncode}")
    time.sleep(LOG_SECONDS)
    with account.logs_file.open("w") as kept:
        for kind, group in resources(account):
            if kind == "AWS::Logs::LogGroup":
                for page in account.session.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group, startTime=int(began * 1000)):
                    kept.writelines(event["message"].rstrip("\n") + "\n" for event in page["events"])
    return tests.returncode == 0


def show(line: str) -> None:
    """Print from go test's events what go test prints without -json: what ended, and its output."""
    try:
        said = json.loads(line).get("Output", "")
    except ValueError:
        said = line
    if not re.match(r"=== |\s*--- PASS", said):
        sys.stdout.write(said)
        sys.stdout.flush()


def report(account: Account) -> None:
    """Print a report that can be pasted into an issue."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    print("\n---- the report, to be pasted into an issue ----\n", flush=True)
    subprocess.run(["go", "run", "./localstack/trial", "-where", f"aws, {account.region}, {architecture()}, commit {commit or 'unknown'}",
                    "-tests", str(account.tests_file), "-calls", str(account.calls_file), "-logs", str(account.logs_file)], cwd=ROOT, check=False)


def wanted(name: str, what: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise Failure(f"ENGINE=aws needs {name}: {what}")
    return value


def architecture() -> str:
    return "x86_64" if sam_cli.goarch(os.environ.get("ARCH") or "arm64") == "amd64" else "arm64"


def sam(*arguments: str) -> None:
    environment = os.environ | {"SAM_CLI_TELEMETRY": "0", "ARCH": os.environ.get("ARCH") or "arm64", "TARGET_OS": "linux"}
    if subprocess.run([sam_cli.program(), *arguments], cwd=ROOT, env=environment).returncode != 0:
        raise Failure(f"sam {arguments[0]} failed")


# ---- down


def down(account: Account) -> None:
    """Delete the stack and what it retained. Note its resources first, so that a second run can finish the first one's work."""
    refuse(account)
    there = account.describe()
    if there:
        account.folder.mkdir(parents=True, exist_ok=True)
        account.left_file.write_text(json.dumps(resources(account)))
        sam("delete", "--stack-name", account.name, "--region", account.region, "--no-prompts")
    for kind, name in json.loads(read(account.left_file) or "[]"):
        try:
            DELETE[kind](account.session, name)
            say(f"deleted {name}, which the stack had retained")
        except ClientError as error:
            if error.response["Error"]["Code"] not in GONE:
                raise
    shutil.rmtree(account.folder, ignore_errors=True)
    say(f"the stack {account.name} is deleted" if there else f"there is no stack {account.name} in {account.region}")


def resources(account: Account) -> list[tuple[str, str]]:
    pages = account.session.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=account.name)
    found = [resource for page in pages for resource in page["StackResourceSummaries"]]
    return [(resource["ResourceType"], resource["PhysicalResourceId"]) for resource in found if resource["ResourceType"] in DELETE]


def main() -> int:
    command, name = sys.argv[1:]
    try:
        {"up": up, "down": down}[command](Account(name))
    except Failure as failure:
        say(f"account.py: {failure}.")
        return 1
    except (BotoCoreError, ClientError) as error:
        say(f"account.py: AWS refused: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
