"""Dependencies between tasks: `>>`, `<<`, `chain`, `set_upstream`, and what groups have to do with it."""

from __future__ import annotations

import ast
from itertools import pairwise

from pipec.backends.airflow.reading.state import State
from pipec.backends.airflow.reading.values import Combined, Group, Labelled, Refusal, Result, Task, Unknown


def tasks_of(value: object, node: ast.AST, first: bool) -> list[Task]:
    """The tasks that an edge to `value` goes to (`first`), or that one from it comes from."""
    match value:
        case Task():
            return [value]
        case Result():
            return [value.task]
        case Group():
            return roots(value) if first else leaves(value)
        case Combined():
            return [t for part in value.parts for t in tasks_of(part, node, first)]
        case list() | tuple():
            return [t for part in value for t in tasks_of(part, node, first)]
        case None | Labelled():
            return []
        case Unknown():
            raise Refusal(node, "this dependency", "what stands on one side of it is not known before it runs")
    raise Refusal(node, "this dependency", "what stands on one side of it is no task")


def roots(group: Group) -> list[Task]:
    """The tasks of `group` that wait for none of it."""
    own = set(group.tasks)
    return [t for t in group.tasks if not own & set(group.dag.above(t))]


def leaves(group: Group) -> list[Task]:
    """The tasks of `group` that none of it waits for; teardowns do not count, what they wait for does."""
    own = set(group.tasks)
    dag = group.dag
    found: list[Task] = []

    def before(task: Task) -> None:
        for up in dag.above(task):
            if up not in own:
                continue
            if up.teardown:
                before(up)
            elif task.teardown and up.setup:
                continue
            elif not any(d is not task and d in own and not d.teardown for d in dag.below(up)) and up not in found:
                found.append(up)

    for task in group.tasks:
        if own.isdisjoint(dag.below(task)):
            if task.teardown:
                before(task)
            else:
                found.append(task)
    return found


def connect(up: list[Task], down: list[Task], node: ast.AST) -> None:
    """Each of `down` waits for each of `up`."""
    for one in up:
        for other in down:
            if one.dag is not other.dag:
                raise Refusal(node, "this dependency", "the tasks belong to different DAGs")
            if one is not other:
                one.dag.edges[one, other] = None


def operand_edges(state: State, left: object, right: object, node: ast.BinOp, forward: bool) -> object:
    """`left >> right`, or `left << right`; the value of the expression."""
    if isinstance(left, Labelled) or isinstance(right, Labelled):
        return _labelled(left, right, node, forward)
    up, down = (left, right) if forward else (right, left)
    if isinstance(left, Waiting):
        return _labelled(left, right, node, forward)
    connect(tasks_of(up, node, False), tasks_of(down, node, True), node)
    return right


class Waiting(Labelled):
    """`a >> Label("x")`, which still waits for its other side."""

    def __init__(self, label: Labelled, other: object, forward: bool) -> None:
        super().__init__(label.text)
        self.other = other
        self.forward = forward


def _labelled(left: object, right: object, node: ast.BinOp, forward: bool) -> object:
    if isinstance(left, Waiting):
        up, down = (left.other, right) if forward else (right, left.other)
        connect(tasks_of(up, node, False), tasks_of(down, node, True), node)
        return right
    if isinstance(right, Labelled):
        return Waiting(right, left, forward)
    return right


def chain(items: list[object], node: ast.AST) -> None:
    """`chain(a, [b, c], [d, e], f)`: lists of one length are joined pair by pair."""
    for left, right in pairwise(items):
        if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
            if len(left) != len(right):
                raise Refusal(node, "`chain(...)`", "two lists side by side are of different lengths")
            for one, other in zip(left, right):
                connect(tasks_of(one, node, False), tasks_of(other, node, True), node)
        else:
            connect(tasks_of(left, node, False), tasks_of(right, node, True), node)


def chain_linear(items: list[object], node: ast.AST) -> None:
    """`chain_linear(...)`, `cross_downstream(...)`: all of one to all of the next."""
    for left, right in pairwise(items):
        connect(tasks_of(left, node, False), tasks_of(right, node, True), node)
