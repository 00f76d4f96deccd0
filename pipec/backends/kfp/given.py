"""Settings whose value only the run knows: the arguments of a task as plain text, which the server puts into the pod.

For what a container asks for, the server looks among the inputs of the component, and takes text alone. A run's `str`
and an `int` are such text already; whatever else gets a second input, from its producer or from a small task.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pipec.backends.kfp.parts import Glue
from pipec.backends.kfp.program import quoted, runtime
from pipec.backends.kfp.references import step_settings
from pipec.backends.kfp.scope import Handle, Scope
from pipec.backends.kfp.sdk import kind_of
from pipec.backends.kfp.settings import AMOUNTS, STRUCTURES, Settings, is_ours, is_text
from pipec.ir import (
    Accelerator,
    Address,
    Const,
    Expr,
    Native,
    Pipeline,
    Ref,
    RunValue,
    Task,
    TaskPolicy,
    ValueType,
    uses,
)
from pipec.ir.graph import walk
from pipec.ir.literals import value_of

if TYPE_CHECKING:
    from pipec.backends.kfp.containers import Containers


TEXT = "-text"
"""What is added to a parameter for a second input with its plain text; no parameter of a function is called so."""


def amounts(policy: TaskPolicy) -> list[str]:
    """The parameters that say what a container asks for."""
    return list(dict.fromkeys(name for part, name in policy.arguments.items() if part in AMOUNTS))


def arguments(
    containers: Containers, glue: Glue, node: Task, scope: Scope
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The sources of the arguments of a function; parameter -> input with its plain text, for the settings."""
    loaded = sorted(node.args.items(), key=lambda arg: isinstance(arg[1], Address))  # addresses at last
    sources = {key: containers.argument(glue, key, expr, scope) for key, expr in loaded}
    named: dict[str, str] = {}
    for name, handle in texts(containers, node, amounts(node.policy), scope).items():
        own = glue.inputs.get(name)
        same = own is not None and (own.kind, own.place) == (handle.kind, handle.place)
        named[name] = name if same else f"{name}{TEXT}"
        glue.inputs[named[name]] = handle
        glue.opened.setdefault(named[name], False)
        if not same:
            glue.lines.insert(0, f"# the input {quoted(named[name])} is not read: the server does, for the settings")
    return sources, named


def texts(containers: Containers, node: Task, names: list[str], scope: Scope) -> dict[str, Handle]:
    """Parameter -> where its argument can be had as plain text."""
    found: dict[str, Handle] = {}
    glue = Glue(f"settings-of-{node.id}")
    for name in names:
        expr = node.args[name]
        handle = _text(containers, expr, scope)
        if handle is None:
            hint = quoted(f"the argument {name!r} of {node.site.step!r}")
            source = containers.operand(glue, expr, scope)
            glue.lines.append(f"kfp_result(task, {quoted(name)}, kfp_setting({source}, {hint}))")
            glue.give(name, "raw", "")
        else:
            found[name] = handle
    if glue.outputs:
        outputs = dict(glue.outputs)
        made = containers.place(glue, scope, ())
        found |= {n: Handle("raw", n, scope, made, h.key) for n, h in outputs.items()}
    return found


def _text(containers: Containers, expr: Expr, scope: Scope) -> Handle | None:
    if isinstance(expr, Ref) and (known := containers.known(expr.value, "text", scope)) is not None:
        return known
    if isinstance(expr, Ref) and annotated(containers, expr) == "float":
        handle = containers.lowering.handles[expr.value]
        if handle.kind == "text" and not handle.path and expr.value not in containers.forms.written:
            return handle  # the text of a number is that of its JSON
    return direct(containers, expr, False)


# --- what the platform document names


def settled(
    containers: Containers, node: Task, scope: Scope, policy: TaskPolicy, inputs: Mapping[str, str]
) -> Settings:
    """The settings of a task of `scope`, with what other steps and the arguments of its own give to them."""
    made = step_settings(containers.lowering, scope, policy)
    if not policy.arguments:
        return made
    named = {part: name for part, name in policy.arguments.items() if part not in AMOUNTS and is_ours(part)}
    plain = [name for part, name in named.items() if is_text(part)]
    handles = _structures(containers, node, named, scope)
    known = texts(containers, node, list(dict.fromkeys(plain)), scope)
    handles |= {part: known[name] for part, name in named.items() if part not in handles}
    bindings = {part: scope.parameter(handle) for part, handle in handles.items()}
    after = [b.task_output_parameter.producer_task for b in bindings.values() if b.task_output_parameter is not None]
    found = {part: binding.model_dump(by_alias=True, exclude_none=True) for part, binding in bindings.items()}
    return replace(made, after=tuple(dict.fromkeys((*made.after, *after))), inputs=inputs, found=found)


