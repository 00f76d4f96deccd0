"""A DAG as a function under `@pipeline`."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from pipec.backends.airflow.reading.bodies import Bodies
from pipec.backends.airflow.reading.schedules import DagSettings, dag_settings
from pipec.backends.airflow.reading.scope import is_constant, literal
from pipec.backends.airflow.reading.values import Dag, Parameter
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
        body = Bodies(lifted, self.variables, self.lift.taken).write()
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


