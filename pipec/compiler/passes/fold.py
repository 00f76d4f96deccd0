"""Fold what is decided at build time: branches on constants, loops over nothing, and loops in which nothing is done."""

from __future__ import annotations

from collections.abc import Callable

from pipec.compiler.diagnostics import Report
from pipec.compiler.passes.rebuild import free_name, map_blocks, with_operands
from pipec.compiler.passes.sink import substituted
from pipec.ir import (
    VALUE,
    Address,
    Block,
    Branch,
    Code,
    Compute,
    Const,
    Expr,
    ForEach,
    Let,
    Pipeline,
    Ref,
    Statement,
    ValueId,
    is_artifact,
)
from pipec.ir.graph import operands, value_types, walk
from pipec.ir.literals import source_of, value_of


def fold(pipeline: Pipeline, report: Report) -> Pipeline:
    """Replace a branch on a constant by its arm, a loop over an empty constant by empty lists, and a loop in which
    nothing is done by its items."""

    def fresh(wanted: str) -> ValueId:
        return free_name(wanted, value_types(pipeline))

    known: dict[ValueId, Expr] = {}
    collected = {o.value for n in walk(pipeline.body) if isinstance(n, ForEach) for o in n.outputs}
    collected |= {e.value for n in walk(pipeline.body) for e in operands(n) if isinstance(e, Address)}
    body = map_blocks(pipeline.body, lambda block: _folded(block, known, collected, fresh))
    if not known:
        return pipeline.model_copy(update={"body": body})
    body = map_blocks(body, lambda block: Block(nodes=tuple(_replaced(n, known) for n in block.nodes)))
    result = _resolved(pipeline.result, known) if pipeline.result is not None else None
    return pipeline.model_copy(update={"body": body, "result": result})


def _folded(
    block: Block, known: dict[ValueId, Expr], collected: set[ValueId], fresh: Callable[[str], ValueId]
) -> Block:
    nodes: list[Statement] = []
    for node in block.nodes:
        match node:
            case Branch(condition=Const(source=source)):
                chosen = bool(value_of(source))
                nodes += (node.then if chosen else node.orelse).nodes
                for phi in node.outputs:
                    value = phi.then if chosen else phi.orelse
                    if phi.id in collected:  # a loop collects values of its body's block; an address is a value's
                        let = Let(id=phi.id, expr=value, type=phi.type)
                        nodes.append(Compute(id=phi.id, lets=(let,), outputs=(phi.id,), span=node.span))
                    else:
                        known[phi.id] = value
            case ForEach(items=Const(source="[]")) if not any(o.id in collected for o in node.outputs):
                known.update((o.id, Const(source=source_of([]))) for o in node.outputs)
            case ForEach(body=Block(nodes=()), outputs=()):
                nodes += _idle(node, fresh)
            case _:
                nodes.append(node)
    return Block(nodes=tuple(nodes))


def _idle(node: ForEach, fresh: Callable[[str], ValueId]) -> list[Statement]:
    """What is left of a loop in which nothing is done: that it goes through its items, which may fail."""
    match node.items:
        case Ref(value=value) if not is_artifact(node.items_type):
            items = Code(source=f"list({value})", inputs={value: value})
        case Code() if not is_artifact(node.items_type):
            items = node.items.model_copy(update={"source": f"list({node.items.source})"})
        case _:
            return []
    let = Let(id=fresh(f"{node.id}_items"), expr=items, type=VALUE)
    return [Compute(id=node.id, lets=(let,), outputs=(), span=node.span)]


def _resolved(expr: Expr, known: dict[ValueId, Expr]) -> Expr:
    for _ in range(len(known) + 1):
        before = expr
        for value, by in known.items():
            expr = substituted(expr, value, by)
        if expr == before:
            break
    return expr


def _replaced(node: Statement, known: dict[ValueId, Expr]) -> Statement:
    if not any(isinstance(e, Const) is False for e in operands(node)):
        return node

    def new(expr: Expr) -> Expr:
        return _resolved(expr, known)

    return with_operands(node, new)
