"""The body of a pipeline, statement by statement, as a block of the IR."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.pipeline import MutatedResult, UnboundName
from pipec.compiler.diagnostics.risk import DiscardedResult, UnreachableCode
from pipec.compiler.diagnostics.source import UnsupportedStatement
from pipec.compiler.frontend import (
    branches,
    callees,
    collections,
    expressions,
    failures,
    listing,
    loops,
    ordering,
    running,
    sharing,
    tasks,
    unpacking,
)
from pipec.compiler.frontend.assigned import assigned
from pipec.compiler.frontend.constants import PURE_METHODS
from pipec.compiler.frontend.operands import (
    NONE,
    POISON,
    Binding,
    Growing,
    Operand,
    Part,
    Scope,
    Unbound,
    ref,
)
from pipec.compiler.frontend.project import Module
from pipec.compiler.frontend.reading import Reading
from pipec.compiler.frontend.resolve import Resolver, Target
from pipec.ir import (
    VALUE,
    Block,
    Code,
    Compute,
    Const,
    Iteration,
    Let,
    Parallel,
    RunValue,
    Span,
    Statement,
    Type,
    ValueId,
)

_REFUSED: dict[type[ast.stmt], tuple[str, str]] = {
    ast.While: ("`while`", "put the loop into a step, or use `for x in xs:` for a fan-out"),
    ast.Break: ("`break`", "filter the items before the loop"),
    ast.Continue: ("`continue`", "use an `if` around the rest of the loop"),
    ast.Global: ("`global`", "return the value and pass it on"),
    ast.Nonlocal: ("`nonlocal`", "return the value and pass it on"),
    ast.Delete: ("`del`", "leave it out; values are never changed"),
    ast.FunctionDef: ("a nested function", "define it at the top level of the module"),
    ast.AsyncFunctionDef: ("a nested function", "define it at the top level of the module"),
    ast.ClassDef: ("a nested class", "define it at the top level of the module"),
    ast.Import: ("an import", "import at the top level of the module"),
    ast.ImportFrom: ("an import", "import at the top level of the module"),
    ast.AsyncFor: ("`async for`", "use a plain `for`"),
    ast.AsyncWith: ("`async with`", "use a plain `with parallel():`"),
    ast.AugAssign: ("an augmented assignment", "write `x = x + ...`, or `append` in a loop"),
}


@dataclass
class Flow:
    """How a list of statements ends."""

    kind: str = "falls"
    """"falls" through, "returns" or "raises" on every path, or "maybe": some paths have returned."""
    value: Operand = NONE
    """What is returned, for "returns" and "maybe"."""
    flag: Operand | None = None
    """For "maybe": whether it has returned."""


class Body:
    """A block that is being read: its names so far, and the nodes made."""

    def __init__(
        self, reading: Reading, module: Module, scope: Scope, group: tuple[str, ...], types: dict[ValueId, Type]
    ) -> None:
        self.reading = reading
        self.module = module
        self.scope = scope
        self.group = group
        self.types = types
        self.nodes: list[Statement] = []
        self.in_loop = False
        self.in_argument = False
        """What is read is an argument of a task, which the task evaluates at each attempt."""
        self.takes_address = False
        """What is read next may be an address, `uri_of(...)`: it is an argument of a task, or gets a name for one."""
        self.iterations: tuple[Iteration, ...] = ()
        """The unrolled loops around."""
        self.top = self
        """The block of the whole pipeline, or of the sub-pipeline."""
        self.run_values: dict[str, RunValue] = {}
        """Of the whole block: what of `run` it reads."""
        self.tail = False
        """The end of this block is the end of the pipeline."""

    # the surroundings

    @property
    def report(self) -> Report:
        """Where findings go."""
        return self.reading.report

    @property
    def resolver(self) -> Resolver:
        """What names refer to."""
        return self.reading.resolver

    def span(self, node: ast.AST) -> Span:
        """The place of `node`."""
        return self.module.span(node)

    def child(self) -> Body:
        """A block inside this one, with names of its own."""
        inner = Body(self.reading, self.module, self.scope.copy(), self.group, self.types)
        inner.in_loop, inner.top, inner.iterations = self.in_loop, self.top, self.iterations
        return inner

    def block(self) -> Block:
        """The block as read so far."""
        return Block(nodes=(*self.run_values.values(), *self.nodes))

    # values

    def value(self, hint: str, type_: Type) -> ValueId:
        """A new value of type `type_`, named like `hint` (several names, with commas between, for a tuple)."""
        id_ = self.reading.names.fresh(hint.replace(",", "_"))
        self.types[id_] = type_
        return id_

    def type_of(self, value: ValueId) -> Type:
        """The type of a value."""
        return self.types.get(value, VALUE)

    def as_value(self, operand: Operand, hint: str, node: ast.AST | None = None) -> Operand:
        """`operand` as a constant or a reference: an expression is computed by a node of its own."""
        if not isinstance(operand.expr, Code) or operand.poison:
            return operand
        operand = listing.as_list(operand)
        assert isinstance(operand.expr, Code)
        id_ = self.value(hint, operand.type)
        span = self.span(node) if node is not None else self.module.span(self.module.tree)
        let = Let(id=id_, expr=operand.expr, type=operand.type)
        self.nodes.append(Compute(id=self.reading.nodes.fresh(id_), lets=(let,), outputs=(id_,), span=span))
        return ref(id_, operand.type, elements=operand.elements, what=operand.what, producer=operand.producer)

    def materialise(self, name: str) -> Operand:
        """The collection `name` as it is now."""
        growing = self.scope.names[name]
        assert isinstance(growing, Growing)
        parts = growing.parts
        if growing.read is not None:
            known, value = growing.read
            if known == len(parts):
                return value
            whole = Part(listing.pairs(value) if growing.kind == "dict" else value, many=True)
            parts = (whole, *parts[known:])
        found = self.as_value(collections.collected(self, replace(growing, parts=parts)), name)
        if parts:
            self.scope.names[name] = replace(growing, read=(len(growing.parts), found))
        return found

    # expressions

    def operand(self, node: ast.expr, hint: str = "") -> Operand:
        """The value of an expression."""
        return expressions.operand(self, node, hint)

    def name(self, node: ast.Name) -> Operand | None:
        """What a name stands for; `None` for a pure builtin."""
        return expressions.name(self, node)

    def call(self, target: Target, node: ast.Call, hint: str, effect: bool = False) -> Operand:
        """A call of a step or pipeline."""
        if callees.is_pipeline(self, target):
            return tasks.group(self, target, node, hint, effect)
        return tasks.task(self, target, node, hint, effect)

    def attribute(self, owner: Operand, attr: str, hint: str) -> Operand | None:
        """A field of a step's result as an output of its own; `None` where the result has no such field."""
        return tasks.attribute(self, owner, attr, hint)

    def comprehension(self, node: ast.ListComp | ast.DictComp, hint: str) -> Operand:
        """A fan-out written as a comprehension."""
        return loops.comprehension(self, node, hint)

    # statements

    def declare(self, nodes: list[ast.stmt]) -> None:
        """Names that the body binds somewhere are its own from the start, as in every Python function."""
        for name in assigned(nodes):
            self.scope.names.setdefault(name, Unbound("it is bound only later"))

    def statements(self, nodes: list[ast.stmt]) -> Flow:
        """Read `nodes` to the end of the block."""
        for i, node in enumerate(nodes):
            flow = self.statement(node, nodes[i + 1 :])
            if flow is not None:
                return flow
        return Flow("returns", NONE) if self.tail else Flow()

    def statement(self, node: ast.stmt, rest: list[ast.stmt]) -> Flow | None:
        """Read one statement. A `Flow` says that `rest` was dealt with."""
        match node:
            case ast.Return():
                if rest:
                    self.report.add(UnreachableCode(self.span(rest[0])))
                return Flow("returns", self._kept(node.value) if node.value else NONE)
            case ast.If():
                return branches.branch(self, node, rest)
            case ast.Assign() | ast.AnnAssign():
                self._assign(node)
            case ast.Expr():
                self._expression(node)
            case ast.For():
                loops.loop(self, node)
            case ast.Try():
                return failures.attempt(self, node, rest)
            case ast.Raise():
                return failures.fail(self, node, rest)
            case ast.Assert():
                failures.check(self, node)
            case ast.With():
                return self._parallel(node, rest)
            case ast.Pass():
                pass
            case _:
                self._refuse(node)
        return None

    def _refuse(self, node: ast.stmt) -> None:
        what, instead = _REFUSED.get(type(node), (f"`{type(node).__name__.lower()}`", "put it into a step"))
        self.report.add(UnsupportedStatement(self.span(node), what, instead))

    def _assign(self, node: ast.Assign | ast.AnnAssign) -> None:
        if node.value is None:
            return
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if len(targets) == 1 and isinstance(targets[0], (ast.Tuple, ast.List)):
            unpacking.unpack(self, targets[0], node.value)
            return
        if len(targets) == 1 and isinstance(targets[0], ast.Subscript):
            self._set_item(targets[0], node.value)
            return
        names = [t for t in targets if isinstance(t, ast.Name)]
        for target in targets:
            if not isinstance(target, ast.Name):
                self.report.add(MutatedResult(self.span(target), f"`{ast.unparse(target)}`"))
        if not names:
            return
        if names[0].id == "_" and callees.has_calls(self, node.value):
            self.report.add(DiscardedResult(self.span(node), ast.unparse(node.value).split("(")[0]))
        self.takes_address = len(names) == len(targets)
        found: Binding = self.as_value(self._kept(node.value, names[0].id), names[0].id, node)
        self.takes_address = False
        sharing.share(self, node.value, names[0].id)
        made = collections.created(self.resolver, self.module, node.value)
        if made is not None and len(names) == len(targets) == 1:
            found = made
        for target in names:
            self.scope.names[target.id] = found

    def _kept(self, node: ast.expr, hint: str = "") -> Operand:
        """The value of an expression that gets a name, or is handed out: no iterator, which can be read only once."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in listing.ONCE:
            target = self.resolver.name(self.module, node.func.id)
            if node.func.id not in self.scope.names and target is not None and target.kind == "builtin":
                instead = f"write `list({node.func.id}(...))`"
                return expressions.refuse(self, node, f"`{node.func.id}(...)`, which can be read only once,", instead)
        return self.operand(node, hint)

    def _set_item(self, target: ast.Subscript, value: ast.expr) -> None:
        if isinstance(target.value, ast.Name) and self.growing(target.value.id, "dict"):
            key, found = self.operand(target.slice), self.operand(value, f"{target.value.id}_value")
            sharing.share(self, value, target.value.id)
            self._grow(target.value.id, collections.pair(self, key, found), target)
            return
        self.report.add(MutatedResult(self.span(target), f"`{ast.unparse(target.value)}`"))

    def growing(self, name: str, kind: str) -> bool:
        """Whether `name` is a collection that was created empty, and that may be filled."""
        binding = self.scope.names.get(name)
        return isinstance(binding, Growing) and binding.kind == kind

    def _grow(self, name: str, operand: Operand, node: ast.AST) -> None:
        """Add to a collection, unless another name would show the addition too."""
        growing = self.scope.names[name]
        if isinstance(growing, Growing) and growing.shared:
            self.report.add(MutatedResult(self.span(node), f"`{name}`, which `{growing.shared}` holds too,"))
            return
        collections.add(self, name, operand)

    def _expression(self, node: ast.Expr) -> None:
        value = node.value
        if isinstance(value, ast.Constant):
            return  # a docstring, or `...`
        if isinstance(value, ast.Call):
            target = callees.callee(self, value)
            if target is not None:
                self.call(target, value, "", effect=True)
                return
            if running.is_wait(self, value):
                running.wait(self, value)
                return
            if self._append(value):
                return
        found = self.operand(value)
        self.as_value(found, "value", node)

    def _append(self, node: ast.Call) -> bool:
        if not isinstance(node.func, ast.Attribute) or not isinstance(node.func.value, ast.Name):
            return False
        name, method = node.func.value.id, node.func.attr
        if name not in self.scope.names or method in PURE_METHODS:
            return False
        one = len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Starred)
        if method == "append" and one and self.growing(name, "list"):
            item = self._kept(node.args[0], f"{name}_item")
            sharing.share(self, node.args[0], name)
            self._grow(name, item, node)
        elif isinstance(binding := self.scope.names[name], Unbound):
            self.report.add(UnboundName(self.span(node.func.value), name, binding.reason, binding.where))
            self.scope.names[name] = POISON
        elif binding != POISON:
            instead = ""
            if method == "append" and one:
                new = f"{name} = [*{name}, {ast.unparse(node.args[0])}]"
                instead = f"write `{new}`, or append to a list that is created empty"
                if self.in_loop:  # which carries no value from one iteration to the next
                    instead = f"append to a list that is created empty, by `{name} = []`"
            self.report.add(MutatedResult(self.span(node), f"`{name}`", instead))
        return True

    def _parallel(self, node: ast.With, rest: list[ast.stmt]) -> Flow | None:
        if (call := ordering.call_of(self, node)) is None:
            return None
        after = ordering.awaited(self, call)
        if after is None:
            return None
        outer, self.nodes = self.nodes, []
        tail, self.tail = self.tail, False
        flow = self.statements(node.body)
        inner, self.nodes, self.tail = self.nodes, outer, tail
        if flow.kind in ("returns", "maybe"):
            self.report.add(
                UnsupportedStatement(self.span(node), "`return` inside `with parallel()`", "return after it")
            )
            return flow
        if inner:
            id_ = self.reading.nodes.fresh("parallel")
            self.reading.after[id_] = after
            self.nodes.append(Parallel(id=id_, body=Block(nodes=tuple(inner)), span=self.span(node)))
        return flow if flow.kind == "raises" else None


__all__ = ["Body", "Const", "Flow"]
