"""Addresses of artifacts that a task cannot say itself: a small task before it does."""

from __future__ import annotations

from pipec.backends.airflow.native import is_isolated
from pipec.compiler.passes.rebuild import free_name, map_blocks
from pipec.ir import VALUE, Address, Block, Compute, Expr, Let, Pipeline, Ref, Statement, Task, ValueId
from pipec.ir.graph import tasks, value_types, walk


def outlined(pipeline: Pipeline) -> Pipeline:
    """`pipeline` in which two kinds of steps get addresses as values.

    Those that run elsewhere get their files as local copies. And what a cached result depends on are the arguments: it
    is of use only where the address is the same.
    """
    if not any(isinstance(expr, Address) for task in tasks(pipeline) for expr in task.args.values()):
        return pipeline
    values, nodes = set(value_types(pipeline)), {n.id for n in walk(pipeline.body)}

    def fresh(wanted: str, taken: set[str]) -> str:
        name = free_name(wanted, taken)
        taken.add(name)
        return name

    def around(node: Statement) -> list[Statement]:
        if not isinstance(node, Task) or not _is_apart(pipeline, node):
            return [node]
        made: dict[ValueId, Compute] = {}
        args: dict[str, Expr] = {}
        for key, expr in node.args.items():
            if isinstance(expr, Address):
                if expr.value not in made:
                    id_ = fresh(f"uri_of_{expr.value}", values)
                    let = Let(id=id_, expr=expr, type=VALUE)
                    made[expr.value] = Compute(id=fresh(id_, nodes), lets=(let,), outputs=(id_,), span=node.span)
                expr = Ref(value=made[expr.value].outputs[0])
            args[key] = expr
        return [*made.values(), node.model_copy(update={"args": args})]

    def change(block: Block) -> Block:
        return Block(nodes=tuple(new for node in block.nodes for new in around(node)))

    return pipeline.model_copy(update={"body": map_blocks(pipeline.body, change)})


def _is_apart(pipeline: Pipeline, task: Task) -> bool:
    return task.policy.cache is not None or is_isolated(pipeline.policy, task.policy)
