"""Rebuilding the tree: the one place that knows which nodes have blocks, and where operands stand."""

from __future__ import annotations

from collections.abc import Callable, Container

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
    Node,
    Parallel,
    Ref,
    RunValue,
    Statement,
    Task,
    Try,
    ValueId,
    Wait,
)


def free_name(wanted: str, taken: Container[str]) -> str:
    """`wanted`, or the first of `wanted_2`, `wanted_3`, ... that is not taken."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name


def map_blocks(block: Block, change: Callable[[Block], Block]) -> Block:
    """`block` with `change` applied to every block in it, inner ones first."""
    nodes = [with_blocks(node, lambda inner: map_blocks(inner, change)) for node in block.nodes]
    if all(new is old for new, old in zip(nodes, block.nodes)):
        return change(block)
    return change(Block(nodes=tuple(nodes)))


def with_blocks(node: Statement, change: Callable[[Block], Block]) -> Statement:
    """`node` with `change` applied to each block directly inside it."""
    match node:
        case Branch():
            update: dict[str, object] = {"then": change(node.then), "orelse": change(node.orelse)}
        case Try():
            parts = {"body": node.body, "handler": node.handler, "final": node.final}
            update = {name: change(block) for name, block in parts.items() if block is not None}
        case ForEach() | Group() | Parallel():
            update = {"body": change(node.body)}
        case _:
            return node
    return node.model_copy(update=update)


def with_operands(node: Statement, new: Callable[[Expr], Expr]) -> Statement:
    """`node` with `new` applied to each operand that stands in it."""
    match node:
        case Task():
            update: dict[str, object] = {"args": {k: new(e) for k, e in node.args.items()}}
        case Compute():
            update = {"lets": tuple(let.model_copy(update={"expr": new(let.expr)}) for let in node.lets)}
        case Check():
            message = None if node.message is None else new(node.message)
            update = {"condition": new(node.condition), "message": message}
        case Wait():
            update = {"uri": new(node.uri)}
        case Branch() | Try():
            phis = tuple(p.model_copy(update={"then": new(p.then), "orelse": new(p.orelse)}) for p in node.outputs)
            update = {"outputs": phis}
            if isinstance(node, Branch):
                update["condition"] = new(node.condition)
        case ForEach():
            outputs = tuple(o.model_copy(update={"value": _renamed(o.value, new)}) for o in node.outputs)
            update = {"items": new(node.items), "outputs": outputs}
        case Group():
            args = tuple(a.model_copy(update={"expr": new(a.expr)}) for a in node.args)
            results = tuple(o.model_copy(update={"value": new(o.value)}) for o in node.outputs)
            update = {"args": args, "outputs": results}
        case _:
            return node
    return node.model_copy(update=update)


def _renamed(value: ValueId, new: Callable[[Expr], Expr]) -> ValueId:
    found = new(Ref(value=value))
    return found.value if isinstance(found, Ref) else value  # what a loop collects stays a value of its body


def rename_values(block: Block, renames: dict[ValueId, ValueId]) -> Block:
    """`block` with other names for values, both where they are read and where they are defined."""

    def name(value: ValueId) -> ValueId:
        return renames.get(value, value)

    def expr(found: Expr) -> Expr:
        match found:
            case Ref():
                return Ref(value=name(found.value))
            case Address():
                return Address(value=name(found.value))
            case Code():
                return _renamed_code(found, renames)
            case _:
                return found

    def change(inner: Block) -> Block:
        return Block(nodes=tuple(_defining(with_operands(node, expr), name) for node in inner.nodes))

    return map_blocks(block, change)


def _renamed_code(expr: Code, renames: dict[ValueId, ValueId]) -> Code:
    """Under value ids, which are unique, wherever something changes."""
    if not any(v in renames for v in expr.inputs.values()):
        return expr
    texts = {free: renames.get(value, value) for free, value in expr.inputs.items()}
    inputs = dict.fromkeys(texts.values())
    return expr.model_copy(update={"source": rename_free(expr.source, texts), "inputs": {v: v for v in inputs}})


def _defining(node: Statement, name: Callable[[ValueId], ValueId]) -> Statement:
    """`node` with other names for what it defines, and for what its header binds inside."""

    def ids(items: tuple[Node, ...]) -> tuple[Node, ...]:
        return tuple(item.model_copy(update={"id": name(item.id)}) for item in items)  # type: ignore[attr-defined]

    update: dict[str, object] = {}
    match node:
        case Task() | Branch():
            update = {"outputs": ids(node.outputs)}
        case Try():
            update = {"outputs": ids(node.outputs), "error": None if node.error is None else name(node.error)}
        case Compute():
            update = {"lets": ids(node.lets), "outputs": tuple(map(name, node.outputs))}
        case RunValue():
            update = {"output": name(node.output)}
        case ForEach():
            update = {"targets": ids(node.targets), "outputs": ids(node.outputs)}
        case Group():
            update = {"args": ids(node.args), "outputs": ids(node.outputs)}
        case _:
            pass
    caught = getattr(node, "caught", None)
    if caught is not None:
        update["caught"] = name(caught)
    return node.model_copy(update=update) if update else node
