"""The tasks of a compiled Kubeflow pipeline that run something, out of the DAGs that they are in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.kfp.reading.ports import parameter_type, schema

STEP = re.compile(r"^# Step '([^']+)' of the pipeline", re.M)
CHOICE = re.compile(r'"InputName": *"([^"]*)"')


@dataclass
class Leaf:
    """A task that runs something."""

    path: tuple[str, ...]
    """The tasks around it, and itself."""
    base: str
    task: Mapping[str, Any]
    component: Mapping[str, Any]
    executor: Mapping[str, Any]
    label: str
    loops: int = 0
    conditions: int = 0
    final: bool = False


@dataclass
class Flat:
    """A document as its leaves."""

    executors: Mapping[str, Any]
    """What the platform document says about them."""
    leaves: list[Leaf] = field(default_factory=list)
    before: dict[tuple[str, ...], dict[str, set[str]]] = field(default_factory=dict)
    """DAG -> task -> all tasks that it waits for."""

    def precedes(self, one: Leaf, other: Leaf) -> bool:
        """Whether `other` waits for `one`."""
        at = 0
        while one.path[at] == other.path[at]:
            at += 1
            if at == min(len(one.path), len(other.path)):
                return False
        return one.path[at] in self.before[one.path[:at]][other.path[at]]


def flat(spec: Mapping[str, Any], platform: Mapping[str, Any]) -> Flat:
    """The leaves of a document."""
    found = Flat(executors(platform))
    _walk(spec, spec["root"], (), (0, 0, False), found)
    return found


def _walk(spec: Any, component: Any, path: tuple[str, ...], around: tuple[int, int, bool], found: Flat) -> None:
    tasks = component["dag"]["tasks"]
    needs = {name: set(_needs(task)) for name, task in tasks.items()}
    for name, task in tasks.items():
        label = spec["components"][task["componentRef"]["name"]].get("executorLabel")
        needs[name] |= {*_named(found.executors.get(label), "producerTask")} & tasks.keys()
    reach: dict[str, set[str]] = {}

    def of(name: str) -> set[str]:
        if name not in reach:
            reach[name] = set(needs[name])
            for other in needs[name]:
                reach[name] |= of(other)
        return reach[name]

    found.before[path] = {name: of(name) for name in tasks}
    gated = {n: _conjuncts(t) for n, t in tasks.items()}
    for name, task in tasks.items():
        made = spec["components"][task["componentRef"]["name"]]
        loops = around[0] + ("parameterIterator" in task or "artifactIterator" in task)
        gates = around[1] + gated[name] + sum(gated[o] for o in of(name) if gated[o] and not _is_exit(task))
        inner = (loops, gates, around[2] or _is_exit(task))
        if made.get("dag"):
            _walk(spec, made, (*path, name), inner, found)
        else:
            label = made["executorLabel"]
            executor = spec["deploymentSpec"]["executors"][label]
            base = _base(name, made, executor, label)
            found.leaves.append(Leaf((*path, name), base, task, made, executor, label, *inner))


def executors(platform: Mapping[str, Any]) -> Mapping[str, Any]:
    kubernetes = (platform.get("platforms") or {}).get("kubernetes") or {}
    return kubernetes.get("deploymentSpec", {}).get("executors", {})


def _named(value: Any, key: str) -> Iterator[str]:
    """All texts under `key`."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from [inner] if name == key else _named(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner, key)


def _is_exit(task: Mapping[str, Any]) -> bool:
    return (task.get("triggerPolicy") or {}).get("strategy") == "ALL_UPSTREAM_TASKS_COMPLETED"


def _conjuncts(task: Mapping[str, Any]) -> int:
    condition = (task.get("triggerPolicy") or {}).get("condition")
    return len(condition.split("&&")) if condition else 0


def _needs(task: Mapping[str, Any]) -> Iterator[str]:
    yield from task.get("dependentTasks") or ()
    inputs = task.get("inputs") or {}
    for source in [*(inputs.get("parameters") or {}).values(), *(inputs.get("artifacts") or {}).values()]:
        for key in ("taskOutputParameter", "taskOutputArtifact"):
            if key in source:
                yield source[key]["producerTask"]


def bare(name: str) -> str:
    """A name without what tells it apart from its like."""
    return re.sub(r"[-_]?\d+\Z", "", name.replace("-", "_")).strip("_").lower()


