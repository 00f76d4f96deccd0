"""What decorators are, and with which arguments."""

from __future__ import annotations

import ast

from pipec.backends.metaflow.native import COMPUTE
from pipec.backends.metaflow.reading.flows import File, Flow, called


def arguments(node: ast.expr) -> tuple[dict[str, ast.expr], bool]:
    """The arguments of a decorator by name, and whether all of them are."""
    if not isinstance(node, ast.Call):
        return {}, True
    named = {k.arg: k.value for k in node.keywords if k.arg is not None}
    return named, not node.args and len(named) == len(node.keywords)


def mutated(file: File, node: ast.expr) -> str | None:
    """The decorator that a `StepMutator` of the file adds, when that is all that it does."""
    if not isinstance(node, ast.Name) or node.id not in file.classes:
        return None
    owner = file.classes[node.id]
    if not any(file.imported.word(base) == "StepMutator" for base in owner.bases):
        return None
    added = [
        n.args[0].value
        for n in ast.walk(owner)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "add_decorator" and n.args
        and isinstance(n.args[0], ast.Constant) and isinstance(n.args[0].value, str)
    ]  # fmt: skip
    others = [n for n in ast.walk(owner) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    return added[0] if len(added) == 1 and len(others) == 1 else None


def compute_of(flow: Flow) -> str:
    """The decorator by which the steps of `flow` run elsewhere: `@batch` where some do by that and none by another."""
    words = {
        mutated(member.file, called(node)) or member.file.imported.word(called(node))
        for member in flow.steps.values()
        for node in member.function.decorator_list
    }
    used = [name for name in COMPUTE if name in words]
    return used[0] if used else COMPUTE[0]
