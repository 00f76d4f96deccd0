"""The exit handler around a whole pipeline, whose exit task calls functions at the end of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.kfp.endings import ENDED
from pipec.backends.kfp.reading.own.scopes import COMPLETED, Scope, Scopes
from pipec.backends.kfp.reading.own.symbols import Value
from pipec.backends.kfp.reading.values import RefusedError

GLUE = re.compile(
    r'(?P<ended>\w+) = kfp_raw\(task, "ended"\)\n(?P<run>\w+) = kfp_raw\(task, "run"\)\n'
    r'(?:if (?P=ended) == "(?:succeeded|failed)":\n'
    r'    \w+\(f"[^\n]* has (?:succeeded|failed) \(run \{(?P=run)\}\)"\)\n?){1,2}'
)


@dataclass
class Body:
    """The DAG with the body of the pipeline, and who is told of its end."""

    component: Mapping[str, Any]
    scope: Scope
    hooks: dict[str, str] = field(default_factory=dict)
    """Setting of the pipeline -> function."""


def body_of(root: Mapping[str, Any], inputs: Mapping[str, Value], scopes: Scopes) -> Body:
    """What is to be read for the pipeline `root`: itself, or what an exit task waits for."""
    exits = {name: ended for name, task in root["dag"]["tasks"].items() if (ended := _asks(task)) is not None}
    if not exits:
        return Body(root, Scope(dict(inputs), ("root",)))
    if len(root["dag"]["tasks"]) != 2:
        raise RefusedError("the pipeline has tasks beside those that tell of the end of a run")
    ((name, producer),) = exits.items()
    tell, task = root["dag"]["tasks"][name], root["dag"]["tasks"][producer]
    hooks = _hooks(name, scopes, tell)
    bound: dict[str, Value] = {}
    for port, source in ((task.get("inputs") or {}).get("parameters") or {}).items():
        if source.get("componentInputParameter") in inputs:
            bound[port] = inputs[source["componentInputParameter"]]
        elif "constant" in (source.get("runtimeValue") or {}):
            bound[port] = Value("constant", source["runtimeValue"]["constant"])
        else:
            raise RefusedError(f"the input `{port}` of the task `{producer}` comes from a place that is not known")
    reference = task["componentRef"]["name"]
    return Body(_without_end(scopes.components[reference]), Scope(bound, ("components", reference)), hooks)


def _asks(task: Mapping[str, Any]) -> str | None:
    """The DAG whose end a task asks for."""
    given = ((task.get("inputs") or {}).get("parameters") or {}).get(ENDED) or {}
    if (task.get("triggerPolicy") or {}).get("strategy") != COMPLETED:
        return None
    producer: str | None = (given.get("taskOutputParameter") or {}).get("producerTask")
    return producer


def _hooks(name: str, scopes: Scopes, task: Mapping[str, Any]) -> dict[str, str]:
    component = scopes.components[task["componentRef"]["name"]]
    program = scopes.programs.of(component["executorLabel"]) if "executorLabel" in component else None
    if program is None or not GLUE.fullmatch(program.glue):
        raise RefusedError(f"the task `{name}`, which runs whatever has happened, is not one of pipec's")
    program.check()
    calls = re.findall(r'== "(\w+)":\n    (\w+)\(', program.glue)
    return {("on_success" if end == "succeeded" else "on_failure"): function for end, function in calls}


def _without_end(component: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body without what it hands out for the exit task."""
    outputs = component["dag"].get("outputs") or {}
    kept = {key: spec for key, spec in (outputs.get("parameters") or {}).items() if key != ENDED}
    return {**component, "dag": {**component["dag"], "outputs": {**outputs, "parameters": kept}}}
