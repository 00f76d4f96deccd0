"""Unpacking in a pipeline body: `a, b = f()`, `first, *rest = xs`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics.pipeline import WrongUnpacking
from pipec.compiler.diagnostics.source import UnsupportedStatement
from pipec.compiler.frontend import callees, collections, sharing, tasks
from pipec.compiler.frontend.assigned import assigned
from pipec.compiler.frontend.inference import element, list_of
from pipec.compiler.frontend.operands import POISON, Operand, code, const
from pipec.ir import VALUE, Ref, TupleOf, text, uses

if TYPE_CHECKING:
    from pipec.compiler.frontend.body import Body


def unpack(body: Body, target: ast.Tuple | ast.List, value: ast.expr) -> None:
    """`a, b = value`."""
    names = [e.id if isinstance(e, ast.Name) else None for e in target.elts]
    if _unpack_star(body, target, value):
        return
    if None in names:
        body.report.add(UnsupportedStatement(body.span(target), "this unpacking", "unpack into plain names"))
        body.scope.names |= dict.fromkeys(assigned([ast.Assign([target], value)]), POISON)
        return
    wanted = [name or "" for name in names]
    if isinstance(value, ast.Call) and (called := callees.callee(body, value)) is not None:
        if not callees.is_pipeline(body, called) and not callees.declares_outputs(called):
            parts = tasks.unpacked(body, called, value, wanted)
            body.scope.names |= dict(zip(wanted, parts))
            return
    found = body.operand(value, ",".join(wanted))
    sharing.share(body, value, wanted[0])
    for name, part in zip(wanted, _parts(body, found, wanted, target)):
        body.scope.names[name] = part
    for name, item in zip(wanted, value.elts if isinstance(value, (ast.Tuple, ast.List)) else ()):
        if not found.poison and (made := collections.created(body.resolver, body.module, item)) is not None:
            body.scope.names[name] = made  # each is an object of its own, as after a statement of its own


def _unpack_star(body: Body, target: ast.Tuple | ast.List, value: ast.expr) -> bool:
    """`first, *rest = xs`, as slices of the value."""
    names = [e.value if isinstance(e, ast.Starred) else e for e in target.elts]
    stars = [i for i, e in enumerate(target.elts) if isinstance(e, ast.Starred)]
    if len(stars) != 1 or not all(isinstance(n, ast.Name) for n in names):
        return False
    at, after = stars[0], len(names) - stars[0] - 1
    whole = body.as_value(body.operand(value, "items"), "items", target)
    slices = [f"[{i}]" for i in range(at)] + [f"[{at}:{-after if after else ''}]"]
    slices += [f"[{i - after}]" for i in range(after)]
    for name, place in zip(names, slices):
        assert isinstance(name, ast.Name)
        if whole.poison:
            body.scope.names[name.id] = POISON
            continue
        owner = whole.expr.value if isinstance(whole.expr, Ref) else f"({text(whole.expr)})"
        source = f"list({owner}{place})" if ":" in place else f"{owner}{place}"
        inputs = {v: v for v in uses(whole.expr)}
        item = element(whole.type) or VALUE
        body.scope.names[name.id] = body.as_value(
            code(source, inputs, list_of(item) if ":" in place else item), name.id, target
        )
    return True


def _parts(body: Body, found: Operand, names: list[str], target: ast.AST) -> list[Operand]:
    if found.poison:
        return [POISON] * len(names)
    if found.elements is None and found.is_const:
        values = list(found.value) if isinstance(found.value, (list, tuple, str, dict)) else None
        if values is None or len(values) != len(names):
            size = "a single value" if values is None else f"{len(values)} values"
            body.report.add(WrongUnpacking(body.span(target), len(names), size))
            return [POISON] * len(names)
        return [const(v) for v in values]
    if found.elements is not None:
        if len(found.elements) != len(names):
            body.report.add(WrongUnpacking(body.span(target), len(names), f"{len(found.elements)} values"))
            return [POISON] * len(names)
        return [body.as_value(part, name, target) for part, name in zip(found.elements, names)]
    whole = body.as_value(found, "_".join(names)[:40], target)
    assert isinstance(whole.expr, Ref)
    items = whole.type.items if isinstance(whole.type, TupleOf) else (VALUE,) * len(names)
    if len(items) != len(names):
        body.report.add(WrongUnpacking(body.span(target), len(names), f"{len(items)} values"))
        return [POISON] * len(names)
    text = whole.expr.value
    parts = [code(f"{text}[{i}]", {text: text}, items[i]) for i in range(len(names))]
    return [body.as_value(part, name, target) for part, name in zip(parts, names)]
