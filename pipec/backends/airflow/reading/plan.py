"""Which tasks of a DAG become steps, and which stay in Airflow's words."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from pipec.backends.airflow.reading import containers, files, policies
from pipec.backends.airflow.reading.assets import takes_arguments
from pipec.backends.airflow.reading.callables import Callable_, adapt
from pipec.backends.airflow.reading.choices import BRANCHES, CIRCUITS, Choice, Choices
from pipec.backends.airflow.reading.definitions import Definitions, Reach, free_names
from pipec.backends.airflow.reading.expr import Exprs, Inexpressible
from pipec.backends.airflow.reading.facts import bash_facts, fact_names
from pipec.backends.airflow.reading.graphs import ancestors, common_keys, product
from pipec.backends.airflow.reading.making import results
from pipec.backends.airflow.reading.natives import pulls_of, short
from pipec.backends.airflow.reading.policies import Settings
from pipec.backends.airflow.reading.scope import literal
from pipec.backends.airflow.reading.state import State
from pipec.backends.airflow.reading.templates import Fact, split
from pipec.backends.airflow.reading.values import (
    Dag,
    External,
    Function,
    GroupBody,
    Partial,
    Task,
)
from pipec.backends.airflow.reading.words import BASH, EMPTY

PYTHON = ("PythonOperator", "PythonVirtualenvOperator", "task", "task.virtualenv", "asset")
"""Operators that call a function, and have nothing else to them."""
OPERATOR_ARGUMENTS: dict[str, frozenset[str]] = {
    "PythonVirtualenvOperator": frozenset(["requirements", "system_site_packages", "serializer", "use_dill"]),
    "task.virtualenv": frozenset(["requirements", "system_site_packages", "serializer", "use_dill"]),
    "BashOperator": frozenset(["bash_command", "env", "append_env", "skip_on_exit_code"]),
    "asset": frozenset(["description"]),
    "task.short_circuit": frozenset(["ignore_downstream_trigger_rules"]),
    "ShortCircuitOperator": frozenset(["ignore_downstream_trigger_rules"]),
}


@dataclass(eq=False)
class Plan:
    """What becomes of one task."""

    task: Task
    settings: Settings
    reason: str = ""
    """Why it stays in Airflow's words; "" if it becomes a step."""
    callable_: Callable_ | None = None
    """The function of a step, as a step."""
    looked_into: str = ""
    """The annotation that its result needs, since the pipeline looks into it: "dict" or "list"."""
    arguments: list[str] = field(default_factory=list)
    """What the step is called with."""
    items: list[tuple[str, str]] = field(default_factory=list)
    """What the step is called for: parameter, and the expression of the items."""
    notes: list[str] = field(default_factory=list)
    """How it was adapted."""
    differences: list[str] = field(default_factory=list)
    """What it does otherwise than the original."""
    parts: list[str | Fact] | None = None
    """Of a shell command."""
    uri: str | None = None
    container: containers.ContainerPlan | None = None

    @property
    def native(self) -> bool:
        """Whether it stays in Airflow's words."""
        return bool(self.reason)

    @property
    def pushes(self) -> tuple[str, ...]:
        """Keys of the XComs in its result."""
        return self.callable_.pushes if self.callable_ is not None and not self.native else ()


