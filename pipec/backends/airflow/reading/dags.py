"""A DAG as a function under `@pipeline`."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipec.backends.airflow.reading.bodies import Bodies
from pipec.backends.airflow.reading.making import unprefixed
from pipec.backends.airflow.reading.schedules import DagSettings, dag_settings
from pipec.backends.airflow.reading.scope import is_constant, literal
from pipec.backends.airflow.reading.values import Dag, GroupBody, Parameter
from pipec.backends.airflow.reading.words import is_version_2
from pipec.compiler.diagnostics.foreign import Adapted, ChangedMeaning, SettingNotKept
from pipec.compiler.reading import PipelineFunction, PipelineRead, TaskRead, TaskStatus
from pipec.compiler.reading.settings import pipeline_settings_of

if TYPE_CHECKING:
    from pipec.backends.airflow.reading.lift import Lift
    from pipec.backends.airflow.reading.lifted import Lifted, LiftedDag

TARGET = "Airflow"
EACH = "it stands in a sub-pipeline, which is called once for each item"
SHOWN = ("tooltip", "doc_md", "ui_color", "ui_fgcolor", "group_display_name")
"""What a task group says for people alone."""
KINDS: dict[type, str] = {bool: "bool", int: "int", float: "float", str: "str", list: "list", dict: "dict"}


class Pipelines:
    """Writes the pipelines of one file."""

    def __init__(self, lift: Lift) -> None:
        self.lift = lift
        self.report = lift.report
        self.source = lift.source
        self.variables = _variables(lift.state.tree)
        self.version_2 = is_version_2(lift.state.imports) or any(
            "schedule_interval" in d.given for d in lift.state.dags
        )

    def write(self, lifted: LiftedDag) -> tuple[PipelineFunction, PipelineRead]:
        """The pipeline of one DAG, and what became of its tasks."""
        dag = lifted.dag
        found = dag_settings(dag, self.version_2, any(p.native for p in lifted.plans.values()))
        name = self.lift.naming.fresh(dag.id)
        settings = {} if name == dag.id else {"name": literal(dag.id)}
        settings |= pipeline_settings_of(found.policy)
        remarks = self._told(dag, found)
        self._told_of_groups(dag)
        parameters = self._parameters(dag, remarks)
        body = Bodies(lifted, self.variables, self.lift.naming.taken).write()
        function = PipelineFunction(name, parameters, "", self._doc(dag), body, settings, tuple(remarks))
        total = _meaningful(self.source.lines)
        lost = sum(len(one.plan.settings.lost) for one in lifted.tasks.values()) + len(found.lost)
        read = PipelineRead(dag.id, name, tuple(self._reads(lifted)), max(0, total - lost), total)
        return function, read

    def groups(self, lifted: LiftedDag) -> list[PipelineFunction]:
        """The mapped task groups of a DAG, inner ones first."""
        found: list[PipelineFunction] = []
        for task, inner in lifted.inner.items():
            found += self.groups(inner)
            bodies = Bodies(inner, self.variables, self.lift.naming.taken)
            parameters = tuple(_typed(p) for p in inner.dag.parameters.values())
            assert isinstance(task.function, GroupBody)
            body = bodies.write(task.function.result)
            doc = self._doc(inner.dag)
            found.append(PipelineFunction(lifted.tasks[task].step, parameters, "", doc, body))
        return found

    def _reads(self, lifted: LiftedDag, prefix: str = "") -> Iterator[TaskRead]:
        for task, one in lifted.tasks.items():
            if task in lifted.inner:
                yield from self._reads(lifted.inner[task], f"{prefix}{task.id}.")
            else:
                yield self._read(one, prefix)

    def _read(self, one: Lifted, prefix: str) -> TaskRead:
        plan = one.plan
        if plan.native:
            return TaskRead(prefix + plan.task.id, "opaque", self.source.span(plan.task.node), (plan.reason,))
        lost = [f"`{name}` is not kept" for name, _, _ in plan.settings.lost]
        notes = [*plan.notes, *([EACH] if prefix else []), *plan.differences, *lost]
        status: TaskStatus = "adapted" if notes else "exact"
        return TaskRead(prefix + plan.task.id, status, self.source.span(plan.task.node), tuple(notes))

    def _told(self, dag: Dag, found: DagSettings) -> list[str]:
        remarks: list[str] = []
        for name, reason, arg in found.lost:
            finding = SettingNotKept(self.source.span(arg.node), TARGET, dag.id, name, reason)
            self.report.add(finding)
            remarks.append(f"{finding.code}: {finding.message}")
        if found.past and (start := dag.option("start_date") or dag.given.get("default_args")) is not None:
            how = "its start has passed, which means nothing where missed runs are not made up for"
            self.report.add(Adapted(self.source.span(start.node), dag.id, how))
        for difference, arg in found.changed:
            changed = ChangedMeaning(self.source.span(arg.node), TARGET, dag.id, difference)
            self.report.add(changed)
            remarks.append(f"{changed.code}: {changed.message}")
        return remarks

    def _told_of_groups(self, dag: Dag) -> None:
        """Say what becomes of task groups: the tasks stand in line, and have the group's name in their ids."""
        for group in dag.groups.values():
            if group.tasks:
                said = [name for name in group.given if name in SHOWN]
                left_out = (
                    f"; of the group itself {', '.join(f'`{name}`' for name in said)} is left out" if said else ""
                )
                how = f"its tasks stand in line, with its name in their ids{left_out}"
                if unprefixed(group):
                    how = f"its tasks stand in line, and nothing is left of it{left_out}"
                self.report.add(Adapted(self.source.span(group.node), group.id, how))

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


def _typed(parameter: Parameter) -> str:
    annotation = _annotation(parameter)
    return f"{parameter.name}: {annotation}" if annotation else parameter.name


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
