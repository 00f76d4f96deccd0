"""What an API server refuses of a compiled pipeline: unknown fields, wrong types, references to what is not there.

A document that passes has the shape that the rest of the reader relies on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.schema import FIELDS

SCHEMA_VERSION = "2.1.0"
FLOATS = ("NaN", "Infinity", "-Infinity")
Fault = tuple[Path, str]
"""Where, and what is wrong."""


def faults(documents: Documents) -> Iterator[Fault]:
    """What is wrong with `documents`; the later checks are made only where the earlier ones find nothing."""
    for check in (_fields, _versions, _references, _cycles, _graphs):
        found = list(check(documents))
        yield from found
        if found:
            return


# --- fields and types


def _fields(documents: Documents) -> Iterator[Fault]:
    yield from message(documents.spec, "PipelineSpec", ())
    yield from message(documents.platform, "PlatformSpec", ())


def message(value: Any, kind: str, path: Path) -> Iterator[Fault]:
    """What keeps `value` from being a message of `kind`, one of `FIELDS`."""
    if not isinstance(value, Mapping):
        yield path, f"a mapping is expected here ({kind})"
        return
    fields = FIELDS[kind]
    for name, inner in value.items():
        if name not in fields and _camel(name) not in fields:
            yield (*path, name), f"there is no field `{name[:60]}` in {kind}"
        elif inner is not None:
            yield from _typed(inner, fields.get(name) or fields[_camel(name)], (*path, name))


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def _typed(value: Any, kind: str, path: Path) -> Iterator[Fault]:
    if kind.startswith("[]"):
        if not isinstance(value, list):
            yield path, "a list is expected here"
            return
        for index, inner in enumerate(value):
            yield from _typed(inner, kind[2:], (*path, str(index)))
    elif kind.startswith("{}"):
        if not isinstance(value, Mapping):
            yield path, "a mapping is expected here"
            return
        for name, inner in value.items():
            yield from _typed(inner, kind[2:], (*path, name))
    elif kind in FIELDS:
        yield from message(value, kind, path)
    elif not _is(value, kind):
        yield path, f"{_shown(value)} is no {_NAMES.get(kind, kind.replace('|', ', '))}"


_NAMES = {"text": "text", "bool": "truth value", "int": "whole number", "float": "number", "struct": "mapping"}


def _shown(value: Any) -> str:
    return f"`{str(value)[:60]}`" if not isinstance(value, (Mapping, list)) else "this"


def _is(value: Any, kind: str) -> bool:
    match kind:
        case "any":
            return True
        case "text":
            return isinstance(value, str)
        case "bool":
            return isinstance(value, bool)
        case "int":
            return _whole(value)
        case "float":
            return value in FLOATS if isinstance(value, str) else _number(value)
        case "struct":
            return isinstance(value, Mapping)
        case "list":
            return isinstance(value, list)
        case _:
            return isinstance(value, str) and value in kind.split("|")


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _whole(value: Any) -> bool:
    """Whether protobuf takes it for an integer: numbers without a fraction, and their text."""
    if isinstance(value, str):
        return value.lstrip("-").isascii() and value.lstrip("-").isdigit() and len(value) < 20
    return _number(value) and value == value and abs(value) < 2**64 and value == int(value)


# --- the checks of a server


def _versions(documents: Documents) -> Iterator[Fault]:
    spec = documents.spec
    version = spec.get("schemaVersion")
    if version != SCHEMA_VERSION:
        yield ("schemaVersion",), f"its schema version is {version or 'missing'}, and servers take {SCHEMA_VERSION}"
    if not (spec.get("pipelineInfo") or {}).get("name"):
        yield ("pipelineInfo", "name"), "the pipeline has no name"
    root = spec.get("root")
    if not root or not root.get("dag"):
        yield ("root",), "it has no `root` with a `dag`"
        return
    for name, parameter in ((root.get("inputDefinitions") or {}).get("parameters") or {}).items():
        kind = (parameter or {}).get("parameterType") or (parameter or {}).get("type")
        if kind in (None, "TASK_FINAL_STATUS"):
            path = ("root", "inputDefinitions", "parameters", name)
            yield path, f"the pipeline's parameter `{name}` has no type that a run can give"


@dataclass(frozen=True)
class Dag:
    """A DAG of the document, and where it stands."""

    path: Path
    component: Mapping[str, Any]

    @property
    def tasks(self) -> Mapping[str, Any]:
        """Name -> task."""
        tasks: Mapping[str, Any] = self.component["dag"].get("tasks") or {}
        return tasks


def dags(documents: Documents) -> Iterator[Dag]:
    """All DAGs, the pipeline's own first."""
    yield Dag(("root",), documents.spec["root"])
    for name, component in (documents.spec.get("components") or {}).items():
        if (component or {}).get("dag") is not None:
            yield Dag(("components", name), component)


def _references(documents: Documents) -> Iterator[Fault]:
    components = documents.spec.get("components") or {}
    executors = (documents.spec.get("deploymentSpec") or {}).get("executors") or {}
    for name, component in components.items():
        path = ("components", name)
        label = (component or {}).get("executorLabel")
        if label and label not in executors:
            yield (*path, "executorLabel"), f"there is no executor `{label}`"
        elif not label and (component or {}).get("dag") is None:
            yield path, f"the component `{name}` has no executor and no `dag`"
        elif label and not set(executors[label] or {}) & {"container", "importer", "resolver", "customJob"}:
            yield ("deploymentSpec", "executors", label), f"the executor `{label}` is empty"
    for dag in dags(documents):
        for name, task in dag.tasks.items():
            reference = ((task or {}).get("componentRef") or {}).get("name")
            if reference not in components:
                yield (
                    (*dag.path, "dag", "tasks", name),
                    f"the task `{name}` is of the component `{reference}`, which is not there",
                )


