"""Loops over constants that carry a value from one iteration to the next: the body is read once for each item."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal

from pipec.compiler.diagnostics.pipeline import CarriedValue, WrongUnpacking
from pipec.compiler.diagnostics.source import UnsupportedStatement
from pipec.compiler.frontend.assigned import assigned, grown
from pipec.compiler.frontend.constants import NotConstantError, evaluate
from pipec.compiler.frontend.operands import POISON, Growing, Operand, const
from pipec.ir import Code, Iteration

if TYPE_CHECKING:
    from pipec.compiler.frontend.body import Body

MOST = 1000
"""Items of a loop that is unrolled."""

Fate = Literal["read", "bound", "open"]


def unroll(body: Body, node: ast.For, items: Operand) -> bool:
    """Read a loop over a constant item by item; `False` where it carries nothing, so that it can be a fan-out."""
    names = [n for n in assigned(node.body) if isinstance(body.scope.names.get(n), (Operand, Growing))]
    carried = [n for n in names if _fate(node.body, n) == "read"]
    carried += [n for n in grown(node.body) if isinstance(body.scope.names.get(n), Growing) and _reads(node.body, n)]
    values = known(items) if carried else None
    if values is None:
        return False
    if len(values) > MOST:
        body.report.add(CarriedValue(body.span(node), carried[0], body.span(node)))
        body.scope.names |= dict.fromkeys(names, POISON)
        return True
    outer, body.in_loop = (body.in_loop, body.iterations, body.tail), True
    body.tail = False
    for i, value in enumerate(values):
        body.iterations = (*outer[1], Iteration(index=i, span=body.span(node)))
        if not bound(body, node.target, value):
            break
        told = len(body.report.findings)
        flow = body.statements(node.body)
        if flow.kind == "raises" or any(f.severity == "error" for f in body.report.findings[told:]):
            break  # the same findings would come again
    body.in_loop, body.iterations, body.tail = outer
    return True


def known(items: Operand) -> list[object] | None:
    """The items, where they are constants: also those of `enumerate((1, 2))`."""
    if items.poison:
        return None
    try:
        if items.is_const:
            return list(items.value)
        if isinstance(items.expr, Code) and not items.expr.inputs:
            listed = evaluate(ast.parse(f"list({items.expr.source})", mode="eval").body, {})
            return listed if isinstance(listed, list) else None
    except (NotConstantError, TypeError):
        pass  # left to where fan-outs are read
    return None


def bound(body: Body, target: ast.expr, value: object) -> bool:
    """Bind the names of a loop target to the parts of an item."""
    match target:
        case ast.Name():
            body.scope.names[target.id] = const(value)
            return True
        case ast.Tuple() | ast.List():
            parts = list(value) if isinstance(value, (tuple, list, str, dict)) else []
            if len(parts) != len(target.elts):
                got = f"{len(parts)} values" if parts else f"the single value {value!r}"
                body.report.add(WrongUnpacking(body.span(target), len(target.elts), got))
                return False
            return all(bound(body, t, part) for t, part in zip(target.elts, parts))
    what = f"the loop target `{ast.unparse(target)}`"
    body.report.add(UnsupportedStatement(body.span(target), what, "use plain names"))
    return False


def _fate(nodes: list[ast.stmt], name: str) -> Fate:
    """What happens to `name` first: it is read on some path, or bound on all; "open" where neither is sure."""
    for node in nodes:
        fate = _first(node, name)
        if fate != "open":
            return fate
    return "open"


def _first(node: ast.stmt, name: str) -> Fate:
    match node:
        case ast.Assign(targets=targets, value=value):
            binds = any(_mentions(t, name, ast.Store) for t in targets)
            read = _mentions(value, name) or any(_mentions(t, name) for t in targets)
            return "read" if read else "bound" if binds else "open"
        case ast.If(test=test, body=then, orelse=orelse):
            return _either(_mentions(test, name), _fate(then, name), _fate(orelse, name))
        case ast.For(iter=items, body=inner):
            return _either(_mentions(items, name), _fate(inner, name), "open")
        case ast.With(body=inner):
            return _fate(inner, name)
        case ast.Try(body=inner, handlers=handlers, finalbody=final):
            others = [_fate([*h.body, *final], name) for h in handlers] or [_fate(final, name)]
            return "read" if "read" in (_fate(inner, name), *others) else "open"
        case _:
            return "read" if _mentions(node, name) else "open"


def _either(read: bool, one: Fate, other: Fate) -> Fate:
    if read or "read" in (one, other):
        return "read"
    return "bound" if one == other == "bound" else "open"


def _mentions(node: ast.AST, name: str, how: type[ast.expr_context] = ast.Load) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, how) for n in ast.walk(node))


def _reads(nodes: list[ast.stmt], name: str) -> bool:
    """Whether a collection is read otherwise than by being filled."""
    filled: set[int] = set()
    found = False
    for statement in nodes:
        for node in ast.walk(statement):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name() as owner, attr="append")):
                    filled.add(id(owner))
                case ast.Subscript(value=ast.Name() as owner, ctx=ast.Store()):
                    filled.add(id(owner))
    for statement in nodes:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and node.id == name and id(node) not in filled:
                found = found or isinstance(node.ctx, ast.Load)
    return found
