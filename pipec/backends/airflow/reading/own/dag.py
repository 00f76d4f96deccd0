"""The body of a generated DAG as nodes and edges."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipec.backends.airflow.operators import task_ids
from pipec.backends.airflow.reading.own.functions import COLLECTED, TaskFunction, constant, dotted, first_doc
from pipec.backends.airflow.reading.own.unknown import Unknown

JOIN = "none_failed_min_one_success"
"""The trigger rule of what brings the arms of a branch together."""


@dataclass(eq=False)
class Node:
    """One task of the DAG, or one mapped group of tasks."""

    id: str
    kind: str
    """"task", "branch", "sensor", "operator", "empty", "outlet", "loop", "collect", "item"."""
    stmt: ast.stmt
    function: TaskFunction | None = None
    args: dict[str, ast.expr] = field(default_factory=dict)
    """Parameter -> expression in the words of the DAG."""
    mapped: dict[str, ast.expr] | None = None
    """The arguments that it is mapped over."""
    items: ast.expr | None = None
    """The list of dicts that it is mapped over."""
    rule: str = "all_success"
    parent: Node | None = None
    """The loop that it stands in."""
    body: list[Node] = field(default_factory=list)
    target: str = ""
    """Of a `collect`: the task whose results it lists."""
    key: str = ""
    upstream: list[Node] = field(default_factory=list)
    data: list[Node] = field(default_factory=list)
    """Whose values it takes, among those upstream."""
    groups: tuple[str, ...] = ()
    limit: int | None = None
    scope: dict[str, Node] = field(default_factory=dict)
    """What the names in its arguments stand for."""
    full: str = ""
    """Its identifier, with those of the groups that it stands in."""
    operator: ast.Call | None = None
    """Of an "operator": how the DAG makes it."""

    @property
    def is_join(self) -> bool:
        """Whether it brings the arms of a branch together."""
        return self.rule == JOIN


@dataclass
class Graph:
    """A DAG file's graph."""

    nodes: list[Node] = field(default_factory=list)
    """At the top level, in the order of the file."""
    by_variable: dict[str, Node] = field(default_factory=dict)
    by_id: dict[str, Node] = field(default_factory=dict)
    edges: list[tuple[Node, Node]] = field(default_factory=list)

    def every(self, nodes: list[Node] | None = None) -> Iterator[Node]:
        """All nodes, those in loops included."""
        for node in self.nodes if nodes is None else nodes:
            yield node
            yield from self.every(node.body)


