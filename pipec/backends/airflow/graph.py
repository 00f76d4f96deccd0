"""The tasks of a DAG while it is made: who waits for whom, and which trigger rules and direct edges that takes.

Airflow skips in two ways. A branch operator marks those of its *direct* downstream tasks that were not chosen, unless
they come after a chosen one; from there a skip spreads through tasks with the rule `all_success`. A mapped task without
items is skipped too, although for the pipeline it is done. So a task below a fan-out, and an effect below an arm, takes
`none_failed`, a join `none_failed_min_one_success`, and such a task in an arm of a branch needs an edge from the branch
operator itself, since it would run although its whole arm is skipped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pipec.backends.airflow.draft import CallDraft, FunctionDraft


@dataclass(eq=False)
class Loop:
    """One mapped task, or one mapped task group."""

    may_be_empty: bool
    single: bool
    """A mapped task, not a group: its variable is the same inside and outside."""


@dataclass(frozen=True)
class Guard:
    """In a mapped group: the condition that decides whether a task runs."""

    node: TaskNode
    taken: bool


@dataclass(eq=False)
class TaskNode:
    """One task of the DAG."""

    id: str
    """Full task id, with the groups around it."""
    function: FunctionDraft
    call: CallDraft
    arms: tuple[TaskNode, ...] = ()
    """Branch operators whose arms the task is in, outermost first."""
    ways: tuple[bool, ...] = ()
    """Which arm of each."""
    loop: Loop | None = None
    guards: tuple[Guard, ...] = ()
    """In a mapped group: the arms that the task is in. It skips itself for the items for which another one is taken."""
    join: bool = False
    data: dict[TaskNode, None] = field(default_factory=dict)
    """Upstream by an argument."""
    order: dict[TaskNode, bool] = field(default_factory=dict)
    """Further upstream; True where the edge itself matters and not only the waiting."""
    outer: str = ""
    """Variable outside of the mapped group."""

    @property
    def upstream(self) -> tuple[TaskNode, ...]:
        """All direct upstream tasks."""
        return (*self.data, *(u for u in self.order if u not in self.data))

    def after(self, other: TaskNode, forced: bool = False) -> None:
        """Wait for `other`."""
        if other is not self:
            self.order[other] = forced or self.order.get(other, False)


def entries(nodes: Iterable[TaskNode]) -> list[TaskNode]:
    """Those of `nodes` that wait for none of the others."""
    own = dict.fromkeys(nodes)
    return [n for n in own if not any(u in own for u in n.upstream)]


def exits(nodes: Iterable[TaskNode]) -> list[TaskNode]:
    """Those of `nodes` that none of the others waits for."""
    own = dict.fromkeys(nodes)
    inner = {u for n in own for u in n.upstream}
    return [n for n in own if n not in inner]


def follow(nodes: Iterable[TaskNode], before: Iterable[TaskNode], forced: bool = False) -> None:
    """Let `nodes` wait for `before`. `forced`: by edges of its own, even where others imply them."""
    ends = exits(before)
    for start in entries(nodes):
        for end in ends:
            start.after(end, forced)


def numbered(nodes: Iterable[TaskNode], prefix: str, wanted: str) -> str:
    """`wanted`, or `wanted__1`, `wanted__2`, ... as Airflow itself numbers further calls of a task function."""
    taken = {node.id for node in nodes}
    if prefix + wanted not in taken:
        return wanted
    n = 1
    while f"{prefix}{wanted}__{n}" in taken:
        n += 1
    return f"{wanted}__{n}"


def settle(nodes: list[TaskNode], safe: list[TaskNode]) -> None:
    """Give every task its trigger rule, and add edges that keep skips and failures right. `safe` ones never fail."""
    _unmask([n for n in nodes if n not in safe], nodes)
    for node in nodes:
        lenient = any(_skips_emptily(u, node) or _only_in_an_arm(u, node) for u in node.upstream)
        if node.join:  # in a mapped group the tasks look at the condition themselves
            rule = "none_failed_min_one_success" if node.loop is None else "none_failed"
            node.call.override["trigger_rule"] = f'"{rule}"'
        elif lenient:
            node.call.override["trigger_rule"] = '"none_failed"'
        if node.join or lenient:
            _tie(node)
    _reduce(nodes)
    _limit(nodes)


def _downstream(nodes: Iterable[TaskNode]) -> dict[TaskNode, list[TaskNode]]:
    """The tasks that wait for each task directly."""
    found: dict[TaskNode, list[TaskNode]] = {}
    for node in nodes:
        for upstream in node.upstream:
            found.setdefault(upstream, []).append(node)
    return found


def _limit(nodes: list[TaskNode]) -> None:
    """Keep short circuits to their arms: by default they skip all that comes after, whatever its trigger rule is."""
    downstream = _downstream(nodes)
    for node in nodes:
        if node.function.operator != "task.short_circuit":
            continue
        seen, todo = set[TaskNode](), [node]
        while todo:
            found = [n for n in downstream.get(todo.pop(), ()) if n not in seen]
            seen.update(found)
            todo += found
        if any(node not in n.arms for n in seen):
            node.function.options["ignore_downstream_trigger_rules"] = "False"


def _skips_emptily(upstream: TaskNode, node: TaskNode) -> bool:
    if upstream.loop is None or upstream.loop is node.loop:
        return False
    return upstream.loop.may_be_empty or bool(upstream.guards)


def _only_in_an_arm(upstream: TaskNode, node: TaskNode) -> bool:
    """Whether `upstream` is in an arm that `node` is not in: `node` then runs after it, or without it."""
    return node.arms[: len(upstream.arms)] != upstream.arms


def _tie(node: TaskNode) -> None:
    """Edges from the branches around a lenient task, so that it is skipped with its arm."""
    for depth, branch in enumerate(node.arms):
        inside = all(u.arms[: depth + 1] == node.arms[: depth + 1] for u in node.upstream)
        if not (node.join and node.loop is None and inside):  # a join in a mapped group runs after nothing but skips
            node.after(branch, forced=True)


def _unmask(failing: list[TaskNode], nodes: list[TaskNode]) -> None:
    """Let a branch wait for each task that only its arms read: a failed task without another reader would not fail
    the run where its readers are skipped, since Airflow looks at the last tasks alone."""
    readers = _downstream(nodes)
    for node in failing:
        found = readers.get(node, [])
        if not found:
            continue
        depth = len(node.arms)
        if all(len(r.arms) > depth and r.arms[:depth] == node.arms for r in found):
            for branch in dict.fromkeys(r.arms[depth] for r in found):
                if branch is not node:
                    branch.after(node)


def _reduce(nodes: list[TaskNode]) -> None:
    """Drop order edges that others imply."""
    downstream = _downstream(nodes)
    for node in nodes:
        for upstream, forced in list(node.order.items()):
            if (upstream in node.data and not forced) or (not forced and _implied(upstream, node, downstream)):
                del node.order[upstream]
                if upstream not in node.data:
                    downstream[upstream].remove(node)
            elif upstream in node.data:
                del node.order[upstream]


def _implied(start: TaskNode, end: TaskNode, downstream: dict[TaskNode, list[TaskNode]]) -> bool:
    """Whether a path of two edges or more makes `end` wait for `start`."""
    todo = [n for n in downstream.get(start, ()) if n is not end and _waits(start, n)]
    seen = set(todo)
    while todo:
        node = todo.pop()
        for after in downstream.get(node, ()):
            if after is end and _waits(node, end):
                return True
            if after not in seen and _waits(node, after):
                seen.add(after)
                todo.append(after)
    return False


def _waits(upstream: TaskNode, node: TaskNode) -> bool:
    """Whether `node` is never over before `upstream` is: a branch skips tasks before their other inputs are there."""
    return all(branch in upstream.arms or branch is upstream for branch in node.arms)
