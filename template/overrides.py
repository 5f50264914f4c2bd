"""Values of the template's parameters as "Name=value", on a command line. Standard library only: localstack/stack.py reads it too."""

from __future__ import annotations

import shlex


class Refusal(Exception):
    """What is wrong, as a sentence."""


def named(overrides: str | list[str], where: str) -> dict[str, str]:
    """Values by name, from "Name=value Name=value"."""
    pairs = {}
    for override in shlex.split(overrides) if isinstance(overrides, str) else overrides:
        name, equals, value = override.partition("=")
        if not equals:
            raise Refusal(f"{where} has {override!r}, but each must be Name=value")
        pairs[name] = value.strip('"')
    return pairs


def arguments(values: dict[str, str]) -> list[str]:
    """What follows --parameter-overrides on the SAM CLI's command line."""
    return [f"{name}={quoted(value)}" for name, value in values.items()]


def quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
