"""Putting steps together: what follows what, and where an expression may be evaluated."""

from __future__ import annotations

from collections.abc import Sequence

from pipec.backends.metaflow.draft import Bind, Draft, Open
from pipec.backends.metaflow.names import Names, parameter_attribute, step_name
from pipec.backends.metaflow.safety import is_safe
from pipec.compiler.diagnostics import Report
from pipec.ir import VALUE, Expr, Pipeline, RunValue, Task, Type, ValueId
from pipec.ir.graph import tasks, value_types, walk


class Assembler:
    """The steps of one pipeline so far."""

    def __init__(self, pipeline: Pipeline, version: str, report: Report) -> None:
        self.pipeline = pipeline
        self.version = version
        """Of Metaflow, to write for."""
        self.report = report
        self.types: dict[ValueId, Type] = value_types(pipeline)
        self.parameters = {p.name for p in pipeline.parameters}
        self.names = Names({*map(parameter_attribute, self.parameters), "start", "end"})
        self.step_names = {t.id: self.names.fresh(step_name(t.id)) for t in tasks(pipeline)}
        self.run_values = {n.output: n.what for n in walk(pipeline.body) if isinstance(n, RunValue)}
        self.catching: dict[ValueId, str] = {}
        """Message of a failure -> the step that catches it."""
        self.aliases: dict[ValueId, ValueId] = {}
        """Value -> the merged value whose artifact it shares."""
        self.lengths: dict[ValueId, int] = {}
        """Lists whose length is known."""
        self.booleans: set[ValueId] = set()
        """Merged values that are `True` or `False` in every branch."""
        self.steps: list[Draft] = []
        self.empty: dict[str, str] = {}
        """Step that runs where a loop has no items -> the loop."""
        self._values = set(self.types)

    def _attach(self, open_: Open, step: Draft) -> None:
        for end in open_.ends:
            end.targets.append(step)
            if open_.mode not in ("each", "true", "false"):
                end.kind = "next"
        if open_.mode == "join":
            step.join = True
        if open_.mode == "each":
            assert open_.end.loop is not None
            step.actions.insert(0, Bind(open_.end.loop))

    def add(self, open_: Open, name: str, doc: str, task: Task | None = None) -> Draft:
        """A new step at `open_`."""
        step = Draft(name, doc, task)
        self.steps.append(step)
        self._attach(open_, step)
        return step

    def synthetic(self, open_: Open, name: str, doc: str) -> Draft:
        """A new step that is none of the user's."""
        return self.add(open_, self.names.fresh(step_name(name)), doc)

    def single(self, open_: Open) -> Open:
        """One step that everything before it has led to."""
        if open_.mode == "merge":
            return Open((self.synthetic(open_, _joining("after", open_.ends), "Go on from whichever branch ran."),))
        if open_.mode == "join":
            name = _joining("join", open_.ends)
            return Open((self.synthetic(open_, name, "Wait for the parallel branches."),))
        return open_

    def _own(self, open_: Open, name: str, doc: str) -> Draft:
        """A step that belongs to what comes next, and that may do what cannot fail for it."""
        if open_.mode == "step":
            return open_.end
        if open_.mode in ("merge", "join"):
            return self.single(open_).end
        return self.synthetic(open_, name, doc)

    def host(self, open_: Open, exprs: list[Expr], name: str, doc: str) -> Draft:
        """A step that may evaluate `exprs`: none of the user's, unless they cannot fail.

        A failure of an expression would count as the step's own, and be retried with it. A step that catches its
        failure would not evaluate them then.
        """
        if open_.mode == "branch" and self._may_host(open_.end, exprs):
            return open_.end
        step = self._own(open_, name, doc)
        if not self._may_host(step, exprs):
            return self.synthetic(Open((step,)), name, doc)
        return step

    def _may_host(self, step: Draft, exprs: list[Expr]) -> bool:
        if step.caught is not None:
            return not exprs
        return step.task is None or all(is_safe(expr, self.types) for expr in exprs)

    def source(self, open_: Open, exprs: list[Expr], name: str, doc: str) -> Draft:
        """A step that may evaluate `exprs` and then fork: no join, as Metaflow's joins cannot."""
        if open_.mode == "branch":
            open_ = Open((self.synthetic(open_, name, doc),))
        step = self.host(open_, exprs, name, doc)
        if not step.join:
            return step
        if step.task is None:
            return self.synthetic(Open((step,)), name, doc)
        before = [s for s in self.steps if step in s.targets]
        join = Draft(self.names.fresh(_joining("join", before)), "Wait for the parallel branches.")
        join.join, join.kind, join.targets = True, "next", [step]
        for other in before:
            other.targets[other.targets.index(step)] = join
        step.join = False
        self.steps.append(join)
        return step

    def value(self, wanted: str) -> ValueId:
        """A value of our own: its type is plain."""
        name, n = wanted, 1
        while name in self._values:
            n += 1
            name = f"{wanted}_{n}"
        self._values.add(name)
        self.types[name] = VALUE
        return name


def _joining(word: str, ends: Sequence[Draft]) -> str:
    """`join_train_tune`, where that says something."""
    names = [end.name for end in ends]
    told = "_".join([word, *names])
    return told if len(names) <= 3 and all(end.task for end in ends) and len(told) <= 40 else word


def ordered(steps: list[Draft]) -> list[Draft]:
    """`steps`, topological, and otherwise in the order in which they were made."""
    waiting = {id(s): 0 for s in steps}
    for step in steps:
        for target in step.targets:
            waiting[id(target)] += 1
    position = {id(s): i for i, s in enumerate(steps)}
    ready, found = [s for s in steps if not waiting[id(s)]], []
    while ready:
        step = min(ready, key=lambda s: position[id(s)])
        ready.remove(step)
        found.append(step)
        for target in step.targets:
            waiting[id(target)] -= 1
            if not waiting[id(target)]:
                ready.append(target)
    assert len(found) == len(steps)
    return found
