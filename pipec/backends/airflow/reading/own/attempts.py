"""Tasks that end well when they have failed for good, as a `try` around each.

A task in a `try` hands on its results and the message of its failure, one of which is `None`. What then runs, is left
out, or is told apart by the message are branches like any others, so a `try` around each task says all of it.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator, Mapping

from pipec.backends.airflow.reading.own.blocks import Attempt, Block, Simple
from pipec.backends.airflow.reading.own.dag import Node
from pipec.backends.airflow.reading.own.glue import NONE, Expr, name
from pipec.backends.airflow.reading.own.state import State

ERROR = "error"
"""The output of a task that is the message of its failure."""


class Attempts(State):
    """Writes `try`."""

    @contextlib.contextmanager
    def writing(self, node: Node, block: Block) -> Iterator[Attempt | None]:
        """Let what is written for `node` meanwhile stand in `block`, or in the body of the `try` that it gives."""
        item = None
        if node.function is not None and node.function.caught:
            item = Attempt(node, self.exception)
            block.items.append(item)
        self.inner[node] = block if item is None else item.body
        yield item
        del self.inner[node]

    def keys(self, node: Node) -> list[str]:
        """The outputs of a task that somebody may read; "" is its only result."""
        assert node.function is not None
        outputs = list(node.function.outputs or [""])
        return [k for k in (*outputs, ERROR) if self.is_read(node, k)] if node.function.caught else outputs

    def outcome(self, item: Attempt, values: Mapping[str, Expr]) -> dict[str, Expr]:
        """What stands for the outputs of a task after its `try`. `values`: what does in its body."""
        node = item.node
        assert item.handler is not None
        found: dict[str, Expr] = {}
        for key, value in values.items():
            if self.is_read(node, key):
                found[key] = self._bound(item, key or self._result_of(node), value)
            elif isinstance(value, ast.Call):
                item.body.items.append(Simple(ast.Expr(value), node))
        if self.is_read(node, ERROR):
            found[ERROR] = made = self.names.new(f"{self._called(node)}_error")
            item.body.items.append(_assigned(made, NONE, node))
            item.handler.items.append(_assigned(made, message(item.error), node))
        return found

    def _called(self, node: Node) -> str:
        """The name that goes with the outputs of a task, which the DAG has in one variable."""
        return self.variable(node).removesuffix("_outputs").removesuffix("_done").removesuffix("_result")

    def _result_of(self, node: Node) -> str:
        calls = node in self.called
        return f"{self._called(node)}_result" if calls else self._called(node)

    def _bound(self, item: Attempt, wanted: str, value: Expr) -> ast.Name:
        """A variable that the handler binds too."""
        found = (n for i in item.body.items if isinstance(i, Simple) for n in ast.walk(i.stmt))
        bound = {n.id for n in found if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        made = value
        if not isinstance(made, ast.Name) or made.id not in bound:
            made = self.names.new(wanted)
            item.body.items.append(_assigned(made, value, item.node))
        assert item.handler is not None
        item.handler.items.append(_assigned(made, NONE, item.node))
        return made


def message(error: ast.Name) -> Expr:
    """The message of an exception."""
    return ast.Call(name("str"), [name(error.id)], [])


def _assigned(target: ast.Name, value: Expr, node: Node) -> Simple:
    return Simple(ast.Assign([ast.Name(target.id, ast.Store())], value), node)
