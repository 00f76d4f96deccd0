"""Elsewhere: native steps where their target is not, in whose stead what stands in for them runs."""

from __future__ import annotations

from pipec.compiler.passes.rebuild import map_blocks
from pipec.ir import Block, Pipeline, Statement, Task
from pipec.ir.graph import hooks, tasks


def elsewhere(pipeline: Pipeline, target: str) -> Pipeline:
    """`pipeline` as `target` gets it; "" for what runs no native steps at all."""
    if not any(task.otherwise for task in tasks(pipeline)):
        return pipeline
    kept = {c.name for c in pipeline.components if c.native is not None and c.native.target == target}

    def settled(node: Statement) -> Statement:
        if not isinstance(node, Task) or node.otherwise is None:
            return node
        update: dict[str, object] = {"otherwise": None}
        if node.component not in kept:
            update |= {"component": node.otherwise.component, "policy": node.otherwise.policy}
        return node.model_copy(update=update)

    body = map_blocks(pipeline.body, lambda block: Block(nodes=tuple(map(settled, block.nodes))))
    used = {task.component for task in tasks(pipeline.model_copy(update={"body": body}))} | hooks(body, pipeline.policy)
    components = tuple(c for c in pipeline.components if c.name in used)
    return pipeline.model_copy(update={"body": body, "components": components})
