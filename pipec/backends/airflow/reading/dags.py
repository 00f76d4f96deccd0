"""A DAG as a function under `@pipeline`."""

from __future__ import annotations

import ast
import builtins
import re
from typing import TYPE_CHECKING

from pipec.backends.airflow.reading.layout import Node, statements
from pipec.backends.airflow.reading.schedules import DagSettings, dag_settings
from pipec.backends.airflow.reading.scope import is_constant, literal
from pipec.backends.airflow.reading.values import Dag, Parameter, Task
from pipec.backends.airflow.reading.words import is_version_2
from pipec.compiler.diagnostics.foreign import ChangedMeaning, SettingNotKept
from pipec.compiler.reading import PipelineFunction, PipelineRead, TaskRead
from pipec.compiler.reading.settings import pipeline_settings_of

if TYPE_CHECKING:
    from pipec.backends.airflow.reading.lift import Lift, Lifted, LiftedDag

TARGET = "Airflow"
KINDS: dict[type, str] = {bool: "bool", int: "int", float: "float", str: "str", list: "list", dict: "dict"}


class Pipelines:
    """Writes the pipelines of one file."""

    def __init__(self, lift: Lift) -> None:
        self.lift = lift
        self.report = lift.report
        self.source = lift.source
        self.variables = _variables(lift.state.tree)
        self.version_2 = is_version_2(lift.state.imports) or any("schedule_interval" in d.given for d in lift.state.dags)

    def write(self, lifted: LiftedDag) -> tuple[PipelineFunction, PipelineRead]:
        """The pipeline of one DAG, and what became of its tasks."""
        dag = lifted.dag
        found = dag_settings(dag, self.version_2)
        name = self.lift.fresh(dag.id)
        settings = {} if name == dag.id else {"name": literal(dag.id)}
        settings |= pipeline_settings_of(found.policy)
        remarks = self._told(dag, found)
        parameters = self._parameters(dag, remarks)
        nodes = self._nodes(lifted)
        body = statements(nodes, any(_is_special(t) for t in dag.tasks.values()))
        function = PipelineFunction(name, parameters, "", self._doc(dag), body, settings, tuple(remarks))
        total = _meaningful(self.source.lines)
        lost = sum(len(one.plan.settings.lost) for one in lifted.tasks.values()) + len(found.lost)
        read = PipelineRead(dag.id, name, tuple(self._read(o) for o in lifted.tasks.values()), max(0, total - lost), total)
        return function, read

    def _read(self, one: Lifted) -> TaskRead:
        plan = one.plan
        if plan.native:
            return TaskRead(plan.task.id, "opaque", self.source.span(plan.task.node), (plan.reason,))
        lost = [f"`{name}` is not kept" for name, _, _ in plan.settings.lost]
        status = "adapted" if plan.notes or lost else "exact"
        return TaskRead(plan.task.id, status, self.source.span(plan.task.node), (*plan.notes, *lost))  # type: ignore[arg-type]

    def _told(self, dag: Dag, found: DagSettings) -> list[str]:
        remarks: list[str] = []
        for name, reason, arg in found.lost:
            finding = SettingNotKept(self.source.span(arg.node), TARGET, dag.id, name, reason)
            self.report.add(finding)
            remarks.append(f"{finding.code}: {finding.message}")
        for difference, arg in found.changed:
            changed = ChangedMeaning(self.source.span(arg.node), TARGET, dag.id, difference)
            self.report.add(changed)
            remarks.append(f"{changed.code}: {changed.message}")
        return remarks

    def _doc(self, dag: Dag) -> str:
        for name in ("description", "doc_md"):
            arg = dag.option(name)
            if arg is not None and isinstance(arg.value, str) and arg.value.strip():
                if name == "doc_md" and arg.value == ast.get_docstring(self.lift.state.tree, clean=False):
                    continue
                return arg.value.strip()
        if dag.function is not None and not isinstance(dag.function.node, ast.Lambda):
            return ast.get_docstring(dag.function.node) or ""
        return ""

    def _parameters(self, dag: Dag, remarks: list[str]) -> tuple[str, ...]:
        required: list[str] = []
        optional: list[str] = []
        for one in dag.parameters.values():
            reason = ""
            if not one.name.isidentifier():
                reason = "its name cannot be a parameter's"
            elif not one.required and not is_constant(one.default):
                reason = "its default is not known before the file runs: it has to be given"
            elif one.options:
                reason = f"what it says besides its type is left out: {', '.join(one.options)}"
            if reason:
                finding = SettingNotKept(self.source.span(one.node), TARGET, dag.id, f"params[{one.name!r}]", reason)
                self.report.add(finding)
                remarks.append(f"{finding.code}: {finding.message}")
            if not one.name.isidentifier():
                continue
            annotation = _annotation(one)
            head = f"{one.name}: {annotation}" if annotation else one.name
            if one.required or not is_constant(one.default):
                required.append(head)
            else:
                optional.append(f"{head} = {literal(one.default)}" if annotation else f"{head}={literal(one.default)}")
        return (*required, *optional)

    def _nodes(self, lifted: LiftedDag) -> list[Node]:
        dag = lifted.dag
        numbers = lifted.planner.exprs.numbers
        used = {p for p in dag.parameters} | set(self.lift.taken)
        nodes: list[Node] = []
        up: dict[Task, set[int]] = {t: set() for t in lifted.tasks}
        for one, other in dag.edges:
            up[other].add(numbers[one])
        for task, entry in lifted.tasks.items():
            wanted = self._variable(task, entry, used)
            nodes.append(Node(numbers[task], _call(entry, used), wanted, set(up[task])))
        for node in nodes:
            node.up |= node.data
        return nodes

    def _variable(self, task: Task, entry: Lifted, used: set[str]) -> str:
        name = self.variables.get(id(task.node), "")
        if not name or name in used or hasattr(builtins, name):
            plain = entry.plan.task.word in ("EmptyOperator", "DummyOperator") or entry.plan.native
            name = f"{re.sub(r'[^A-Za-z0-9_]', '_', task.id)}_{'done' if plain else 'result'}"
            name = name if name.isidentifier() else f"task_{name}"
        base, n = name, 1
        while name in used:
            n += 1
            name = f"{base}_{n}"
        used.add(name)
        return name


