"""Sink expressions into what uses them, and gather the rest: an expression never costs a task that it need not."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from pipec.compiler.diagnostics import Report
from pipec.compiler.passes.rebuild import map_blocks, with_operands
from pipec.compiler.pysource import rename_free
from pipec.ir import (
    Address,
    Block,
    Branch,
    Check,
    Code,
    Compute,
    Expr,
    ForEach,
    Group,
    Let,
    Pipeline,
    Ref,
    Statement,
    Task,
    ValueId,
    Wait,
    text,
    uses,
)
from pipec.ir.graph import defines, has_effect, operands, reads, walk


def sink(pipeline: Pipeline, report: Report) -> Pipeline:
    """Move each expression with one reader in its own block into that reader, and join connected ones into one node.

    A reader in an arm or a loop body does not count: the expression is evaluated in its own block, used or not.
    """
    counts: dict[ValueId, int] = {}
    for value in _all_reads(pipeline):
        counts[value] = counts.get(value, 0) + 1
    body = map_blocks(pipeline.body, lambda block: _gathered(_sunk(block, counts)))
    return _result(pipeline.model_copy(update={"body": body}), counts)


def _all_reads(pipeline: Pipeline) -> list[ValueId]:
    """Every operand's values, once per operand."""
    found = list(uses(pipeline.result))
    for node in walk(pipeline.body):
        for expr in operands(node):
            found += uses(expr)
        if isinstance(node, ForEach):
            found += [o.value for o in node.outputs]
    return found


def substituted(expr: Expr, value: ValueId, by: Expr) -> Expr:
    """`expr` with the value `value` replaced by the expression `by`; what has an address is a value, and stays one."""
    if isinstance(expr, Ref):
        return by if expr.value == value else expr
    if isinstance(expr, Address):
        return Address(value=by.value) if expr.value == value and isinstance(by, Ref) else expr
    if not isinstance(expr, Code) or value not in expr.inputs.values():
        return expr
    # under value ids, so that the free names of one expression never meet other ones of the other
    inner = text(by) if not isinstance(by, Code) else _own(by)
    outer = _own(expr)
    source = rename_free(outer, {value: inner if _stands_free(value, outer) else _grouped(inner)})
    inputs = {v: v for v in expr.inputs.values() if v != value} | {v: v for v in uses(by)}
    return Code(source=source, inputs=inputs, type=expr.type)


def _own(expr: Code) -> str:
    return rename_free(expr.source, expr.inputs)


def _stands_free(name: str, source: str) -> bool:
    """Whether every use of `name` in `source` is an element or an argument, where nothing has to be grouped."""
    nodes = list(ast.walk(ast.parse(source, mode="eval")))
    free = {id(element) for node in nodes for element in _elements(node)}
    return all(id(node) in free for node in nodes if isinstance(node, ast.Name) and node.id == name)


def _elements(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.List(elts=found) | ast.Tuple(elts=found) | ast.Set(elts=found) | ast.Call(args=found):
            return found
        case ast.Dict(values=found):
            return found
    return []


def _grouped(source: str) -> str:
    """`source` in parentheses unless it binds as tightly as a name."""
    node = ast.parse(source, mode="eval").body
    atoms = (
        ast.Name,
        ast.Constant,
        ast.Call,
        ast.Subscript,
        ast.Attribute,
        ast.List,
        ast.Dict,
        ast.ListComp,
        ast.DictComp,
        ast.Tuple,
        ast.Set,
    )
    return source if isinstance(node, atoms) else f"({source})"


def _sunk(block: Block, counts: dict[ValueId, int]) -> Block:
    """`block` with single-use expressions moved into the node of the same block that uses them."""
    nodes = list(block.nodes)
    for id_ in [n.id for n in block.nodes if isinstance(n, Compute)]:
        at, node = next((i, n) for i, n in enumerate(nodes) if n.id == id_)
        if not isinstance(node, Compute) or len(node.lets) != 1 or node.outputs != (node.lets[0].id,):
            continue
        let = node.lets[0]
        if counts.get(let.id, 0) != 1:
            continue
        readers = [i for i, n in enumerate(nodes) if i != at and let.id in _direct(n)]
        if len(readers) != 1 or any(has_effect(n) for n in nodes[at + 1 : readers[0]]):
            continue
        reader = nodes[readers[0]]
        if Address(value=let.id) in operands(reader):
            continue
        if isinstance(reader, (Task, Compute)) or _in_header(reader, let.id):
            nodes[readers[0]] = _replaced(reader, let)
            del nodes[at]
    return Block(nodes=tuple(nodes))


def _direct(node: Statement) -> set[ValueId]:
    return {v for expr in operands(node) for v in uses(expr)}


def _in_header(node: Statement, value: ValueId) -> bool:
    """Whether a compound node reads `value` in its condition, items or arguments."""
    match node:
        case Branch():
            return value in uses(node.condition)
        case ForEach():
            return value in uses(node.items)
        case Group():
            return any(value in uses(a.expr) for a in node.args)
        case Check():  # its message is evaluated only where it fails
            return value in uses(node.condition)
        case Wait():
            return value in uses(node.uri)
        case _:
            return False


def _replaced(node: Statement, let: Let) -> Statement:
    def new(expr: Expr) -> Expr:
        return substituted(expr, let.id, let.expr)

    return with_operands(node, new)


@dataclass
class _Gathering:
    nodes: list[Statement] = field(default_factory=list)


def _gathered(block: Block) -> Block:
    """`block` with connected expressions joined into one node, where no value is waited for longer by it."""
    nodes: list[Statement] = []
    for node in block.nodes:
        at = _partner(nodes, node) if isinstance(node, Compute) else None
        if at is None:
            nodes.append(node)
            continue
        first = nodes[at]
        assert isinstance(first, Compute) and isinstance(node, Compute)
        nodes[at] = Compute(
            id=first.id, lets=(*first.lets, *node.lets), outputs=(*first.outputs, *node.outputs), span=first.span
        )
    return Block(nodes=tuple(nodes))


def _partner(nodes: list[Statement], node: Compute) -> int | None:
    """The node before, of which `node` reads something, that can take `node` in."""
    wanted = set(reads(node))
    for at in range(len(nodes) - 1, -1, -1):
        candidate = nodes[at]
        made = set(defines(candidate))
        if isinstance(candidate, Compute) and made & wanted:
            later = {v for n in nodes[at + 1 :] for v in defines(n)}
            return None if wanted & later else at
        if has_effect(candidate):
            return None
    return None


def _result(pipeline: Pipeline, counts: dict[ValueId, int]) -> Pipeline:
    """Lets of a gathered node that only the node itself reads are no outputs."""
    read = set(uses(pipeline.result))
    for node in walk(pipeline.body):
        if isinstance(node, Compute):
            own: set[ValueId] = set()
            for let in node.lets:
                read.update(v for v in uses(let.expr) if v not in own)
                own.add(let.id)
        else:
            read.update(v for e in operands(node) for v in uses(e))
            if isinstance(node, ForEach):
                read.update(o.value for o in node.outputs)

    def trimmed(block: Block) -> Block:
        nodes = [
            n.model_copy(update={"outputs": tuple(o for o in n.outputs if o in read)}) if isinstance(n, Compute) else n
            for n in block.nodes
        ]
        return Block(nodes=tuple(nodes))

    return pipeline.model_copy(update={"body": map_blocks(pipeline.body, trimmed)})


__all__ = ["sink", "substituted"]
