"""Fuse: calls that follow one another share a task where the setting `fuse` asks for it."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.settings import CannotFuse, NothingToFuse
from pipec.compiler.passes.fusing.chains import Graph, chains, groups
from pipec.compiler.passes.fusing.function import Part, Plan, Signature, Written, skeleton, write
from pipec.compiler.passes.fusing.settings import Call, Obstacle, obstacles, shared, surely_fit
from pipec.compiler.passes.rebuild import free_name, map_blocks, with_blocks
from pipec.ir import (
    Address,
    Block,
    Code,
    Component,
    Compute,
    Definition,
    ForEach,
    Parallel,
    Pipeline,
    Port,
    Ref,
    Statement,
    Task,
    ValueId,
    uses,
)
from pipec.ir.graph import hooks, operands, tasks, value_types, walk
from pipec.ir.types import ValueType

AUTO = "auto"
COPY = "from copy import deepcopy"


def fuse(pipeline: Pipeline, report: Report) -> Pipeline:
    """`pipeline` in which one task stands for calls that share one; what keeps named ones from it is reported.

    Only targets see it so: plain Python is run, compared and drawn call by call.
    """
    if all(task.policy.fuse is None for task in tasks(pipeline)):
        return pipeline
    fuser = _Fuser(pipeline, report)
    body = fuser.settled(fuser.block(pipeline.body))
    used = {task.component for task in tasks(pipeline.model_copy(update={"body": body}))}
    used |= hooks(body, pipeline.policy)
    components = (*(c for c in pipeline.components if c.name in used), *fuser.components.values())
    definitions = (*fuser.imports, *pipeline.definitions, *fuser.functions)
    return pipeline.model_copy(update={"body": body, "components": components, "definitions": definitions})


@dataclass
class _Fuser:
    pipeline: Pipeline
    report: Report
    components: dict[str, Component] = field(default_factory=dict)
    """What a function does -> its component."""
    functions: list[Definition] = field(default_factory=list)
    imports: list[Definition] = field(default_factory=list)
    instead: dict[str, str] = field(default_factory=dict)
    """Task -> the one that stands for it."""
    told: set[str] = field(default_factory=set)
    """Names of which something has been made, or said."""

    def __post_init__(self) -> None:
        pipeline = self.pipeline
        annotated = {p.name: ValueType(annotation=p.annotation) for p in pipeline.parameters}
        self.types = {**value_types(pipeline), **annotated}
        self.steps = {c.name: c for c in pipeline.components}
        self.sources = {name: d for d in pipeline.definitions for name in d.names}
        self.nodes = {n.id for n in walk(pipeline.body)}
        self.readers = _readers(pipeline)
        self.copy = self._copy()

    def _copy(self) -> str:
        """What the function that copies is called here."""
        known = next((d for d in self.pipeline.definitions if d.source == COPY), None)
        return "deepcopy" if known else free_name("deepcopy", self.sources)

    @property
    def names(self) -> frozenset[str]:
        """The names of the module."""
        return frozenset((*self.sources, *(n for d in self.functions for n in d.names)))

    def block(self, block: Block, concurrent: bool = False) -> Block:
        """`block` and all in it. `concurrent`: it is the body of `with parallel()`."""
        nodes = [with_blocks(n, partial(self.block, concurrent=isinstance(n, Parallel))) for n in block.nodes]
        for name, members in groups(nodes, concurrent):
            nodes = self.named(name, nodes, members, concurrent)
        for chain in chains(nodes, concurrent, self.fits):
            nodes = self.replaced(nodes, chain, self.plan(chain), _name(chain), concurrent)
        return Block(nodes=tuple(nodes))

    def named(self, name: str, nodes: list[Statement], members: frozenset[str], concurrent: bool) -> list[Statement]:
        """`nodes` in which `members` are one task, or a finding that says why they are not."""
        self.told.add(name)
        graph = Graph.of(nodes, concurrent)
        between = graph.between(members)
        wanted = [n for n in nodes if n.id in members or (n.id in between and isinstance(n, Compute))]
        found = [
            Obstacle(
                n.span, f"{_called(n)} runs between them", next(m.span for m in wanted if m.id in graph.before[n.id])
            )
            for n in nodes
            if n.id in between and not isinstance(n, Compute)
        ]
        found = found or list(self.unfit(wanted))
        for obstacle in found:
            steps = tuple(dict.fromkeys(n.site.step for n in wanted if isinstance(n, Task)))
            self.report.add(CannotFuse(obstacle.span, name, steps, obstacle.reason, obstacle.other))
        return nodes if found else self.replaced(nodes, wanted, self.plan(wanted), name, concurrent)

    def unfit(self, members: Sequence[Statement]) -> Iterator[Obstacle]:
        """What keeps `members` from sharing a task, their place in the block apart."""
        tasks_ = [n for n in members if isinstance(n, Task)]
        for task in tasks_:
            step = task.site.step
            if self.steps[task.component].function is None:
                yield Obstacle(task.span, f"{step!r} is no function")
                return
            if any(key not in _named(self.steps[task.component]) for key in task.args):
                yield Obstacle(task.span, f"the number of arguments of {step!r} is open")
                return
            if any(isinstance(expr, Address) for expr in task.args.values()):
                yield Obstacle(task.span, f"{step!r} gets the address of a file (`uri_of`), which only a task has")
                return
        yield from obstacles([Call(task, self.steps[task.component]) for task in tasks_])
        plan = self.plan(members)
        makers = {o.id: task for task in tasks_ for o in task.outputs}
        for value in plan.files:
            place = makers.get(value, tasks_[0]).span
            yield Obstacle(place, f"several read the file {value!r}, which would lie in one folder for all of them")
        for expr in plan.reads:
            if isinstance(expr, Code) and (hidden := _globals(expr) & self.names):
                yield Obstacle(
                    tasks_[-1].span, f"an expression uses {sorted(hidden)[0]!r}, which a module defines anew"
                )

    def fits(self, members: Sequence[Statement]) -> bool:
        """Whether sharing a task surely changes nothing but the number of tasks."""
        if any(True for _ in self.unfit(members)):
            return False
        calls = [Call(n, self.steps[n.component]) for n in members if isinstance(n, Task)]
        plan = self.plan(members)
        last = members[-1]
        assert isinstance(last, Task)
        alone = set(plan.given) <= {o.id for o in last.outputs}
        return alone and surely_fit(calls) and not plan.passes_files and not write(plan, "f", self.names, "g").copies

    def plan(self, members: Sequence[Statement]) -> Plan:
        """What the function of `members` has to do."""
        own = {n.id for n in members}
        parts: list[Part] = []
        signatures = {}
        for node in members:
            if isinstance(node, Task):
                component = self.steps[node.component]
                signatures[component.name] = self._signature(component)
                parts.append(Call(node, component))
            elif isinstance(node, Compute):
                parts.append(node)
        made = {o.id for n in members if isinstance(n, Task) for o in n.outputs}
        made |= {let.id for n in members if isinstance(n, Compute) for let in n.lets}
        handed_out = frozenset(v for v in made if self.readers.get(v, set()) - own)
        return Plan(tuple(parts), self.types, handed_out, signatures)

    def _signature(self, component: Component) -> Signature:
        definition = self.sources.get(component.function or "")
        return Signature.of(definition.source) if definition else Signature()

    def replaced(
        self, nodes: list[Statement], members: Sequence[Statement], plan: Plan, name: str, concurrent: bool
    ) -> list[Statement]:
        """`nodes` with one task for `members`: behind what they wait for, and before what waits for them."""
        own = {n.id for n in members}
        graph = Graph.of(nodes, concurrent)
        end = max(i for i, n in enumerate(nodes) if n.id in own)
        head = [n for n in nodes[:end] if n.id not in own]
        later = [n for n in head if graph.before[n.id] & own]
        task = self.task(plan, name)
        return [*(n for n in head if n not in later), task, *later, *nodes[end + 1 :]]

    def task(self, plan: Plan, name: str) -> Task:
        """The task that does what `plan` says."""
        calls = [part for part in plan.parts if isinstance(part, Call)]
        component, written = self.component(plan, calls, name)
        first = calls[0].task
        id_ = free_name(component.name, self.nodes)
        self.nodes.add(id_)
        self.instead.update((call.task.id, id_) for call in calls)
        return Task(
            id=id_, component=component.name,
            args={port.name: Ref(value=v) for port, v in zip(component.ports, plan.taken)},
            outputs=written.outputs, effect=any(call.task.effect for call in calls), policy=shared(calls),
            site=first.site.model_copy(update={"step": component.name}), span=first.span,
            fused=tuple(call.task.id for call in calls),
        )  # fmt: skip

    def component(self, plan: Plan, calls: Sequence[Call], name: str) -> tuple[Component, Written]:
        """The component of a plan, and the text of its function; the same one for plans that do the same."""
        key = skeleton(plan)
        known = self.components.get(key)
        function = known.name if known else free_name(name, self.names | self.steps.keys())
        written = write(plan, function, self.names - {function}, self.copy)
        if known is not None:
            return known, written
        if written.copies:
            self._import_copy()
        steps = [call.component for call in calls]
        functions = tuple(dict.fromkeys(c.function for c in steps if c.function))
        reached = {n for c in steps for n in c.code} | ({self.copy} if written.copies else set())
        defined = [n for d in (*self.imports, *self.pipeline.definitions) for n in d.names]
        digest = hashlib.sha256("\n".join([*(c.digest for c in steps), key]).encode()).hexdigest()
        made = Component(
            name=function, function=function, ports=tuple(Port(name=p) for p in written.ports),
            returns=written.returns, code=(*dict.fromkeys(n for n in defined if n in reached), function), digest=digest,
            image=steps[0].image, packages=steps[0].packages, python=steps[0].python, span=calls[0].task.span,
        )  # fmt: skip
        lazy = (*functions, *([self.copy] if written.copies else []))
        annotation = tuple(dict.fromkeys(name for f in functions for name in self.sources[f].annotation))
        self.functions.append(
            Definition(
                names=(function,), kind="function", source=written.source, module=self.pipeline.module,
                lazy=lazy, annotation=annotation, span=calls[0].task.span,
            )
        )  # fmt: skip
        self.components[key] = made
        return made, written

    def _import_copy(self) -> None:
        if self.copy in self.sources or self.imports:
            return
        alias = "" if self.copy == "deepcopy" else f" as {self.copy}"
        self.imports.append(
            Definition(
                names=(self.copy,), kind="import", source=f"{COPY}{alias}", module=self.pipeline.module,
                span=self.pipeline.span,
            )
        )  # fmt: skip

    def settled(self, body: Block) -> Block:
        """`body` without the setting where it has led to nothing, which is told, and with the new names of tasks."""
        for node in walk(body):
            if isinstance(node, Task) and not node.fused and node.policy.fuse not in (None, AUTO, *self.told):
                self.report.add(NothingToFuse(node.policy.span("fuse"), str(node.policy.fuse)))

        def change(node: Statement) -> Statement:
            match node:
                case Task(fused=()) if node.policy.fuse is not None:
                    return node.model_copy(update={"policy": node.policy.model_copy(update={"fuse": None})})
                case Parallel() if node.after:
                    after = tuple(dict.fromkeys(self.instead.get(id_, id_) for id_ in node.after))
                    return node.model_copy(update={"after": after})
            return node

        return map_blocks(body, lambda block: Block(nodes=tuple(map(change, block.nodes))))


def _called(node: Statement) -> str:
    return repr(node.site.step) if isinstance(node, Task) else "this"


def _name(members: Sequence[Statement]) -> str:
    """What a chain without a name is called: after its steps, or the first and the last one where there are many."""
    *others, last = (n.site.step for n in members if isinstance(n, Task))
    return f"{'_'.join(others)}_and_{last}" if len(others) < 3 else f"{others[0]}_to_{last}"


def _readers(pipeline: Pipeline) -> dict[ValueId, set[str]]:
    """Value -> the nodes that read it; "" for the result of the pipeline."""
    found: dict[ValueId, set[str]] = {v: {""} for v in uses(pipeline.result)}
    for node in walk(pipeline.body):
        read = [v for expr in operands(node) for v in uses(expr)]
        read += [o.value for o in node.outputs] if isinstance(node, ForEach) else []
        for value in read:
            found.setdefault(value, set()).add(node.id)
    return found


def _named(component: Component) -> set[str]:
    return {p.name for p in component.ports if p.kind in ("positional", "keyword")}


def _globals(expr: Code) -> set[str]:
    """The names in an expression that are no values."""
    return {n.id for n in ast.walk(ast.parse(expr.source, mode="eval")) if isinstance(n, ast.Name)} - set(expr.inputs)
