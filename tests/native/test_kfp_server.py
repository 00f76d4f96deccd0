"""What a KFP server and its drivers check after the protobuf has parsed: names, types, and forms that fail only at run time.

kfp.local does not look at most of this. The rules are those of the API server's compiler to Argo and of the drivers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.support.building import build
from tests.support.discovery import Case, cases, samples

Spec = dict[str, Any]
VARIABLE = re.compile(r"parameter_values\['([^']+)'\]")


class Reader:
    """One specification, and what is wrong in it."""

    def __init__(self, spec: Spec) -> None:
        self.components: Spec = spec["components"]
        self.executors: Spec = spec["deploymentSpec"]["executors"]
        self.root: Spec = spec["root"]

    def faults(self) -> Iterator[str]:
        """Everything that a server would refuse or fail at."""
        used = set()
        for name, component in [*self.components.items(), ("root", self.root)]:
            if "dag" not in component:
                if component["executorLabel"] not in self.executors:
                    yield f"{name}: no executor"
                continue
            tasks = component["dag"]["tasks"]
            if not tasks:
                yield f"{name}: no tasks"
            for task_name, task in tasks.items():
                used.add(task["componentRef"]["name"])
                yield from (f"{name}/{task_name}: {fault}" for fault in self.task(task_name, task, component))
            yield from (f"{name}: {fault}" for fault in self.outputs(component))
        yield from (f"{name} is not used" for name in set(self.components) - used)

    def called(self, task: Spec) -> Spec:
        """The component of a task."""
        found: Spec = self.components[task["componentRef"]["name"]]
        return found

    def task(self, name: str, task: Spec, around: Spec) -> Iterator[str]:
        """Faults of one task."""
        component, tasks = self.called(task), around["dag"]["tasks"]
        given = task.get("inputs", {}).get("parameters", {})
        wanted = declared(component, "input", "parameters")
        condition, iterator = task.get("triggerPolicy", {}).get("condition", ""), task.get("parameterIterator", {})
        if task["taskInfo"]["name"] != name:
            yield "the drivers look tasks up by the name in taskInfo"
        if condition and (iterator or self.is_importer(component)):
            yield "a condition on a loop or an importer"
        yield from (f"the condition reads {v}" for v in VARIABLE.findall(condition) if v not in given)
        yield from (f"waits for {d}" for d in task.get("dependentTasks", []) if d not in tasks)
        missing = [p for p, spec in wanted.items() if p not in given and not spec.get("isOptional")]
        yield from (f"no {p}" for p in missing if p != iterator.get("itemInput"))
        yield from (f"unknown {p}" for p in given if p not in wanted and not p.startswith("pipelinechannel--"))
        for key, binding in given.items():
            kind = wanted.get(key, {"parameterType": "STRING"})["parameterType"]
            yield from self.bound(
                key, binding.get("componentInputParameter"), binding.get("taskOutputParameter"), kind, task, around
            )
        artifacts = task.get("inputs", {}).get("artifacts", {})
        if set(artifacts) != set(declared(component, "input", "artifacts")):
            yield "other artifacts than declared"
        for key, binding in artifacts.items():
            kind = declared(component, "input", "artifacts")[key].get("isArtifactList", False)
            yield from self.bound(
                key, binding.get("componentInputArtifact"), binding.get("taskOutputArtifact"), kind, task, around
            )

    def bound(
        self, key: str, outer: str | None, output: Spec | None, kind: object, task: Spec, around: Spec
    ) -> Iterator[str]:
        """Faults of one input."""
        what = "parameters" if isinstance(kind, str) else "artifacts"
        if outer is not None:
            there = declared(around, "input", what).get(outer)
            if there is None:
                yield f"{key}: the DAG has no input {outer}"
            elif kind_of(there) != kind:
                yield f"{key}: {kind_of(there)} for {kind}"
        elif output is not None:
            producer = output["producerTask"]
            if producer not in task.get("dependentTasks", []):
                yield f"{key}: does not wait for {producer}"
            elif (made := self.made(around["dag"]["tasks"][producer], output, what)) not in (kind, *as_text(kind)):
                yield f"{key}: {made} for {kind}"

    def made(self, producer: Spec, selector: Spec, what: str) -> object:
        """What kind an output of a task is: a loop makes lists."""
        key = selector["outputParameterKey" if what == "parameters" else "outputArtifactKey"]
        found = declared(self.called(producer), "output", what).get(key)
        if found is None:
            return f"nothing called {key}"
        if "parameterIterator" in producer:
            return "LIST" if what == "parameters" else True
        return kind_of(found)

    def outputs(self, component: Spec) -> Iterator[str]:
        """Faults of what a DAG hands out."""
        tasks, handed = component["dag"]["tasks"], component["dag"].get("outputs", {})
        for what in ("parameters", "artifacts"):
            for key, source in handed.get(what, {}).items():
                one = [source["valueFromParameter"]] if "valueFromParameter" in source else []
                several = source.get("valueFromOneof", {}).get("parameterSelectors", [])
                selectors = [*one, *several, *source.get("artifactSelectors", [])]
                kind = kind_of(declared(component, "output", what)[key])
                for selector in selectors:
                    producer = tasks[selector["producerSubtask"]]
                    if (made := self.made(producer, selector, what)) != kind:
                        yield f"hands out {key}: {made} for {kind}"
                    if several and "dag" in self.called(producer):
                        yield f"hands out {key}: a server may take a DAG for unfinished"

    def is_importer(self, component: Spec) -> bool:
        """Whether the component runs no container."""
        return "executorLabel" in component and "importer" in self.executors[component["executorLabel"]]


def declared(component: Spec, side: str, what: str) -> Spec:
    """Inputs or outputs of a component."""
    found: Spec = component.get(f"{side}Definitions", {}).get(what, {})
    return found


def as_text(kind: object) -> tuple[str, ...]:
    """What a driver makes a text of by itself, where a text is wanted (`resolveInputs` in `driver/resolve.go`)."""
    return ("NUMBER_DOUBLE", "NUMBER_INTEGER", "BOOLEAN", "LIST", "STRUCT") if kind == "STRING" else ()


def kind_of(definition: Spec) -> object:
    """The type of a parameter; whether an artifact is a list."""
    return definition.get("parameterType", definition.get("isArtifactList", False))


@pytest.mark.parametrize("case", [*samples(), *cases()], ids=lambda case: case.name)
def test_server_has_no_objection(case: Case) -> None:
    output = build(case, "kfp")
    for file in output.main:
        spec = next(yaml.load_all(output.files[file], yaml.CSafeLoader))
        assert list(Reader(spec).faults()) == []


def test_faults_are_found() -> None:
    definition = {"parameters": {"a": {"parameterType": "STRING"}}}
    spec = {
        "components": {"comp-x": {"executorLabel": "exec-x", "inputDefinitions": definition}},
        "deploymentSpec": {"executors": {"exec-x": {"container": {}}}},
        "root": {"dag": {"tasks": {"x": {
            "componentRef": {"name": "comp-x"},
            "taskInfo": {"name": "x"},
            "inputs": {"parameters": {"a": {"taskOutputParameter": {"producerTask": "y", "outputParameterKey": "b"}}}},
            "triggerPolicy": {"condition": "inputs.parameter_values['c'] == 'true'"},
        }}}},
    }  # fmt: skip
    assert list(Reader(spec).faults()) == ["root/x: the condition reads c", "root/x: a: does not wait for y"]
