"""Python files as data: calls, literals and durations, without running anything."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any


@dataclass(frozen=True)
class Called:
    """A call, or a name (without arguments)."""

    name: str
    args: tuple[Any, ...] = ()
    given: dict[str, Any] = field(default_factory=dict)


def value(node: ast.expr) -> Any:
    """What an expression says: literals as they are, `timedelta` in seconds, the rest by name."""
    match node:
        case ast.Call():
            name = ast.unparse(node.func)
            args = tuple(value(a) for a in node.args)
            given = {k.arg: value(k.value) for k in node.keywords if k.arg is not None}
            return timedelta(**given).total_seconds() if name == "timedelta" else Called(name, args, given)
        case ast.Dict():
            return {value(k): value(v) for k, v in zip(node.keys, node.values) if k is not None}
        case ast.List():
            return [value(e) for e in node.elts]
        case ast.Tuple():
            return tuple(value(e) for e in node.elts)
        case ast.BinOp(op=ast.BitOr()):
            return [*_alternatives(node)]
        case ast.Name() | ast.Attribute():
            return Called(ast.unparse(node))
    return ast.literal_eval(node)


def _alternatives(node: ast.expr) -> Iterator[Any]:
    if isinstance(node, ast.BinOp):
        yield from _alternatives(node.left)
        yield from _alternatives(node.right)
    else:
        yield value(node)


def decorators(function: ast.FunctionDef | ast.ClassDef) -> dict[str, Called]:
    """Name -> decorator."""
    found = [value(d) for d in function.decorator_list]
    return {d.name: d for d in found}


def main_file(files: dict[str, str]) -> ast.Module:
    """The one Python file, but for a module beside it with the code of steps."""
    (text,) = (text for name, text in files.items() if name.endswith(".py") and not name.endswith("_steps.py"))
    return ast.parse(text)
