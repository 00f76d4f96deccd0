"""What is known while the body of a pipeline is written."""

from __future__ import annotations

import ast
import copy
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pipec.backends.airflow.failures import TEMPLATES
from pipec.backends.airflow.reading.own.blocks import Block, Choice, Loop, Simple
from pipec.backends.airflow.reading.own.dag import Graph, Node
from pipec.backends.airflow.reading.own.functions import calls_user
from pipec.backends.airflow.reading.own.glue import Expr, name
from pipec.backends.airflow.reading.own.guards import Guards
from pipec.backends.airflow.reading.own.places import Names
from pipec.backends.airflow.reading.own.unknown import Unknown

_NUMBERED = re.compile(r"_\d*\Z")


@dataclass
class State:
    """One pipeline that is written."""

    graph: Graph
    guards: Guards
    names: Names
    plain: dict[str, ast.FunctionDef]
    """Functions of the user's, tasks by themselves or not."""
    told: Node | None = None
    """Takes what the DAG file says that its run results in."""
    result: Node | None = None
    values: dict[tuple[Node, str], Expr] = field(default_factory=dict)
    choices: dict[Node, Choice] = field(default_factory=dict)
    loops: dict[Node, tuple[Block, Loop]] = field(default_factory=dict)
    called: dict[Node, str] = field(default_factory=dict)
    """Task -> the step that it calls."""
    calls: dict[Node, ast.Call] = field(default_factory=dict)
    """The same tasks -> the calls."""
    root: Block = field(default_factory=Block)
    inner: dict[Node, Block] = field(default_factory=dict)
    """Mapped task -> the body of the loop that it becomes, while that is written."""
    before_settling: Callable[[Block], None] = lambda _: None
    """What is done to the body while its names are still unique."""

    uses: Counter[tuple[Node, str]] = field(default_factory=Counter)
    used: set[Node] = field(default_factory=set)
    """Tasks whose values somebody takes."""
    read: set[tuple[Node, str]] = field(default_factory=set)
    """Which outputs of tasks in a `try` somebody takes; "" is the only result."""
    exception: ast.Name = field(init=False)
    """What handlers call an exception."""
    inline: set[Node] = field(default_factory=set)
    """Lists that are written where the one fan-out that reads them iterates over them."""

    def prepare(self) -> None:
        """Look at who reads what."""
        readers = [*self.graph.every(), *([self.told] if self.told is not None else [])]
        self.uses = Counter((d, k) for n in readers for d, k in self.data(n))
        self.used = {d for d, _ in self.uses}
        self.used |= {self.graph.by_id[n.target] for n in self.graph.every() if n.kind == "collect"}
        self.read = {(d, k) for n in readers for d, k in self._outputs(n)}
        self.exception = self.names.new("error")
        self.inline = set(self._inline())
        self.result = self._result() if self.told is None else None

    def data(self, node: Node) -> Iterable[tuple[Node, str]]:
        """Whose values `node` takes."""
        for expr in (*node.args.values(), *(node.mapped or {}).values(), *([node.items] if node.items else [])):
            for part in ast.walk(expr):
                if isinstance(part, ast.Name) and part.id in node.scope:
                    yield node.scope[part.id], ""

    def _outputs(self, node: Node) -> Iterable[tuple[Node, str]]:
        """Which outputs of tasks in a `try` `node` takes."""
        if node.kind == "collect":
            target = self.graph.by_id[node.target]
            yield target, output(target, node.key)
        for expr in (*node.args.values(), *(node.mapped or {}).values(), *([node.items] if node.items else [])):
            for part in ast.walk(expr):
                match part:
                    case ast.Subscript(value=ast.Name(id=variable), slice=ast.Constant(value=str(key))):
                        if variable in node.scope:
                            yield node.scope[variable], output(node.scope[variable], key)

    def is_read(self, node: Node, key: str = "") -> bool:
        """Whether somebody takes an output; of a task that is in no `try`, whether any is taken."""
        if node.function is not None and node.function.caught:
            return (node, key) in self.read
        return node in self.used or node is self.result

    def _result(self) -> Node | None:
        """The task whose value is the pipeline's: Airflow keeps none, so it is the last one that nobody reads."""
        for node in reversed(self.graph.nodes):
            if node.kind not in ("task", "collect") or node in self.used or self.guards.places[node].guards:
                continue
            made = node.function
            if made is not None and (made.discards or made.outputs or made.caught):
                continue
            return node
        return None

    # where a statement goes

    def block(self, node: Node) -> Block:
        """The block that `node` stands in."""
        if node in self.inner:
            return self.inner[node]
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

    def variable(self, node: Node) -> str:
        """The name that the DAG has for a result."""
        match node.stmt:
            case ast.Assign(targets=[ast.Name(id=found)]):
                step = self.called.get(node)
                if step is None or _NUMBERED.sub("", found) != step:
                    return found
                return next(self._readers_names(node), f"{step}_result")
        return f"{node.id}_result" if node.function is not None and node.function.user else "result"

    def _readers_names(self, node: Node) -> Iterator[str]:
        """What those call the result of an operator that take it: its variable in the DAG has the task's name."""
        for reader in self.graph.every():
            for parameter, expr in reader.args.items():
                match expr:
                    case ast.Attribute(value=ast.Name(id=read), attr="output") if reader.scope.get(read) is node:
                        if parameter.isidentifier():
                            yield parameter

    def is_join(self, node: Node) -> bool:
        """Whether `node` brings arms together."""
        return self.guards.places[node].joins is not None

    def _inline(self) -> Iterable[Node]:
        for node in self.graph.every():
            for expr in (*(node.mapped or {}).values(), *([node.items] if node.items else [])):
                source = node.scope.get(expr.id) if isinstance(expr, ast.Name) else None
                if source is not None and self._is_list(source) and self.uses[source, ""] == 1:
                    yield source

    def _is_list(self, node: Node) -> bool:
        function = node.function
        if function is None or function.user or node.kind != "task" or function.outputs or node.mapped or node.items:
            return False
        if calls_user(function.node, set(self.plain)) or not function.name.startswith("list_"):
            return False
        return len(function.node.body) == 1 and isinstance(function.node.body[0], ast.Return)


def output(node: Node, key: str) -> str:
    """The output that is called `key` in the DAG: a task with one result and a message calls that one "result"."""
    alone = node.function is not None and node.function.caught and not node.function.outputs
    return "" if alone and key == "result" else key


class _Resolve(ast.NodeTransformer):
    def __init__(self, writer: State, node: Node) -> None:
        self.writer, self.node = writer, node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self.node.scope:
            return self.writer.value(self.node.scope[node.id])
        raise Unknown(node, f"`{node.id}` is not known here")

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        match node:
            case ast.Subscript(value=ast.Name(id=variable), slice=ast.Constant(value=str(key))):
                source = self.node.scope.get(variable)
                if source is not None and source.function is not None:
                    if source.function.outputs or source.function.caught:
                        return self.writer.value(source, output(source, key))
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        match node:
            case ast.Attribute(value=ast.Name(id=variable), attr="output") if variable in self.node.scope:
                return self.writer.value(self.node.scope[variable])  # what an operator hands on
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name("dag"), attr="param"), args=[ast.Constant(value=str(key))]):
                return name(key)
            case ast.Call(func=ast.Name("literal"), args=[ast.Constant() as text]):
                return text
        raise Unknown(node, f"`{ast.unparse(node)[:40]}` is not known here")

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        for word in TEMPLATES:
            if node.value == TEMPLATES[word]:
                return ast.Attribute(name("run"), word, ast.Load())
        return node