def _base(name: str, component: Any, executor: Any, label: str) -> str:
    container = executor.get("container") or {}
    args = container.get("args") or []
    if "--function_to_execute" in args:
        return bare(args[args.index("--function_to_execute") + 1])
    if "importer" in executor and label == "exec-artifact-at":
        return ""  # of pipec's own
    for text in container.get("command") or ():
        if step := STEP.search(text):
            return bare(step[1])
    if any("kfp_main" in text or "A small task of the pipeline" in text for text in container.get("command") or ()):
        return ""
    return bare(label.removeprefix("exec-"))


# --- components of Kubeflow's own

STUBS = {
    "argostub/createpvc": {
        "access_modes", "size", "pvc_name", "pvc_name_suffix", "storage_class_name", "volume_name", "annotations",
        "data_source",
    },
    "argostub/deletepvc": {"pvc_name"},
}  # fmt: skip
"""Image of what the server does itself -> the inputs that it looks at (`createPVC` and `deletePVC` of `driver/k8s.go`)."""


def native_of(leaf: Leaf, taken: Mapping[str, str]) -> Any:
    """All that the server sees of a component of Kubeflow's own; `taken`: its inputs with their types."""
    container = leaf.executor.get("container") or {}
    if container.get("image") in STUBS:  # what the server does not look at makes no difference
        taken = {n: kind for n, kind in taken.items() if n in STUBS[container["image"]]}
    outputs = leaf.component.get("outputDefinitions") or {}
    given = {n: parameter_type(p) for n, p in (outputs.get("parameters") or {}).items()}
    given |= {n: schema(a) for n, a in (outputs.get("artifacts") or {}).items()}
    inputs = (leaf.task.get("inputs") or {}).get("parameters") or {}
    definitions = (leaf.component.get("inputDefinitions") or {}).get("parameters") or {}
    constants: dict[str, Any] = {}
    if container.get("image") not in STUBS:  # the server's own tasks never see defaults
        constants = {n: d["defaultValue"] for n, d in definitions.items() if "defaultValue" in d and n not in inputs}
    constants |= {n: s["runtimeValue"]["constant"] for n, s in inputs.items() if n in taken and "runtimeValue" in s}
    importer = {k: v for k, v in (leaf.executor.get("importer") or {}).items() if v}
    if "typeSchema" in importer:  # the server knows an artifact's type by its title alone (`launcher_v2.go`)
        importer["typeSchema"] = {k: v for k, v in importer["typeSchema"].items() if k != "schemaVersion"}
    line = {k: [_spelled(t) for t in container.get(k) or ()] for k in ("command", "args")}
    absent = {n for t in container.get("args") or () for n in CHOICE.findall(t)} - inputs.keys()
    constants = {n: _numbers(v) for n, v in constants.items() if n not in absent}
    return (leaf.base, taken, given, constants, importer, container.get("image"), line)


def _numbers(value: Any) -> Any:
    """A constant as the server has it: all numbers are doubles."""
    if isinstance(value, list):
        return [_numbers(inner) for inner in value]
    if isinstance(value, Mapping):
        return {name: _numbers(inner) for name, inner in value.items()}
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _spelled(text: str) -> Any:
    """An element of a command line; JSON however it is laid out."""
    try:
        return json.loads(text) if text.lstrip().startswith("{") and not text.startswith("{{") else text
    except ValueError:
        return text


def runs_python(leaf: Leaf) -> bool:
    """Whether it is a function that the SDK, or pipec, has put into a container."""
    container = leaf.executor.get("container") or {}
    texts = [*(container.get("command") or ()), *(container.get("args") or ())]
    return "--function_to_execute" in texts or any(STEP.search(text) for text in texts)


def line_of(leaf: Leaf) -> list[str]:
    """The command line of a container as it is meant with the inputs that its task gives."""
    container = leaf.executor.get("container") or {}
    inputs = leaf.task.get("inputs") or {}
    given = {*(inputs.get("parameters") or {}), *(inputs.get("artifacts") or {})}
    texts = [*(container.get("command") or ()), "--", *(container.get("args") or ())]
    return [text for element in texts for text in _meant(_spelled(element), given)]


def _meant(element: Any, given: set[str]) -> list[str]:
    if isinstance(element, list):
        return [text for part in element for text in _meant(part, given)]
    if isinstance(element, dict) and "Concat" in element:
        return ["".join(_meant(element["Concat"], given))]
    if isinstance(element, dict) and "IfPresent" in element:
        choice = element["IfPresent"]
        return _meant(choice.get("Then" if choice["InputName"] in given else "Else") or [], given)
    return [str(element).replace('["', "['").replace('"]', "']") if "{{$" in str(element) else str(element)]
