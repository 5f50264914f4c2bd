"""The engines on which the stack runs, a module each. Everything that differs between engines is here."""

from __future__ import annotations

from engines.engine import Engine
from engines.localstack import LocalStack, LocalStackElsewhere
from engines.ministack import MiniStack
from place import Stack, read

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (MiniStack(), LocalStack())}


def engine_of(stack: Stack, name: str = "") -> Engine:
    """The engine of that name, or the one with which the stack was started."""
    if stack.elsewhere:
        return LocalStackElsewhere()
    return ENGINES[name or read(stack.engine_file) or MiniStack.name]


def mark_of(stack: Stack, engine: Engine) -> str:
    """The content of a stack's engine file."""
    return f"{engine.name} {stack.elsewhere}".strip()
