#!/usr/bin/env python3
"""Check the constants in the Go code that reach an AWS API against the services' own models. For `make lint` and a Go test.

    .local/venv-sam/bin/python template/constants.py [ROOT …]

Prints the faults of each tree as JSON. A constant that is not found is a fault too: this table is then out of date.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Callable, Iterator

import botocore.session

ROOT = Path(__file__).resolve().parent.parent


class Models:
    """What botocore's models say, in their bounds and in their documentation."""

    def __init__(self):
        self.session = botocore.session.get_session()
        self.services = {}

    def service(self, name: str):
        if name not in self.services:
            self.services[name] = self.session.get_service_model(name)
        return self.services[name]

    def words(self, service: str, call: str, member: str, pattern: str) -> int:
        """A number in the documentation of a call or of a member of its input."""
        operation = self.service(service).operation_model(call)
        text = operation.input_shape.members[member].documentation if member else operation.documentation
        found = re.search(pattern, re.sub(r"<[^>]+>", "", text))
        if not found:
            raise LookupError(f"the model of {service} {call} {member} no longer says {pattern!r}")
        return int(found[1].replace(",", ""))

    def most(self, service: str, shape: str) -> int:
        return self.service(service).shape_for(shape).metadata["max"]

    def pattern(self, service: str, shape: str) -> str:
        return self.service(service).shape_for(shape).metadata["pattern"]


def arithmetic(text: str) -> float:
    """The value of a constant such as 11*time.Hour or 1 << 20, in seconds if it is a duration."""
    for unit, seconds in (("time.Second", "1"), ("time.Minute", "60"), ("time.Hour", "3600")):
        text = text.replace(unit, seconds)
    if not re.fullmatch(r"[\d_ *<+]+", text):
        raise LookupError(f"the value {text!r} is not one that this program can read")
    return eval(text)  # noqa: S307: only digits and operators


# Each row: the file, the constant, and the most that the service takes, from what the model says.
NUMBERS: list[tuple[str, str, Callable[[Models], int]]] = [
    ("queue/outbox.go", "maxDelay", lambda m: m.words("sqs", "SendMessage", "DelaySeconds", r"Valid values: 0 to (\d+)")),
    ("queue/send.go", "maxEntries", lambda m: m.words("sqs", "SendMessageBatch", "", r"send up to (\d+) messages")),
    ("queue/send.go", "maxBatchBytes", lambda m: m.words("sqs", "SendMessageBatch", "", r"1 MiB ([\d,]+) bytes")),
    ("queue/deadletter.go", "maxMessage", lambda m: m.words("sqs", "SendMessageBatch", "", r"1 MiB ([\d,]+) bytes")),
    ("queue/notifications.go", "longestWait", lambda m: m.words("sqs", "ChangeMessageVisibility", "VisibilityTimeout", r"Values range: 0 to (\d+)")),
    # Not in a model, but in SQS's documentation: ten attributes for a message. Four are ours, or two in a
    # dead letter.
    ("queue/attributes.go", "carriedOn", lambda _: 10 - 4),
    ("queue/attributes.go", "carriedDead", lambda _: 10 - 2),
    ("dynamo/apps.go", "appsPerRead", lambda m: m.most("dynamodb", "KeyList") // 2),  # two keys each
    ("dynamo/requests.go", "writesAtOnce", lambda m: m.most("dynamodb", "WriteRequests")),
    ("ses/address.go", "addressLimit", lambda m: m.most("sesv2", "InsightsEmailAddress")),
    ("metrics/metrics.go", "maxValues", lambda _: 100),  # not in a model, but in the embedded metric format
]

# SES's rule for tags is only in its documentation, and SQS's rule for attributes' names is in no model.
TAG = r"[A-Za-z0-9_-]{1,256}"
ATTRIBUTE = r"(?!AWS\.|Amazon\.)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"

# Each row: the files, what finds the texts in them, and the pattern that each text must match, from what
# the model says.
TEXTS: list[tuple[str, str, Callable[[Models], str]]] = [
    ("queue/attributes.go", r'\battr[A-Z]\w* += ours \+ ("[^"]*")', lambda _: ATTRIBUTE),
    ("queue/attributes.go", r'const ours = "([^"]*)\."', lambda _: ATTRIBUTE),
    ("ses/ses.go", r'\btag\("([^"]*)"', lambda m: tag(m, "MessageTagName")),
    # A tag's value is a kind, with underscores for dots, or a status.
    ("platform/notice.go", r'NoticeKind = "([^"]*)"', lambda m: tag(m, "MessageTagValue")),
    ("platform/app.go", r'Status\s*= "([^"]*)"', lambda m: tag(m, "MessageTagValue")),
    ("ses/ses.go", r'Name: aws\.String\("([^"]*)"\)', lambda m: m.pattern("sesv2", "MessageHeaderName")),
    ("metrics/metrics.go", r'Namespace = "([^"]*)"', lambda m: m.pattern("cloudwatch", "Namespace")),
    ("*/*.go", r'[mM]etrics\.(?:Count|Milliseconds)\("([^"]*)"', lambda m: f".{{1,{m.most('cloudwatch', 'MetricName')}}}"),
    ("*/*.go", r'[mM]etrics\.Count\("[^"]*", "([^"]+)"', lambda m: f"[^:].{{0,{m.most('cloudwatch', 'DimensionName') - 1}}}"),
]


def tag(models: Models, shape: str) -> str:
    said = models.service("sesv2").shape_for(shape).documentation
    for word in ("ASCII letters", "numbers (0–9)", "underscores", "dashes", "256 characters"):
        if word not in said:
            raise LookupError(f"the model of sesv2 {shape} no longer mentions {word}")
    return TAG


def faults(root: Path, models: Models) -> Iterator[str]:
    for file, name, limit in NUMBERS:
        found = re.search(rf"\b{name} += ([^/\n]+)", (root / "shared" / file).read_text())
        try:
            value, most = arithmetic(found[1].strip()) if found else None, limit(models)
        except LookupError as error:
            yield f"shared/{file}: {name}: {error.args[0]}"
            continue
        if value is None:
            yield f"shared/{file} has no constant {name}: update template/constants.py"
        elif value > most:
            yield f"shared/{file}: {name} is {value:g}, the service takes at most {most}"
    for files, finds, pattern in TEXTS:
        texts = [text for file in sorted((root / "shared").glob(files)) if not file.name.endswith("_test.go")
                 for text in re.findall(finds, file.read_text())]
        if not texts:
            yield f"shared/{files} has nothing like {finds}: update template/constants.py"
        try:
            wanted = pattern(models)
        except LookupError as error:
            yield f"shared/{files}: {error.args[0]}"
            continue
        for text in texts:
            text = text.strip('"')
            if not re.fullmatch(wanted, text.replace(".", "_") if wanted == TAG else text):
                yield f"shared/{files}: {text!r} does not match {wanted}"


    # This parameter goes into a header, in angle brackets.
    longest = re.search(r"\n  PreferenceUrl:.*?\n    MaxLength: (\d+)", (root / "template.yaml").read_text(), re.DOTALL)
    most = models.most("sesv2", "MessageHeaderValue") - 2
    if not longest or int(longest[1]) > most:
        yield f"template.yaml: PreferenceUrl may be longer than a header's value, {most}"


def main() -> int:
    models = Models()
    found = {str(root): list(faults(root, models)) for root in map(Path, sys.argv[1:] or [str(ROOT)])}
    json.dump(found, sys.stdout, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
