"""Attributes of classes, which have no place in a pipeline body: what stands for them there."""

from __future__ import annotations

import ast

from pipec.compiler.frontend.project import Module
from pipec.compiler.frontend.resolve import Resolver, Target
from pipec.compiler.pysource.text import double_quoted


def of_class(resolver: Resolver, module: Module, node: ast.Attribute) -> tuple[str, str] | None:
    """What an attribute of a class is called, and what helps: the literal that it is bound to, where there is one."""
    owner = resolver.expression(module, node.value)
    if owner is None or owner.kind != "class":
        return None
    what, value = f"`{ast.unparse(node)}`, an attribute of a class,", _bound_to(owner.node, node.attr)
    if value is None:
        return what, "use it inside a step"
    text = double_quoted(ast.unparse(value))
    if _is_enum(resolver, owner):
        return what, f"pass `{text}`, and call `{owner.name}(...)` inside the step"
    return what, f"write `{text}`, or use it inside a step"


def _bound_to(node: ast.AST | None, attribute: str) -> ast.Constant | None:
    for statement in node.body if isinstance(node, ast.ClassDef) else ():
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant() as value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant() as value)
            ) if name == attribute:
                return value
    return None


def _is_enum(resolver: Resolver, owner: Target) -> bool:
    if owner.module is None or not isinstance(owner.node, ast.ClassDef):
        return False
    bases = [resolver.expression(owner.module, base) for base in owner.node.bases]
    return any(base is not None and base.kind == "external" and base.dotted.startswith("enum.") for base in bases)
