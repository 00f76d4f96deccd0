"""Nodes of a generated DAG as statements of a pipeline."""

from __future__ import annotations

import ast

from pipec.backends.airflow.reading.own.blocks import Block, Choice, Simple
from pipec.backends.airflow.reading.own.dag import Node
from pipec.backends.airflow.reading.own.fanouts import FanOuts
from pipec.backends.airflow.reading.own.glue import Expr
from pipec.backends.airflow.reading.own.guards import without_skips
from pipec.backends.airflow.reading.own.handlers import Handlers
from pipec.backends.airflow.reading.own.unknown import Unknown


class Writer(FanOuts):
    """Writes one pipeline."""

    def run(self) -> Block:
        """The body."""
        self.prepare()
        for node in self.graph.nodes:
            self.write(node)
        self.before_settling(self.root)
        if self.result is not None:
            self.root.items.append(Simple(ast.Return(self.values[self.result, ""]), self.result))
        elif self.told is not None:
            value = self.given(self.told)["result"]
            if not (isinstance(value, ast.Constant) and value.value is None):
                self.root.items.append(Simple(ast.Return(value), self.told))
        self.names.one_each(self.root)
        Handlers(self.root, self.names).run()
        self.names.settle(self.root)
        if self.result is not None or self.told is not None:
            returned(self.root)
        return self.root

    def write(self, node: Node) -> None:
        """Write one node."""
        mapped = node.mapped is not None or node.items is not None
        if node.function is None or not node.function.caught or mapped:
            self._write(node)
            return
        with self.writing(node, self.block(node)) as item:
            assert item is not None
            self._write(node)
            self.values |= {(node, k): v for k, v in self.outcome(item, self._made(node)).items()}

    def _made(self, node: Node) -> dict[str, Expr]:
        """What was written for the outputs of a task."""
        return {key: value for (made, key), value in self.values.items() if made is node}

    def _write(self, node: Node) -> None:
        match node.kind:
            case "empty" if self.guards.places[node].joins is None:
                raise Unknown(node.stmt, "what this task brings together is not known")
            case "item" | "outlet" | "empty":
                return
            case "branch":
                self.branch(node)
            case "sensor":
                self.sensor(node)
            case "loop":
                self.loop(node)
            case "collect":
                self.collect(node)
            case _ if node.mapped is not None or node.items is not None:
                self.mapped(node)
            case _:
                self._task(node, self.given(node))

    def _task(self, node: Node, given: dict[str, Expr]) -> None:
        function = node.function
        assert function is not None
        if (call := self.call(node, given)) is not None:
            self.write_call(node, call)
            return
        body = without_skips(function)
        if self.raises(node, body, given):
            return
        if node in self.guards.choosers and self.test(node, body, given):
            return
        match body:
            case [ast.Pass()]:
                return
            case [ast.Return(value=ast.Name(id=parameter))] if parameter in given and not self.is_join(node):
                self.values[node, ""] = given[parameter]
            case _ if node in self.inline:
                return
            case _:
                self.glue(node, body, given)


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
                block.items.pop()
                for arm in (before.then, before.other):
                    arm.items.append(last)
                    returned(arm)
                _without_else(block, before)
                return
        return


def _without_else(block: Block, choice: Choice) -> None:
    """After an arm that returns, no `else` is needed."""
    if not _returns(choice.then):
        return
    block.items += choice.other.items
    choice.other.items = []


def _returns(block: Block) -> bool:
    return bool(block.items) and isinstance(block.items[-1], Simple) and isinstance(block.items[-1].stmt, ast.Return)
