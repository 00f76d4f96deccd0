"""Settings whose value only the run knows: the arguments of a task as plain text, which the server puts into the pod.

For what a container asks for, the server looks among the inputs of the component, and takes text alone. A run's `str`
and an `int` are such text already; whatever else gets a second input, from its producer or from a small task.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipec.backends.kfp.foreign import annotated, direct
from pipec.backends.kfp.parts import Glue
from pipec.backends.kfp.program import quoted
from pipec.backends.kfp.scope import Handle, Scope
from pipec.backends.kfp.sdk import kind_of
from pipec.backends.kfp.settings import AMOUNTS
from pipec.ir import Expr, Native, Pipeline, Ref, RunValue, Task, TaskPolicy, uses
from pipec.ir.graph import walk
from pipec.ir.literals import value_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.backends.kfp.containers import Containers


def amounts(policy: TaskPolicy) -> list[str]:
    """The parameters that say what a container asks for."""
    return list(dict.fromkeys(name for part, name in policy.arguments.items() if part in AMOUNTS))


def arguments(
    containers: Containers, glue: Glue, node: Task, scope: Scope
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The sources of the arguments of a function; parameter -> input with its plain text, for the settings."""
    sources = {key: containers.argument(glue, key, expr, scope) for key, expr in node.args.items()}
    named: dict[str, str] = {}
    for name, handle in texts(containers, node, amounts(node.policy), scope).items():
        own = glue.inputs.get(name)
        same = own is not None and (own.kind, own.place) == (handle.kind, handle.place)
        named[name] = name if same else f"{name}-text"
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
            glue.lines.append(f"kfp_result(task, {quoted(name)}, kfp_plain({source}, {hint}))")
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


# --- what cannot be


def problems(pipeline: Pipeline, task: Task) -> Iterator[tuple[str, str]]:
    """Setting and reason, for each argument that Kubeflow cannot take."""
    if not task.policy.arguments:
        return
    attempts = {node.output for node in walk(pipeline.body) if isinstance(node, RunValue) and node.what == "attempt"}
    for part, name in task.policy.arguments.items():
        setting = part.partition(".")[0]
        expr = task.args[name]
        if part not in AMOUNTS:
            yield setting, f"only the run knows what {name!r} is, and Kubeflow takes constants there"
        elif (native := pipeline.component(task.component).native) and not _is_text(native, name):
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
