"""What a pipeline body may call: steps, pipelines, and the pure builtins and methods."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics.pipeline import LooksIntoArtifact
from pipec.compiler.diagnostics.source import NotAStep
from pipec.compiler.frontend.components import is_marked
from pipec.compiler.frontend.constants import PURE_BUILTINS, PURE_METHODS
from pipec.compiler.frontend.declared import ContainerDef, NativeDef, as_function, entries
from pipec.compiler.frontend.operands import Operand
from pipec.compiler.frontend.resolve import Target
from pipec.ir import is_artifact

if TYPE_CHECKING:
    from pipec.compiler.frontend.body import Body


_TEXTS = ("run.id", "run.name", "run.date")
_OF_RUN = tuple(f"pipec.{owner}{name}." for owner in ("", "authoring.") for name in _TEXTS)
"""What a method of a text of `run` starts with."""


def has_calls(body: Body, node: ast.AST) -> bool:
    """Whether `node` contains a call of a step or pipeline."""
    return any(isinstance(n, ast.Call) and callee(body, n, quiet=True) is not None for n in ast.walk(node))


def callee(body: Body, node: ast.Call, quiet: bool = False) -> Target | None:
    """The step or pipeline that `node` calls; `None` for anything else."""
    root = node.func
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name) or root.id in body.scope.names:
        return None
    target = body.resolver.expression(body.module, node.func)
    target = target and as_function(body.resolver, target)
    if target is None or target.kind != "function" or target.module is None:
        return None
    return target if isinstance(target.node, ast.FunctionDef) else None


def is_pipeline(body: Body, target: Target) -> bool:
    """Whether a function of the project is marked `@pipeline`."""
    return target.module is not None and is_marked(body.resolver, target.module, target.node, "pipeline")


def declares_outputs(target: Target) -> bool:
    """Whether a step is a container."""
    node = target.node
    return isinstance(node, ContainerDef) or (isinstance(node, NativeDef) and bool(entries(node.call, "outputs")))


def may_call(body: Body, node: ast.Call, bound: frozenset[str]) -> bool:
    """Whether a call is one of the pure ones; reports it otherwise."""
    called = ast.unparse(node.func)
    if isinstance(node.func, ast.Name):
        known = node.func.id
        if known in bound or known in body.scope.names:
            reason = "it is a value of the pipeline"
        else:
            target = body.resolver.name(body.module, known)
            if target is None:
                body.name(node.func)
                return False
            if target.kind == "builtin" and known in PURE_BUILTINS:
                return True
            reason = _why_not(target)
            if target.kind == "external" and target.dotted.startswith("pipec."):
                return _marker(body, node, target)
    elif isinstance(node.func, ast.Attribute):
        found = None if is_local(body, node.func, bound) else body.resolver.expression(body.module, node.func)
        if found is None or found.kind == "constant" or found.dotted.startswith(_OF_RUN):
            if node.func.attr in PURE_METHODS:
                return True
            if _opens_artifact(body, node.func.value):
                return False
            reason = "a pipeline body may call only pure methods of text, lists and dicts"
        else:
            reason = _why_not(found)
    else:
        reason = "only names are called"
    body.report.add(NotAStep(body.span(node), called, reason))
    return False


def _opens_artifact(body: Body, node: ast.expr) -> bool:
    """Whether a method's owner is an artifact, or inside of one; reports it."""
    place = node
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    binding = body.scope.names.get(node.id) if isinstance(node, ast.Name) else None
    if not isinstance(binding, Operand) or not is_artifact(binding.type):
        return False
    annotation = getattr(binding.type, "annotation", "")
    body.report.add(
        LooksIntoArtifact(body.span(place), binding.what or f"`{ast.unparse(node)}`", annotation, binding.producer)
    )
    return True


def _marker(body: Body, node: ast.Call, target: Target) -> bool:
    if target.name == "wait_for":
        body.report.add(NotAStep(body.span(node), target.name, "it has no result, and stands alone as a statement"))
    elif target.name == "container":
        body.report.add(
            NotAStep(body.span(node), target.name, "it makes a step: give it a name outside of the pipeline")
        )
    else:
        body.report.add(NotAStep(body.span(node), target.name, "it has no meaning in an expression"))
    return False


def is_local(body: Body, node: ast.expr, bound: frozenset[str]) -> bool:
    """Whether an expression starts with a name of the pipeline body rather than of the module."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return not isinstance(node, ast.Name) or node.id in bound or node.id in body.scope.names


def _why_not(target: Target) -> str:
    match target.kind:
        case "builtin":
            return "it is a builtin that does more than compute a value"
        case "class":
            return "it is a class"
        case "function":
            return "it is an async function"
        case "external":
            return f"it comes from {target.dotted.split('.')[0]}, outside of the project"
        case "module":
            return "it is a module"
        case _:
            return "it is no function that can be read statically"
