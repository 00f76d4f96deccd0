"""One level of a document: its tasks in their order, the arms that they are in, and what loops run over."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipec.backends.kfp.reading.values import RefusedError

CONDITION = re.compile(r"inputs\.parameter_values\['(?P<flag>[^']+)'\] == '(?P<wanted>true|false)'")


def in_order(tasks: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The tasks in the order of the document, but none before one that it waits for."""
    found: dict[str, Mapping[str, Any]] = {}
    rest = dict(tasks)
    while rest:
        ready = [
            name for name, task in rest.items()
            if all(t in found for t in {*(task.get("dependentTasks") or ()), *producers(task)})
        ]  # fmt: skip
        if not ready:
            raise RefusedError("its tasks wait for one another in a circle")
        found[ready[0]] = rest.pop(ready[0])
    return list(found.items())


def arm_of(task: Mapping[str, Any]) -> re.Match[str] | None:
    """The arm of a branch that a task is in; `None` where it is in none."""
    return CONDITION.fullmatch((task.get("triggerPolicy") or {}).get("condition") or "")


def texts_of(raw: str, loop: str) -> list[str]:
    """The texts that stand in a document for what a loop runs over."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise RefusedError(f"the loop `{loop}` runs over something else than texts")
    return found


def is_json(value: object) -> bool:
    """Whether `value`, which YAML has given, is one of JSON too."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def is_cached(task: Mapping[str, Any]) -> bool:
    """Whether the results of a task are kept."""
    return bool((task.get("cachingOptions") or {}).get("enableCache"))


def inputs_of(task: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The inputs of a task, parameters and then artifacts, each with where it comes from."""
    inputs = task.get("inputs") or {}
    for kind in ("parameters", "artifacts"):
        yield from (inputs.get(kind) or {}).items()


def producers(task: Mapping[str, Any], ports: set[str] | None = None) -> Iterator[str]:
    """The tasks of the same DAG that give something to `task`; `ports`: to these inputs."""
    for port, source in inputs_of(task):
        for key in ("taskOutputParameter", "taskOutputArtifact"):
            if key in source and (ports is None or port in ports):
                yield source[key]["producerTask"]
