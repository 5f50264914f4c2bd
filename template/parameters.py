#!/usr/bin/env python3
"""Check values for the template's parameters against the template's own patterns and bounds. Run by the SAM CLI's own Python.

    .local/venv-sam/bin/python template/parameters.py [--template FILE] [Name=value …]

Prints the values of all parameters as JSON, with the defaults of those that are not named. If something is wrong, it prints
a sentence for each fault and fails. CloudFormation would find most faults too, but only after the build, and it cannot add
or compare numbers.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_parse

from overrides import Refusal, named

ROOT = Path(__file__).resolve().parent.parent
INVOCATIONS_PER_POLLER = 10


def declared(template: Path = ROOT / "template.yaml") -> dict[str, dict]:
    """The template's parameters by name, as they are written. It reads only this part, since the whole takes half a second."""
    return yaml_parse(template.read_text().partition("\nConditions:")[0])["Parameters"]


def faults(given: dict[str, str], before: dict[str, str] | None = None, parameters: dict[str, dict] | None = None) -> list[str]:
    """What is wrong with the given values. before has the deployed stack's values, which stay if none is given."""
    parameters = parameters or declared()
    wrong = [f"{name} is not a parameter of template.yaml" for name in given if name not in parameters]
    wrong += [fault for name, value in given.items() if name in parameters for fault in faults_of(name, value, parameters[name])]
    values = {name: str(p["Default"]) for name, p in parameters.items() if "Default" in p} | (before or {}) | given
    absent = missing(values, parameters)
    if absent:
        wrong.append(without_default(absent))
    return wrong or concurrency_faults(values)


def missing(values: dict[str, str], parameters: dict[str, dict] | None = None) -> list[str]:
    """The parameters that have neither a default nor a value."""
    return [name for name, p in (parameters or declared()).items() if "Default" not in p and name not in values]


def without_default(names: list[str]) -> str:
    return f"say {', '.join(names)}, which {'has' if len(names) == 1 else 'have'} no default"


def faults_of(name: str, value: str, parameter: dict) -> list[str]:
    refused = [f"{name} is {value!r}, which is not: {str(parameter['ConstraintDescription']).rstrip('.')}"]
    if parameter["Type"] == "Number":
        try:
            number = float(value)
        except ValueError:
            return [f"{name} is {value!r}, but must be a number"]
        low, high = float(parameter.get("MinValue", "-inf")), float(parameter.get("MaxValue", "inf"))
        return [] if low <= number <= high else refused
    if "AllowedValues" in parameter and value not in parameter["AllowedValues"]:
        return refused
    if not re.fullmatch(parameter.get("AllowedPattern", ".*"), value, re.DOTALL if "AllowedPattern" not in parameter else 0):
        return refused
    if len(value) > int(parameter.get("MaxLength", sys.maxsize)):
        return refused
    return []


def concurrency_faults(values: dict[str, str]) -> list[str]:
    numbers = {}
    for name in ("WebhookMinimumPollers", "WebhookMaximumPollers", "DeliverReservedConcurrency", "DeliverConcurrency", "RetryConcurrency"):
        try:
            numbers[name] = int(values[name])
        except ValueError:
            return [f"{name} is {values[name]!r}, but must be a whole number"]
    pollers, most, reserved, new, retries = numbers.values()
    if pollers > most:
        return [f"WebhookMaximumPollers is {most}, but must be at least WebhookMinimumPollers, {pollers}"]
    what = "DeliverConcurrency"
    if pollers:
        new, what = INVOCATIONS_PER_POLLER * most, f"{INVOCATIONS_PER_POLLER} for each of WebhookMaximumPollers"
    if reserved and reserved < new + retries:
        return [f"DeliverReservedConcurrency is {reserved}, but must be 0 or at least {new + retries} "
                f"({what}, {new}, and RetryConcurrency, {retries}): with less the mappings are throttled"]
    return []


if __name__ == "__main__":
    arguments = sys.argv[1:]
    template = Path(arguments[1]) if arguments[:1] == ["--template"] else ROOT / "template.yaml"
    parameters = declared(template)
    try:
        values = named(arguments[2:] if arguments[:1] == ["--template"] else arguments, "OVERRIDES")
        found = faults(values, parameters=parameters)
    except Refusal as refusal:
        found = [str(refusal)]
    if found:
        sys.exit("\n".join(found))
    json.dump({name: str(p["Default"]) for name, p in parameters.items() if "Default" in p} | values, sys.stdout)
