"""Quiet: what a run on one's own machine gets, whose steps tell nobody that they are late."""

from __future__ import annotations

from pipec.compiler.passes.rebuild import map_blocks
from pipec.ir import Block, Deadline, Pipeline, Statement, Task
from pipec.ir.graph import hooks, stand_ins, tasks


def quiet(pipeline: Pipeline) -> Pipeline:
    """`pipeline` with deadlines that only the log tells of.

    Who is told of failures, the runners leave out: that is the orchestrator's doing, and this the step's own.
    """
    if not any(task.policy.deadline is not None and task.policy.deadline.tell for task in tasks(pipeline)):
        return pipeline

    def silent(node: Statement) -> Statement:
        if not isinstance(node, Task) or node.policy.deadline is None:
            return node
        deadline = Deadline(after=node.policy.deadline.after)
        return node.model_copy(update={"policy": node.policy.model_copy(update={"deadline": deadline})})

    body = map_blocks(pipeline.body, lambda block: Block(nodes=tuple(map(silent, block.nodes))))
    used = {task.component for task in tasks(pipeline)} | hooks(body, pipeline.policy) | stand_ins(body)
    components = tuple(c for c in pipeline.components if c.name in used)
    return pipeline.model_copy(update={"body": body, "components": components})