def _cycles(documents: Documents) -> Iterator[Fault]:
    """Components that contain themselves."""
    inner = {dag.path[-1]: [task["componentRef"]["name"] for task in dag.tasks.values()] for dag in dags(documents)}
    for cycle in _cyclic(inner):
        yield ("components", cycle), f"the component `{cycle}` contains itself"


def _cyclic(edges: Mapping[str, list[str]]) -> list[str]:
    """A node of a cycle, where there is one."""
    state: dict[str, int] = {}
    for start in edges:
        stack = [(start, iter(edges[start]))] if start not in state else []
        state.setdefault(start, 1)
        while stack:
            node, following = stack[-1]
            after = next((n for n in following if n in edges and state.get(n) != 2), None)
            if after is None:
                state[node] = 2
                stack.pop()
            elif state.get(after) == 1:
                return [after]
            else:
                state[after] = 1
                stack.append((after, iter(edges[after])))
    return []


def producers(task: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str | None]]:
    """Of each input that another task gives: its field, its name, the task and its output; `None`: how it has ended."""
    inputs = task.get("inputs") or {}
    for name, source in (inputs.get("parameters") or {}).items():
        if (made := (source or {}).get("taskOutputParameter")) is not None:
            yield "parameters", name, made.get("producerTask") or "", made.get("outputParameterKey") or ""
        if (made := (source or {}).get("taskFinalStatus")) is not None:
            yield "parameters", name, made.get("producerTask") or "", None
    for name, source in (inputs.get("artifacts") or {}).items():
        if (made := (source or {}).get("taskOutputArtifact")) is not None:
            yield "artifacts", name, made.get("producerTask") or "", made.get("outputArtifactKey") or ""


def needs(task: Mapping[str, Any]) -> set[str]:
    """The tasks that `task` waits for."""
    return {*(task.get("dependentTasks") or ()), *(producer for _, _, producer, _ in producers(task))}


def _graphs(documents: Documents) -> Iterator[Fault]:
    components = documents.spec.get("components") or {}
    executors = (documents.spec.get("deploymentSpec") or {}).get("executors") or {}
    for dag in dags(documents):
        path = (*dag.path, "dag", "tasks")
        if not any(not is_exit(task) for task in dag.tasks.values()):
            yield path, "a DAG has no task"
        for name, task in dag.tasks.items():
            for field, key, producer, output in producers(task):
                yield from _producer(components, dag, (*path, name, "inputs", field, key), producer, output, field)
            for other in task.get("dependentTasks") or ():
                if other not in dag.tasks:
                    yield (*path, name, "dependentTasks"), f"`{name}` waits for `{other}`, which is not there"
            executor = executors.get(components[task["componentRef"]["name"]].get("executorLabel")) or {}
            if (task.get("triggerPolicy") or {}).get("condition") and "importer" in executor:
                yield (*path, name), f"`{name}` imports an artifact, which cannot have a condition"
            if task.get("artifactIterator") and task.get("parameterIterator"):
                yield (*path, name), f"`{name}` is a loop over parameters and over artifacts"
        if cycle := _cyclic({name: sorted(needs(task)) for name, task in dag.tasks.items()}):
            yield (*path, cycle[0]), f"`{cycle[0]}` waits for itself"
        yield from _outputs(components, dag)


def _producer(
    components: Mapping[str, Any], dag: Dag, path: Path, producer: str, output: str | None, field: str
) -> Iterator[Fault]:
    if producer not in dag.tasks:
        yield path, f"there is no task `{producer}` in the same DAG"
        return
    made = components[dag.tasks[producer]["componentRef"]["name"]].get("outputDefinitions") or {}
    if output is not None and output not in (made.get(field) or {}):
        yield path, f"`{producer}` has no output `{output}`"


def _outputs(components: Mapping[str, Any], dag: Dag) -> Iterator[Fault]:
    outputs = dag.component["dag"].get("outputs") or {}
    for field, name, selector in selectors(outputs):
        key = selector.get("outputParameterKey") or selector.get("outputArtifactKey") or ""
        path = (*dag.path, "dag", "outputs", field, name)
        yield from _producer(components, dag, path, selector.get("producerSubtask") or "", key, field)


def selectors(outputs: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Of each output of a DAG: its field, its name, and one selector after the other."""
    for name, made in (outputs.get("parameters") or {}).items():
        one, several = (made or {}).get("valueFromParameter"), (made or {}).get("valueFromOneof")
        for selector in [one] if one else (several or {}).get("parameterSelectors") or ():
            yield "parameters", name, selector or {}
    for name, made in (outputs.get("artifacts") or {}).items():
        for selector in (made or {}).get("artifactSelectors") or ():
            yield "artifacts", name, selector or {}


def is_exit(task: Mapping[str, Any]) -> bool:
    """Whether the task runs whatever has become of what it waits for."""
    return bool((task.get("triggerPolicy") or {}).get("strategy") == "ALL_UPSTREAM_TASKS_COMPLETED")
