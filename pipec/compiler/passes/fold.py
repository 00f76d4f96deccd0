"""Fold what is decided at build time: branches on constants, and loops over nothing."""

from __future__ import annotations

from pipec.compiler.diagnostics import Report
from pipec.compiler.passes.rebuild import map_blocks, with_operands
from pipec.compiler.passes.sink import substituted
from pipec.ir import Block, Branch, Compute, Const, Expr, ForEach, Let, Pipeline, Statement, ValueId
from pipec.ir.graph import operands, walk
from pipec.ir.literals import source_of, value_of


def fold(pipeline: Pipeline, report: Report) -> Pipeline:
    """Replace a branch on a constant by its arm, and a loop over an empty constant by empty lists."""
    known: dict[ValueId, Expr] = {}
    collected = {o.value for n in walk(pipeline.body) if isinstance(n, ForEach) for o in n.outputs}
    body = map_blocks(pipeline.body, lambda block: _folded(block, known, collected))
    if not known:
        return pipeline.model_copy(update={"body": body})
    body = map_blocks(body, lambda block: Block(nodes=tuple(_replaced(n, known) for n in block.nodes)))
    result = _resolved(pipeline.result, known) if pipeline.result is not None else None
    return pipeline.model_copy(update={"body": body, "result": result})


def _folded(block: Block, known: dict[ValueId, Expr], collected: set[ValueId]) -> Block:
    nodes: list[Statement] = []
    for node in block.nodes:
        match node:
            case Branch(condition=Const(source=source)):
                chosen = bool(value_of(source))
                nodes += (node.then if chosen else node.orelse).nodes
                for phi in node.outputs:
                    value = phi.then if chosen else phi.orelse
                    if phi.id in collected:  # a loop collects values of its body's block, so there must be one
                        let = Let(id=phi.id, expr=value, type=phi.type)
                        nodes.append(Compute(id=phi.id, lets=(let,), outputs=(phi.id,), span=node.span))
                    else:
                        known[phi.id] = value
            case ForEach(items=Const(source="[]")) if not any(o.id in collected for o in node.outputs):
                known.update((o.id, Const(source=source_of([]))) for o in node.outputs)
            case _:
                nodes.append(node)
    return Block(nodes=tuple(nodes))


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
