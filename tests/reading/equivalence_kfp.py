"""Whether a pipeline that was read and written again is the one that was read.

Compared with the original document are

* the pipeline's description, and its parameters: names, types, defaults;
* for every task that is no helper of pipec's: the inputs of its component by name and type (but optional ones that a
  container is not given, and that have no default on its command line; the address of a file beside the file itself is
  no input of its own), its outputs by type (pipec's outputs have no names of their own; that it writes all values as
  STRING parameters with JSON is not counted, the types are those of the step; an input that only the resources of the
  task take, which SDKs do not declare, is a text by that name), the inputs that it is given, how many loops it is in and
  how many conditions, and whether it runs whatever has happened;
* of container steps, the whole command line as it is meant with the inputs that the task is given;
* for the same tasks, from document to document: the types of their outputs that are more than any file (metrics,
  models, pages, Google's types), whether or not another task reads them;
* of native steps, from document to document, instead of the interface: the names and types of outputs too, the whole
  command line or importer, and the constants that the task is given; a placeholder of the run is no task;
* as they are written again: image, packages and pip's options, environment, resources, accelerator, retries, caching,
  and the platform document;
* of resources that only the run knows, the parameter or the task that they come from;
* as it is written again: which tasks wait for which, in the end, with the tasks that pipec adds for expressions
  contracted. Tasks are matched by their names without numbers and by what is before and after them, three steps far.
  What a setting takes from a task is named by that task's name and output, and is waited for even where the document
  does not say so.

Not compared: the text of arguments and conditions, which output goes where, names of tasks and of outputs, labels of the
UI, `backoffMaxDuration`, descriptions.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipec.backends.kfp.reading.names import identifier
from pipec.backends.kfp.reading.ports import TYPES, parameter_type, schema
from pipec.backends.kfp.reading.programs import install
from pipec.compiler.units import parse_bytes, parse_cpu
from pipec.ir import (
    Address,
    Block,
    Branch,
    FileType,
    ForEach,
    Group,
    OptionalOf,
    Parallel,
    Pipeline,
    Ref,
    Task,
    Try,
    ValueType,
)
from pipec.ir.literals import value_of
from tests.reading.leaves_kfp import Flat, Leaf, bare, executors, flat, line_of, native_of, runs_python

# --- settings


def settings(leaf: Leaf, platform: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """How a task runs, in one form for both documents."""
    container = leaf.executor.get("container") or {}
    installed = install(container.get("command") or [])
    env = {e["name"]: e.get("value", "") for e in container.get("env") or ()} | dict(installed.variables)
    retry = leaf.task.get("retryPolicy") or {}
    delay = (retry.get("backoffDuration") or "0s") if retry.get("maxRetryCount") else "0s"
    found = executors(platform)
    return {
        "image": container.get("image"),
        "packages": sorted(installed.packages),
        "env": env,
        "resources": _resources(container.get("resources") or {}, leaf, spec),
        "retries": (retry.get("maxRetryCount") or 0, delay, delay != "0s" and retry.get("backoffFactor")),
        "cache": bool((leaf.task.get("cachingOptions") or {}).get("enableCache")),
        "kubernetes": _kubernetes(_resolved(found.get(leaf.label) or {}, leaf, spec)),
    }


def _resources(given: Mapping[str, Any], leaf: Leaf, spec: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    given = {name: _from_run(value, leaf, spec) for name, value in given.items()}
    for name, read in (("Cpu", parse_cpu), ("Memory", parse_bytes)):
        for kind in ("Request", "Limit"):
            if value := given.get(f"resource{name}{kind}"):
                found[name + kind] = value if isinstance(value, Mapping) else read(value)
            elif value := given.get(f"{name.lower()}{kind}"):
                found[name + kind] = round(value * (1e9 if name == "Memory" else 1000))
    accelerator = given.get("accelerator") or {}
    if accelerator:
        kind = accelerator.get("resourceType") or accelerator.get("type")
        found["accelerator"] = (kind, accelerator.get("resourceCount") or accelerator.get("count"))
    return found


def _from_run(value: Any, leaf: Leaf, spec: Mapping[str, Any]) -> Any:
    """`value` with where the run gets it from, for what the server replaces: a parameter, or the task that gives it."""
    if isinstance(value, Mapping):
        return {name: _from_run(inner, leaf, spec) for name, inner in value.items()}
    names = ASKED.findall(str(value))
    if not names:
        return value
    source = _resolved(leaf.task["inputs"]["parameters"][names[0]], leaf, spec)
    return {name: inner for name, inner in source.items() if name != "output"}  # pipec's outputs have other names


def _asked(leaf: Leaf) -> list[str]:
    """The inputs that the resources of a task are, which SDKs do not declare."""
    container = leaf.executor.get("container") or {}
    return ASKED.findall(json.dumps(container.get("resources") or {}))


ASKED = re.compile(r"\{\{\$\.inputs\.parameters\['([^']+)'\]\}\}")


def _of_run(platform: Mapping[str, Any]) -> Any:
    kubernetes = (platform.get("platforms") or {}).get("kubernetes") or {}
    return _kubernetes(kubernetes.get("pipelineConfig") or {})


def _resolved(value: Any, leaf: Leaf, spec: Mapping[str, Any]) -> Any:
    """`value` with the tasks that give something to it, whatever the DAGs in between call it."""
    if isinstance(value, list):
        return [_resolved(inner, leaf, spec) for inner in value]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1 and value.keys() & {"componentInputParameter", "taskOutputParameter"}:
        component, way = spec["root"], []
        for name in leaf.path[:-1]:
            task = component["dag"]["tasks"][name]
            way.append((component, task))
            component = spec["components"][task["componentRef"]["name"]]
        while way and "componentInputParameter" in value:
            component, task = way.pop()
            value = task["inputs"]["parameters"][value["componentInputParameter"]]
        if given := value.get("taskOutputParameter"):
            made = component["dag"]["tasks"][given["producerTask"]]["componentRef"]["name"]
            return {"from": bare(made.removeprefix("comp-")), "output": given["outputParameterKey"]}
    older = value.keys() & {*COPIES} if "mountPath" in value and "pvcNameParameter" not in value else set()
    for name in older:  # how compilers wrote it before there was `pvcNameParameter`
        given = {"runtimeValue": {"constant": value[name]}} if name == "constant" else {name: value[name]}
        value = {n: v for n, v in value.items() if n not in COPIES} | {"pvcNameParameter": given}
    return {name: _resolved(inner, leaf, spec) for name, inner in value.items()}


COPIES = ("constant", "componentInputParameter", "taskOutputParameter")


def _kubernetes(value: Any) -> Any:
    if isinstance(value, Mapping):
        made: dict[str, Any] = {}
        if any(name.endswith("NameParameter") for name in value):  # beside it are copies for old servers
            value = {n: v for n, v in value.items() if n not in COPIES}
        for name, inner in value.items():
            if inner in (None, False, {}, []) and name != "nodeAffinityJson":
                continue
            if name.endswith("Parameter") and isinstance(inner, Mapping) and "runtimeValue" in inner:
                made[name.removesuffix("Parameter")] = inner["runtimeValue"]["constant"]
            else:
                made[name] = _kubernetes(inner)
        return made
    if isinstance(value, list):
        return sorted((_kubernetes(inner) for inner in value), key=lambda v: json.dumps(v, sort_keys=True))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value) if isinstance(value, str) else value
    return str(int(value)) if value == int(value) else str(value)


# --- interfaces

METRICS = {"Metrics": "system.Metrics", "ClassificationMetrics": "system.ClassificationMetrics"}


def _of_component(component: Mapping[str, Any]) -> tuple[Any, Any]:
    """Inputs by name and type, and the types of outputs."""
    inputs, outputs = component.get("inputDefinitions") or {}, component.get("outputDefinitions") or {}
    taken = {n: _type(parameter_type(p)) for n, p in (inputs.get("parameters") or {}).items()}
    taken |= {
        n: "artifacts" if a.get("isArtifactList") else _artifact(a) for n, a in (inputs.get("artifacts") or {}).items()
    }
    given = [_type(parameter_type(p)) for p in (outputs.get("parameters") or {}).values()]
    given += [_artifact(a) for a in (outputs.get("artifacts") or {}).values()]
    return taken, sorted(given)


def _of_leaf(leaf: Leaf) -> tuple[Any, Any]:
    """The same, without optional inputs that a container does not get: its command line is another one then."""
    taken, given = _of_component(leaf.component)
    taken |= {identifier(n.removeprefix("pipelinechannel--")): "str" for n in _asked(leaf) if n not in taken}
    args = (leaf.executor.get("container") or {}).get("args") or []
    if "--function_to_execute" not in args:
        inputs = leaf.task.get("inputs") or {}
        there = {*(inputs.get("parameters") or {}), *(inputs.get("artifacts") or {})}
        there |= {name for name in _defaults(leaf) if f"['{name}']" in "".join(line_of(leaf))}
        taken = {name: kind for name, kind in taken.items() if name in there or not _is_optional(leaf, name)}
    return taken, given


def _typed(leaf: Leaf) -> list[str]:
    """What artifacts it hands out, as far as they are more than any file."""
    outputs = leaf.component.get("outputDefinitions") or {}
    single = [a for a in (outputs.get("artifacts") or {}).values() if not a.get("isArtifactList")]
    return sorted(kind for kind in map(schema, single) if kind != "system.Artifact")


def _is_placeholder(pipeline: Pipeline, task: Task) -> bool:
    native = pipeline.component(task.component).native
    return native is not None and native.source.endswith("_PLACEHOLDER")


def _is_optional(leaf: Leaf, name: str) -> bool:
    inputs = leaf.component.get("inputDefinitions") or {}
    spec = {**(inputs.get("parameters") or {}), **(inputs.get("artifacts") or {})}[name]
    return bool(spec.get("isOptional"))


def _defaults(leaf: Leaf) -> set[str]:
    inputs = (leaf.component.get("inputDefinitions") or {}).get("parameters") or {}
    return {name for name, spec in inputs.items() if "defaultValue" in spec}


def _type(kind: str) -> str:
    return TYPES.get(kind, "dict")


def _artifact(artifact: Mapping[str, Any]) -> str:
    kind = schema(artifact)
    names = {"system.Dataset": "Dataset", "system.Model": "Model", "system.HTML": "HTML", "system.Markdown": "Markdown"}
    return names.get(kind, kind if kind in METRICS.values() else "Path")


def _of_step(pipeline: Pipeline, task: Task) -> tuple[Any, Any]:
    """The same of a step."""
    component = pipeline.component(task.component)
    addresses = set(_addresses(task))
    taken = {port.name: _annotated(port.annotation) for port in component.ports if port.name not in addresses}
    if component.container is not None:
        return taken, sorted(_output(o.type) for o in component.container.outputs)
    given = [_annotated(text) for text in _returned(component.returns)]
    return taken, sorted(given)


def _addresses(task: Task) -> Iterator[str]:
    """The ports that take the address of a file that another port, of which they have the name, takes."""
    for port, expr in task.args.items():
        if isinstance(expr, Address):
            files = [other for other, file in task.args.items() if file == Ref(value=expr.value)]
            if any(port.startswith(f"{other}_uri") for other in files):
                yield port


def _output(type_: Any) -> str:
    if isinstance(type_, FileType):
        return _annotated({"dataset": "Dataset", "model": "Model"}.get(getattr(type_, "role", None) or "", "Path"))
    return _annotated(type_.annotation) if isinstance(type_, (ValueType, OptionalOf)) else "Path"


def _returned(text: str) -> list[str]:
    if not text or text == "None":
        return []
    node = ast.parse(text, mode="eval").body
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "tuple":
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return [ast.unparse(part) for part in parts]
    return [text]


def _annotated(text: str) -> str:
    if not text:
        return "str"
    node = ast.parse(text, mode="eval").body
    while isinstance(node, ast.BinOp):
        node = node.left
    base = node.value if isinstance(node, ast.Subscript) else node
    name = ast.unparse(base).rpartition(".")[2]
    inner = ast.unparse(node.slice) if isinstance(node, ast.Subscript) else ""
    if name == "Optional":
        return _annotated(inner)
    if name == "Annotated":
        path, title = (ast.literal_eval(e) if isinstance(e, ast.Constant) else ast.unparse(e) for e in node.slice.elts)
        return title if title in METRICS.values() else path
    if name in ("list", "List") and inner in ("Dataset", "Model", "Path", "HTML", "Markdown"):
        return "artifacts"
    return {"List": "list", "Dict": "dict", **METRICS}.get(name, name)


# --- the comparison


@dataclass
class Placed:
    """A task of the IR with what is around it."""

    task: Task
    loops: int
    conditions: int
    final: bool


def placed(block: Block, loops: int = 0, conditions: int = 0, final: bool = False) -> Iterator[Placed]:
    """The tasks of a block."""
    for node in block.nodes:
        match node:
            case Task():
                yield Placed(node, loops, conditions, final)
            case ForEach():
                yield from placed(node.body, loops + 1, conditions, final)
            case Branch():
                yield from placed(node.then, loops, conditions + 1, final)
                yield from placed(node.orelse, loops, conditions + 1, final)
            case Group() | Parallel():
                yield from placed(node.body, loops, conditions, final)
            case Try():
                yield from placed(node.body, loops, conditions, final)
                for inner in (node.handler, node.final):
                    yield from placed(inner or Block(), loops, conditions, True)
                final = final or node.handler is not None  # what follows runs whatever has happened


def differences(original: list[Any], pipeline: Pipeline, written: list[Any]) -> list[str]:
    """What differs, in words; nothing where the pipelines are equivalent."""
    spec, platform = original[0], original[1] if len(original) > 1 else {}
    again, again_platform = written[0], written[1] if len(written) > 1 else {}
    old, new = flat(spec, platform), flat(again, again_platform)
    new.leaves = [leaf for leaf in new.leaves if leaf.base]
    tasks = [one for one in placed(pipeline.body) if not _is_placeholder(pipeline, one.task)]
    natives = {bare(p.task.site.step) for p in tasks if pipeline.component(p.task.component).native is not None}
    containers = {bare(p.task.site.step) for p in tasks if pipeline.component(p.task.component).container is not None}
    found = [*_parameters(spec, pipeline)]
    if (described := spec["pipelineInfo"].get("description", "").strip()) and described not in pipeline.doc:
        found.append(f"description: {described!r} became {pipeline.doc!r}")
    found += _unequal("tasks", [leaf.base for leaf in old.leaves], [bare(p.task.site.step) for p in tasks])
    if found:
        return found
    found += _unequal(
        "interfaces",
        [(leaf.base, *_of_leaf(leaf)) for leaf in old.leaves if leaf.base not in natives],
        [(b, *_of_step(pipeline, p.task)) for p in tasks if (b := bare(p.task.site.step)) not in natives],
    )
    found += _unequal(
        "artifacts with a type",
        [(leaf.base, _typed(leaf)) for leaf in old.leaves],
        [(leaf.base, _typed(leaf)) for leaf in new.leaves],
    )
    found += _unequal(
        "native steps",
        [native_of(leaf, _of_leaf(leaf)[0]) for leaf in old.leaves if leaf.base in natives],
        [native_of(leaf, _of_leaf(leaf)[0]) for leaf in new.leaves if leaf.base in natives],
    )
    found += _unequal(
        "command lines of containers",
        [(leaf.base, line_of(leaf)) for leaf in old.leaves if leaf.base in containers and not runs_python(leaf)],
        [(leaf.base, line_of(leaf)) for leaf in new.leaves if leaf.base in containers and not runs_python(leaf)],
    )
    found += _unequal(
        "places in loops and conditions",
        [(leaf.base, leaf.loops, leaf.conditions, leaf.final) for leaf in old.leaves],
        [(bare(p.task.site.step), p.loops, p.conditions, p.final) for p in tasks],
    )
    found += _unequal(
        "settings",
        [(leaf.base, settings(leaf, platform, spec)) for leaf in old.leaves],
        [(leaf.base, settings(leaf, again_platform, again)) for leaf in new.leaves],
    )
    found += _unequal("the whole run", [_of_run(platform)], [_of_run(again_platform)])
    if not found:
        found += _unequal("order", _order(old), _order(new))
    return found


def _order(found: Flat) -> list[Any]:
    """A colour of each leaf, by its name and what is before and after it."""
    leaves = found.leaves
    colours: list[Any] = [leaf.base for leaf in leaves]
    pairs = [[found.precedes(one, other) if one is not other else False for other in leaves] for one in leaves]
    for _ in range(3):
        fresh = []
        for i in range(len(leaves)):
            before = sorted(str(colours[j]) for j in range(len(leaves)) if pairs[j][i])
            after = sorted(str(colours[j]) for j in range(len(leaves)) if pairs[i][j])
            fresh.append(
                f"{leaves[i].base}<{hash_of(before)}>{hash_of(after)} ({len(before)} before, {len(after)} after)"
            )
        colours = fresh
    return colours


def hash_of(value: Any) -> str:
    """A short name of a value."""
    import hashlib

    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:6]


def _parameters(spec: Mapping[str, Any], pipeline: Pipeline) -> list[str]:
    definitions = spec["root"].get("inputDefinitions") or {}
    inputs = definitions.get("parameters") or {}
    old = {n: (_artifact(a), "null") for n, a in (definitions.get("artifacts") or {}).items()}
    old |= {n: (_type(parameter_type(p)), json.dumps(p.get("defaultValue"), sort_keys=True)) for n, p in inputs.items()}
    new = {
        p.name: (
            _annotated(p.annotation),
            json.dumps(value_of(p.default.source) if p.default else None, sort_keys=True),
        )
        for p in pipeline.parameters
    }
    same = {n: (t, json.loads(d)) for n, (t, d) in old.items()} == {n: (t, json.loads(d)) for n, (t, d) in new.items()}
    return [] if same else [f"parameters: {old} became {new}"]


def _unequal(what: str, old: list[Any], new: list[Any]) -> list[str]:
    a, b = Counter(map(_text, old)), Counter(map(_text, new))
    if a == b:
        return []
    return [
        f"{what}: only in the original {list((a - b).elements())[:3]}, only in the result {list((b - a).elements())[:3]}"
    ]


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
