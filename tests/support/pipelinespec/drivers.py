"""What the drivers and the importer do: resolve, decide, count, and write it all into the metadata store."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from tests.support.pipelinespec import conditions, resolve
from tests.support.pipelinespec.errors import DriverError
from tests.support.pipelinespec.metadata import Execution, Spec, Store
from tests.support.pipelinespec.objects import SCHEMES
from tests.support.pipelinespec.values import kind_of, plain, wire
from tests.support.pipelinespec.workflow import Node


@dataclass(frozen=True)
class Answer:
    """What a driver tells Argo."""

    execution: Execution
    triggers: bool = True
    cached: bool = False
    fingerprint: str = ""


class Drivers:
    """The drivers of one run."""

    def __init__(self, store: Store, cache: dict[str, Execution] | None) -> None:
        self.store = store
        self.cache = cache
        """Fingerprint -> what has run already; `None` where the server caches nothing."""

    def dag(self, node: Node, component: Spec, dag: Execution, iteration: int | None) -> Answer:
        """A DAG, a loop, or one iteration of it."""
        parameters, artifacts = resolve.inputs(self.store, dag, node.task, component, iteration)
        triggers = _triggers(node.task, parameters)
        iterations = None
        iterator = node.task.get("parameterIterator")
        if iterator is not None and iteration is None and triggers:
            iterations = len(_items(iterator, parameters))
        outputs = component["dag"].get("outputs", {})
        execution = self.store.create(
            "dag", node.task_name, dag, inputs=parameters, artifacts=artifacts, iteration=iteration,
            iterations=iterations, state="RUNNING" if triggers else "CANCELED", tasks=len(component["dag"]["tasks"]),
            parameter_sources=outputs.get("parameters", {}), artifact_sources=outputs.get("artifacts", {}),
        )  # fmt: skip
        return Answer(execution, triggers)

    def container(self, node: Node, component: Spec, dag: Execution, container: Spec, iteration: int | None) -> Answer:
        """A container: what it gets, and whether its results are known already."""
        parameters, artifacts = resolve.inputs(self.store, dag, node.task, component, iteration)
        triggers = _triggers(node.task, parameters)
        execution = self.store.create(
            "container", node.task_name, dag, inputs=parameters, artifacts=artifacts, iteration=iteration,
            state="RUNNING" if triggers else "CANCELED",
        )  # fmt: skip
        options = node.task.get("cachingOptions", {})
        if not triggers or self.cache is None or not options.get("enableCache"):
            return Answer(execution, triggers)
        fingerprint = _fingerprint(node, component, container, execution)
        known = self.cache.get(fingerprint)
        if known is not None:
            execution.state = "CACHED"  # the launcher does not run, so the DAGs around hear nothing of it
            execution.outputs, execution.output_artifacts = known.outputs, known.output_artifacts
        return Answer(execution, True, known is not None, fingerprint)

    def importer(self, node: Node, component: Spec, importer: Spec, dag: Execution) -> None:
        """An artifact at a URI, which is a constant or an input of the DAG around: the importer looks nowhere else."""
        source = importer["artifactUri"]
        uri = source.get("constant")
        if "runtimeParameter" in source:
            binding = node.task.get("inputs", {}).get("parameters", {}).get(source["runtimeParameter"], {})
            name = binding.get("componentInputParameter", "")
            if name not in dag.inputs:
                raise DriverError(f"error resolving artifact URI: parent DAG does not have input parameter {name!r}")
            uri = dag.inputs[name]
        if not isinstance(uri, str) or uri.partition("://")[0] not in SCHEMES:
            raise DriverError(f"no provider scheme found in artifact URI: {uri!r}")
        execution = self.store.create("importer", node.task["taskInfo"]["name"], dag, inputs={}, artifacts={})
        (name,) = component["outputDefinitions"]["artifacts"]
        schema, again = importer["typeSchema"]["schemaTitle"], importer.get("reimport", False)
        execution.output_artifacts[name] = self.store.artifact(uri, schema, {}, imported=True, again=again)
        execution.state = "COMPLETE"


def _triggers(task: Spec, parameters: dict[str, Any]) -> bool:
    condition = task.get("triggerPolicy", {}).get("condition", "")
    return not condition or conditions.triggers(condition, parameters)


def _items(iterator: Spec, parameters: dict[str, Any]) -> list[Any]:
    """What a loop runs over; raw items become an input, which the iterations take them from."""
    match iterator["items"]:
        case {"inputParameter": name}:
            items = parameters[name]
        case {"raw": text}:
            items = wire(json.loads(text))
            parameters[iterator["itemInput"]] = items
        case _:
            raise DriverError("cannot find parameter iterator")
    if isinstance(items, str):
        items = wire(json.loads(items))
    if not isinstance(items, list):
        raise DriverError(f"value of type {kind_of(items)} cannot be iterated")
    return items


def _fingerprint(node: Node, component: Spec, container: Spec, execution: Execution) -> str:
    key = node.task["cachingOptions"].get("cacheKey")
    if key:
        return hashlib.sha256(f"{node.task['componentRef']['name']}\0{key}".encode()).hexdigest()
    about = [
        plain(execution.inputs),
        {name: [artifact.id for artifact in artifacts] for name, artifacts in execution.artifacts.items()},
        component.get("outputDefinitions", {}),
        [*container.get("command", []), *container.get("args", [])],
        container["image"],
    ]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
