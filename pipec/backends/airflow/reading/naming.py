"""Names of steps, and the items of the module that they become."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from pipec.backends.airflow.operators import is_decorated
from pipec.backends.airflow.reading import containers, steps
from pipec.backends.airflow.reading.facts import fact_names
from pipec.backends.airflow.reading.lifted import Lifted
from pipec.backends.airflow.reading.natives import short
from pipec.backends.airflow.reading.plan import Plan, Planner
from pipec.backends.airflow.reading.scope import mark
from pipec.backends.airflow.reading.values import Dag, External, Function, Partial, Task
from pipec.backends.airflow.reading.words import BASH, EMPTY
from pipec.compiler.diagnostics.foreign import Adapted, ChangedMeaning, KeptNative, SettingNotKept
from pipec.compiler.reading import ContainerStep, Definition, NativeStep, StepFunction, settings_of
from pipec.compiler.reading.module import AUTHORING
from pipec.ir import TaskPolicy

if TYPE_CHECKING:
    from pipec.backends.airflow.reading.lift import Lift

TARGET = "Airflow"
MARK = re.compile(r"\b(task_\d+_)(\.output)?\b")
"""What `mark` gives."""


class Naming:
    """Gives every task of a file its step."""

    def __init__(self, lift: Lift) -> None:
        self.lift = lift
        self.taken: set[str] = set()
        """Names of the result's top level."""
        self.made: dict[str, str] = {}
        """Function of the file -> the step or the helper that it became."""

        self.decorated: set[str] = set()
        """Native tasks that are decorated functions: a call gives what they hand on."""

    def run(self) -> None:
        usage: dict[str, list[Lifted]] = {}
        every = [inner for lifted in self.lift.dags for inner in lifted.whole()]
        for lifted in every:
            for one in lifted.tasks.values():
                function = one.plan.task.function
                if not one.plan.native and isinstance(function, Function) and function.name:
                    usage.setdefault(function.name, []).append(one)
        mentioned = set(self.lift.reach.names)
        planners = {lifted.dag: lifted.planner for lifted in every}
        direct = {name: found for name, found in usage.items() if name not in mentioned and _is_direct(found, planners)}
        self.taken = {*AUTHORING, *mentioned, *(_bound(s) for s in self.lift.reach.imports)}
        self.taken |= {p for d in every for p in d.dag.parameters}
        self.taken |= set(self.lift.helper_names.values())
        self.taken |= set(usage) - set(direct)  # helpers of several steps
        for name, users in direct.items():
            self._direct_step(name, users)
        for lifted in every:
            for task, one in lifted.tasks.items():
                if task in lifted.inner:
                    one.step = self.fresh(task.id)
                elif not one.step:
                    self._own_step(one)
        natives = [one for lifted in every for one in lifted.tasks.values() if one.text is not None]
        self.decorated = {mark(o.plan.task) for o in natives if o.text is not None and is_decorated(o.text.source)}
        names = {mark(task): one.step for lifted in every for task, one in lifted.tasks.items()}
        for lifted in every:
            for one in lifted.tasks.values():
                if one.plan.native:
                    self._native_step(one, _line(one.plan.task), names)

    def fresh(self, wanted: str) -> str:
        """A free name of the result's top level."""
        base = "".join(c if c.isalnum() or c == "_" else "_" for c in wanted)
        base = (
            base
            if base.isidentifier() and not _is_keyword(base)
            else f"{base}_"
            if _is_keyword(base)
            else f"task_{base}"
        )
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
            one.plan.looked_into = one.plan.looked_into or next(
                (u.plan.looked_into for u in users if u.plan.looked_into), ""
            )
        source = steps.renamed(callable_.source, function.name, step)
        if first.plan.looked_into:
            source = steps.annotated(source, first.plan.looked_into)
        self._finish(first, source, getattr(function.node, "lineno", 0))

    def _own_step(self, one: Lifted) -> None:
        """A step made for one task alone."""
        plan, task = one.plan, one.plan.task
        line = getattr(task.node, "lineno", 0)
        wanted = task.id if task.label in self.taken or not task.label.isidentifier() else task.label
        if plan.native and wanted in self.taken:
            wanted = f"{wanted}_task"
        one.step = self.fresh(wanted)
        if plan.native:
            return
        if plan.container is not None:
            self._container_step(one, line)
            return
        if task.word in EMPTY:
            source = steps.empty(one.step)
        elif task.word in BASH:
            source = steps.shell(plan, one.step, self._bash())
            if "os.environ" in source:
                self.lift.imports["import os"] = None
            plan.notes.append(
                "the shell command runs in a step of its own; status 99 fails it, where Airflow would skip it"
            )
        else:
            source = self._wrapped(one)
        self._finish(one, source, line)

    def _wrapped(self, one: Lifted) -> str:
        plan, task = one.plan, one.plan.task
        function = task.function.function if isinstance(task.function, Partial) else task.function
        if isinstance(function, External):
            called = head(task)
        else:
            assert isinstance(function, Function)
            called = function.name
        if called and isinstance(function, Function):
            self._keep(function, plan)
        source, plan.arguments = steps.wrapper(plan, one.step, called, self.lift.state.writer)
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
        self.lift.items.append((getattr(function.node, "lineno", 0), 0, Definition(plan.callable_.source)))

    def _bash(self) -> str:
        """The helper that runs shell commands, and its name."""
        if "bash" not in self.made:
            name = self.fresh(steps.BASH_NAME)
            self.made["bash"] = name
            self.lift.imports |= dict.fromkeys(steps.BASH_IMPORTS)
            self.lift.items.append((0, 0, Definition(steps.renamed(steps.BASH_HELPER, steps.BASH_NAME, name))))
        return self.made["bash"]

    def _native_step(self, one: Lifted, line: int, names: dict[str, str]) -> None:
        task, text = one.plan.task, one.text
        assert text is not None
        if one.helper:
            self.lift.items.append((line, 0, Definition(one.helper)))
        self.lift.report.add(KeptNative(self.lift.source.span(task.node), TARGET, task.id, short(task)))
        remarks = (f"PC503: {one.plan.reason}", *self._lost(one.plan))
        source = MARK.sub(lambda m: names[m[1]] + ("" if m[1] in self.decorated else m[2] or ""), text.source)
        step = NativeStep(one.step, "airflow", source, tuple(sorted(text.imports)), remarks)
        self.lift.items.append((line, 1, step))
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
            self.lift.report.add(Adapted(self.lift.source.span(plan.task.node), plan.task.id, note))
        settings = settings_of(containers.policy(self._policy(one), found))
        command = tuple(containers.word(w, names) for w in found.command)
        args = tuple(containers.word(w, names) for w in found.args)
        inputs = dict.fromkeys(names.values(), "str")
        item = ContainerStep(one.step, found.image, command, args, inputs, {}, settings, self._lost(plan))
        self.lift.items.append((line, 1, item))
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
            self.lift.report.add(Adapted(self.lift.source.span(task.node), task.id, note))
        item = StepFunction(source, settings, self._lost(plan))
        self.lift.items.append((line, 1, item))
        one.item = item

    def _lost(self, plan: Plan) -> tuple[str, ...]:
        """Report the settings that a task loses, and what it does differently; remarks that say so."""
        found: list[str] = []
        for difference in plan.differences:
            changed = ChangedMeaning(self.lift.source.span(plan.task.node), TARGET, plan.task.id, difference)
            self.lift.report.add(changed)
            found.append(f"{changed.code}: {changed.message}")
        for name, reason, arg in plan.settings.lost:
            finding = SettingNotKept(self.lift.source.span(arg.node), TARGET, plan.task.id, name, reason)
            self.lift.report.add(finding)
            found.append(f"{finding.code}: {finding.message}")
        return tuple(found)


def _line(task: Task) -> int:
    """Where a task is made; one of `@asset` is made by its function."""
    if task.word == "asset" and isinstance(task.function, Function):
        return task.function.node.end_lineno or 0
    return getattr(task.node, "lineno", 0)


def head(task: Task) -> str:
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


def _is_direct(users: list[Lifted], planners: dict[Dag, Planner]) -> bool:
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
    if not same:
        return False
    planner = planners[first.task.dag]
    tasks = [u.plan.task for u in users]
    if any(planner.choices.unit[t] is not t for t in tasks):
        return False
    if any(later in planner.above[t] for i, t in enumerate(tasks) for later in tasks[i + 1 :]):
        return False  # they are not written in the order in which they were made
    ids = [u.plan.task.id for u in users]
    return ids == [first.task.id, *(f"{first.task.id}__{i}" for i in range(1, len(users)))]
