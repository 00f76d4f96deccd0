"""DAGs as pipelines: the module that a file becomes."""

from __future__ import annotations

import ast

from pipec.backends.airflow.reading import files
from pipec.backends.airflow.reading.assets import ASSET, caller, takes_arguments
from pipec.backends.airflow.reading.bodies import Bodies
from pipec.backends.airflow.reading.dags import Pipelines
from pipec.backends.airflow.reading.definitions import Definitions, Reach, free_names
from pipec.backends.airflow.reading.layout import Unwritable
from pipec.backends.airflow.reading.lifted import Lifted, LiftedDag
from pipec.backends.airflow.reading.making import results
from pipec.backends.airflow.reading.naming import Naming, head
from pipec.backends.airflow.reading.natives import NativeSource, helper_source
from pipec.backends.airflow.reading.plan import Plan, Planner
from pipec.backends.airflow.reading.state import State
from pipec.backends.airflow.reading.values import Dag, External, Function, GroupBody, Partial, Refusal, Task
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import Adapted, CannotMigrate
from pipec.compiler.reading import (
    Definition,
    Item,
    Module,
    Outcome,
    PipelineRead,
    Source,
)

TARGET = "Airflow"


class Lift:
    """Writes the DAGs of one file."""

    def __init__(self, state: State, report: Report) -> None:
        self.state = state
        self.report = report
        self.source: Source = state.source
        self.definitions = Definitions(state)
        self.dags: list[LiftedDag] = []
        self.reach = Reach()
        self.items: list[tuple[int, int, Item]] = []
        self.helper_names: dict[Task, str] = {}
        self.imports: dict[str, None] = {}
        self.naming = Naming(self)

    def run(self) -> Outcome:
        """The module, and what became of each task."""
        for dag in self.state.dags:
            self._plan(dag)
        self.naming.run()
        reads: list[PipelineRead] = []
        pipelines = Pipelines(self)
        functions: list[Item] = []
        for lifted in self.dags:
            functions += pipelines.groups(lifted)
            function, read = pipelines.write(lifted)
            functions.append(function)
            reads.append(read)
        if not functions:
            return Outcome(None)
        return Outcome(self._module(functions), tuple(reads))

    # planning

    def _plan(self, dag: Dag) -> None:
        try:
            if dag.refused is not None:
                raise dag.refused
            lifted = self._lifted(dag)
        except Refusal as refusal:
            self.report.add(
                CannotMigrate(
                    self.source.span(refusal.node), TARGET, f"the DAG `{dag.id}`", f"{refusal.what}: {refusal.reason}",
                    refusal.advice,
                )
            )  # fmt: skip
            return
        self.dags.append(lifted)

    def _lifted(self, dag: Dag) -> LiftedDag:
        if len(dag.tasks) > 2000:
            raise Refusal(dag.node, f"the DAG {dag.id!r}", "it has more than 2000 tasks")
        planner = Planner(self.state, dag, self.definitions)
        lifted = LiftedDag(dag, planner.run(), planner)
        lifted.tasks = {task: Lifted(plan) for task, plan in lifted.plans.items()}
        try:
            Bodies(lifted, {}, set()).write()
        except Unwritable:
            planner.without_choices()
        for task, plan in lifted.plans.items():
            lifted.tasks[task] = self._native(plan, lifted.plans) if plan.native else Lifted(plan)
            if isinstance(task.function, GroupBody):
                lifted.inner[task] = self._group(task, task.function, planner)
        self._reach_all(lifted)
        return lifted

    def _group(self, task: Task, group: GroupBody, outer: Planner) -> LiftedDag:
        """What a mapped task group does for each item."""
        found = self._lifted(group.inner)
        if any(p.native for p in found.plans.values()):
            raise Refusal(
                task.node, f"the mapped task group {task.id!r}", "one of its tasks is one that only Airflow can run"
            )
        if any(p.native for p in outer.plans.values() if task in outer.above[p.task]):
            raise Refusal(
                task.node, f"the mapped task group {task.id!r}", "a task that only Airflow can run comes after it"
            )
        self.report.add(Adapted(self.source.span(task.node), task.id, "a sub-pipeline is called once for each item"))
        return found

    def _native(self, plan: Plan, plans: dict[Task, Plan]) -> Lifted:
        task = plan.task
        lifted = Lifted(plan)
        source = NativeSource(self.state, task, task.id)
        function = task.function
        if task.word == "asset" and isinstance(function, Function) and takes_arguments(function):
            source.helper = self.helper_names[task] = self.state.fresh(f"call_{function.name}")
            lifted.helper = caller(self.state, task, source.helper)
            self.reach.imports[ASSET] = None
        given = {r.task for a in (*task.args, *task.kwargs.values()) for r in results(a.value)}
        takes = any(not plans[t].native for t in given)  # steps are no operators that could be named
        if takes and task.is_taskflow and task.mapping is None and isinstance(function, Function):
            name = self.state.fresh(f"call_{function.name}")
            lifted.helper = helper_source(task, function, name)
            source.helper = self.helper_names[task] = name
        lifted.text = source.write()
        plan.settings.lost = [(n, "it is no constant", a) for n, a in source.lost]
        return lifted

    # what is kept

    def _add(self, names: set[str] | frozenset[str], owner: Function | None = None) -> Reach:
        found = self.definitions.reach(names, owner)
        self.reach.names |= found.names
        self.reach.imports |= found.imports
        return found

    def _reach_all(self, lifted: LiftedDag) -> None:
        """Collect what steps and native tasks need."""
        for one in lifted.tasks.values():
            task, function = one.plan.task, one.plan.task.function
            if one.text is None:
                self._reach_step(one.plan)
                continue
            found = [self._add({n for n in one.text.names if n != self.helper_names.get(task)}, _owner(function))]
            if one.helper and isinstance(function, Function):
                found.append(self._add({function.name}, function))
                for arg in (*task.args, *task.kwargs.values()):
                    self._add(arg.text.names)
                    self.reach.imports |= dict.fromkeys(sorted(arg.text.imports))
            if any(reach.file for reach in found):
                one.plan.differences.append(files.DIFFERENCE)

    def _reach_step(self, plan: Plan) -> None:
        task = plan.task
        function = task.function
        for arg in (*task.args, *task.kwargs.values(), *(task.mapping.over.values() if task.mapping else ())):
            self._add(arg.text.names if not arg.text.refs else frozenset())
        if isinstance(function, Partial):
            for arg in (*function.args, *function.kwargs.values()):
                self._add(arg.text.names)
                self.reach.imports |= dict.fromkeys(sorted(arg.text.imports))
            function = function.function
        if isinstance(function, Function):
            free = free_names(function.node)
            if plan.callable_ is not None:
                free &= {n.id for n in ast.walk(ast.parse(plan.callable_.source)) if isinstance(n, ast.Name)}
            self._add(free, function)
        elif isinstance(function, External):
            self._add({head(task)})

    # the module

    def _module(self, functions: list[Item]) -> Module:
        stepped = set(self.naming.made)
        kept = self.definitions.kept(self.reach.names, stepped)
        items = [*self.items, *((k.line, 0, Definition(k.source)) for k in kept)]
        ordered = [item for _, _, item in sorted(items, key=lambda i: (i[0], i[1]))]
        imports = dict.fromkeys(s for s in self.reach.imports)
        imports |= self.imports
        for node in self.state.tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                imports[ast.unparse(node)] = None
        doc = ast.get_docstring(self.state.tree) or ""
        return Module((*ordered, *functions), tuple(imports), doc)


def _owner(function: object) -> Function | None:
    """The function whose names are looked up from."""
    return function if isinstance(function, Function) else None