def _call(entry: Lifted, used: set[str]) -> str:
    """The call of a step; a mapped one for each item."""
    plan = entry.plan
    arguments = ", ".join(plan.arguments)
    if not plan.items or plan.native:
        return f"{entry.step}({arguments})" if not plan.native else f"{entry.step}()"
    loops: list[str] = []
    for key, items in plan.items:
        name = key or "item"
        while name in used:
            name += "_item" if not name.endswith("_item") else "_"
        arguments = arguments.replace(f"\1{key}\1", name) if key else arguments.replace("\1", name)
        loops.append(f"for {name} in {items}")
    return f"[{entry.step}({arguments}) {' '.join(loops)}]"


SPECIAL = re.compile(r"[Bb]ranch|[Ss]hort_?[Cc]ircuit|LatestOnly")


def _is_special(task: Task) -> bool:
    """Whether its edges mean more than order."""
    return task.trigger_rule != "all_success" or task.setup or task.teardown or bool(SPECIAL.search(task.word))


def _annotation(parameter: Parameter) -> str:
    if parameter.annotation:
        names = {n.id for n in ast.walk(ast.parse(parameter.annotation)) if isinstance(n, ast.Name)}
        if all(hasattr(builtins, n) for n in names):
            return parameter.annotation
    if parameter.required:
        return ""
    return KINDS.get(type(parameter.default), "")


def _variables(tree: ast.Module) -> dict[int, str]:
    """Id of a call -> the name that it is bound to."""
    found: dict[int, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = node.value
            while isinstance(value, ast.Call):
                found.setdefault(id(value), node.targets[0].id)
                value = value.func.value if isinstance(value.func, ast.Attribute) else value.func
    return found


def _meaningful(lines: tuple[str, ...]) -> int:
    return sum(1 for line in lines if line.strip() and not line.strip().startswith("#"))


