"""Fan-outs over constants in which the item is a setting of a step: each item is read for itself, as a constant."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipec.compiler.frontend import unrolling
from pipec.compiler.frontend.callees import callee, is_pipeline
from pipec.compiler.frontend.calls import BindError, bind
from pipec.compiler.frontend.collections import as_dict, listed, pair
from pipec.compiler.frontend.operands import POISON, Operand, Part
from pipec.ir import Block, Iteration, Parallel

if TYPE_CHECKING:
    from pipec.compiler.frontend.body import Body


def unroll(body: Body, node: ast.For, items: Operand) -> bool:
    """Read a loop item by item where a setting is its item, or is made of it; `False` where it stays a fan-out.

    Its iterations do not wait for one another: with a call for its effect they can only be said to where that is all.
    """
    effects = any(isinstance(n, (ast.Expr, ast.Assert, ast.Raise)) and not _fills(n) for n in _statements(node.body))
    values = _items(body, node.target, node.body, items) if not effects or len(node.body) == 1 else None
    if values is None or any(isinstance(n, (ast.For, ast.With, ast.Try)) for n in _statements(node.body)):
        return False
    before = len(body.nodes)
    for _ in _each(body, node.target, values, node):
        body.statements(node.body)
    if effects:
        inner, body.nodes[before:] = body.nodes[before:], []
        id_ = body.reading.nodes.fresh("parallel")
        body.nodes.append(Parallel(id=id_, body=Block(nodes=tuple(inner)), span=body.span(node)))
    return True


def comprehension(body: Body, node: ast.ListComp | ast.DictComp, items: Operand) -> Operand | None:
    """The same for a comprehension; `None` where it stays a fan-out."""
    (generator,) = node.generators if len(node.generators) == 1 else (None,)
    parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    values = _items(body, generator.target, parts, items) if generator is not None and not generator.ifs else None
    if values is None or generator is None:
        return None
    names = dict(body.scope.names)
    found: list[Operand] = []
    for _ in _each(body, generator.target, values, node):
        made = [body.operand(part) for part in parts]
        found.append(pair(body, *made) if isinstance(node, ast.DictComp) else made[0])
    body.scope.names.clear()
    body.scope.names.update(names)
    if any(one.poison for one in found):
        return POISON
    whole = listed(body, tuple(map(Part, found)))
    return as_dict(whole, None, "") if isinstance(node, ast.DictComp) else whole


def _each(body: Body, target: ast.expr, values: list[object], node: ast.AST) -> Iterator[object]:
    """Each item, while the names of the target are bound to it."""
    outer, body.in_loop = (body.in_loop, body.iterations, body.tail), True
    body.tail = False
    for i, value in enumerate(values):
        body.iterations = (*outer[1], Iteration(index=i, span=body.span(node)))
        if not unrolling.bound(body, target, value):
            break
        known = len(body.report.findings)
        yield value
        if any(f.severity == "error" for f in body.report.findings[known:]):
            break  # the same findings would come again
    body.in_loop, body.iterations, body.tail = outer


def _items(body: Body, target: ast.expr, nodes: list[ast.expr] | list[ast.stmt], items: Operand) -> list[object] | None:
    """The items, where they are constants and give a setting."""
    names = {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
    for node in (inner for one in nodes for inner in ast.walk(one)):
        if isinstance(node, ast.Assign) and _mentions(node.value, names):
            names |= {n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    calls = [inner for one in nodes for inner in ast.walk(one) if isinstance(inner, ast.Call)]
    values = unrolling.known(items) if any(_sets(body, call, names) for call in calls) else None
    return values if values is not None and len(values) <= unrolling.MOST else None


def _sets(body: Body, node: ast.Call, names: set[str]) -> bool:
    """Whether a call gives a setting that is made of one of `names`."""
    target = callee(body, node, quiet=True)
    if target is None or is_pipeline(body, target):
        return False
    step = body.reading.steps.step(target)
    if (
        step.given is None
        or any(isinstance(a, ast.Starred) for a in node.args)
        or any(not k.arg for k in node.keywords)
    ):
        return False
    try:
        given = bind(step.ports, node.args, [(str(k.arg), k.value) for k in node.keywords])
    except BindError:
        return False  # told where the call is read
    return any(name in given and _mentions(given[name], names) for name in step.given.parts.values())


def _mentions(node: ast.expr, names: set[str]) -> bool:
    return any(isinstance(n, ast.Name) and n.id in names for n in ast.walk(node))


def _statements(nodes: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in nodes:
        yield from (inner for inner in ast.walk(node) if isinstance(inner, ast.stmt))


def _fills(node: ast.stmt) -> bool:
    """Whether a statement is `out.append(...)`."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(), attr="append"))):
            return True
    return False
