"""Nodes of a generated DAG as statements of a pipeline."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pipec.backends.airflow.failures import TEMPLATES
from pipec.backends.airflow.reading.own.blocks import Block, Choice, Loop, Simple, negated
from pipec.backends.airflow.reading.own.dag import Graph, Node
from pipec.backends.airflow.reading.own.functions import TaskFunction, calls_user, constant, dotted
from pipec.backends.airflow.reading.own.glue import NONE, Expr, listed, name, simplified, substituted
from pipec.backends.airflow.reading.own.guards import Guards, without_skips
from pipec.backends.airflow.reading.own.places import Names
from pipec.backends.airflow.reading.own.unknown import Unknown
from pipec.compiler.reading import duration


@dataclass
class Writer:
    """Writes one pipeline."""

    graph: Graph
    guards: Guards
    names: Names
    plain: dict[str, ast.FunctionDef]
    """Functions of the user's, tasks by themselves or not."""
    result: Node | None = None
    values: dict[tuple[Node, str], Expr] = field(default_factory=dict)
    choices: dict[Node, Choice] = field(default_factory=dict)
    loops: dict[Node, tuple[Block, Loop]] = field(default_factory=dict)
    called: dict[Node, str] = field(default_factory=dict)
    """Task -> the step that it calls."""
    root: Block = field(default_factory=Block)
    before_settling: Callable[[Block], None] = lambda _: None
    """What is done to the body while its names are still unique."""

    def run(self) -> Block:
        """The body."""
        self.uses = Counter((d, k) for n in self.graph.every() for d, k in self._data(n))
        self.used = {d for d, _ in self.uses}
        self.used |= {self.graph.by_id[n.target] for n in self.graph.every() if n.kind == "collect"}
        self.tests = set(self.guards.choosers)
        self.result = self._result()
        for node in self.graph.nodes:
            self._node(node)
        self.before_settling(self.root)
        self.names.settle(self.root) if self.result is None else self._settle()
        return self.root

    def _settle(self) -> None:
        assert self.result is not None
        value = self.values[self.result, ""]
        self.root.items.append(Simple(ast.Return(value), self.result))
        self.names.settle(self.root)
        returned(self.root)

    def _data(self, node: Node) -> Iterable[tuple[Node, str]]:
        for expr in (*node.args.values(), *(node.mapped or {}).values(), *([node.items] if node.items else [])):
            for part in ast.walk(expr):
                if isinstance(part, ast.Name) and part.id in node.scope:
                    yield node.scope[part.id], ""

    def _result(self) -> Node | None:
        """The task whose value is the pipeline's: Airflow keeps none, so it is the last one that nobody reads."""
        for node in reversed(self.graph.nodes):
            if node.kind not in ("task", "collect") or node in self.used or self.guards.places[node].guards:
                continue
            if node.function is not None and (node.function.discards or node.function.outputs):
                continue
            return node
        return None

    # where a statement goes

    def block(self, node: Node) -> Block:
        """The block that `node` stands in."""
        guards = self.guards.places[node].guards
        block = self.root if node.parent is None else self.loops[node.parent][1].body
        for chooser in sorted(guards, key=lambda c: len(self.guards.places[c].guards)):
            block = self.choices[chooser].arm(guards[chooser])
        return block

    def add(self, node: Node, stmt: ast.stmt) -> None:
        """Write a statement."""
        self.block(node).items.append(Simple(stmt, node))

    # values

    def value(self, node: Node, key: str = "") -> Expr:
        """What stands for a result."""
        found = self.values.get((node, key))
        if found is None:
            raise Unknown(node.stmt, f"the value of `{node.id}` is not at hand where it is read")
        return copy.deepcopy(found)

    def resolve(self, expr: Expr, node: Node) -> Expr:
        """An argument in the words of the DAG in those of the pipeline."""
        return _Resolve(self, node).visit(copy.deepcopy(expr))  # type: ignore[no-any-return]

    def given(self, node: Node) -> dict[str, Expr]:
        """Parameter -> value, for what is not mapped."""
        return {parameter: self.resolve(expr, node) for parameter, expr in node.args.items()}

    def assign(self, node: Node, wanted: str, value: Expr) -> ast.Name:
        """`wanted = value`."""
        made = self.names.new(wanted)
        self.add(node, ast.Assign([ast.Name(made.id, ast.Store())], value))
        return made

    # nodes

    def _node(self, node: Node) -> None:
        if node.function is not None and node.function.caught:
            raise Unknown(node.stmt, "a `try` is not read back")
        match node.kind:
            case "item" | "outlet" | "empty":
                return
            case "branch":
                self._branch(node)
            case "sensor":
                self._sensor(node)
            case "loop":
                self._loop(node)
            case "collect":
                self._collect(node)
            case _ if node.mapped is not None or node.items is not None:
                self._mapped(node)
            case _:
                self._task(node, self.given(node))

    def _branch(self, node: Node) -> None:
        assert node.function is not None
        match node.function.node.body:
            case [ast.Return(value=ast.IfExp(test=test))]:
                pass
            case [ast.Return(value=ast.Call(func=ast.Name("bool"), args=[test]))]:
                pass
            case _:
                raise Unknown(node.stmt, "how this branch chooses is not understood")
        self._choice(node, substituted(test, self.given(node)))

    def _choice(self, node: Node, test: Expr) -> None:
        choice = Choice(test, node)
        self.block(node).items.append(choice)
        self.choices[node] = choice

    def _sensor(self, node: Node) -> None:
        assert node.function is not None
        options = node.function.options
        match node.function.node.body:
            case [ast.Return(value=ast.Call(func=ast.Name("arrived"), args=[uri]))]:
                call = ast.Call(name("wait_for"), [substituted(uri, self.given(node))], [])
            case _:
                raise Unknown(node.stmt, "what this sensor waits for is not known")
        for word, option in (("every", "poke_interval"), ("timeout", "timeout")):
            if option in options:
                call.keywords.append(ast.keyword(word, ast.Constant(duration(seconds(options[option])))))
        self.add(node, ast.Expr(call))

    def _task(self, node: Node, given: dict[str, Expr]) -> None:
        function = node.function
        assert function is not None
        if (call := self.call(node, given)) is not None:
            self._called(node, call)
            return
        body = without_skips(function)
        if self._raises(node, body, given):
            return
        if node in self.tests and self._test(node, body, given):
            return
        match body:
            case [ast.Pass()]:
                return
            case [ast.Return(value=ast.Name(id=parameter))] if parameter in given and not self._is_join(node):
                self.values[node, ""] = given[parameter]
            case _ if self._inlined(node):
                return
            case _:
                self._glue(node, body, given)

    def _is_join(self, node: Node) -> bool:
        return self.guards.places[node].joins is not None

    def call(self, node: Node, given: dict[str, Expr]) -> ast.Call | None:
        """The call of a step; `None` for glue."""
        function = node.function
        assert function is not None
        if not function.user:
            inner = calls_user(function.node, set(self.plain))
            if inner is None:
                return None
            self.called[node] = dotted(inner.func)
            made = substituted(inner, given)
            assert isinstance(made, ast.Call)
            return made
        self.called[node] = function.name
        call = ast.Call(name(function.name), [], [])
        signature = function.node.args
        positional = [a.arg for a in (*signature.posonlyargs, *signature.args)]
        for parameter, value in given.items():
            by_place = len(call.args) < len(positional) and positional[len(call.args)] == parameter
            if not call.keywords and (by_place or parameter.startswith("*")):
                call.args.append(value)
            else:
                call.keywords.append(ast.keyword(parameter, value))
        return call

    def variable(self, node: Node) -> str:
        """The name that the DAG has for a result."""
        match node.stmt:
            case ast.Assign(targets=[ast.Name(id=found)]):
                return found
        return f"{node.id}_result" if node.function is not None and node.function.user else "result"

    def _called(self, node: Node, call: ast.Call) -> None:
        assert node.function is not None
        outputs = node.function.outputs
        if outputs:
            for key, value in self._parts(node, call, outputs).items():
                self.values[node, key] = value
        elif node in self.used or node is self.result:
            self.values[node, ""] = self.assign(node, self.variable(node), call)
        elif node.function.discards:
            self.add(node, ast.Expr(call))
        else:
            self.values[node, ""] = self.assign(node, self.variable(node), call)

    def _parts(self, node: Node, call: Expr, outputs: dict[str, int | str | None]) -> dict[str, Expr]:
        count = arity(self.plain[self.called[node]])
        if count is None or not all(isinstance(where, int) for where in outputs.values()):
            whole = self.assign(node, next((k for k, w in outputs.items() if w is None), self.variable(node)), call)
            return {key: _part(whole, where) for key, where in outputs.items()}
        by_index = {where: key for key, where in outputs.items()}
        names = [self.names.new(by_index.get(i, "_")) for i in range(count)]
        targets: list[Expr] = [ast.Name(n.id, ast.Store()) for n in names]
        self.add(node, ast.Assign([ast.Tuple(targets, ast.Store())], call))
        return {key: names[where] for key, where in outputs.items() if isinstance(where, int)}

    def _raises(self, node: Node, body: list[ast.stmt], given: dict[str, Expr]) -> bool:
        """`assert`, and `raise PipelineFailed`."""
        match body:
            case [ast.If(test=test, body=[ast.Raise(exc=ast.Call(args=args) as exc)], orelse=[])]:
                failed = exc
            case [ast.Raise(exc=ast.Call(args=args) as exc)]:
                failed, test = exc, None
            case _:
                return False
        if dotted(failed.func) != "AirflowFailException":
            raise Unknown(node.stmt, "what this task raises is not known")
        message = substituted(args[0], given) if args else ast.Constant("")
        if test is None:
            self.add(node, ast.Raise(ast.Call(name("PipelineFailed"), [message], [])))
        else:
            self.add(node, ast.Assert(negated(substituted(test, given)), message))
        return True

    def _test(self, node: Node, body: list[ast.stmt], given: dict[str, Expr]) -> bool:
        """A check in a mapped group, that tasks look at."""
        assert node.function is not None
        match body:
            case [ast.Return(value=value)] if value is not None:
                test = substituted(value, given)
            case _:
                raise Unknown(node.stmt, "this condition is not understood")
        match test:
            case ast.Call(func=ast.Name("bool"), args=[inner]) if node.function.name.startswith("check_"):
                self.values[node, ""] = test
                test = inner
            case _:
                test = self.values[node, ""] = self.assign(node, self.variable(node), test)
        self._choice(node, test)
        return True

    def _inlined(self, node: Node) -> bool:
        """Whether a list is written where it is iterated over."""
        return node in self.inline

    @property
    def inline(self) -> set[Node]:
        """Lists that one fan-out alone reads."""
        if not hasattr(self, "_inline"):
            self._inline: set[Node] = set()
            for node in self.graph.every():
                for expr in (*(node.mapped or {}).values(), *([node.items] if node.items else [])):
                    source = node.scope.get(expr.id) if isinstance(expr, ast.Name) else None
                    if source is not None and self._is_list(source) and self.uses[source, ""] == 1:
                        self._inline.add(source)
        return self._inline

    def _is_list(self, node: Node) -> bool:
        function = node.function
        if function is None or function.user or node.kind != "task" or function.outputs or node.mapped or node.items:
            return False
        if calls_user(function.node, set(self.plain)) or not function.name.startswith("list_"):
            return False
        return len(function.node.body) == 1 and isinstance(function.node.body[0], ast.Return)

    # glue

    def _glue(self, node: Node, body: list[ast.stmt], given: dict[str, Expr]) -> None:
        """Expressions, and what brings the arms of a branch together."""
        assert node.function is not None
        outputs = list(node.function.outputs) or [""]
        joined = self.guards.places[node].joins
        if joined is not None:
            self._join(node, joined, body, given, outputs)
            return
        if len(body) > 1 and isinstance(body[0], ast.If) or isinstance(body[-1], ast.If):
            made = {key: self.names.new(key or self.variable(node)) for key in outputs}
            self._arms(node, body, given, made, self.block(node))
        else:
            self._straight(node, body, given, outputs)
            return
        self.values |= {(node, key): value for key, value in made.items()}

    def _straight(self, node: Node, body: list[ast.stmt], given: dict[str, Expr], outputs: list[str]) -> None:
        given = dict(given)
        for stmt in body[:-1]:
            match stmt:
                case ast.Assign(targets=[ast.Name(id=target)], value=value):
                    given[target] = self.assign(node, target, substituted(value, given))
                case _:
                    raise Unknown(stmt, "this statement is not understood")
        last = body[-1]
        if not isinstance(last, ast.Return) or last.value is None:
            raise Unknown(last, "this statement is not understood")
        for key, value in zip(outputs, _elements(last.value, outputs), strict=True):
            made = substituted(value, given)
            keep = isinstance(made, ast.Name) and key
            self.values[node, key] = made if keep else self.assign(node, key or self.variable(node), made)

    def _join(self, node: Node, joined: Node, body: list[ast.stmt], given: dict[str, Expr], outputs: list[str]) -> None:
        choice = self.choices[joined]
        made = {key: self.names.new(key or self.variable(node)) for key in outputs}
        for taken in (True, False):
            live = dict(given)
            for parameter, expr in node.args.items():
                for part in ast.walk(expr):
                    if isinstance(part, ast.Name) and part.id in node.scope:
                        guards = (
                            self.guards.places[node.scope[part.id]].guards if node.scope[part.id].kind != "item" else {}
                        )
                        if guards.get(joined, taken) != taken:
                            live[parameter] = NONE
            self._arms(node, self._taken(node, joined, choice, taken, body, live), live, made, choice.arm(taken))
        self.values |= {(node, key): value for key, value in made.items()}

    def _taken(
        self, node: Node, joined: Node, choice: Choice, taken: bool, body: list[ast.stmt], given: dict[str, Expr]
    ) -> list[ast.stmt]:
        """The part of a join that an arm is meant by."""
        match body:
            case [ast.If(test=test, body=then, orelse=[]), *rest]:
                by_name = isinstance(test, ast.Name) and test.id in node.args
                same = by_name and self._behind(node, test) is joined
                if same or ast.dump(substituted(test, given)) == ast.dump(choice.test):
                    return then if taken else rest
        return body

    def _behind(self, node: Node, test: ast.expr) -> Node | None:
        assert isinstance(test, ast.Name)
        expr = node.args[test.id]
        return node.scope.get(expr.id) if isinstance(expr, ast.Name) else None

    def _arms(
        self, node: Node, body: list[ast.stmt], given: dict[str, Expr], made: dict[str, ast.Name], block: Block
    ) -> None:
        """Bind the outputs of glue that decides, in `block`."""
        match body:
            case [ast.Return(value=value)] if value is not None:
                for (_, target), part in zip(made.items(), _elements(value, list(made)), strict=True):
                    shown = simplified(substituted(part, given))
                    if (
                        isinstance(shown, ast.Name)
                        and self._born(shown.id, block)
                        and self.names.unite(shown.id, target.id)
                    ):
                        continue
                    block.items.append(Simple(ast.Assign([ast.Name(target.id, ast.Store())], shown), node))
            case [ast.If(test=test, body=then, orelse=[]), *rest]:
                choice = Choice(substituted(test, given), node)
                block.items.append(choice)
                self._arms(node, then, given, made, choice.then)
                self._arms(node, rest, given, made, choice.other)
            case _:
                raise Unknown(node.stmt, "how it chooses is not understood")

    def _born(self, token: str, block: Block) -> bool:
        """Whether a variable is bound by a statement of `block` itself, or in arms of it."""
        for item in block.items:
            match item:
                case Simple(stmt=ast.Assign(targets=[target])):
                    bound = {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
                    if token in bound:
                        return True
                case Choice():
                    if self._bound_in(token, item.then) and self._bound_in(token, item.other):
                        return True
        return False

    def _bound_in(self, token: str, block: Block) -> bool:
        roots = {t for t in self.names.wanted if self.names.root(t) == self.names.root(token)}
        return any(self._born(t, block) for t in roots)

    # fan-outs

    def _items(self, node: Node, wanted: dict[str, str]) -> tuple[Expr, Expr, list[Expr], dict[str, Expr]]:
        """Target, items, conditions, and what each parameter is for an item."""
        if node.mapped is not None:
            if len(node.mapped) != 1:
                raise Unknown(node.stmt, "it is mapped over several lists")
            [(parameter, expr)] = node.mapped.items()
        else:
            parameter, expr = "", node.items  # type: ignore[assignment]
        source = node.scope.get(expr.id) if isinstance(expr, ast.Name) else None
        if source is None or source not in self.inline:
            target = self.names.new(wanted.get(parameter, parameter or "item"))
            return ast.Name(target.id, ast.Store()), self.resolve(expr, node), [], self._each(node, parameter, target)
        assert source.function is not None
        stmt = source.function.node.body[0]
        assert isinstance(stmt, ast.Return) and stmt.value is not None
        items, element, comp = listed(substituted(stmt.value, self.given(source)))
        if comp is None or element is None:
            target = self.names.new(wanted.get(parameter, parameter or "item"))
            return ast.Name(target.id, ast.Store()), items, [], self._each(node, parameter, target)
        generator = comp.generators[0]
        own: dict[str, Expr] = {}
        for part in ast.walk(generator.target):
            if isinstance(part, ast.Name):
                renamed = self.names.new(part.id)
                own[part.id], part.id = renamed, renamed.id
        tests = [substituted(test, own) for test in generator.ifs]
        element = substituted(element, own)
        if parameter:
            return generator.target, items, tests, {parameter: element}
        if not isinstance(element, ast.Dict):
            raise Unknown(node.stmt, "what it is mapped over is not understood")
        return generator.target, items, tests, {str(constant(k)): v for k, v in zip(element.keys, element.values)}

    def _each(self, node: Node, parameter: str, target: ast.Name) -> dict[str, Expr]:
        if parameter:
            return {parameter: target}
        parameters = (
            node.target.split(",") if node.kind == "loop" else node.function.parameters if node.function else []
        )
        return {p: ast.Subscript(target, ast.Constant(p), ast.Load()) for p in parameters if p not in node.args and p}

    def _mapped(self, node: Node) -> None:
        function = node.function
        assert function is not None
        target, items, tests, each = self._items(node, {})
        given = self.given(node) | each
        call: Expr | None = self.call(node, given)
        if call is None:
            body = without_skips(function)
            if len(body) != 1 or not isinstance(body[0], ast.Return) or body[0].value is None or function.outputs:
                raise Unknown(node.stmt, "this mapped task is not understood")
            call = substituted(body[0].value, given)
        discards = not (node in self.used or node is self.result) and function.discards
        if not function.outputs and not discards and node.limit is None:
            comp = ast.ListComp(call, [ast.comprehension(target, items, tests, 0)])
            self.values[node, ""] = self.assign(node, self.variable(node), comp)
            return
        self._spelt(node, target, items, tests, call, discards)

    def _spelt(self, node: Node, target: Expr, items: Expr, tests: list[Expr], call: Expr, discards: bool) -> None:
        """A mapped task as a `for`."""
        assert node.function is not None
        block = self.block(node)
        loop = Loop(target, _limited(items, node.limit), node)
        outputs = node.function.outputs
        lists: dict[str, ast.Name] = {}
        for key in [] if discards else outputs or [""]:
            lists[key] = self.assign(node, key or self.variable(node), ast.List([], ast.Load()))
        block.items.append(loop)
        inner = loop.body
        for test in tests:
            choice = Choice(test, node)
            inner.items.append(choice)
            inner = choice.then
        values: dict[str, Expr] = {"": call}
        if outputs:
            kept, self.block = self.block, lambda _: inner  # type: ignore[method-assign]
            values = self._parts(node, call, outputs)
            self.block = kept  # type: ignore[method-assign]
        if discards:
            inner.items.append(Simple(ast.Expr(call), node))
        for key, made in lists.items():
            inner.items.append(Simple(append(made, values[key]), node))
            self.values[node, key] = made

    def _loop(self, node: Node) -> None:
        target, items, tests, each = self._items(node, {})
        limits = {n.limit for n in self.graph.every(node.body) if n.limit is not None}
        if len(limits) > 1:
            raise Unknown(node.stmt, "its tasks have several limits")
        loop = Loop(target, _limited(items, min(limits, default=None)), node)
        block = self.block(node)
        block.items.append(loop)
        self.loops[node] = (block, loop)
        if tests:
            raise Unknown(node.stmt, "what it is mapped over is not understood")
        for inner in self.graph.every(node.body):
            for seen in inner.scope.values():
                if seen.kind == "item" and seen.parent is node and seen.id in each:
                    self.values[seen, ""] = each[seen.id]
        for inner in node.body:
            self._node(inner)

    def _collect(self, node: Node) -> None:
        target = self.graph.by_id.get(node.target)
        if target is None or target.parent is None or target.parent.parent is not None:
            raise Unknown(node.stmt, "what it collects is not known")
        block, loop = self.loops[target.parent]
        if self.guards.places[node].guards != self.guards.places[target.parent].guards:
            raise Unknown(node.stmt, "it collects in another branch")
        made = self.names.new(self.variable(node))
        start = Simple(ast.Assign([ast.Name(made.id, ast.Store())], ast.List([], ast.Load())), node)
        block.items.insert(block.items.index(loop), start)
        self.block(target).items.append(Simple(append(made, self.value(target, node.key)), target))
        self.values[node, ""] = made


class _Resolve(ast.NodeTransformer):
    def __init__(self, writer: Writer, node: Node) -> None:
        self.writer, self.node = writer, node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self.node.scope:
            return self.writer.value(self.node.scope[node.id])
        raise Unknown(node, f"`{node.id}` is not known here")

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        match node:
            case ast.Subscript(value=ast.Name(id=variable), slice=ast.Constant(value=str(key))):
                source = self.node.scope.get(variable)
                if source is not None and source.function is not None and source.function.outputs:
                    return self.writer.value(source, key)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name("dag"), attr="param"), args=[ast.Constant(value=str(key))]):
                return name(key)
            case ast.Call(func=ast.Name("literal"), args=[ast.Constant() as text]):
                return text
        raise Unknown(node, f"`{ast.unparse(node)[:40]}` is not known here")

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        for word in ("id", "date"):
            if node.value == TEMPLATES[word]:
                return ast.Attribute(name("run"), word, ast.Load())
        return node


