#!/usr/bin/env python3
"""Lint template.yaml as CloudFormation gets it: `make lint`. Run by the SAM CLI's own Python, which has cfn-lint and botocore.

    .local/venv-sam/bin/python template/lint.py [REVISION]

`sam validate --lint` checks the template before SAM's transform, with its defaults. This checks the result of the
transform, once with everything that a parameter can turn on turned off, and once with all of it on:

- cfn-lint, for three regions of two partitions;
- the services' own models: each value that CloudFormation passes to an API, against the model's pattern and bounds; each
  parameter's bounds, against those of the property that it sets; and the constants in the Go code that reach an API;
- CloudFormation's schemas: against REVISION (by default the commit before the working tree's), no table and no queue is
  replaced, no queue loses its policy, and no table has more than one index made or deleted, since DynamoDB does only one in
  an update.
"""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator

import botocore.session

ROOT = Path(__file__).resolve().parent.parent

logging.disable(logging.WARNING)  # the translator complains about its own metrics

import constants  # noqa: E402
import expand  # noqa: E402
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # noqa: E402

REGIONS = ["us-east-1", "eu-central-1", "us-gov-west-1"]
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
OFF = {
    "MailFrom": "a@b.example", "PlatformUrl": "https://b.example", "PlatformId": "b", "PlatformName": "B", "HeaderPrefix": "X-Hook-",
    "SubscribableResources": "invoice,customer",
}
ON = OFF | {
    "KmsKeyArn": f"{KEY},{KEY}", "WebhookMinimumPollers": "3", "DeliverReservedConcurrency": "80", "AlarmEmail": "a@b.example",
    "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms", "PlatformPrincipal": "123456789012", "DeletionProtection": "true",
    "Tracing": "true", "SesEndpoint": "http://127.0.0.1:1", "PreferenceUrl": "https://b.example/mails",
    "PlatformEvents": "true", "PlatformLinks": "false", "LogoUrl": "https://b.example/logo.png", "SupportUrl": "https://b.example/help",
}


def main(revision: str) -> int:
    expanded = [expand.expand(OFF), expand.expand(ON)]
    found = list(cfn_lint(expanded))
    for template in expanded:
        found += models(template)
    found += constants.faults(ROOT, constants.Models())
    found += changes(revision, expanded[0])
    for fault in dict.fromkeys(found):
        print(fault, file=sys.stderr)
    return 1 if found else 0


# ---- cfn-lint


def cfn_lint(expanded: list[dict]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, template in zip(("off", "on"), expanded):
            file = Path(folder) / f"{name}.json"
            file.write_text(json.dumps(template, indent=1))
            files.append(str(file))
        program = Path(sys.executable).with_name("cfn-lint")
        done = subprocess.run([sys.executable, str(program), "--regions", *REGIONS, "--format", "parseable", "--", *files], capture_output=True, text=True)
        yield from done.stdout.splitlines()
        if done.returncode not in (0, 2, 4, 6, 8, 10, 12, 14):
            yield f"cfn-lint failed: {done.stderr}"


# ---- the services' models

# The call that CloudFormation makes for each type of resource.
CALLS = {
    "AWS::Lambda::Function": ("lambda", "CreateFunction"),
    "AWS::Lambda::EventSourceMapping": ("lambda", "CreateEventSourceMapping"),
    "AWS::Lambda::EventInvokeConfig": ("lambda", "PutFunctionEventInvokeConfig"),
    "AWS::DynamoDB::Table": ("dynamodb", "CreateTable"),
    "AWS::SQS::Queue": ("sqs", "CreateQueue"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "PutMetricAlarm"),
    "AWS::Logs::LogGroup": ("logs", "CreateLogGroup"),
    "AWS::Logs::MetricFilter": ("logs", "PutMetricFilter"),
    "AWS::Events::Rule": ("events", "PutRule"),
    "AWS::IAM::Role": ("iam", "CreateRole"),
    "AWS::SNS::Topic": ("sns", "CreateTopic"),
}
# Bounds that are in no model, but in SQS's documentation.
BOUNDS = {
    ("AWS::SQS::Queue", "VisibilityTimeout"): (0, 43200),
    ("AWS::SQS::Queue", "MessageRetentionPeriod"): (60, 1209600),
    ("AWS::SQS::Queue", "MaximumMessageSize"): (1024, 1048576),
    ("AWS::SQS::Queue", "maxReceiveCount"): (1, 1000),
}


def models(template: dict) -> Iterator[str]:
    session = botocore.session.get_session()
    for name, resource in template["Resources"].items():
        kind, properties = resource["Type"], resource.get("Properties", {})
        for path, value in leaves(properties, ()):
            low_high = BOUNDS.get((kind, path[-1]))
            if low_high and number(template, value) is not None and not low_high[0] <= number(template, value) <= low_high[1]:
                yield f"{name}.{path[-1]} is {number(template, value)}, the service takes {low_high[0]} to {low_high[1]}"
        if kind in CALLS:
            service, call = CALLS[kind]
            shape = session.get_service_model(service).operation_model(call).input_shape
            for fault in against(template, properties, shape):
                yield f"{name}.{fault}"


def leaves(value, path: tuple) -> Iterator[tuple]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
            if is_function(inner):
                yield (*path, name), inner
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    elif path:
        yield path, value


def is_function(value) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))


