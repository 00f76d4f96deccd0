"""Which collections an expression hands on as the same object, so that filling them further would show elsewhere."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from pipec.compiler.frontend.callees import callee, is_pipeline
from pipec.compiler.frontend.operands import Growing

if TYPE_CHECKING:
    from pipec.compiler.frontend.body import Body


def share(body: Body, value: ast.expr, where: str) -> None:
    """Note that `where` now holds whatever collections are in `value`."""
    for name in _held(body, value):
        binding = body.scope.names.get(name)
        if isinstance(binding, Growing) and not binding.open:
            body.scope.names[name] = replace(binding, shared=where)


def share_items(body: Body, iterable: ast.expr, where: str) -> None:
    """The same for a loop over `iterable`."""
    if not isinstance(iterable, ast.Name):
        share(body, iterable, where)


def _held(body: Body, node: ast.expr | None) -> set[str]:
    """The names whose objects are, or are inside, the value of `node`."""
    match node:
        case ast.Name():
            return {node.id}
        case ast.Tuple() | ast.List() | ast.Set():
            return _all(body, node.elts)
        case ast.Dict():
            spread = [v for k, v in zip(node.keys, node.values) if k is None]
            return _all(body, [v for k, v in zip(node.keys, node.values) if k]) | _inside(body, spread)
        case ast.IfExp():
            return _all(body, [node.body, node.orelse])
        case ast.BoolOp():
            return _all(body, node.values)
        case ast.Starred() | ast.Subscript():
            return _inside(body, [node.value])
        case ast.BinOp():
            return _inside(body, [node.left, node.right])
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            item = node.value if isinstance(node, ast.DictComp) else node.elt
            bound = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
            return (_held(body, item) | _inside(body, [g.iter for g in node.generators])) - bound
        case ast.Call():
            return _called(body, node)
        case _:
            return set()


def _called(body: Body, node: ast.Call) -> set[str]:
    keywords = [k.value for k in node.keywords]
    target = callee(body, node, quiet=True)
    if target is not None:  # a step gets copies; a pipeline may hand out what it was given
        return _all(body, [*node.args, *keywords]) if is_pipeline(body, target) else set()
    match node.func:
        case ast.Name(id="max" | "min") if len(node.args) > 1:
            return _all(body, node.args)
        case ast.Attribute(attr="keys" | "values" | "items"):  # views show what is added later
            return _held(body, node.func.value)
        case ast.Attribute():
            return _inside(body, [node.func.value]) | _all(body, [*node.args, *keywords])
        case _:
            return _inside(body, node.args) | _all(body, keywords)


def _all(body: Body, nodes: list[ast.expr]) -> set[str]:
    return set().union(*(_held(body, n) for n in nodes))


def _inside(body: Body, nodes: list[ast.expr]) -> set[str]:
    """What is inside the values of `nodes`, which are themselves read at once or copied."""
    return _all(body, [n for n in nodes if not isinstance(n, ast.Name)])
