"""The interface of an engine."""

from __future__ import annotations

import contextlib
from pathlib import Path

from api import direct
from place import Failure, Stack, claim


class Engine:
    """What is behind the endpoint. Everything that differs between engines is a method here."""

    name: str
    health: str  # a path that answers 200 once the engine does
    parameters: dict[str, str] = {}  # of the template, on top of localstack/parameters.json

    def check(self) -> None:
        """Say what is missing on this machine."""

    def claim(self, stack: Stack) -> None:
        """Refuse a place that is already in use."""
        claim(stack.port)

    def start(self, stack: Stack) -> None:
        """Start it, and wait until it answers."""

    def log(self, stack: Stack) -> list[Path]:
        """Its log file, if there is one."""
        return []

    def runs(self, stack: Stack) -> bool:
        """Whether it was started and has not ended."""

    def answers(self, stack: Stack) -> bool:
        """Whether it answers now."""
        try:
            with direct().open(stack.endpoint + self.health, timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def complete(self, stack: Stack, values: dict[str, str]) -> None:
        """After a deployment, make up for what the engine lacks."""

    def names(self, stack: Stack, values: dict[str, str]) -> dict[str, str]:
        """Lines of stack.env that depend on it. values are the template's parameters."""

    def end(self, stack: Stack) -> None:
        """End it and its functions. Harmless if it does not run."""


@contextlib.contextmanager
def speaks(stack: Stack, engine: Engine):
    """Make a failure show the end of the engine's log too."""
    try:
        yield
    except Failure as failure:
        failure.logs += engine.log(stack)
        raise
