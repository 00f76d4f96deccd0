"""DAGs as pipelines: the module that a file becomes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipec.backends.airflow.reading import containers, steps
from pipec.backends.airflow.reading.bodies import Bodies
from pipec.backends.airflow.reading.definitions import Definitions, Reach, free_names
from pipec.backends.airflow.reading.dags import Pipelines
from pipec.backends.airflow.reading.layout import Unwritable
from pipec.backends.airflow.reading.natives import NativeSource, helper_source
from pipec.backends.airflow.reading.plan import Plan, Planner, fact_names
from pipec.backends.airflow.reading.scope import Text
from pipec.backends.airflow.reading.state import State
from pipec.backends.airflow.reading.values import Dag, External, Function, GroupBody, Partial, Refusal, Task
from pipec.backends.airflow.reading.making import results
from pipec.backends.airflow.reading.words import BASH, EMPTY
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import Adapted, CannotMigrate, KeptNative, SettingNotKept
from pipec.compiler.reading import ContainerStep, Definition, Item, Module, NativeStep, Outcome, PipelineRead, Source, StepFunction, settings_of
from pipec.compiler.reading.module import AUTHORING
from pipec.ir import TaskPolicy

TARGET = "Airflow"


@dataclass(eq=False)
class Lifted:
    """One task of a DAG that is read."""

    plan: Plan
    text: Text | None = None
    """Of a native task."""
    helper: str = ""
    """The source of a function that a native task calls."""
    step: str = ""
    """What it is called in the result."""
    item: Item | None = None
    """`None` where another task has it already."""


@dataclass(eq=False)
class LiftedDag:
    """One DAG that is read."""

    dag: Dag
    plans: dict[Task, Plan]
    planner: Planner
    tasks: dict[Task, Lifted] = field(default_factory=dict)
    inner: dict[Task, LiftedDag] = field(default_factory=dict)
    """Mapped task groups, by what stands for them."""

    def whole(self) -> Iterator[LiftedDag]:
        """The groups inside, and the DAG itself."""
        for one in self.inner.values():
            yield from one.whole()
        yield self


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
        self.taken: set[str] = set()
        self.made: dict[str, str] = {}
        """Function of the file -> the step that it became."""
        self.helper_names: dict[Task, str] = {}
        self.imports: dict[str, None] = {}

    def run(self) -> Outcome:
        """The module, and what became of each task."""
        for dag in self.state.dags:
            self._plan(dag)
        self._name_all()
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
            lifted.tasks[task] = self._native(plan) if plan.native else Lifted(plan)
            if isinstance(task.function, GroupBody):
                lifted.inner[task] = self._group(task, task.function, planner)
        self._reach_all(lifted)
        return lifted

    def _group(self, task: Task, group: GroupBody, outer: Planner) -> LiftedDag:
        """What a mapped task group does for each item."""
        found = self._lifted(group.inner)
        if any(p.native for p in found.plans.values()):
            raise Refusal(task.node, f"the mapped task group {task.id!r}", "one of its tasks is one that only Airflow can run")
        if any(p.native for p in outer.plans.values() if task in outer.above[p.task]):
            raise Refusal(task.node, f"the mapped task group {task.id!r}", "a task that only Airflow can run comes after it")
        self.report.add(Adapted(self.source.span(task.node), task.id, "a sub-pipeline is called once for each item"))
        return found

    def _native(self, plan: Plan) -> Lifted:
        task = plan.task
        lifted = Lifted(plan)
        source = NativeSource(self.state, task, task.id)
        function = task.function
        takes = any(True for a in (*task.args, *task.kwargs.values()) for _ in results(a.value))
        if takes and task.is_taskflow and task.mapping is None and isinstance(function, Function):
            name = self.state.fresh(f"call_{function.name}")
            lifted.helper = helper_source(task, function, name)
            source.helper = self.helper_names[task] = name
        lifted.text = source.write()
        plan.settings.lost = [(n, "it is no constant", a) for n, a in source.lost]
        return lifted

    # what is kept

    def _add(self, names: set[str] | frozenset[str], owner: Function | None = None) -> None:
        found = self.definitions.reach(names, owner)
        self.reach.names |= found.names
        self.reach.imports |= found.imports

    def _reach_all(self, lifted: LiftedDag) -> None:
        """Collect what steps and native tasks need."""
        for one in lifted.tasks.values():
            task, function = one.plan.task, one.plan.task.function
            if one.text is None:
                self._reach_step(one.plan)
                continue
            self._add({n for n in one.text.names if n != self.helper_names.get(task)}, _owner(function))
            if one.helper and isinstance(function, Function):
                self._add({function.name}, function)

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
            self._add({_head(task)})

    # names

    def _name_all(self) -> None:
        usage: dict[str, list[Lifted]] = {}
        every = [inner for lifted in self.dags for inner in lifted.whole()]
        for lifted in every:
            for one in lifted.tasks.values():
                function = one.plan.task.function
                if not one.plan.native and isinstance(function, Function) and function.name:
                    usage.setdefault(function.name, []).append(one)
        mentioned = set(self.reach.names)
        direct = {name: found for name, found in usage.items() if _is_direct(found) and name not in mentioned}
        self.taken = {*AUTHORING, *mentioned, *(_bound(s) for s in self.reach.imports)}
        self.taken |= {p for d in every for p in d.dag.parameters}
        self.taken |= set(self.helper_names.values())
        for name, users in direct.items():
            self._direct_step(name, users)
        for lifted in every:
            for task, one in lifted.tasks.items():
                if task in lifted.inner:
                    one.step = self.fresh(task.id)
                elif not one.step:
                    self._own_step(one)

    def fresh(self, wanted: str) -> str:
        """A free name of the result's top level."""
        base = "".join(c if c.isalnum() or c == "_" else "_" for c in wanted)
        base = base if base.isidentifier() and not _is_keyword(base) else f"{base}_" if _is_keyword(base) else f"task_{base}"
        name, n = base, 1
        while name in self.taken:
            n += 1
            name = f"{base}_{n}"
        self.taken.add(name)
        return name

    def _direct_step(self, name: str, users: list[Lifted]) -> None:
        """A function of the file as a step of its own."""
        first = users[0]
        function = first.plan.task.function
        callable_ = first.plan.callable_
        assert isinstance(function, Function) and callable_ is not None
        step = self.fresh(first.plan.task.label)
        for one in users:
            one.step = step
            one.plan.looked_into = one.plan.looked_into or next((u.plan.looked_into for u in users if u.plan.looked_into), "")
        source = steps.renamed(callable_.source, function.name, step)
        if first.plan.looked_into:
            source = steps.annotated(source, first.plan.looked_into)
        self._finish(first, source, getattr(function.node, "lineno", 0))

    def _own_step(self, one: Lifted) -> None:
        """A step made for one task alone."""
        plan, task = one.plan, one.plan.task
        line = getattr(task.node, "lineno", 0)
        wanted = task.id if task.label in self.taken or not task.label.isidentifier() else task.label
        one.step = self.fresh(task.label if wanted == task.label else wanted)
        if plan.native:
            self._native_step(one, line)
            return
        if plan.container is not None:
            self._container_step(one, line)
            return
        if task.word in EMPTY:
            source = steps.empty(one.step)
        elif task.word in BASH:
            source = steps.shell(plan, one.step, self._bash())
            if "os.environ" in source:
                self.imports["import os"] = None
            plan.notes.append("the shell command runs in a step of its own; status 99 fails it, where Airflow would skip it")
        else:
            source = self._wrapped(one)
        self._finish(one, source, line)

    def _wrapped(self, one: Lifted) -> str:
        plan, task = one.plan, one.plan.task
        function = task.function.function if isinstance(task.function, Partial) else task.function
        if isinstance(function, External):
            called = _head(task)
        else:
            assert isinstance(function, Function)
            called = function.name
        if called and isinstance(function, Function):
            self._keep(function, plan)
        source, plan.arguments = steps.wrapper(plan, one.step, called, self.state.writer)
        if plan.looked_into:
            source = steps.annotated(source, plan.looked_into)
        return source

    def _keep(self, function: Function, plan: Plan) -> None:
        """A function that several tasks call, as a helper."""
        if function.name in self.made:
            return
        assert plan.callable_ is not None
        self.made[function.name] = function.name
        self.taken.add(function.name)
        self.items.append((getattr(function.node, "lineno", 0), 0, Definition(plan.callable_.source)))

    def _bash(self) -> str:
        """The helper that runs shell commands, and its name."""
        if "bash" not in self.made:
            name = self.fresh(steps.BASH_NAME)
            self.made["bash"] = name
            self.imports |= dict.fromkeys(steps.BASH_IMPORTS)
            self.items.append((0, 0, Definition(steps.renamed(steps.BASH_HELPER, steps.BASH_NAME, name))))
        return self.made["bash"]

    def _native_step(self, one: Lifted, line: int) -> None:
        task, text = one.plan.task, one.text
        assert text is not None
        if one.helper:
            self.items.append((line, 0, Definition(one.helper)))
        word = task.word.rpartition(".")[2] if not task.is_taskflow else f"@{task.word}"
        self.report.add(KeptNative(self.source.span(task.node), TARGET, task.id, word))
        remarks = (f"PC503: {one.plan.reason}", *self._lost(one.plan))
        step = NativeStep(one.step, "airflow", text.source, tuple(sorted(text.imports)), remarks)
        self.items.append((line, 1, step))
        one.item = step

    def _container_step(self, one: Lifted, line: int) -> None:
        """A container as a step."""
        plan = one.plan
        found = plan.container
        assert found is not None
        names = fact_names(found.facts)
        if found.left:
            plan.notes.append(f"how Airflow runs it is left to the site: {', '.join(f'`{n}`' for n in found.left)}")
        for note in plan.notes:
            self.report.add(Adapted(self.source.span(plan.task.node), plan.task.id, note))
        settings = settings_of(containers.policy(self._policy(one), found))
        command = tuple(containers.word(w, names) for w in found.command)
        args = tuple(containers.word(w, names) for w in found.args)
        inputs = dict.fromkeys(names.values(), "str")
        item = ContainerStep(one.step, found.image, command, args, inputs, {}, settings, self._lost(plan))
        self.items.append((line, 1, item))
        one.item = item

    def _policy(self, one: Lifted) -> TaskPolicy:
        """The settings of a task, with its id where the step has another name."""
        plan, task = one.plan, one.plan.task
        policy = plan.settings.policy
        if plan.uri is not None:
            policy = policy.model_copy(update={"updates": plan.uri})
        if one.step != task.id:
            extensions = {**policy.extensions}
            extensions["airflow"] = {**extensions.get("airflow", {}), "task_id": task.id}
            policy = policy.model_copy(update={"extensions": extensions})
        return policy

    def _finish(self, one: Lifted, source: str, line: int) -> None:
        """The step `source`, with its settings."""
        plan, task = one.plan, one.plan.task
        settings = settings_of(self._policy(one))
        requirements = task.given.get("requirements")
        if requirements is not None and isinstance(requirements.value, (list, tuple)):
            settings = {"packages": repr(list(requirements.value)).replace("'", '"'), **settings}
            plan.notes.append("the packages of its virtual environment are those of the step")
        if plan.callable_ is not None and plan.callable_.adapted:
            plan.notes.append("what it took from Airflow's context are its parameters")
        for note in plan.notes:
            self.report.add(Adapted(self.source.span(task.node), task.id, note))
        item = StepFunction(source, settings, self._lost(plan))
        self.items.append((line, 1, item))
        one.item = item

    def _lost(self, plan: Plan) -> tuple[str, ...]:
        """Report the settings that a task loses; remarks that say so."""
        found: list[str] = []
        for name, reason, arg in plan.settings.lost:
            finding = SettingNotKept(self.source.span(arg.node), TARGET, plan.task.id, name, reason)
            self.report.add(finding)
            found.append(f"{finding.code}: {finding.message}")
        return tuple(found)

    # the module

    def _module(self, functions: list[Item]) -> Module:
        stepped = {n for n in self.made}
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


