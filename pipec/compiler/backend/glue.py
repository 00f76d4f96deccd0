"""The Python call of a task, for backends that generate Python around the user's functions."""

from __future__ import annotations

from collections.abc import Callable

from pipec.ir import Address, Code, Component, Const, Expr, Ref, Task, Type, ValueId, is_artifact, uses

Load = Callable[[str, Type], str]
"""(source, type) -> source that loads the artifact or artifacts that `source` evaluates to handles of."""


def inputs(task: Task) -> tuple[ValueId, ...]:
    """The values that `task` needs, in order of first use."""
    return tuple(dict.fromkeys(v for expr in task.args.values() for v in uses(expr)))


def port_of(key: str) -> str:
    """An identifier for a key of `Task.args`: "frame" -> "frame", "*frames.0" -> "frames_0"."""
    return key.removeprefix("*").replace(".", "_")


def call(task: Task, component: Component, operand: Callable[[str, Expr], str], function: str | None = None) -> str:
    """`function(a, key=b)` as source. `operand(key, expr)` gives the source of each argument.

    Arguments that fill the leading positional ports stand by position where the source would still be clear
    (at most three, and none after the first keyword); the rest by name.
    """
    name = function or component.function or component.name
    positional = [p.name for p in component.ports if p.kind == "positional"]
    starred = any(key.startswith("*") for key in task.args)
    parts: list[str] = []
    by_position = True
    for i, (key, expr) in enumerate(_in_port_order(task, positional).items()):
        source = operand(key, expr)
        if key.startswith("*"):
            parts.append(source)
            continue
        by_position = by_position and i < len(positional) and key == positional[i] and (starred or i < 3)
        parts.append(source if by_position else f"{key}={source}")
    return f"{name}({', '.join(parts)})"


def _in_port_order(task: Task, positional: list[str]) -> dict[str, Expr]:
    first = {p: task.args[p] for p in positional if p in task.args}
    star = {k: e for k, e in task.args.items() if k.startswith("*")}
    return {**first, **star, **{k: e for k, e in task.args.items() if k not in first and k not in star}}


def operand_source(expr: Expr, names: Callable[[ValueId], str] = lambda v: v) -> str:
    """`expr` as Python source, with each value under the name that `names` gives it."""
    match expr:
        case Const():
            return expr.source
        case Ref():
            return names(expr.value)
        case Address():
            raise TypeError(f"the address of {expr.value!r} is a target's own to say")
        case Code():
            wanted = {free: names(value) for free, value in expr.inputs.items()}
            if all(free == name for free, name in wanted.items()):
                return expr.source
            from pipec.compiler.pysource import rename_free

            return rename_free(expr.source, wanted)


def artifact_operands(task: Task, types: Callable[[ValueId], Type]) -> tuple[ValueId, ...]:
    """The inputs of `task` that are artifacts."""
    return tuple(v for v in inputs(task) if is_artifact(types(v)))
