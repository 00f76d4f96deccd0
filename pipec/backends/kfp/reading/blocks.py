"""DAGs as statements of a pipeline function."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pipec.backends.kfp.reading import cel
from pipec.backends.kfp.reading.dags import Node, in_order, is_chain, level, reach
from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.names import Names, identifier
from pipec.backends.kfp.reading.ports import parameter_type
from pipec.backends.kfp.reading.steps import Plan, Steps
from pipec.backends.kfp.reading.tidying import one_name, shortened
from pipec.backends.kfp.reading.values import RefusedError, Scope, Value, argument, literal
from pipec.compiler.pysource.text import one_line
from pipec.compiler.reading import Line, Nested, Statement

Sinks = Mapping[str, list[str]]
"""Output of a group -> the lists that collect it."""
DEEPEST = 40
MOST = 20_000


@dataclass
class Made:
    """What a node has become."""

    statements: list[Statement]
    handles: list[str] = field(default_factory=list)
    """Names of results that tell when it has ended."""
    effect: bool = False
    """Whether it has calls that are bare statements, so that all around waits for it."""


@dataclass
class Notes:
    """What the report says of a task."""

    adapted: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    lost: list[tuple[Path, str, str]] = field(default_factory=list)


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

    def dag(self, component: Mapping[str, Any], path: Path, scope: Scope, sinks: Sinks) -> Made:
        """The tasks of `component`; what of its outputs is in `sinks` is appended there."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise RefusedError(f"its DAGs are nested more than {DEEPEST} levels deep")
        nodes = level(self.documents, component, path)
        outputs = component["dag"].get("outputs") or {}
        wanted: dict[str, dict[str, list[str]]] = {}
        for _, key, task, inner in _selected(outputs):
            if key in sinks:
                wanted.setdefault(task, {}).setdefault(inner, []).extend(sinks[key])
        if is_chain(nodes):
            made = self.chain(nodes, scope, wanted, _merged(outputs))
        else:
            made = self.nodes(nodes, scope, wanted)
        self.depth -= 1
        return made

    def nodes(self, nodes: list[Node], scope: Scope, wanted: Mapping[str, Mapping[str, list[str]]]) -> Made:
        """Nodes of one level."""
        order = _Order(self, nodes, scope)
        statements: list[Statement] = []
        handles: dict[str, list[str]] = {}
        effects: list[Node] = []
        for node in nodes:
            self.count += 1
            if self.count > MOST:
                raise RefusedError(f"it would have more than {MOST} statements")
            sinks = wanted.get(node.name, {})
            bare, alone = order.is_bare(node), order.is_comparable(node)
            inside = scope if alone else replace(scope, serial=False)
            made = self.node(node, inside, sinks, bare, order.is_awaited(node))
            handles[node.name] = made.handles
            effects += [node] if made.effect else []
            names = [name for other in order.only(node) for name in handles.get(other, [])]
            names = list(dict.fromkeys(names))
            if names and not scope.in_loop and not bare:
                waited = names[0] if len(names) == 1 else f"({', '.join(names)})"
                head = [s for s in made.statements if isinstance(s, Line) and s.source.endswith(" = []")]
                rest = [s for s in made.statements if s not in head]
                statements += [*head, Nested(f"with parallel(after={waited}):", tuple(rest))]
            else:
                statements += made.statements
        last = [n.name for n in nodes if not any(n.name in other.needs for other in nodes)]
        statements = self.apart(shortened(statements), effects, order, scope)
        return Made(statements, [h for name in last for h in handles[name]], bool(effects))

    def apart(self, statements: list[Statement], effects: list[Node], order: _Order, scope: Scope) -> list[Statement]:
        """`statements` so that effects in them give no order that was not there."""
        loose = [node for node in effects if not order.is_comparable(node)]
        if not loose:
            return statements
        if not order.forced and not any(node.is_exit for node in effects):
            return [Nested("with parallel():", tuple(statements))]
        for node in loose:
            self.note(node).changed.append("what stands beside it waits for it, and ran at the same time")
        return statements

    def node(self, node: Node, scope: Scope, sinks: Sinks, bare: bool, awaited: bool) -> Made:
        """One node."""
        if node.is_exit:
            from pipec.backends.kfp.reading.exits import exit_block

            return exit_block(self, node, scope, sinks)
        if node.condition:
            return self.condition(node, scope, sinks)
        return self.task(node, scope, sinks, bare, awaited)

    def task(self, node: Node, scope: Scope, sinks: Sinks, bare: bool = False, awaited: bool = False) -> Made:
        """One node, whatever its condition is."""
        if node.is_loop:
            return self.loop(node, scope, sinks, awaited)
        if node.is_inline:
            return self.inline(node, scope, sinks)
        plan = self.pipelines(node.task["componentRef"]["name"]) if node.is_dag else self.step(node, not bare)
        return self.call(node, plan, scope, sinks, bare)

    # calls

    def step(self, node: Node, cached: bool = True) -> Plan:
        """The step of a task that is no DAG; what is called for its effect cannot be cached."""
        plan = self.steps.plan(node.path, node.task, cached)
        if plan.refused:
            raise RefusedError(f"the task `{node.name}` has no counterpart: {plan.refused}")
        return plan

    def call(self, node: Node, plan: Plan, scope: Scope, sinks: Sinks, bare: bool) -> Made:
        """A call of a step or of a pipeline."""
        notes = self.note(node)
        notes.adapted += plan.notes
        notes.changed += plan.changes
        notes.lost += plan.lost_settings
        call = f"{plan.name}({', '.join(self.arguments(node, plan, scope))})"
        if bare:
            return Made([Line(call)], [], True)
        targets = self.targets(node, plan, scope)
        statements: list[Statement] = [Line(f"{', '.join(targets)} = {call}")]
        for output, target in zip(plan.outputs, targets):
            scope.outputs[node.name, output.name] = Value(target, output.kind)
            statements += [Line(f"{sink}.append({target})") for sink in sinks.get(output.name, ())]
        return Made(statements, [targets[0]])

    def arguments(self, node: Node, plan: Plan, scope: Scope) -> list[str]:
        """What the call gets."""
        found: list[str] = []
        for name, parameter in plan.parameters.items():
            value = self.input(node, name, scope)
            if value is not None:
                self.note(node).changed += value.changes
                found.append(f"{parameter}={value.source}")
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
            return scope.parameters.get("\0status")
        definitions = (node.component.get("inputDefinitions") or {}).get("parameters") or {}
        kind = parameter_type(definitions[name]) if name in definitions else ""
        return argument(source, kind, parameters, scope, node.name)

    def targets(self, node: Node, plan: Plan, scope: Scope) -> list[str]:
        """The variables that the results of a call are bound to."""
        given = self.documents.names.get(node.path)
        base = identifier(node.name.replace("-", "_"))
        if not plan.outputs:
            return [self.names.local(given or _apart(base, self.names, "done"), scope.own)]
        if len(plan.outputs) == 1:
            name = plan.outputs[0].name
            own = name.lower() not in ("output", "result") and "--" not in name
            return [self.names.local(given or (identifier(name) if own else _apart(base, self.names, "result")), scope.own)]
        found = [o.name if o.name.lower() != "output" else f"{base}_result" for o in plan.outputs]
        return [self.names.local(identifier(name.replace("pipelinechannel--", "")), scope.own) for name in found]

    # groups

    def scope_of(self, node: Node, scope: Scope, **more: bool) -> Scope:
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
                parameters[name] = Value(value.source, kind, value.changes)
        for name in inputs.get("artifacts") or {}:
            value = self.input(node, name, scope)
            if value is not None:
                artifacts[name] = value
        for name, definition in (definitions.get("parameters") or {}).items():
            if name not in parameters and "defaultValue" in definition:
                kind = parameter_type(definition)
                parameters[name] = Value(literal(definition["defaultValue"], kind), kind)
        return scope.inner(parameters, artifacts, **more)

    def inline(self, node: Node, scope: Scope, sinks: Sinks) -> Made:
        """A DAG that is written in place."""
        inner = self.scope_of(node, scope)
        made = self.dag(node.component, _path_of(node), inner, sinks)
        self.export(node, inner, scope)
        return made

    def export(self, node: Node, inner: Scope, scope: Scope) -> None:
        """What a DAG hands out, as the values that its own tasks gave."""
        for _, key, task, name in _selected(node.component["dag"].get("outputs") or {}):
            if (task, name) in inner.outputs:
                scope.outputs.setdefault((node.name, key), inner.outputs[task, name])

    def condition(self, node: Node, scope: Scope, sinks: Sinks) -> Made:
        """A node that runs only where its condition holds, with all that is left out with it."""
        test = self.test(node, scope)
        before = dict(scope.outputs)
        body = self.guarded(node, scope, sinks)
        statements: list[Statement] = [Nested(f"if {one_line(test)}:", tuple(body.statements))]
        effect = body.effect
        keys = {key for _, key, *_ in _selected((node.component.get("dag") or {}).get("outputs") or {})}
        handed = {k: v for k, v in scope.outputs.items() if k not in before and k[0] == node.name and k[1] in keys}
        names = [v.source for k, v in handed.items() if k[1] not in sinks and v.source.isidentifier()]
        if names and not sinks:
            empty = tuple(Line(f"{name} = None") for name in dict.fromkeys(names))
            statements.append(Nested("else:", empty))
        return Made(statements, [], effect)

    def guarded(self, node: Node, scope: Scope, sinks: Sinks) -> Made:
        """What is inside of a condition: the node itself, and what follows it."""
        own = self.task(node, scope, sinks, False, True)
        if not node.members:
            return own
        first = _Content(node.name, own)
        rest = self.following(first, node.members, scope)
        return Made([*own.statements, *rest.statements], rest.handles, own.effect or rest.effect)

    def following(self, first: _Content, members: list[Node], scope: Scope) -> Made:
        """The members of a condition, below what is in it."""
        ordered = in_order(members)
        effect = False
        for member in ordered:
            data = {task for task, _ in _data(member)}
            if first.name in member.needs and first.name not in data and first.made.handles:
                inner = self.nodes([member], scope, {})
                names = first.made.handles
                waited = names[0] if len(names) == 1 else f"({', '.join(names)})"
                first.after.append(Nested(f"with parallel(after={waited}):", tuple(inner.statements)))
                first.handles += inner.handles
            else:
                inner = self.nodes([member], scope, {})
                first.after += inner.statements
                first.handles += inner.handles
            effect = effect or inner.effect
        return Made(first.after, first.handles, effect)

    def test(self, node: Node, scope: Scope) -> ast.expr:
        """A condition in Python."""
        parameters = (node.task.get("inputs") or {}).get("parameters") or {}

        def lookup(name: str) -> cel.Typed:
            value = argument(parameters[name], "", parameters, scope, node.name) if name in parameters else None
            if value is None:
                raise cel.CelError(f"`{name}` is no input of it")
            definition = ((node.component.get("inputDefinitions") or {}).get("parameters") or {}).get(name)
            kind = parameter_type(definition) if definition else value.kind
            return cel.Typed(ast.parse(value.source, mode="eval").body, kind)

        try:
            return cel.python(node.condition, lookup)
        except cel.CelError as error:
            raise RefusedError(f"the condition of `{node.name}` is not understood: {error}") from None

    def chain(
        self, nodes: list[Node], scope: Scope, wanted: Mapping[str, Mapping[str, list[str]]], merged: _Merged
    ) -> Made:
        """The arms of one `if`, `elif`, `else`; outputs of several arms are one variable."""
        names: dict[str, str] = {}
        tests = {node.name: cel.conjuncts(self.test(node, scope)) for node in nodes}
        ordered = sorted(nodes, key=lambda n: (len(tests[n.name]), ast.unparse(tests[n.name][-1]).startswith("not ")))
        earlier: list[str] = []
        statements: list[Statement] = []
        complete = effect = False
        outputs: dict[tuple[str, str], Value] = {}
        for node in ordered:
            parts = [ast.unparse(part) for part in tests[node.name]]
            refused = [one_line(cel.negated(ast.parse(e, mode="eval").body)) for e in earlier]
            if [_plain(p) for p in parts[: len(earlier)]] != [_plain(r) for r in refused]:
                raise RefusedError(f"`{node.name}` is no further arm of the conditions beside it")
            own = tests[node.name][len(earlier) :]
            sinks = wanted.get(node.name, {})
            body = self.guarded(node, scope, sinks)
            effect = effect or body.effect
            test = own[0] if len(own) == 1 else ast.BoolOp(ast.And(), own)
            complete = not own
            keyword = "else:" if complete else f"{'elif' if statements else 'if'} {one_line(test)}:"
            inside = list(body.statements)
            for task, output in [one for one in merged if one[0] == node.name]:
                value = scope.outputs.get((task, output))
                if value is not None:
                    name = names.setdefault(merged[task, output], value.source)
                    if name != value.source:
                        inside = one_name(inside, value.source, name) or [*inside, Line(f"{name} = {value.source}")]
                    scope.outputs[task, output] = Value(name, value.kind)
            statements.append(Nested(keyword, tuple(inside)))
            outputs |= {k: v for k, v in scope.outputs.items() if k[0] == node.name}
            if not complete:
                earlier.append(ast.unparse(test))
        scope.outputs |= outputs
        return Made(statements, [], effect)

    # loops

    def loop(self, node: Node, scope: Scope, sinks: Sinks, awaited: bool) -> Made:
        """A node that runs once for each item."""
        inner = self.scope_of(node, scope, in_loop=True, serial=False)
        before: list[Statement] = []
        items, name, kind = self.items(node, scope, inner)
        lists: dict[str, list[str]] = {key: list(names) for key, names in sinks.items()}
        own: dict[str, str] = {}
        nested: set[str] = set()
        """Outputs whose lists are elements of the lists outside."""
        for field_, key, *_ in _selected((node.component.get("dag") or {}).get("outputs") or {}):
            flat = field_ == "artifacts" and bool(sinks.get(key))
            if key in own or (flat and key not in node.used):
                continue
            own[key] = self.names.local(_plural(key), inner.own)
            before.append(Line(f"{own[key]} = []"))
            lists[key] = [own[key], *sinks[key]] if flat else [own[key]]
            nested |= {key} if not flat else set()
        body = self.once(node, inner, lists)
        limit = (node.task.get("iteratorPolicy") or {}).get("parallelismLimit")
        over = f"parallel({items}, limit={int(limit)})" if limit else items
        handles = list(own.values())
        if not own and awaited and body.handles:
            ended = self.names.local(f"{identifier(node.name)}_done", inner.own)
            before.append(Line(f"{ended} = []"))
            body.statements += [Line(f"{ended}.append({handle})") for handle in body.handles[:1]]
            handles = [ended]
        statements: list[Statement] = [*before, Nested(f"for {name} in {over}:", tuple(body.statements))]
        for key, target in own.items():
            scope.outputs[node.name, key] = Value(target, "LIST")
            statements += [Line(f"{sink}.append({target})") for sink in sinks.get(key, ()) if key in nested]
        return Made(shortened(statements), handles, body.effect)

    def once(self, node: Node, inner: Scope, lists: Sinks) -> Made:
        """The body of a loop."""
        if node.is_dag and not node.is_inline:
            raise RefusedError(f"`{node.name}` is a loop over a pipeline")
        if node.is_dag:
            return self.dag(node.component, _path_of(node), inner, lists)
        plan = self.step(node)
        made = Scope(inner.parameters, inner.artifacts, inner.outputs, inner.own, True, False)
        bound = Node(node.name, node.path, _bound(node), node.component)
        return self.call(bound, plan, made, lists, False)

    def items(self, node: Node, scope: Scope, inner: Scope) -> tuple[str, str, str]:
        """What a loop runs over, and the name of its variable."""
        iterator = node.task.get("parameterIterator")
        if iterator is None:
            iterator = node.task["artifactIterator"]
            source = self.input(node, (iterator.get("items") or {}).get("inputArtifact") or "", scope)
            if source is None:
                raise RefusedError(f"the loop `{node.name}` runs over nothing")
            name = self.names.local(_singular(source.source), inner.own)
            inner.artifacts[iterator["itemInput"]] = Value(name)
            return source.source, name, ""
        item = iterator.get("itemInput") or ""
        listed = iterator.get("items") or {}
        definition = ((node.component.get("inputDefinitions") or {}).get("parameters") or {}).get(item)
        kind = parameter_type(definition) if definition else ""
        if "raw" in listed:
            source_text = self.raw(node, listed["raw"], scope)
            name = self.names.local("item", inner.own)
        else:
            value = self.input(node, listed.get("inputParameter") or "", scope)
            if value is None:
                raise RefusedError(f"the loop `{node.name}` runs over nothing")
            source_text = value.source
            name = self.names.local(_singular(source_text), inner.own)
        inner.parameters[item] = Value(name, kind)
        return source_text, name, kind

    def raw(self, node: Node, text: str, scope: Scope) -> str:
        """Items that are written as JSON."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise RefusedError(f"the items of the loop `{node.name}` are no JSON") from None
        if not isinstance(value, list):
            raise RefusedError(f"the items of the loop `{node.name}` are no list")
        parameters = (node.task.get("inputs") or {}).get("parameters") or {}
        found = argument({"runtimeValue": {"constant": value}}, "LIST", parameters, scope, node.name)
        assert found is not None
        return found.source


@dataclass
class _Content:
    """What is inside of a condition already, while what follows it is written."""

    name: str
    made: Made
    after: list[Statement] = field(default_factory=list)
    handles: list[str] = field(default_factory=list)


class _Order:
    """Which tasks of a level have to be told to wait, and which may be called as bare statements."""

    def __init__(self, blocks: Blocks, nodes: list[Node], scope: Scope) -> None:
        self.blocks, self.nodes_, self.scope = blocks, nodes, scope
        self.before = reach(nodes)
        self.names = {n.name for n in nodes}
        self.data = {n.name: {task for task, _ in _data(n)} & self.names for n in nodes}
        self.used = {task for n in nodes for task, _ in _data(n)}
        self.forced: set[str] = set()
        """Tasks of a loop that have to be statements, since `after` is not for loops."""
        if scope.in_loop:
            self._force(nodes)

    def _force(self, nodes: list[Node]) -> None:
        by_name = {n.name: n for n in nodes}
        for node in nodes:
            for name in self.only(node):
                pair = [n for n in (node, by_name[name]) if n.name in self.forced or self._may_be_bare(n)]
                if pair:
                    self.forced.add(pair[0].name)
                else:
                    self.blocks.note(node).changed.append(f"it does not wait for `{name}`, whose result it does not need")

    def only(self, node: Node) -> list[str]:
        """What `node` waits for without getting anything of it, directly or on the way of something else."""
        implied: set[str] = set()
        for name in self.data[node.name]:
            implied |= {name, *self.before.get(name, ())}
        left = [n for n in sorted(node.needs & self.names) if n not in implied]
        return [n for n in left if not any(n in self.before.get(o, ()) for o in left if o != n)]

    def is_awaited(self, node: Node) -> bool:
        """Whether something waits for the end of `node` alone."""
        return any(node.name in self.only(other) for other in self.nodes_)

    def is_bare(self, node: Node) -> bool:
        """Whether `node` is called as a statement: that gives it no order that it has not anyway."""
        if node.name in self.forced:
            return True
        if not self.scope.serial or not self._may_be_bare(node) or len(self.nodes_) == 1:
            return False
        return self.is_comparable(node) and not self.blocks.step(node).cached

    def _may_be_bare(self, node: Node) -> bool:
        """Whether `node` is a call whose result nobody takes."""
        if node.is_dag or node.is_loop or node.condition or node.is_exit or node.name in self.used:
            return False
        return not self.blocks.step(node).outputs

    def is_comparable(self, node: Node) -> bool:
        """Whether every other node waits for `node`, or `node` for it."""
        return all(
            other.name == node.name or other.name in self.before[node.name] or node.name in self.before[other.name]
            for other in self.nodes_
        )


_Merged = Mapping[tuple[str, str], str]
"""Task and output of an arm -> the output of the whole that it may be."""


def _merged(outputs: Mapping[str, Any]) -> _Merged:
    """The outputs that several arms give."""
    return {(task, name): f"{field_}.{key}" for field_, key, task, name in _selected(outputs)}


def _selected(outputs: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Of each output of a DAG: its field, its name, and the task and output that it is of."""
    from pipec.backends.kfp.reading.validate import selectors

    return [
        (field_, key, s.get("producerSubtask") or "", s.get("outputParameterKey") or s.get("outputArtifactKey") or "")
        for field_, key, s in selectors(outputs)
    ]