class Planner:
    """Decides about the tasks of one DAG."""

    def __init__(self, state: State, dag: Dag, definitions: Definitions) -> None:
        self.state = state
        self.dag = dag
        self.definitions = definitions
        self.plans = {t: Plan(t, self._settings(t)) for t in dag.tasks.values()}
        self.exprs = Exprs(dag, self.plans)
        self.above = ancestors(dag)
        self.choices = Choices(dag, set())

    def _settings(self, task: Task) -> Settings:
        own = OPERATOR_ARGUMENTS.get(task.word, frozenset()) | containers.arguments_of(task.word)
        return policies.settings(task, own)

    def run(self) -> dict[Task, Plan]:
        """The plans of all tasks."""
        candidates = {t for t, plan in self.plans.items() if not self._reason(plan, alone=True)}
        while True:
            self.choices = Choices(self.dag, candidates).run()
            for plan in self.plans.values():
                plan.reason = self._reason(plan)
            self._settle()
            wanted = {c.task for c in self.choices.found} | self.choices.released
            lost = {t for t in wanted if self.plans[t].native}
            if not lost:
                break
            candidates -= lost
        for plan in self.plans.values():
            self._empty(plan)
        for choice in self.choices.found:
            self._chosen(choice)
        for task in self.choices.released:
            self.plans[task].notes.append("it runs after either arm of the `if` by its place below it")
        return self.plans

    def _empty(self, plan: Plan) -> None:
        """Airflow skips what comes after a task that is mapped over nothing; plain Python does not."""
        for up in self.dag.above(plan.task):
            if up.mapping is not None and not plan.native and not self.plans[up].native:
                if not all(isinstance(a.value, (list, tuple, dict)) and a.value for a in up.mapping.over.values()):
                    plan.differences.append(f"where `{up.id}` has no items, Airflow skips it, and here it runs")
                    return

    def without_choices(self) -> None:
        """Leave the branch operators in Airflow's words: the order of the DAG cannot be said around an `if`."""
        self.choices = Choices(self.dag, set())
        for plan in self.plans.values():
            plan.notes.clear()
            plan.reason = self._reason(plan)
        self._settle()

    def _chosen(self, choice: Choice) -> None:
        plan = self.plans[choice.task]
        plan.looked_into = "str" if choice.task.word in BRANCHES else "bool"
        plan.notes.append("what it chooses stands below an `if`")

    def _settle(self) -> None:
        """Repeat until nothing changes: what a native task pulls is native, and what takes something unknown."""
        changed = True
        while changed:
            changed = False
            for plan in self.plans.values():
                if plan.native:
                    changed |= self._natives_above(plan)
            for plan in self.plans.values():
                plan.looked_into = ""
            for plan in self.plans.values():
                if plan.native:
                    continue
                try:
                    self._arguments(plan)
                except Inexpressible:
                    plan.reason = "it takes something that is known to Airflow alone"
                    changed = True

    def _natives_above(self, plan: Plan) -> bool:
        """Let the tasks whose XComs a native task reads be native, where they would be stored in another form."""
        read, unknown = self._reads(plan.task)
        direct, above = self._direct(plan.task), self.above[plan.task]
        found = [t for t in self.plans if t.id in read or t in direct or (unknown and t in above)]
        changed = False
        for task in found:
            other = self.plans[task]
            named = task in direct and not (plan.task.is_taskflow and plan.task.mapping is None)
            if not other.native and (named or not self._is_text(other)):
                other.reason = f"the task `{plan.task.id}`, which Airflow alone can run, reads its result"
                changed = True
        return changed

    def _direct(self, task: Task) -> set[Task]:
        every = [*task.given.values(), *task.args, *task.kwargs.values()]
        every += task.mapping.over.values() if task.mapping else []
        return {r.task for arg in every for r in results(arg.value)}

    def _is_text(self, plan: Plan) -> bool:
        """Whether the result travels the same way in the result's DAG: text, whole numbers, truth values, nothing."""
        if plan.task.word in (*EMPTY, *BASH):
            return True
        function = plan.task.function
        returns = (
            function.node.returns
            if isinstance(function, Function) and not isinstance(function.node, ast.Lambda)
            else None
        )
        if plan.pushes or plan.task.mapping is not None:
            return False
        return returns is not None and ast.unparse(returns) in ("str", "int", "bool", "None")

    def _reads(self, task: Task) -> tuple[set[str], bool]:
        """The tasks whose XComs `task` pulls by itself, and whether there may be others."""
        texts = [a.text.source for a in task.given.values()] + [
            a.value for a in task.given.values() if isinstance(a.value, str)
        ]
        texts += [a.text.source for a in (*task.args, *task.kwargs.values())]
        function = task.function.function if isinstance(task.function, Partial) else task.function
        if isinstance(function, Function):
            texts.append(self.state.writer.segment(function.node))
            for name in self.definitions.reach(free_names(function.node), function).names:
                other = self.definitions.functions.get(name)
                if other is not None:
                    texts.append(self.state.writer.segment(other.node))
        found: set[str] = set()
        unknown = False
        for text in texts:
            read, open_ = pulls_of(str(text))
            found |= read
            unknown |= open_
        return found, unknown

    # reasons

    def _reason(self, plan: Plan, alone: bool = False) -> str:
        """Why a task cannot become a step, by itself. `alone`: without what its place in the graph says."""
        task = plan.task
        known: tuple[str, ...] = (*PYTHON, *EMPTY, *BASH, *containers.CONTAINERS)
        if alone or any(c.task is task for c in self.choices.found):
            known = (*known, *BRANCHES, *CIRCUITS)
        if task.setup or task.teardown:
            return "it is a setup or a teardown"
        if isinstance(task.function, GroupBody):
            return ""
        if task.word not in known:
            return f"`{short(task)}` has no counterpart"
        if task.trigger_rule != "all_success" and not alone and task not in self.choices.released:
            return f"its trigger rule is `{task.trigger_rule}`"
        if plan.settings.unkept:
            return f"`{plan.settings.unkept}` has no counterpart"
        if reason := self._assets(plan):
            return reason
        if (params := task.given.get("params")) is not None and params.value:
            return "it has `params` of its own"
        if task.word in EMPTY:
            return "" if task.mapping is None else "it is mapped"
        if task.word in BASH:
            return self._bash(plan)
        if task.word in containers.CONTAINERS:
            found = containers.plan(task)
            plan.container = None if isinstance(found, str) else found
            return found if isinstance(found, str) else ""
        return self._python(plan)

    def _assets(self, plan: Plan) -> str:
        task = plan.task
        inlets = task.option("inlets")
        if inlets is not None and inlets.value:
            return "it reads events of assets"
        outlets = task.option("outlets")
        if outlets is None or outlets.value in (None, []):
            return ""
        given = outlets.value if isinstance(outlets.value, (list, tuple)) else [outlets.value]
        plan.uri = policies.asset_uri(given[0]) if len(given) == 1 else None
        return (
            ""
            if plan.uri is not None
            else "it updates what has no counterpart: several assets, an alias, or one with more to it"
        )

    def _bash(self, plan: Plan) -> str:
        task = plan.task
        given = task.given
        command = given.get("bash_command")
        if task.mapping is not None or command is None or not isinstance(command.value, str):
            return "its command is not known before it runs"
        if command.value.endswith((".sh", ".bash")):
            return "its command stands in a file of its own"
        if re.search(r"\b99\b", command.value):
            return "it ends with status 99, which skips what comes after it"
        if (code := given.get("skip_on_exit_code")) is not None and code.value not in (None, [], ()):
            return "some of its exit statuses skip what comes after it"
        if "$AIRFLOW" in command.value or "${AIRFLOW" in command.value:
            return "its command reads variables that Airflow sets"
        env = given.get("env")
        if env is not None and env.value is not None:
            if not isinstance(env.value, dict):
                return "its environment is not known before it runs"
        plan.parts = split(command.value)
        return "" if plan.parts is not None else "its command has templates that have no counterpart"

    def _python(self, plan: Plan) -> str:
        task = plan.task
        function = task.function.function if isinstance(task.function, Partial) else task.function
        if isinstance(function, External):
            if function.dotted.split(".")[0] == "airflow":
                return "it calls a function of Airflow"
            return "" if task.mapping is None else "it maps a function of another module"
        if not isinstance(function, Function):
            return "what it calls is not known before the file runs"
        if task.word == "asset" and takes_arguments(function):
            return "its function takes what Airflow alone fills in"
        reach = self._reach(function)
        if reach.file:
            return files.READS
        if isinstance(function.node, ast.Lambda):
            return f"it uses `{reach.airflow}` of Airflow" if reach.airflow else ""
        plan.callable_ = adapt(function.node, self._given(task, function), self.state.writer, function.name)
        if plan.callable_.reason:
            return plan.callable_.reason
        uses = _names_used(plan.callable_.source)
        reach = self.definitions.reach(uses & free_names(function.node), function)
        if reach.airflow:
            return f"it uses `{reach.airflow}` of Airflow"
        return self._given_by_context(plan)

    def _reach(self, function: Function) -> Reach:
        return self.definitions.reach(free_names(function.node), function)

    def _given(self, task: Task, function: Function) -> set[str]:
        own = function.node.args
        names = [a.arg for a in (*own.posonlyargs, *own.args)]
        bound = len(task.function.args) if isinstance(task.function, Partial) else 0
        given = set(names[: bound + len(task.args)]) | set(task.kwargs)
        if isinstance(task.function, Partial):
            given |= set(task.function.kwargs)
        if task.mapping is not None and task.mapping.mode == "expand":
            given |= set(task.mapping.over)
        return given

    def _given_by_context(self, plan: Plan) -> str:
        """What its function pulls must have run before, by the edges that there are."""
        assert plan.callable_ is not None
        for fact in plan.callable_.extra.values():
            if fact.kind != "pull":
                continue
            for name in fact.tasks:
                pulled = self.dag.tasks.get(name)
                if pulled is None or pulled not in self.above[plan.task]:
                    return f"it reads the result of `{name}`, which need not have run before"
        return ""

    # arguments

    def _arguments(self, plan: Plan) -> None:
        """What the step of `plan` is called with."""
        task, exprs = plan.task, self.exprs
        plan.arguments, plan.items = [], []
        if task.word in EMPTY:
            return
        if task.word in BASH:
            self._bash_arguments(plan)
            return
        if plan.container is not None:
            names = fact_names(plan.container.facts)
            for fact in plan.container.facts:
                self._check_pull(fact)
                plan.arguments.append(f"{names[fact]}={exprs.fact(fact, text=True)}")
            return
        plan.arguments = [exprs.of(a.value, a) for a in task.args]
        plan.arguments += [f"{k}={exprs.of(a.value, a)}" for k, a in task.kwargs.items()]
        if task.mapping is not None:
            self._mapped(plan)
        for name, fact in (plan.callable_.extra if plan.callable_ is not None else {}).items():
            self._check_pull(fact)
            plan.arguments.append(f"{name}={exprs.fact(fact)}")

    def _check_pull(self, fact: Fact) -> None:
        """A pull by key needs a task that pushes it."""
        for name in fact.tasks if fact.kind == "pull" else ():
            other = self.plans[self.dag.tasks[name]]
            if fact.name and fact.name not in other.pushes:
                raise Inexpressible
            if not fact.name and other.pushes and other.callable_ and "return_value" not in other.callable_.source:
                raise Inexpressible

    def _bash_arguments(self, plan: Plan) -> None:
        for fact in bash_facts(plan.task, plan.parts or []):
            self._check_pull(fact)
            plan.arguments.append(self.exprs.fact(fact, text=True))

    def _mapped(self, plan: Plan) -> None:
        how = plan.task.mapping
        assert how is not None
        if how.mode == "expand_kwargs":
            arg = how.over[""]
            keys = common_keys(arg.value)
            if keys is None:
                raise Inexpressible
            plan.items.append(("", self.exprs.of(arg.value, arg)))
            plan.arguments += [f'{key}=\1["{key}"]' for key in keys]
            return
        if len(how.over) > 1 and (pairs := product(how)) is not None:
            plan.items.append((", ".join(how.over), literal(pairs)))
            plan.arguments += [f"{key}=\1{key}\1" for key in how.over]
            return
        for key, arg in how.over.items():
            plan.items.append((key, self.exprs.items(arg.value, arg)))
            plan.arguments.append(f"{key}=\1{key}\1")


def _names_used(source: str) -> set[str]:
    return {n.id for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name)}