def number(template: dict, value) -> float | None:
    try:
        return float(constant(template, value))
    except (TypeError, ValueError):
        return None


def constant(template: dict, value):
    """A value as CloudFormation would pass it on; None if it is not known before the deployment."""
    if not is_function(value):
        return value
    if "Ref" in value:
        return template["Parameters"].get(value["Ref"], {}).get("Default")
    return None


def against(template: dict, value, shape) -> Iterator[str]:
    """What is wrong with a value by a service's model. Members that the model does not know are CloudFormation's own."""
    if is_function(value):
        parameter = template["Parameters"].get(value.get("Ref", ""))
        if parameter:
            yield from (f": {fault}" for fault in bounds(value["Ref"], parameter, shape))
        value = constant(template, value)
    if value is None or value == {} and shape.type_name != "structure":
        return
    if isinstance(value, dict) and shape.type_name == "structure":
        for name, inner in value.items():
            member = shape.members.get(name) or shape.members.get(name[:1].lower() + name[1:])
            if member is not None:
                yield from (f"{name}{fault}" if fault[0] in ":[" else f"{name}.{fault}" for fault in against(template, inner, member))
    elif isinstance(value, dict) and shape.type_name == "map":
        for name, inner in value.items():
            yield from (f"{name}{fault}" if fault[0] in ":[" else f"{name}.{fault}" for fault in against(template, inner, shape.value))
    elif isinstance(value, list) and shape.type_name == "list":
        if not shape.metadata.get("min", 0) <= len(value) <= shape.metadata.get("max", len(value)):
            yield f": {len(value)} entries, the service takes {shape.metadata}"
        for i, inner in enumerate(value):
            yield from (f"[{i}]{'' if fault[0] == ':' else '.'}{fault}" for fault in against(template, inner, shape.member))
    elif not isinstance(value, (dict, list)):
        yield from (f": {fault}" for fault in scalar(value, shape))


def scalar(value, shape) -> Iterator[str]:
    low, high, pattern = (shape.metadata.get(name) for name in ("min", "max", "pattern"))
    if shape.type_name in ("integer", "long", "float", "double"):
        if low is not None and float(value) < low or high is not None and float(value) > high:
            yield f"{value}, the service takes {low} to {high}"
    elif shape.type_name == "string":
        text = str(value)
        if low is not None and len(text) < low or high is not None and len(text) > high:
            yield f"{len(text)} characters, the service takes {low} to {high}"
        if shape.enum and text not in shape.enum:
            yield f"{text!r} is not one of {', '.join(shape.enum)}"
        if pattern and not matches(pattern, text):
            yield f"{text!r} does not match {pattern}"


def matches(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return True  # Java's syntax, which Python does not know


def bounds(name: str, parameter: dict, shape) -> Iterator[str]:
    """The values of a parameter that the service would refuse."""
    for value in parameter.get("AllowedValues", []):
        yield from (f"{name}: {fault}" for fault in scalar(value, shape))
    if shape.type_name in ("integer", "long") and parameter["Type"] == "Number":
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is not None and parameter.get("MinValue", low) < low and not parameter.get("MinValue") == 0:
            yield f"{name} may be {parameter['MinValue']}, the service takes {low} or more"
        if high is not None and parameter.get("MaxValue", high + 1) > high:
            yield f"{name} may be {parameter.get('MaxValue', 'any number')}, the service takes at most {high}"


# ---- changes


def changes(revision: str, now: dict) -> Iterator[str]:
    """Harm that CloudFormation would do to tables and queues, which cannot be made again."""
    shown = subprocess.run(["git", "show", f"{revision}:template.yaml"], cwd=ROOT, capture_output=True, text=True)
    if shown.returncode != 0:
        return  # without a history there is nothing to compare with
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(shown.stdout)
        file.flush()
        before = expand.expand(OFF, Path(file.name))
    for name, old in before["Resources"].items():
        if old["Type"] == "AWS::SQS::QueuePolicy" and name not in now["Resources"]:
            yield f"{name} is deleted, and with it the policy that another resource has put on its queue"
        if old["Type"] not in ("AWS::DynamoDB::Table", "AWS::SQS::Queue"):
            continue
        new = now["Resources"].get(name)
        if new is None or new["Type"] != old["Type"]:
            yield f"{name} is deleted, with all its contents"
            continue
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", old["Type"]).schema
        for path in schema.get("createOnlyProperties", []):
            property_name = path.removeprefix("/properties/").split("/")[0]
            if old["Properties"].get(property_name) != new["Properties"].get(property_name):
                yield f"{name} is replaced, since its {property_name} changes"
        touched = {index["IndexName"] for index in indexes(old) + indexes(new) if index not in indexes(old) or index not in indexes(new)}
        if len(touched) > 1:
            yield f"{name} has {len(touched)} indexes made or deleted ({', '.join(sorted(touched))}), and DynamoDB can do only one in an update"


def indexes(table: dict) -> list[dict]:
    return table["Properties"].get("GlobalSecondaryIndexes", [])


def last_commit() -> str:
    """HEAD if the template differs from it, else the commit before."""
    changed = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", "template.yaml"], cwd=ROOT).returncode != 0
    return "HEAD" if changed else "HEAD~1"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else last_commit()))
