"""Inputs of a task: from constants, from the DAG around, from other tasks of the same DAG, out of DAGs and loops."""

from __future__ import annotations

from collections import deque
from typing import Any

from tests.support.pipelinespec import conditions
from tests.support.pipelinespec.errors import DriverError
from tests.support.pipelinespec.metadata import Artifact, Execution, Spec, Store
from tests.support.pipelinespec.values import fit, wire

Inputs = tuple[dict[str, Any], dict[str, list[Artifact]]]


PLACEHOLDERS = {
    "{{$.pipeline_job_uuid}}": "5c0f4b0e-7d1c-4a52-9d0c-1f6a3f2f8a11",
    "{{$.pipeline_job_create_time_utc}}": "2026-01-31T22:15:00Z",
}
"""What the driver puts in the place of a constant that is nothing else, besides the name of the workflow."""
WORKSPACE = "{{$.workspace_path}}"
"""What it replaces wherever it stands in a constant."""


def inputs(store: Store, dag: Execution, task: Spec, component: Spec, iteration: int | None) -> Inputs:
    """The parameters and artifacts of a task, checked against its component."""
    definitions = component.get("inputDefinitions", {}).get("parameters", {})
    iterator = task.get("parameterIterator")
    unfilled: frozenset[str] = frozenset()
    if iteration is not None:
        parameters, artifacts, unfilled = _item(dag, iterator, iteration)
    else:
        if iterator is not None:
            unfilled = frozenset({iterator["itemInput"]})
        given = task.get("inputs", {})
        parameters = {}
        if "dag" in component:
            absent = {n: s for n, s in definitions.items() if n not in given.get("parameters", {})}
            parameters |= {n: wire(s["defaultValue"]) for n, s in absent.items() if "defaultValue" in s}
        for name, binding in given.get("parameters", {}).items():
            parameters[name] = parameter(store, dag, task, binding)
        artifacts = {n: artifact(store, dag, b) for n, b in given.get("artifacts", {}).items()}
        for name, binding in given.get("parameters", {}).items():
            if selector := binding.get("parameterExpressionSelector"):
                parameters[name] = wire(conditions.select(selector, parameters[name]))
    fit(parameters, definitions, unfilled)
    return parameters, artifacts


def _item(loop: Execution, iterator: Spec, iteration: int) -> tuple[dict[str, Any], Any, frozenset[str]]:
    """What one iteration gets: all that the loop got, and its item instead of the items."""
    parameters = dict(loop.inputs)
    items = iterator["items"].get("inputParameter") or iterator["itemInput"]
    values = parameters.pop(items)
    parameters[iterator["itemInput"]] = values[iteration]
    return parameters, dict(loop.artifacts), frozenset({items} - {iterator["itemInput"]})


def parameter(store: Store, dag: Execution, task: Spec, binding: Spec) -> Any:
    """One parameter, as its binding says."""
    match binding:
        case {"componentInputParameter": name}:
            if name not in dag.inputs:
                raise DriverError(f"parent DAG does not have input parameter {name}")
            return dag.inputs[name]
        case {"runtimeValue": {"constant": str(value)}} if WORKSPACE in value:
            return value.replace(WORKSPACE, store.workspace)
        case {"runtimeValue": {"constant": value}}:
            known = {**PLACEHOLDERS, "{{$.pipeline_job_resource_name}}": store.workflow}
            return wire(known.get(value, value) if isinstance(value, str) else value)
        case {"taskOutputParameter": {"producerTask": producer, "outputParameterKey": key}}:
            return _produced(store, dag, producer, key, "parameters")
        case {"taskFinalStatus": _}:
            # the server adds no index here, as it does for outputs, so that no task of an iteration is found
            name, known = f"{task['dependentTasks'][0]}_{dag.id}", store.inside(dag)
            if name not in known:
                raise DriverError(f"producer task, {name}, not in tasks")
            found = known[name]
            return {"state": found.state, "pipelineTaskName": found.task, "error": {}}
    raise DriverError(f"parameter spec {binding} not implemented yet")


