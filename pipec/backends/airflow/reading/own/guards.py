"""Which tasks of a generated DAG stand in which arm of which branch."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from pipec.backends.airflow.reading.own.dag import Graph, Node
from pipec.backends.airflow.reading.own.functions import TaskFunction, dotted
from pipec.backends.airflow.reading.own.unknown import Unknown


@dataclass
class Place:
    """Where a task stands."""

    guards: dict[Node, bool] = field(default_factory=dict)
    """Chooser -> arm."""
    joins: Node | None = None
    """The chooser whose arms it brings together."""


@dataclass
class Guards:
    """The places of all nodes."""

    graph: Graph
    places: dict[Node, Place] = field(default_factory=dict)
    arms: dict[Node, tuple[list[str], list[str]]] = field(default_factory=dict)
    choosers: set[Node] = field(default_factory=set)
    """Branches, and the checks that say the same inside of mapped groups."""

    def run(self) -> None:
        """Find them, in the order of the file, which is topological."""
        for node in self.graph.every():
            if node.kind == "branch":
                assert node.function is not None
                if node.function.kind == "branch":
                    self.arms[node] = _arms(node.function)
                self.choosers.add(node)
            for parameter, _ in skips(node.function):
                self.choosers.add(self.behind(node, parameter))
        for node in self.graph.every():
            self.places[node] = self._place(node)

    def behind(self, node: Node, parameter: str) -> Node:
        """The task that gives the argument `parameter` of `node`."""
        given = node.args.get(parameter)
        if isinstance(given, ast.Name) and given.id in node.scope:
            return node.scope[given.id]
        raise Unknown(node.stmt, "what leaves this task out is not known")

    def _place(self, node: Node) -> Place:
        explicit = skips(node.function)
        if explicit or (node.parent is not None and node.rule == "none_failed" and node.kind == "task"):
            return self._explicit(node, explicit)
        direct = [u for u in node.upstream if u.kind == "branch"]
        candidates: dict[Node, set[bool]] = {chooser: set() for chooser in direct}
        inherits = node.rule != "none_failed" or bool(direct) or node.kind == "collect"
        for up in node.upstream:
            place = self.places.get(up)
            if place is None or up.parent is not node.parent:
                continue
            for chooser, arm in place.guards.items():
                if inherits:
                    candidates.setdefault(chooser, set()).add(arm)
        found = Place()
        for chooser in sorted(candidates, key=lambda c: len(self.places[c].guards)):
            own = self.places[chooser].guards
            if not own.items() <= found.guards.items():
                if node.is_join and found.joins is not None:
                    if node.kind != "empty":
                        raise Unknown(node.stmt, "it brings two branches together at once")
                    continue
                raise Unknown(node.stmt, "its place in the branches is not understood")
            arms = candidates[chooser] | self._listed(chooser, node, chooser in direct)
            if len(arms) == 1:
                found.guards[chooser] = next(iter(arms))
            elif node.is_join and len(arms) == 2 and found.joins is None:
                found.joins = chooser
            else:
                raise Unknown(node.stmt, "its place in the branches is not understood")
        return found

    def _listed(self, chooser: Node, node: Node, direct: bool) -> set[bool]:
        if not direct:
            return set()
        if chooser not in self.arms:  # what leaves out everything below it
            return {True}
        then, other = self.arms[chooser]  # which may name the task that wrote the command line of a container
        return {arm for arm, ids in ((True, then), (False, other)) if any(self.graph.by_id.get(i) is node for i in ids)}

    def _explicit(self, node: Node, explicit: list[tuple[str, bool]]) -> Place:
        found = Place()
        for parameter, arm in explicit:
            chooser = self.behind(node, parameter)
            found.guards |= self.places[chooser].guards
            found.guards[chooser] = arm
        assert node.function is not None
        rest = without_skips(node.function)
        if rest and isinstance(rest[0], ast.If) and isinstance(rest[0].test, ast.Name) and node.rule == "none_failed":
            tested = self.behind(node, rest[0].test.id) if rest[0].test.id in node.args else None
            if tested in self.choosers:
                found.joins = tested
        if node.rule != "none_failed" and not explicit:
            raise Unknown(node.stmt, "its place in the branches is not understood")
        return found


def skips(function: TaskFunction | None) -> list[tuple[str, bool]]:
    """Parameter and arm: what a task in a mapped group looks at before it does anything."""
    found: list[tuple[str, bool]] = []
    for stmt in function.node.body if function is not None and not function.user else ():
        match stmt:
            case ast.If(body=[ast.Raise(exc=ast.Call(func=callee))]) if dotted(callee) == "AirflowSkipException":
                match stmt.test:
                    case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)):
                        found.append((name, True))
                    case ast.Compare(left=ast.Name(id=name), ops=[ast.IsNot()], comparators=[ast.Constant(False)]):
                        found.append((name, False))
                    case _:
                        raise Unknown(stmt, "what leaves this task out is not known")
    return found


def without_skips(function: TaskFunction) -> list[ast.stmt]:
    """The body of glue without what leaves it out."""
    return function.node.body[len(skips(function)) :]


def _arms(function: TaskFunction) -> tuple[list[str], list[str]]:
    match function.node.body:
        case [ast.Return(value=ast.IfExp(body=then, orelse=other))]:
            return _ids(then), _ids(other)
    raise Unknown(function.node, "how this branch chooses is not understood")


def _ids(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.List) and all(isinstance(e, ast.Constant) for e in node.elts):
        return [str(e.value) for e in node.elts if isinstance(e, ast.Constant)]
    raise Unknown(node, "how this branch chooses is not understood")