def _structures(containers: Containers, node: Task, named: Mapping[str, str], scope: Scope) -> dict[str, Handle]:
    """Setting -> where its argument can be had with Kubeflow's own type, from a small task."""
    glue = Glue(f"places-of-{node.id}")
    keys: dict[str, str] = {}
    for part, name in named.items():
        if (last := part.rpartition(".")[2]) not in STRUCTURES:
            continue
        kind, empty = STRUCTURES[last]
        source = containers.operand(glue, node.args[name], scope)
        hint = quoted(f"the argument {name!r} of {node.site.step!r}")
        keys[part] = f"{name}-{last}"
        if keys[part] not in glue.outputs:
            value = f"kfp_typed({source} or {empty}, {quoted(kind)}, {hint})"
            glue.lines.append(f"kfp_result(task, {quoted(keys[part])}, {value})")
            glue.outputs[keys[part]] = Handle("raw", "", key=keys[part], type=kind)
    if not keys:
        return {}
    outputs = dict(glue.outputs)
    made = containers.place(glue, scope, ())
    return {p: replace(outputs[key], label=key, scope=scope, task=made) for p, key in keys.items()}


# --- arguments as plain text


def plain_text(source: str) -> str | None:
    """A constant as text for a command line; `None` where it is none, or would be replaced."""
    try:
        text: str = runtime()["kfp_plain"](value_of(source), "a constant")
    except (TypeError, ValueError):
        return None
    return text


def direct(containers: Containers, expr: Expr, is_file: bool) -> Handle | None:
    """What can go in as it is: constants, files, `str` parameters, and an `int`, whose JSON is its text."""
    if isinstance(expr, Const):
        text = plain_text(expr.source)
        return Handle("raw", "constant", constant=text or "")
    if not isinstance(expr, Ref):
        return None
    handle = containers.lowering.handles[expr.value]
    if handle.path:
        return None
    if is_file:
        return handle if handle.kind in ("artifact", "file") else None
    if handle.kind == "raw":
        return handle
    written = expr.value in containers.forms.written  # `echo 3` ends its line
    return handle if handle.kind == "text" and not written and annotated(containers, expr) == "int" else None


def annotated(containers: Containers, expr: Ref) -> str:
    """What a value is said to be; "" where nobody says it."""
    type_ = containers.forms.types.get(expr.value)
    known = {p.name: p.annotation for p in containers.lowering.pipeline.parameters}
    annotation = known.get(expr.value) or (type_.annotation if isinstance(type_, ValueType) else "")
    return annotation.strip("\"'")


# --- what cannot be


NAMED = re.compile(r"secrets\.[^.]+\.name|node_selector|tolerations|targets\..+")
"""What the platform document can name; which native settings, their model says."""


def problems(pipeline: Pipeline, task: Task) -> Iterator[tuple[str, str]]:
    """Setting and reason, for each argument that Kubeflow cannot take."""
    place = task.policy.placement.node_selector or (task.policy.accelerator or Accelerator()).node_selector
    if "nodeSelector" in task.policy.extensions.get("kfp", {}) and (place or "node_selector" in task.policy.arguments):
        yield "targets", "'nodeSelector': the server takes these labels instead of the others of the step"
    if not task.policy.arguments:
        return
    attempts = {node.output for node in walk(pipeline.body) if isinstance(node, RunValue) and node.what == "attempt"}
    for part, name in task.policy.arguments.items():
        setting = part.partition(".")[0]
        expr = task.args[name]
        if not is_ours(part):
            continue
        if part not in AMOUNTS and not NAMED.fullmatch(part):
            yield setting, f"only the run knows what {name!r} is, and Kubeflow takes constants there"
        elif part == "node_selector" and task.policy.accelerator and task.policy.accelerator.node_selector:
            yield setting, "the server takes those labels instead of the ones that the GPU needs"
        elif part in AMOUNTS and (native := pipeline.component(task.component).native) and not _is_text(native, name):
            yield setting, f"the server finds texts alone, and the input {name!r} is declared as something else"
        elif set(uses(expr)) & attempts:
            yield setting, "it is settled before a task has its first attempt"
        elif part == "gpu" and _annotation(pipeline, task, name) != "int":
            yield setting, f"only the run knows {name!r}: a number of devices is an `int`, or `GPU(count=...)`"
        elif reason := _wrong_default(pipeline, part, expr):
            yield setting, reason


def _is_text(native: Native, name: str) -> bool:
    return any(port.name == name and kind_of(port.type) == "STRING" for port in native.inputs)


def _annotation(pipeline: Pipeline, task: Task, name: str) -> str:
    ports = pipeline.component(task.component).ports
    return next((port.annotation.strip("\"'") for port in ports if port.name == name), "")


def _wrong_default(pipeline: Pipeline, part: str, expr: Expr) -> str:
    """What is wrong with the default of the run's parameter that an amount is."""
    from pipec.compiler.units import parse_bytes, parse_cpu

    parameter = next((p for p in pipeline.parameters if isinstance(expr, Ref) and p.name == expr.value), None)
    if parameter is None or parameter.default is None or part.partition("_")[0] not in ("cpu", "memory"):
        return ""
    value = value_of(parameter.default.source)
    try:
        (parse_bytes if part.startswith("memory") else parse_cpu)(value)
    except ValueError as error:
        return f"the default of {parameter.name!r}: {error}"
    if isinstance(value, str) and value[-1:] in "Bb":
        return f"the default of {parameter.name!r} is {value!r}, and a server takes it as it is: write {value[:-1]!r}"
    return ""