class GraphReader:
    """Reads the body of `with DAG(...)`."""

    def __init__(self, functions: dict[str, TaskFunction]) -> None:
        self.functions = functions
        self.graph = Graph()

    def read(self, body: list[ast.stmt]) -> Graph:
        """The graph of the statements of the DAG's body."""
        self._block(body, None, (), self.graph.nodes)
        return self.graph

    def _block(self, body: list[ast.stmt], parent: Node | None, groups: tuple[str, ...], out: list[Node]) -> None:
        pending: dict[str, ast.FunctionDef] = {}
        for stmt in body:
            match stmt:
                case ast.FunctionDef(decorator_list=[decorator]) if dotted(decorator) == "task_group":
                    pending[stmt.name] = stmt
                case ast.With(items=[ast.withitem(context_expr=ast.Call(func=ast.Name("TaskGroup"), args=[name, *_]))]):
                    self._block(stmt.body, parent, (*groups, str(constant(name))), out)
                case ast.Expr(value=ast.BinOp(op=ast.RShift()) as chain):
                    self._chain(chain)
                case ast.Assign(targets=[target], value=value):
                    self._made(stmt, target, value, parent, groups, pending, out)
                case ast.Expr(value=ast.Call() as call):
                    self._made(stmt, None, call, parent, groups, pending, out)
                case ast.Return():
                    pass
                case _:
                    raise Unknown(stmt, "this statement of the DAG is not known")

    def _chain(self, chain: ast.BinOp) -> list[Node]:
        left = self._chain(chain.left) if isinstance(chain.left, ast.BinOp) else self._ends(chain.left)
        right = self._ends(chain.right)
        for up in left:
            for down in right:
                self.graph.edges.append((up, down))
                if up not in down.upstream:
                    down.upstream.append(up)
        return right

    def _ends(self, node: ast.expr) -> list[Node]:
        if isinstance(node, ast.List):
            return [end for item in node.elts for end in self._ends(item)]
        if isinstance(node, ast.Name) and node.id in self.graph.by_variable:
            return [self.graph.by_variable[node.id]]
        raise Unknown(node, "the end of this edge is not known")

    def _made(
        self,
        stmt: ast.stmt,
        target: ast.expr | None,
        value: ast.expr,
        parent: Node | None,
        groups: tuple[str, ...],
        pending: dict[str, ast.FunctionDef],
        out: list[Node],
    ) -> None:
        if not isinstance(value, ast.Call):
            raise Unknown(stmt, "this statement of the DAG is not known")
        node = self._loop(stmt, value, parent, groups, pending) or self._node(stmt, value)
        node.parent, node.groups, node.scope = parent, groups, dict(self.graph.by_variable)
        out.append(node)
        if node.kind != "loop":
            node.full = ".".join((*self._prefix(parent), *groups, node.id))
            self.graph.by_id[node.full] = node
        for name in target.elts if isinstance(target, ast.Tuple) else [target] if target is not None else []:
            if not isinstance(name, ast.Name):
                raise Unknown(stmt, "this statement of the DAG is not known")
            self.graph.by_variable[name.id] = node
        for expr in (*node.args.values(), *(node.mapped or {}).values(), *([node.items] if node.items else [])):
            for read in ast.walk(expr):
                if isinstance(read, ast.Name) and read.id in self.graph.by_variable:
                    found = self.graph.by_variable[read.id]
                    node.data.append(found)
                    if found not in node.upstream and found.kind != "item":
                        node.upstream.append(found)
        for found in self._mentioned(node):
            self.graph.edges.append((found, node))
            if found not in node.upstream:
                node.upstream.append(found)

    def _mentioned(self, node: Node) -> list[Node]:
        """The tasks that an operator takes something from."""
        names = [n.id for n in ast.walk(node.operator) if isinstance(n, ast.Name)] if node.operator is not None else []
        found = (self.graph.by_variable[name] for name in names if name in self.graph.by_variable)
        return [one for one in dict.fromkeys(found) if one is not node]

    def _prefix(self, parent: Node | None) -> tuple[str, ...]:
        return () if parent is None else (*self._prefix(parent.parent), *parent.groups, parent.id)

    def _node(self, stmt: ast.stmt, call: ast.Call) -> Node:
        if dotted(call.func) == "EmptyOperator":
            given = {k.arg: k.value for k in call.keywords if k.arg}
            rule = str(constant(given["trigger_rule"])) if "trigger_rule" in given else "all_success"
            if "outlets" in given and rule != JOIN and "dag://" in ast.unparse(given["outlets"]):
                return Node(str(constant(given["task_id"])), "outlet", stmt)
            if rule == JOIN and len(given) == 2:
                return Node(str(constant(given["task_id"])), "empty", stmt, rule=rule)
        outer, partial = call, None
        callee: ast.expr = call.func
        mapping = ""
        if isinstance(callee, ast.Attribute) and callee.attr in ("expand", "expand_kwargs"):
            mapping, callee = callee.attr, callee.value
            if (
                isinstance(callee, ast.Call)
                and isinstance(callee.func, ast.Attribute)
                and callee.func.attr == "partial"
            ):
                partial, callee = callee, callee.func.value
        override: dict[str, ast.expr] = {}
        if isinstance(callee, ast.Call) and isinstance(callee.func, ast.Attribute) and callee.func.attr == "override":
            override = {k.arg: k.value for k in callee.keywords if k.arg}
            callee = callee.func.value
        function = self.functions.get(callee.id) if isinstance(callee, ast.Name) else None
        if function is None:
            id_ = next(task_ids(call), None)
            if id_ is None:
                raise Unknown(call, f"`{ast.unparse(callee)[:40]}` is not known")
            return Node(id_, "operator", stmt, operator=call)
        return self._of(stmt, function, override, outer, partial, mapping)

    def _of(
        self,
        stmt: ast.stmt,
        function: TaskFunction,
        override: dict[str, ast.expr],
        call: ast.Call,
        partial: ast.Call | None,
        mapping: str,
    ) -> Node:
        if extra := set(override) - {"task_id", "trigger_rule"}:
            raise Unknown(stmt, f"`{min(extra)}` of one call alone is not known")
        options = function.options | override
        id_ = str(constant(options["task_id"])) if "task_id" in options else function.name
        rule = str(constant(options["trigger_rule"])) if "trigger_rule" in options else "all_success"
        kind = "branch" if function.kind == "short_circuit" else function.kind
        node = Node(id_, kind, stmt, function, rule=rule)
        limit = function.options.get("max_active_tis_per_dagrun")
        node.limit = constant(limit) if limit is not None else None  # type: ignore[assignment]
        if first_doc(function.node) == COLLECTED:
            node.kind, node.target = "collect", str(constant(call.args[0]))
            node.key = str(constant(call.args[1])) if len(call.args) > 1 else ""
            return node
        if mapping == "expand_kwargs":
            node.items = call.args[0]
            call = partial or ast.Call(func=call.func, args=[], keywords=[])
        elif mapping:
            node.mapped = {str(k.arg): k.value for k in call.keywords}
            call = partial or ast.Call(func=call.func, args=[], keywords=[])
        given = function.node.args
        positional = [a.arg for a in (*given.posonlyargs, *given.args)]
        if len(call.args) > len(positional) and not given.vararg:
            raise Unknown(stmt, "its arguments do not fit")
        for i, arg in enumerate(call.args):
            if isinstance(arg, ast.Starred):
                raise Unknown(arg, "its arguments do not fit")
            node.args[positional[i] if i < len(positional) else f"*{i}"] = arg
        for keyword in call.keywords:
            node.args[str(keyword.arg)] = keyword.value
        return node

    def _loop(
        self,
        stmt: ast.stmt,
        call: ast.Call,
        parent: Node | None,
        groups: tuple[str, ...],
        pending: dict[str, ast.FunctionDef],
    ) -> Node | None:
        match call.func:
            case ast.Attribute(value=ast.Name(id=name), attr=("expand" | "expand_kwargs") as how) if name in pending:
                made = pending.pop(name)
            case _:
                return None
        node = Node(name, "loop", stmt, parent=parent, groups=groups)
        if how == "expand":
            node.mapped = {str(k.arg): k.value for k in call.keywords}
        else:
            node.items = call.args[0]
        node.target = ",".join(a.arg for a in made.args.args)
        outside = dict(self.graph.by_variable)
        node.scope = dict(outside)
        for arg in made.args.args:
            self.graph.by_variable[arg.arg] = Node(arg.arg, "item", made, parent=node)
        self._block(made.body, node, (), node.body)
        for inner in self.graph.every(node.body):
            for up in inner.upstream:
                if up in outside.values() and up not in node.upstream and up.kind != "item":
                    node.upstream.append(up)
        self.graph.by_variable = outside | {k: v for k, v in self.graph.by_variable.items() if k not in outside}
        return node
