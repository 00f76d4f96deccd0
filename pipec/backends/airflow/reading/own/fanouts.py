"""Mapped tasks and groups as comprehensions and loops."""

from __future__ import annotations

import ast

from pipec.backends.airflow.reading.own.blocks import Choice, Loop, Simple
from pipec.backends.airflow.reading.own.dag import Node
from pipec.backends.airflow.reading.own.functions import constant
from pipec.backends.airflow.reading.own.glue import Expr, listed, name, substituted
from pipec.backends.airflow.reading.own.guards import without_skips
from pipec.backends.airflow.reading.own.joins import Joins
from pipec.backends.airflow.reading.own.state import output
from pipec.backends.airflow.reading.own.unknown import Unknown


class FanOuts(Joins):
    """Writes fan-outs."""

    def write(self, node: Node) -> None:
        """Write one node."""
        raise NotImplementedError

    def _items(self, node: Node, wanted: dict[str, str]) -> tuple[Expr, Expr, list[Expr], dict[str, Expr]]:
        """Target, items, conditions, and what each parameter is for an item."""
        if node.mapped is not None:
            if len(node.mapped) != 1:
                raise Unknown(node.stmt, "it is mapped over several lists")
            [(parameter, expr)] = node.mapped.items()
        else:
            assert node.items is not None
            parameter, expr = "", node.items
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

    def mapped(self, node: Node) -> None:
        """A mapped task."""
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
        discards = not self.is_read(node) and function.discards
        if not function.outputs and not function.caught and not discards and node.limit is None:
            comp = ast.ListComp(call, [ast.comprehension(target, items, tests, 0)])
            self.values[node, ""] = self.assign(node, self.variable(node), comp)
            return
        self._spelt(node, target, items, tests, call, discards)

    def _spelt(self, node: Node, target: Expr, items: Expr, tests: list[Expr], call: Expr, discards: bool) -> None:
        """A mapped task as a `for`."""
        assert node.function is not None
        block = self.block(node)
        loop = Loop(target, _limited(items, node.limit), node)
        lists: dict[str, ast.Name] = {}
        for key in [] if discards else self.keys(node):
            lists[key] = self.assign(node, key or self.variable(node), ast.List([], ast.Load()))
        block.items.append(loop)
        inner = loop.body
        for test in tests:
            choice = Choice(test, node)
            inner.items.append(choice)
            inner = choice.then
        with self.writing(node, inner) as item:
            values = self.parts(node, call, node.function.outputs) if node.function.outputs else {"": call}
            if item is not None:
                values = self.outcome(item, values)
            elif discards:
                inner.items.append(Simple(ast.Expr(call), node))
        for key, made in lists.items():
            inner.items.append(Simple(append(made, values[key]), node))
            self.values[node, key] = made

    def loop(self, node: Node) -> None:
        """A mapped group."""
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
            self.write(inner)

    def collect(self, node: Node) -> None:
        """The list of what a task of a mapped group gives."""
        target = self.graph.by_id.get(node.target)
        if target is None or target.parent is None or target.parent.parent is not None:
            raise Unknown(node.stmt, "what it collects is not known")
        block, loop = self.loops[target.parent]
        if self.guards.places[node].guards != self.guards.places[target.parent].guards:
            raise Unknown(node.stmt, "it collects in another branch")
        made = self.names.new(self.variable(node))
        start = Simple(ast.Assign([ast.Name(made.id, ast.Store())], ast.List([], ast.Load())), node)
        block.items.insert(block.items.index(loop), start)
        self.block(target).items.append(Simple(append(made, self.value(target, output(target, node.key))), target))
        self.values[node, ""] = made


def append(made: ast.Name, value: Expr) -> ast.stmt:
    """`made.append(value)`."""
    return ast.Expr(ast.Call(ast.Attribute(name(made.id), "append", ast.Load()), [value], []))


def _limited(items: Expr, limit: int | None) -> Expr:
    if limit is None:
        return items
    return ast.Call(name("parallel"), [items], [ast.keyword("limit", ast.Constant(limit))])