def _data(node: Node) -> list[tuple[str, str]]:
    """The tasks, and outputs, whose results go into `node` or into what is written inside of it."""
    found: list[tuple[str, str]] = []
    inputs = node.task.get("inputs") or {}
    for source in (inputs.get("parameters") or {}).values():
        if made := source.get("taskOutputParameter"):
            found.append((made["producerTask"], made["outputParameterKey"]))
    for source in (inputs.get("artifacts") or {}).values():
        if made := source.get("taskOutputArtifact"):
            found.append((made["producerTask"], made["outputArtifactKey"]))
    for member in node.members:
        found += _data(member)
    return found


def _path_of(node: Node) -> Path:
    return ("components", node.task["componentRef"]["name"])


def _bound(node: Node) -> dict[str, Any]:
    """The task of a loop over one step, whose inputs are those of its own scope."""
    names = (node.task.get("inputs") or {}).get("parameters") or {}
    iterator = node.task.get("parameterIterator") or {}
    parameters = {name: {"componentInputParameter": name} for name in [*names, iterator.get("itemInput") or ""]}
    artifacts = {name: {"componentInputArtifact": name} for name in (node.task.get("inputs") or {}).get("artifacts") or {}}
    return {**node.task, "inputs": {"parameters": parameters, "artifacts": artifacts}}


def _plain(source: str) -> str:
    return re.sub(r"[\s()\"']", "", source)


def _apart(base: str, names: Names, ending: str) -> str:
    return f"{base}_{ending}" if base in names.module else base


def _plural(key: str) -> str:
    name = identifier(key.rpartition("pipelinechannel--")[2])
    name = re.sub(r"_?[Oo]utput$", "", name) or name
    return name if name.endswith("s") else f"{name}_results"


def _singular(source: str) -> str:
    name = source if source.isidentifier() else "item"
    return name[:-1] if name.endswith("s") and len(name) > 3 and not name.endswith("ss") else f"{name}_item" if name != "item" else name


