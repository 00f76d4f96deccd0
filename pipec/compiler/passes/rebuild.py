"""Rebuilding the tree: the one place that knows which nodes have blocks."""

from __future__ import annotations

from collections.abc import Callable

from pipec.ir import Block, Branch, ForEach, Group, Parallel, Statement


def map_blocks(block: Block, change: Callable[[Block], Block]) -> Block:
    """`block` with `change` applied to every block in it, inner ones first."""
    nodes = [_inside(node, change) for node in block.nodes]
    if all(new is old for new, old in zip(nodes, block.nodes)):
        return change(block)
    return change(Block(nodes=tuple(nodes)))


def _inside(node: Statement, change: Callable[[Block], Block]) -> Statement:
    match node:
        case Branch():
            update = {"then": map_blocks(node.then, change), "orelse": map_blocks(node.orelse, change)}
        case ForEach() | Group() | Parallel():
            update = {"body": map_blocks(node.body, change)}
        case _:
            return node
    return node.model_copy(update=update)