def _head(task: Task) -> str:
    """The name by which a task's callable is imported."""
    given = task.given.get("python_callable")
    node = given.node if given is not None else None
    if isinstance(node, ast.Call) and node.args:
        node = node.args[0]
    return ast.unparse(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""


def _bound(statement: str) -> str:
    node = ast.parse(statement).body[0]
    assert isinstance(node, (ast.Import, ast.ImportFrom))
    alias = node.names[0]
    return (alias.asname or alias.name).split(".")[0]


def _is_keyword(name: str) -> bool:
    import builtins
    import keyword

    return keyword.iskeyword(name) or hasattr(builtins, name)


def _is_direct(users: list[Lifted]) -> bool:
    """Whether the tasks can all be calls of one step: Airflow's own numbering tells them apart."""
    first = users[0].plan
    if isinstance(first.task.function, Partial) or first.callable_ is None:
        return False
    if len(users) == 1:
        return True
    same = all(
        u.plan.task.dag is first.task.dag and u.plan.task.group is first.task.group
        and u.plan.settings.policy == first.settings.policy and u.plan.uri == first.uri
        and u.plan.callable_ is not None and u.plan.callable_.source == first.callable_.source
        and not u.plan.settings.lost
        for u in users
    )  # fmt: skip
    ids = [u.plan.task.id for u in users]
    return same and ids == [first.task.id, *(f"{first.task.id}__{i}" for i in range(1, len(users)))]
