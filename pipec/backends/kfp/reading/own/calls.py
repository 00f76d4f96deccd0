"""Calls of steps that are not Python's: what they are called, what goes in and out, and their settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from pipec.backends.kfp.reading.names import identifier
from pipec.backends.kfp.reading.own.levels import is_cached
from pipec.backends.kfp.reading.own.programs import Programs
from pipec.backends.kfp.reading.own.symbols import Symbols, Value
from pipec.backends.kfp.reading.own.tree import Call
from pipec.backends.kfp.reading.values import RefusedError
from pipec.compiler.pysource.text import python
from pipec.compiler.reading import Asked, policy_of, settings_of

T = TypeVar("T")


class Giving(NamedTuple):
    """The step of a task, and which of its outputs are plain text."""

    name: str
    texts: frozenset[str]


@dataclass(frozen=True)
class Placed:
    """A task of such a step."""

    step: str
    task: Mapping[str, Any]
    label: str
    constants: dict[str, Any]
    """Input -> the constant that it is given."""


class StepNames:
    """Names of such steps, which nothing else of the module has."""

    def __init__(self, programs: Programs, pipeline: str) -> None:
        self.programs, self.taken = programs, {pipeline}

    def of(self, wanted: str, known: Mapping[str, T], same: Callable[[T], bool]) -> str:
        """The name of a step, `known` by it where there is the same one already."""
        wanted = identifier(wanted.replace("-", "_"))
        name, number = wanted, 1
        while not (name in known and same(known[name])):
            if name not in known and name not in self.taken | self.programs.names:
                self.taken.add(name)
                return name
            number += 1
            name = f"{wanted}_{number}"
        return name


def step_of(reference: str) -> str:
    """What the step of a component may be called."""
    return re.sub(r"-\d+\Z", "", reference.removeprefix("comp-"))


def argument(symbols: Symbols, value: Value, task: str) -> str:
    """What a task that takes text, files and Kubeflow's own types is given, as an expression over symbols."""
    match value.form:
        case "constant":
            return python(value.source)
        case "written":
            symbols.read_as(value.source, "raw", task)
            return value.source
        case "literal" | "raw" | "text" | "plain" | "artifact" | "artifacts" | "file":
            return value.source
    raise RefusedError(f"`{task}` gets something that is not known")


def called(
    name: str, step: str, arguments: Sequence[str], task: Mapping[str, Any], symbols: Symbols, outputs: Sequence[str]
) -> Call:
    """The call of `step` by the task `name`, with a symbol for each output."""
    call = Call(name, source=f"{step}({', '.join(arguments)})", function=step, cached=is_cached(task))
    call.size = len(outputs) if len(outputs) > 1 else 0
    for at, key in enumerate(outputs):
        symbol = call.targets[at if call.size else None] = symbols.new()
        symbols.fallback[symbol] = key
    return call


def settings_in(calls: Sequence[Asked], subject: str) -> dict[str, str]:
    """Setting -> Python source, of the step that all of `calls` are of."""
    policy = policy_of(calls)
    if policy is None:
        raise RefusedError(f"{subject} has different settings in different tasks, and no argument says so")
    return settings_of(policy)
