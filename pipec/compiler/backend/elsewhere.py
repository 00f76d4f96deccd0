"""Native steps where their target is not: what stands in for them runs in their stead."""

from __future__ import annotations

from pipec.ir import Block, Branch, ForEach, Group, Parallel, Pipeline, Statement, Task, Try
from pipec.ir.graph import hooks, tasks


def elsewhere(pipeline: Pipeline, target: str) -> Pipeline:
    """`pipeline` as `target` gets it; "" for what runs no native steps at all."""
    kept = {c.name for c in pipeline.components if c.native is not None and c.native.target == target}
    if not any(task.otherwise for task in tasks(pipeline)):
        return pipeline
    made = pipeline.model_copy(update={"body": _block(pipeline.body, kept)})
    used = {task.component for task in tasks(made)} | hooks(made.body, made.policy)
    return made.model_copy(update={"components": tuple(c for c in made.components if c.name in used)})


def _block(block: Block, kept: set[str]) -> Block:
    return Block(nodes=tuple(_statement(node, kept) for node in block.nodes))


def _statement(node: Statement, kept: set[str]) -> Statement:
    match node:
        case Task() if node.otherwise is not None:
            update: dict[str, object] = {"otherwise": None}
            if node.component not in kept:
                update |= {"component": node.otherwise.component, "policy": node.otherwise.policy}
        case Branch():
            update = {"then": _block(node.then, kept), "orelse": _block(node.orelse, kept)}
        case Try():
            parts = {"body": node.body, "handler": node.handler, "final": node.final}
            update = {name: _block(block, kept) for name, block in parts.items() if block is not None}
        case ForEach() | Group() | Parallel():
            update = {"body": _block(node.body, kept)}
        case _:
            return node
    return node.model_copy(update=update)