def append(made: ast.Name, value: Expr) -> ast.stmt:
    """`made.append(value)`."""
    return ast.Expr(ast.Call(ast.Attribute(name(made.id), "append", ast.Load()), [value], []))


def arity(function: ast.FunctionDef) -> int | None:
    """How many elements the tuple has that `function` promises."""
    match function.returns:
        case ast.Subscript(value=ast.Name("tuple" | "Tuple"), slice=ast.Tuple(elts=elts)):
            return None if any(isinstance(e, ast.Constant) and e.value is ... for e in elts) else len(elts)
    return None


def seconds(node: Expr) -> float:
    """The seconds of `timedelta(...)`, or of a number."""
    match node:
        case ast.Call(func=ast.Name("timedelta"), keywords=[ast.keyword(arg=str(unit), value=amount)], args=[]):
            factor = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}.get(unit)
            if factor is not None:
                return float(constant(amount)) * factor  # type: ignore[arg-type]
    value = constant(node)
    if isinstance(value, (int, float)):
        return float(value)
    raise Unknown(node, "it is no time")


def returned(block: Block) -> None:
    """Return in place what is bound only to be returned in the next statement."""
    while len(block.items) >= 2:
        last, before = block.items[-1], block.items[-2]
        if (
            not isinstance(last, Simple)
            or not isinstance(last.stmt, ast.Return)
            or not isinstance(last.stmt.value, ast.Name)
        ):
            return
        match before:
            case Simple(stmt=ast.Assign(targets=[ast.Name(id=found)], value=value)) if found == last.stmt.value.id:
                block.items[-2:] = [Simple(ast.Return(value), before.node)]
                return
            case Choice():
                for arm in (before.then, before.other):
                    arm.items.append(last)
                    returned(arm)
                block.items.pop()
                return
        return


def _elements(value: Expr, outputs: list[str]) -> list[Expr]:
    if outputs == [""]:
        return [value]
    if isinstance(value, ast.Tuple) and len(value.elts) == len(outputs):
        return value.elts
    raise Unknown(value, "its outputs do not fit")


def _part(whole: ast.Name, where: int | str | None) -> Expr:
    if where is None:
        return whole
    if isinstance(where, int):
        return ast.Subscript(whole, ast.Constant(where), ast.Load())
    return ast.Attribute(whole, where, ast.Load())


def _limited(items: Expr, limit: int | None) -> Expr:
    if limit is None:
        return items
    return ast.Call(name("parallel"), [items], [ast.keyword("limit", ast.Constant(limit))])


__all__ = ["TaskFunction", "Writer"]
