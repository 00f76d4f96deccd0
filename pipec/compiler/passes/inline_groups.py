"""Inline groups: a called pipeline becomes part of its caller, for targets that have no sub-pipelines of their own."""

from __future__ import annotations

from pipec.compiler.passes.rebuild import map_blocks, with_operands
from pipec.ir import (
    Address,
    Block,
    Code,
    Compute,
    Const,
    Expr,
    ForEach,
    Group,
    GroupResult,
    Let,
    Pipeline,
    Ref,
    Statement,
    Type,
    ValueId,
    uses,
)
from pipec.ir.graph import defines, has_effect, value_types, walk


def inline_groups(pipeline: Pipeline) -> Pipeline:
    """`pipeline` in which groups have no arguments and results of their own.

    A group without effects is replaced by its nodes. One with effects is a sequence point as a whole, so it stays as a
    `Group` that only orders: its body reads the values around it, and its outputs have the names of its body's values.
    `Task.site.group` still tells where a call stands in the source.
    """
    if not any(isinstance(node, Group) for node in walk(pipeline.body)):
        return pipeline
    collected = {o.value for n in walk(pipeline.body) if isinstance(n, ForEach) for o in n.outputs}
    known: dict[ValueId, Expr] = {}
    body = map_blocks(pipeline.body, lambda block: _inlined(block, known, collected))

    def new(expr: Expr) -> Expr:
        return resolved(expr, known)

    body = map_blocks(body, lambda block: Block(nodes=tuple(with_operands(n, new) for n in block.nodes)))
    types = value_types(pipeline)
    body = map_blocks(body, lambda block: _exposed(block, types))
    result = new(pipeline.result) if pipeline.result is not None else None
    return pipeline.model_copy(update={"body": body, "result": result})


def resolved(expr: Expr, known: dict[ValueId, Expr]) -> Expr:
    """`expr` with the values in `known` replaced by constants or other values, to the end."""
    while any(v in known for v in uses(expr)):
        if isinstance(expr, Ref):
            expr = known[expr.value]
            continue
        if isinstance(expr, Address):
            found = known[expr.value]
            assert isinstance(found, Ref)
            expr = Address(value=found.value)
            continue
        assert isinstance(expr, Code)
        expr = _substituted(expr, known)
    return expr


def _substituted(expr: Code, known: dict[ValueId, Expr]) -> Expr:
    from pipec.compiler.passes.sink import substituted

    for value in uses(expr):
        if value in known:
            changed = substituted(expr, value, known[value])
            if not isinstance(changed, Code):
                return changed
            expr = changed
    return expr


def _inlined(block: Block, known: dict[ValueId, Expr], collected: set[ValueId]) -> Block:
    nodes: list[Statement] = []
    for node in block.nodes:
        if not isinstance(node, Group):
            nodes.append(node)
            continue
        ends = [*node.body.nodes]
        for arg in node.args:
            if isinstance(arg.expr, Code):
                nodes.append(_computed(arg.id, arg.expr, node))
            else:
                known[arg.id] = arg.expr
        own = {v for inner in node.body.nodes for v in defines(inner)}
        for out in node.outputs:
            simple = isinstance(out.value, (Const, Ref))
            if simple and (out.id not in collected or (isinstance(out.value, Ref) and out.value.value in own)):
                known[out.id] = out.value
            else:
                ends.append(_computed(out.id, out.value, node, out))
        if has_effect(node):
            nodes.append(node.model_copy(update={"args": (), "outputs": (), "body": Block(nodes=tuple(ends))}))
        else:
            nodes += ends
    return Block(nodes=tuple(nodes))


def _computed(id_: ValueId, expr: Expr, group: Group, out: GroupResult | None = None) -> Compute:
    type_ = out.type if out else next(a.type for a in group.args if a.id == id_)
    return Compute(id=id_, lets=(Let(id=id_, expr=expr, type=type_),), outputs=(id_,), span=group.span)


def _exposed(block: Block, types: dict[ValueId, Type]) -> Block:
    """Groups that only order hand out all that their bodies define."""
    nodes = []
    for node in block.nodes:
        if isinstance(node, Group):
            made = [v for inner in node.body.nodes for v in defines(inner)]
            found = tuple(GroupResult(id=v, value=Ref(value=v), type=types[v]) for v in made)
            node = node.model_copy(update={"outputs": found})
        nodes.append(node)
    return Block(nodes=tuple(nodes))
