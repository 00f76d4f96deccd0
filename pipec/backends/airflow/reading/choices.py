"""Branch operators whose arms are blocks: they become `if`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from pipec.backends.airflow.reading.values import Dag, Function, Task

BRANCHES = ("task.branch", "BranchPythonOperator")
CIRCUITS = ("task.short_circuit", "ShortCircuitOperator")
JOINS = ("none_failed_min_one_success", "none_failed")
"""Trigger rules of tasks that run after an arm that was taken, and without those that were not."""


@dataclass(eq=False)
class Choice:
    """A branch operator with its arms."""

    task: Task
    arms: dict[str, list[Unit]] = field(default_factory=dict)
    """What the operator returns -> what then runs; of a short circuit, "" alone."""
    exhaustive: bool = True
    """One of the arms is always taken."""


Unit: TypeAlias = "Task | Choice"


def members(units: Iterable[Unit]) -> Iterator[Task]:
    """The tasks in `units`, those that decide included."""
    for unit in units:
        if isinstance(unit, Task):
            yield unit
        else:
            for arm in unit.arms.values():
                yield from members(arm)


class Choices:
    """Finds the blocks of one DAG."""

    def __init__(self, dag: Dag, candidates: set[Task]) -> None:
        self.dag = dag
        self.candidates = candidates
        """Branch operators that could be steps, and tasks that could be but for their trigger rule."""
        self.unit: dict[Task, Unit] = {t: t for t in dag.tasks.values()}
        self.released: set[Task] = set()
        """Tasks after an `if` that need no trigger rule there."""
        self.found: list[Choice] = []

    def run(self) -> Choices:
        """Find as many as there are, inner ones first."""
        todo = [t for t in self.dag.tasks.values() if t in self.candidates and t.word in (*BRANCHES, *CIRCUITS)]
        changed = True
        while changed:
            changed = False
            for task in todo:
                found = self._circuit(task) if task.word in CIRCUITS else self._branch(task)
                if found is None:
                    continue
                self.found.append(found)
                for arm in found.arms.values():
                    for one in list(self.unit):
                        if self.unit[one] in arm:
                            self.unit[one] = found
                todo.remove(task)
                changed = True
                break
        return self

    def top(self) -> list[Unit]:
        """What stands in the body of the pipeline itself."""
        return list(dict.fromkeys(self.unit.values()))

    # the graph of units

    def _below(self, unit: Unit) -> list[Unit]:
        inside = set(members([unit]))
        return self._distinct(unit, (d for u, d in self.dag.edges if u in inside))

    def _above(self, unit: Unit) -> list[Unit]:
        inside = set(members([unit]))
        return self._distinct(unit, (u for u, d in self.dag.edges if d in inside))

    def _distinct(self, unit: Unit, tasks: Iterable[Task]) -> list[Unit]:
        return [u for u in dict.fromkeys(self.unit[t] for t in tasks) if u is not unit]

    def _ancestors(self, unit: Unit) -> set[Unit]:
        found: set[Unit] = set()
        todo = [unit]
        while todo:
            for one in self._above(todo.pop()):
                if one not in found:
                    found.add(one)
                    todo.append(one)
        return found

    def _rule(self, unit: Unit) -> str:
        if isinstance(unit, Choice) or unit in self.released:
            return "all_success"
        return unit.trigger_rule

    def _region(self, starts: list[Unit], joins: set[Unit]) -> list[Unit]:
        """What runs with an arm: all below that is skipped with it. `joins` collects what is not."""
        found: dict[Unit, None] = {}
        todo = list(starts)
        while todo:
            unit = todo.pop(0)
            if self._rule(unit) != "all_success":
                joins.add(unit)
            elif unit not in found:
                found[unit] = None
                todo += self._below(unit)
        return list(found)

    def _is_closed(self, region: list[Unit], task: Task, before: set[Unit]) -> bool:
        """Whether nothing in an arm waits for what may not be there when it begins, and all of it can be read."""
        own = set(region)
        if any(isinstance(u, Task) and (u.setup or u.teardown) for u in region):
            return False
        if any(
            isinstance(u, Task) and u.word in (*BRANCHES, *CIRCUITS) and not self._is_condition(u, own) for u in region
        ):
            return False
        return all(u in own or u is task or u in before for unit in region for u in self._above(unit))

    def _is_condition(self, task: Task, own: set[Unit]) -> bool:
        """Whether a branch operator in an arm is one that has become an `if`."""
        return any(c.task is task for c in self.found)

    # operators

    def _circuit(self, task: Task) -> Choice | None:
        option = task.option("ignore_downstream_trigger_rules")
        if self.unit[task] is not task or (option is not None and option.value is not True):
            return None
        found: dict[Unit, None] = {}
        todo = self._below(task)
        while todo:
            unit = todo.pop(0)
            if unit not in found:
                found[unit] = None
                todo += self._below(unit)
        region = list(found)
        if not region or any(self._rule(u) != "all_success" for u in region):
            return None
        if not self._is_closed(region, task, self._ancestors(task)):
            return None
        return Choice(task, {"": self._in_order(region)}, False)

    def _branch(self, task: Task) -> Choice | None:
        returned = returned_ids(task)
        if returned is None or self.unit[task] is not task:
            return None
        ids, exhaustive = returned
        starts = {id_: self._starts(id_) for id_ in ids}
        direct = self._below(task)
        if any(s is None or not set(s) <= set(direct) for s in starts.values()):
            return None
        joins: set[Unit] = set()
        regions = {id_: self._region(list(s or ()), joins) for id_, s in starts.items()}
        before = self._ancestors(task)
        chosen = [u for region in regions.values() for u in region]
        if len(set(chosen)) != len(chosen) or joins & set(chosen):
            return None
        if any(u not in chosen and u not in joins for u in direct):
            return None
        if not all(self._is_closed(region, task, before) for region in regions.values()):
            return None
        if not all(self._joins(join, regions, task, exhaustive) for join in joins):
            return None
        self.released |= {j for j in joins if isinstance(j, Task)}
        return Choice(task, {id_: self._in_order(region) for id_, region in regions.items()}, exhaustive)

    def _joins(self, join: Unit, regions: dict[str, list[Unit]], task: Task, exhaustive: bool) -> bool:
        """Whether `join` runs after each of the arms."""
        rule = self._rule(join)
        if rule not in JOINS or join not in self.candidates:
            return False
        above = self._above(join)
        always = task in above or any(u in above for u in self._ancestors(task))
        for region in regions.values():
            own = set(region)
            last = [u for u in region if not own & set(self._below(u))]
            if any(u not in above for u in last):
                return False
            if not region and not always:
                return False
        return rule == "none_failed" or exhaustive or always

    def _starts(self, id_: str) -> list[Unit] | None:
        task = self.dag.tasks.get(id_)
        if task is not None:
            return [self.unit[task]]
        group = self.dag.groups.get(id_)
        if group is None:
            return None
        own = set(group.tasks)
        return list(dict.fromkeys(self.unit[t] for t in group.tasks if not own & set(self.dag.above(t))))

    def _in_order(self, region: list[Unit]) -> list[Unit]:
        order = {t: i for i, t in enumerate(self.dag.tasks.values())}
        return sorted(region, key=lambda u: min((order[t] for t in members([u])), default=0))


def returned_ids(task: Task) -> tuple[list[str], bool] | None:
    """The ids that a branch operator's function returns, and whether it always returns one; `None` if not known."""
    function = task.function
    if not isinstance(function, Function) or task.mapping is not None:
        return None
    node = function.node
    if isinstance(node, ast.Lambda):
        values: list[ast.expr | None] = [node.body]
        ends = False
    elif isinstance(node, ast.AsyncFunctionDef):
        return None
    else:
        values = [n.value for n in _own(node) if isinstance(n, ast.Return)]
        ends = not _always_returns(node.body)
    found: dict[str, None] = {}
    exhaustive = not ends
    for value in values:
        ids = _ids(value)
        if ids is None:
            return None
        found |= dict.fromkeys(i for i in ids if i)
        exhaustive = exhaustive and all(ids)
    return (list(found), exhaustive) if found else None


def _ids(node: ast.expr | None) -> list[str] | None:
    """The ids that an expression may be; "" for none."""
    match node:
        case None | ast.Constant(value=None):
            return [""]
        case ast.Constant(value=str() as text):
            return [text]
        case ast.List(elts=[ast.Constant(value=str())]):
            return None  # a list of one is as good, but no text
        case ast.IfExp():
            left, right = _ids(node.body), _ids(node.orelse)
            return [*left, *right] if left is not None and right is not None else None
    return None


def _own(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield child
            yield from _own(child)


def _always_returns(body: list[ast.stmt]) -> bool:
    """Whether `body` never gets to its end."""
    if not body:
        return False
    last = body[-1]
    if isinstance(last, (ast.Return, ast.Raise)):
        return True
    if isinstance(last, ast.If):
        return _always_returns(last.body) and _always_returns(last.orelse)
    if isinstance(last, ast.With):
        return _always_returns(last.body)
    return False
