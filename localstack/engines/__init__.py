"""The engines that the stack runs on, a module each. All that differs between them is there."""

from __future__ import annotations

from engines.engine import Engine
from engines.localstack import LocalStack, LocalStackElsewhere
from engines.ministack import MiniStack
from place import Stack, read

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (MiniStack(), LocalStack())}


def engine_of(stack: Stack, name: str = "") -> Engine:
    """The engine of that name, or the one that a stack was started with."""
    if stack.elsewhere:
        return LocalStackElsewhere()
    return ENGINES[name or read(stack.engine_file) or MiniStack.name]


def mark_of(stack: Stack, engine: Engine) -> str:
    """What a stack's engine file says."""
    return f"{engine.name} {stack.elsewhere}".strip()
