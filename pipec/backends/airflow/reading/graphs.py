"""What follows from the edges of a DAG, and from what its tasks are mapped over."""

from __future__ import annotations

import itertools
import math

from pipec.backends.airflow.reading.expr import has_template
from pipec.backends.airflow.reading.scope import is_constant
from pipec.backends.airflow.reading.values import Dag, Mapping, Refusal, Task


def product(how: Mapping) -> list[tuple[object, ...]] | None:
    """All combinations of what a task is mapped over, where that is constant: the first argument varies slowest."""
    lists = [a.value for a in how.over.values()]
    if not all(isinstance(v, (list, tuple)) and is_constant(v) and not has_template(v) for v in lists):
        return None
    if math.prod(len(v) for v in lists if isinstance(v, (list, tuple))) > 200:
        return None
    return list(itertools.product(*[v for v in lists if isinstance(v, (list, tuple))]))


def common_keys(value: object) -> list[str] | None:
    """The keys that all of a list of dicts have."""
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(v, dict) for v in value):
        return None
    first = list(value[0])
    same = all(set(v) == set(first) for v in value) and all(isinstance(k, str) for k in first)
    return first if same else None


def ancestors(dag: Dag) -> dict[Task, set[Task]]:
    """Task -> all tasks that it waits for; a cycle is refused."""
    up: dict[Task, list[Task]] = {t: [] for t in dag.tasks.values()}
    for one, other in dag.edges:
        up[other].append(one)
    found: dict[Task, set[Task]] = {}
    todo = list(up)
    rounds = 0
    while todo:
        rest = []
        for task in todo:
            if all(u in found for u in up[task]):
                found[task] = set(up[task]).union(*(found[u] for u in up[task]))
            else:
                rest.append(task)
        if len(rest) == len(todo):
            raise Refusal(dag.node, f"the DAG {dag.id!r}", "its dependencies form a cycle")
        todo, rounds = rest, rounds + 1
    return found
