"""The body of a pipeline from the tasks of a DAG, and the blocks that they are in."""

from __future__ import annotations

import builtins
import re
from typing import TYPE_CHECKING

from pipec.backends.airflow.reading.choices import Choice, Choices, Unit, members
from pipec.backends.airflow.reading.expr import Inexpressible
from pipec.backends.airflow.reading.layout import Body, Node, Unwritable, body
from pipec.backends.airflow.reading.scope import literal
from pipec.backends.airflow.reading.values import Result, Task
from pipec.compiler.passes.rebuild import free_name
from pipec.compiler.reading import Line, Nested, Statement

if TYPE_CHECKING:
    from pipec.backends.airflow.reading.lifted import Lifted, LiftedDag

MARK = re.compile("\0(\\d+)\0")
SPECIAL = re.compile(r"[Bb]ranch|[Ss]hort_?[Cc]ircuit|LatestOnly")


class Bodies:
    """Writes the body of one pipeline."""

    def __init__(self, lifted: LiftedDag, variables: dict[int, str], taken: set[str]) -> None:
        self.lifted = lifted
        self.choices: Choices = lifted.planner.choices
        self.used = set(taken) | set(lifted.dag.parameters)
        self.numbers = lifted.planner.exprs.numbers
        self.by_number = {n: t for t, n in self.numbers.items()}
        self.read = {self.by_number[n] for one in lifted.tasks.values() for n in self._reads(one)}
        self.variables = {t: self._variable(t, one, variables) for t, one in lifted.tasks.items()}
        self.calls = {t: self._call(one) for t, one in lifted.tasks.items()}
        self.data = {t: {self.by_number[n] for n in self._reads(one)} for t, one in lifted.tasks.items()}
        self.up: dict[Task, set[Task]] = {t: set(self.data[t]) for t in lifted.tasks}
        for one, other in lifted.dag.edges:
            self.up[other].add(one)

    def write(self, result: object = None) -> tuple[Statement, ...]:
        """The statements of the pipeline; `result`: what it returns."""
        if not isinstance(result, (Result, list, tuple)):
            return self._body(self.choices.top(), set()).statements
        try:
            returned = self.lifted.planner.exprs.of(result)
        except Inexpressible as error:
            raise Unwritable from error
        read = {self.by_number[int(n)] for n in MARK.findall(returned)}
        return (*self._body(self.choices.top(), read).statements, Line(f"return {self._named(returned)}"))

    def _body(self, units: list[Unit], exported: set[Task]) -> Body:
        """The statements for `units`; `exported`: tasks whose results are read below them."""
        place = {t: self._number(u) for u in units for t in members([u])}
        nodes: list[Node] = []
        for unit in units:
            inside = set(members([unit]))
            data = {t for m in inside for t in self.data[m]}
            up = {t for m in inside for t in self.up[m]}
            if isinstance(unit, Choice):
                data.add(unit.task)
                up.add(unit.task)
            node = Node(self._number(unit), "", "")
            node.data = {place[t] for t in data if t in place and t not in inside}
            node.up = {place[t] for t in up if t in place and t not in inside} | node.data
            if isinstance(unit, Task):
                node.call, node.wanted = self.calls[unit], self.variables[unit]
            nodes.append(node)
        for unit, node in zip(units, nodes):
            if isinstance(unit, Choice):
                own = set(members([unit]))
                later = {t for other in units if other is not unit for m in members([other]) for t in self.data[m]}
                node.block, node.effect = self._choice(unit, (later | exported) & own)
        shown = {place[t] for t in exported if t in place}
        strict = any(_is_special(t, self.choices) for u in units if isinstance(u, Task) for t in (u,))
        return body(nodes, strict, shown)

    def _number(self, unit: Unit) -> int:
        if isinstance(unit, Task):
            return self.numbers[unit]
        return len(self.numbers) + self.choices.found.index(unit)

    def _choice(self, choice: Choice, exported: set[Task]) -> tuple[tuple[Statement, ...], bool]:
        """The `if` of a branch operator."""
        variable = self.variables[choice.task]
        found: list[Statement] = []
        effect = False
        arms = [(id_, units) for id_, units in choice.arms.items() if units or exported]
        if not arms:
            return (Line("pass"),), False
        empty = any(not units for units in choice.arms.values())
        for i, (id_, units) in enumerate(arms):
            inner = self._body(units, exported)
            effect = effect or inner.effect
            missing = [Line(f"{self.variables[t]} = None") for t in self._missing(exported, units)]
            test = f"{variable} == {literal(id_)}" if id_ else variable
            last = i == len(arms) - 1 and i > 0 and choice.exhaustive and not (empty and not exported)
            header = "else:" if last else f"{'elif' if i else 'if'} {test}:"
            found.append(Nested(header, (*inner.statements, *missing)))
        closed = choice.exhaustive and len(arms) > 1 and not (empty and not exported)
        if exported and not closed:
            lines = tuple(Line(f"{self.variables[t]} = None") for t in self._missing(exported, []))
            found.append(Nested("else:", lines))
        return tuple(found), effect

    def _missing(self, exported: set[Task], units: list[Unit]) -> list[Task]:
        own = set(members(units))
        return [t for t in self.lifted.tasks if t in exported and t not in own]

    # calls

    def _reads(self, one: Lifted) -> set[int]:
        text = " ".join([*one.plan.arguments, *(items for _, items in one.plan.items)])
        return set() if one.plan.native else {int(n) for n in MARK.findall(text)}

    def _call(self, one: Lifted) -> str:
        """The call of a step; a mapped one for each item."""
        plan = one.plan
        if plan.native:
            return f"{one.step}()"
        arguments = ", ".join(plan.arguments)
        if not plan.items:
            return self._named(f"{one.step}({arguments})")
        loops: list[str] = []
        for key, items in plan.items:
            names: list[str] = []
            for one_key in key.split(", "):
                name = one_key or "item"
                while name in self.used:
                    name += "_item" if not name.endswith("_item") else "_"
                mark = f"\1{one_key}\1" if one_key else "\1"
                arguments = arguments.replace(mark, name)
                names.append(name)
            loops.append(f"for {', '.join(names)} in {items}")
        return self._named(f"[{one.step}({arguments}) {' '.join(loops)}]")

    def _named(self, text: str) -> str:
        return MARK.sub(lambda m: self.variables[self.by_number[int(m[1])]], text)

    def _variable(self, task: Task, entry: Lifted, variables: dict[int, str]) -> str:
        name = variables.get(id(task.node), "")
        if not name or name in self.used or hasattr(builtins, name):
            plain = entry.plan.task.word in ("EmptyOperator", "DummyOperator")
            plain = plain or (entry.plan.native and task not in self.read)
            name = f"{re.sub(r'[^A-Za-z0-9_]', '_', task.id)}_{'done' if plain else 'result'}"
            name = name if name.isidentifier() else f"task_{name}"
        name = free_name(name, self.used)
        self.used.add(name)
        return name


def _is_special(task: Task, choices: Choices) -> bool:
    """Whether its edges mean more than order."""
    if task in choices.released or any(c.task is task for c in choices.found):
        return False
    return task.trigger_rule != "all_success" or task.setup or task.teardown or bool(SPECIAL.search(task.word))