def artifact(store: Store, dag: Execution, binding: Spec) -> list[Artifact]:
    """One artifact, or those that the iterations of a loop gave."""
    match binding:
        case {"componentInputArtifact": name}:
            if name not in dag.artifacts:
                raise DriverError(f"parent DAG does not have input artifact {name}")
            return dag.artifacts[name]
        case {"taskOutputArtifact": {"producerTask": producer, "outputArtifactKey": key}}:
            found = _produced(store, dag, producer, key, "artifacts")
            return found if isinstance(found, list) else [found]
    raise DriverError(f"artifact spec {binding} not implemented yet")


def _named(dag: Execution, task: str) -> str:
    name = f"{task}_{dag.id}"
    return name if dag.iteration is None else f"{name}_idx_{dag.iteration}"


def _produced(store: Store, dag: Execution, producer: str, key: str, what: str) -> Any:
    """An output of a task of the same DAG; a DAG's leads to one of its tasks, a loop's to one for each iteration."""
    known = store.inside(dag)
    name = _named(dag, producer)
    while True:
        if name not in known:
            raise DriverError(f"producer task, {name}, not in tasks")
        execution = known[name]
        if execution.kind != "dag":
            return _output(execution, key, what)
        if execution.iterations:
            return _collected(known, name, key, what)
        inner, key = _source(known, execution, key, what)
        if not inner:
            raise DriverError(f"{execution.task} hands out no {key}")
        name = inner


def _output(execution: Execution, key: str, what: str) -> Any:
    outputs: dict[str, Any] = execution.outputs if what == "parameters" else execution.output_artifacts
    if key not in outputs:
        raise DriverError(f"{execution.task} ({execution.state}) has no output {key}")
    return outputs[key]


def _source(known: dict[str, Execution], dag: Execution, key: str, what: str) -> tuple[str, str]:
    """Which task of `dag` an output of it comes from; of several, the one that is complete."""
    sources = dag.parameter_sources if what == "parameters" else dag.artifact_sources
    if not sources:
        return "", key
    if key not in sources:
        raise DriverError(f"{dag.task} hands out no {key}")
    if what == "artifacts":
        (selector,) = sources[key][
            "artifactSelectors"
        ]  # the compiler refuses several: releases before 2.17 mix them up
        return f"{selector['producerSubtask']}_{dag.id}", selector["outputArtifactKey"]
    if "valueFromParameter" in sources[key]:
        selector = sources[key]["valueFromParameter"]
        return f"{selector['producerSubtask']}_{dag.id}", selector["outputParameterKey"]
    for selector in sources[key]["valueFromOneof"]["parameterSelectors"]:
        name = f"{selector['producerSubtask']}_{dag.id}"
        # releases before 2.17 do not take a cache hit for finished
        if name in known and known[name].state == "COMPLETE":
            return name, selector["outputParameterKey"]
    raise DriverError(f"processing OneOf: No successful task found for output key {key!r} in {dag.task!r}")


def _collected(known: dict[str, Execution], loop: str, key: str, what: str) -> list[Any]:
    """What all iterations of a loop gave, breadth first: lists of lists come out flat.

    The key is not kept with each task but carried from task to task in the order of the queue, and goes back one step
    when two tasks in a row are called the same.
    """
    gathered: list[Any] = []
    queue = deque([loop])
    inner, previous = "", known[loop].task
    before = key
    while queue:
        name = queue.popleft()
        if name not in known:
            raise DriverError(f"collecting {key!r}: {name} has not run")
        execution = known[name]
        if execution.task == previous:
            key = before
        previous, before = execution.task, key
        if execution.kind != "dag":
            gathered.append(_output(execution, key, what))
            continue
        found, key = _source(known, execution, key, what)
        inner = found or inner
        if execution.iterations is not None:
            queue.extend(f"{execution.task}_{execution.id}_idx_{i}" for i in range(execution.iterations))
        else:
            queue.append(inner if execution.iteration is None else f"{inner}_idx_{execution.iteration}")
    return gathered
