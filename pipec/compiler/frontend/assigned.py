"""Names that the statements of a loop bind, and collections that they fill."""

from __future__ import annotations

import ast


def target_names(target: ast.expr) -> list[str]:
    """The names in the target of a loop or an assignment."""
    return [n.id for n in ast.walk(target) if isinstance(n, ast.Name)]


def assigned(nodes: list[ast.stmt]) -> list[str]:
    """Names that statements bind, nested ones included; comprehension variables are their own."""
    names: dict[str, None] = {}
    for node in nodes:
        match node:
            case ast.Assign():
                names |= dict.fromkeys(
                    n for t in node.targets if not isinstance(t, ast.Subscript) for n in target_names(t)
                )
            case ast.AnnAssign() | ast.AugAssign():
                names |= dict.fromkeys(target_names(node.target))
            case ast.For():
                names |= dict.fromkeys([*target_names(node.target), *assigned(node.body)])
            case ast.If() | ast.With():
                names |= dict.fromkeys([*assigned(node.body), *assigned(getattr(node, "orelse", []))])
            case ast.Try():
                inner = [*node.body, *(s for h in node.handlers for s in h.body), *node.finalbody]
                names |= dict.fromkeys([*assigned(inner), *(h.name for h in node.handlers if h.name)])
    return list(names)


def grown(nodes: list[ast.stmt]) -> list[str]:
    """Names that statements append to, or set items of."""
    names: dict[str, None] = {}
    for statement in nodes:
        for node in ast.walk(statement):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append")):
                    names[name] = None
                case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))]):
                    names[name] = None
    return list(names)
