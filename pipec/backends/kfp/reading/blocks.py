"""DAGs as statements of a pipeline function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pipec.backends.kfp.reading.conditions import chain, condition
from pipec.backends.kfp.reading.dags import Node, is_chain, level, merged, path_of, selected
from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.exits import exit_block
from pipec.backends.kfp.reading.loops import loop
from pipec.backends.kfp.reading.made import Made, Notes, Sinks
from pipec.backends.kfp.reading.names import Names, identifier
from pipec.backends.kfp.reading.order import Order
from pipec.backends.kfp.reading.ports import parameter_type
from pipec.backends.kfp.reading.steps import Plan, Steps
from pipec.backends.kfp.reading.tidying import shortened
from pipec.backends.kfp.reading.values import RefusedError, Scope, Value, argument, literal
from pipec.compiler.reading import Line, Nested, Statement

DEEPEST = 40
MOST = 20_000


class Blocks:
    """Writes the tasks of a pipeline."""

    def __init__(self, documents: Documents, names: Names, steps: Steps, pipelines: Callable[[str], Plan]) -> None:
        self.documents, self.names, self.steps = documents, names, steps
        self.pipelines = pipelines
        """Component -> the pipeline function that it becomes."""
        self.notes: dict[Path, Notes] = {}
        """Task -> what the report says."""
        self.depth = 0
        self.count = 0

    def note(self, node: Node) -> Notes:
        """What is told of `node`."""
        return self.notes.setdefault(node.path, Notes())

    # a DAG

    def dag(self, component: Mapping[str, Any], path: Path, scope: Scope, sinks: Sinks, ended: str = "") -> Made:
        """The tasks of `component`; what of its outputs is in `sinks` is appended there.

        `ended`: what a variable is called that tells when one of several arms has ended, where something waits for it.
        """
        self.depth += 1
        if self.depth > DEEPEST:
            raise RefusedError(f"its DAGs are nested more than {DEEPEST} levels deep")
        nodes = level(self.documents, component, path)
        outputs = component["dag"].get("outputs") or {}
        wanted: dict[str, dict[str, list[str]]] = {}
        for _, key, task, inner in selected(outputs):
            if key in sinks:
                wanted.setdefault(task, {}).setdefault(inner, []).extend(sinks[key])
        if is_chain(nodes):
            made = chain(self, nodes, scope, wanted, merged(outputs), ended)
        else:
            made = self.nodes(nodes, scope, wanted)
        self.depth -= 1
        return made

    def nodes(
        self,
        nodes: list[Node],
        scope: Scope,
        wanted: Mapping[str, Mapping[str, list[str]]],
        above: Mapping[str, list[str]] | None = None,
    ) -> Made:
        """Nodes of one level, below those of `above`, whose results tell when they have ended."""
        handles = dict(above or {})
        order = Order(self, nodes, scope, handles)
        statements: list[Statement] = []
        effects: list[Node] = []
        called: set[str] = set()
        """Those that are statements, which what is below waits for anyway."""
        for node in nodes:
            self.count += 1
            if self.count > MOST:
                raise RefusedError(f"it would have more than {MOST} statements")
            sinks = wanted.get(node.name, {})
            bare, alone = order.is_bare(node), order.is_comparable(node)
            inside = scope if alone else replace(scope, serial=False)
            made = self.node(node, inside, sinks, bare, order.is_awaited(node))
            handles[node.name] = made.handles
            called |= {node.name} if bare else set()
            effects += [node] if made.effect else []
            names = [name for other in order.only(node) for name in handles.get(other, [])]
            if not bare:
                self.unawaited(node, [o for o in order.only(node) if not handles.get(o) and o not in called])
            names = list(dict.fromkeys(names))
            statements += self.note(node).remarks()
            if names and not bare:
                waited = names[0] if len(names) == 1 else f"({', '.join(names)})"
                head = [s for s in made.statements if isinstance(s, Line) and s.source.endswith(" = []")]
                rest = [s for s in made.statements if s not in head]
                statements += [*head, Nested(f"with parallel(after={waited}):", tuple(rest))]
            else:
                statements += made.statements
        last = [n.name for n in nodes if not any(n.name in other.needs for other in nodes)]
        statements = self.apart(shortened(statements), effects, order, scope)
        return Made(statements, [h for name in last for h in handles[name]], bool(effects))

    def unawaited(self, node: Node, others: list[str]) -> None:
        """Nodes that have no results by which `node` could wait for them."""
        for other in others:
            self.note(node).changed.append(f"it does not wait for `{other}`, whose result it does not need")

    def apart(self, statements: list[Statement], effects: list[Node], order: Order, scope: Scope) -> list[Statement]:
        """`statements` so that effects in them give no order that was not there."""
        loose = [node for node in effects if not order.is_comparable(node)]
        if not loose:
            return statements
        if not order.forced:
            return [Nested("with parallel():", tuple(statements))]
        found: list[Statement] = []
        for node in loose:
            self.note(node).changed.append(f"what stands beside `{node.name}` waits for it, and ran at the same time")
            found += self.note(node).remarks()
        return [*found, *statements]

    def node(self, node: Node, scope: Scope, sinks: Sinks, bare: bool, awaited: bool) -> Made:
        """One node."""
        if node.is_exit:
            return exit_block(self, node, scope, sinks)
        if node.condition:
            return condition(self, node, scope, sinks)
        return self.task(node, scope, sinks, bare, awaited)

    def task(self, node: Node, scope: Scope, sinks: Sinks, bare: bool = False, awaited: bool = False) -> Made:
        """One node, whatever its condition is."""
        self.labels(node)
        if node.is_loop:
            return loop(self, node, scope, sinks, awaited)
        if node.is_inline:
            return self.inline(node, scope, sinks, awaited)
        plan = self.pipelines(node.task["componentRef"]["name"]) if node.is_dag else self.step(node)
        return self.call(node, plan, scope, sinks, bare)

    def labels(self, node: Node) -> None:
        """What `node` has that is not part of what it does, or cannot be kept."""
        shown = (node.task.get("taskInfo") or {}).get("name")
        if shown and shown != node.name:
            self.note(node).adapted.append(f"what the UI calls it, {shown!r}, is a comment")
            self.note(node).comments.append(f"Shown as {shown!r}.")
        if node.is_dag and int((node.task.get("retryPolicy") or {}).get("maxRetryCount") or 0):
            reason = "retries are settings of steps, not of what is made of them"
            self.note(node).lost.append(((*node.path, "retryPolicy"), "retryPolicy", reason))

    # calls

    def step(self, node: Node) -> Plan:
        """The step of a task that is no DAG."""
        plan = self.steps.plan(node.path, node.task)
        if plan.refused:
            raise RefusedError(f"the task `{node.name}` has no counterpart: {plan.refused}")
        return plan

    def call(self, node: Node, plan: Plan, scope: Scope, sinks: Sinks, bare: bool) -> Made:
        """A call of a step or of a pipeline."""
        notes = self.note(node)
        notes.adapted += plan.notes
        notes.changed += plan.changes
        notes.marked += plan.changes
        notes.lost += plan.lost_settings
        notes.kept += [plan.kept] if plan.kept else []
        call = f"{plan.name}({', '.join(self.arguments(node, plan, scope))})"
        if bare:
            return Made([Line(call)], [], True)
        targets = self.targets(node, plan, scope)
        statements: list[Statement] = [Line(_bound(targets, call))]
        for output, target in zip(plan.outputs, targets):
            scope.outputs[node.name, output.name] = Value(target, output.kind, native=bool(plan.kept or plan.native))
            statements += [Line(f"{sink}.append({target})") for sink in sinks.get(output.name, ())]
        return Made(statements, [targets[0]])

    def arguments(self, node: Node, plan: Plan, scope: Scope) -> list[str]:
        """What the call gets."""
        found: list[str] = []
        for name, parameter in plan.parameters.items():
            value = self.input(node, name, scope)
            if value is not None:
                self.note(node).changed += value.changes
                if name in plan.described and not value.native:
                    self.note(node).changed.append(f"the metadata of `{name}` are what pipec keeps with it")
                found.append(f"{parameter}={value.source}")
                if name in plan.addresses:
                    found.append(f"{plan.addresses[name]}=uri_of({value.source})")
            elif parameter in plan.defaults:
                found.append(f"{parameter}={plan.defaults[parameter]}")
            elif _is_required(node, name):
                raise RefusedError(f"`{node.name}` is not given `{name}`, which it needs")
        if len(plan.parameters) == 1 and len(found) == 1:
            found = [found[0].partition("=")[2]]
        return found

    def input(self, node: Node, name: str, scope: Scope) -> Value | None:
        """What one input of `node` gets."""
        inputs = node.task.get("inputs") or {}
        artifact = (inputs.get("artifacts") or {}).get(name)
        if artifact is not None:
            if made := artifact.get("taskOutputArtifact"):
                return scope.output(made["producerTask"], made["outputArtifactKey"], node.name)
            return scope.artifacts.get(artifact.get("componentInputArtifact") or "")
        parameters = inputs.get("parameters") or {}
        source = parameters.get(name)
        if source is None:
            return None
        if source.get("taskFinalStatus") is not None:
            if "\0status" not in scope.parameters:
                raise RefusedError(f"`{node.name}` gets how a task has ended, and runs only where that one succeeds")
            return scope.parameters["\0status"]
        definitions = (node.component.get("inputDefinitions") or {}).get("parameters") or {}
        kind = parameter_type(definitions[name]) if name in definitions else ""
        value = argument(source, kind, parameters, scope, node.name)
        default = (definitions.get(name) or {}).get("defaultValue")
        if value is None or not value.optional or default is None:
            return value
        return Value(f"{value.source} if {value.source} is not None else {literal(default, kind)}", kind, value.changes)

    def targets(self, node: Node, plan: Plan, scope: Scope) -> list[str]:
        """The variables that the results of a call are bound to."""
        given = self.documents.names.get(node.path)
        base = identifier(node.name.replace("-", "_"))
        if not plan.outputs:
            return [self.names.local(given or _apart(base, self.names, "done"), scope.own)]
        if len(plan.outputs) == 1:
            name = plan.outputs[0].name
            own = name.lower() not in ("output", "result") and "--" not in name
            return [
                self.names.local(given or (identifier(name) if own else _apart(base, self.names, "result")), scope.own)
            ]
        found = [o.name if o.name.lower() != "output" else f"{base}_result" for o in plan.outputs]
        return [self.names.local(identifier(name.replace("pipelinechannel--", "")), scope.own) for name in found]

    # groups

    def scope_of(self, node: Node, scope: Scope, in_loop: bool = False) -> Scope:
        """What the tasks inside of `node` see."""
        parameters: dict[str, Value] = {}
        artifacts: dict[str, Value] = {}
        definitions = node.component.get("inputDefinitions") or {}
        inputs = node.task.get("inputs") or {}
        for name in inputs.get("parameters") or {}:
            value = self.input(node, name, scope)
            if value is not None:
                definition = (definitions.get("parameters") or {}).get(name)
                kind = parameter_type(definition) if definition else value.kind
                parameters[name] = replace(value, kind=kind)
        for name in inputs.get("artifacts") or {}:
            value = self.input(node, name, scope)
            if value is not None:
                artifacts[name] = value
        for name, definition in (definitions.get("parameters") or {}).items():
            if name not in parameters and "defaultValue" in definition:
                kind = parameter_type(definition)
                parameters[name] = Value(literal(definition["defaultValue"], kind), kind)
        return scope.inner(parameters, artifacts, scope.in_loop or in_loop, scope.serial and not in_loop)

    def inline(self, node: Node, scope: Scope, sinks: Sinks, awaited: bool = False) -> Made:
        """A DAG that is written in place."""
        inner = self.scope_of(node, scope)
        ended = f"{identifier(node.name)}_done" if awaited else ""
        made = self.dag(node.component, path_of(node), inner, sinks, ended)
        self.export(node, inner, scope)
        return made

    def export(self, node: Node, inner: Scope, scope: Scope) -> None:
        """What a DAG hands out, as the values that its own tasks gave."""
        for _, key, task, name in selected(node.component["dag"].get("outputs") or {}):
            if (task, name) in inner.outputs:
                scope.outputs.setdefault((node.name, key), inner.outputs[task, name])


def _is_required(node: Node, name: str) -> bool:
    definitions = node.component.get("inputDefinitions") or {}
    spec = {**(definitions.get("parameters") or {}), **(definitions.get("artifacts") or {})}.get(name) or {}
    return not spec.get("isOptional") and "defaultValue" not in spec


def _bound(targets: list[str], call: str) -> str:
    """`a, b = call`, where the names alone would not fit on a line with a name on each."""
    together = ", ".join(targets)
    if len(targets) == 1 or len(together) < 90:
        return f"{together} = {call}"
    return "\n".join(["(", *(f"    {target}," for target in targets), *(f") = {call}".split("\n"))])


def _apart(base: str, names: Names, ending: str) -> str:
    return f"{base}_{ending}" if base in names.module else base
