"""Which tasks of a level have to be told to wait, and which may be called as bare statements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipec.backends.kfp.reading.dags import Node, data_of, reach
from pipec.backends.kfp.reading.values import Scope

if TYPE_CHECKING:
    from pipec.backends.kfp.reading.blocks import Blocks


class Order:
    """Which tasks of a level have to be told to wait, and which may be called as bare statements."""

    def __init__(self, blocks: Blocks, nodes: list[Node], scope: Scope, above: Iterable[str] = ()) -> None:
        """`above`: what has been written already, and `nodes` may wait for."""
        self.blocks, self.nodes_, self.scope = blocks, nodes, scope
        self.before = reach(nodes)
        self.names = {*above, *(n.name for n in nodes)}
        self.data = {n.name: {task for task, _ in data_of(n)} & self.names for n in nodes}
        self.used = {task for n in nodes for task, _ in data_of(n)}
        self.forced: set[str] = set()
        """Tasks of a loop that are statements, by whose order they wait: the rest has to be said by names."""
        if scope.in_loop:
            self._force(nodes)

    def _force(self, nodes: list[Node]) -> None:
        by_name = {n.name: n for n in nodes}
        for node in nodes:
            for name in self.only(node):
                both = (node, by_name[name]) if name in by_name else (node,)
                pair = [n for n in both if n.name in self.forced or self._is_effect(n)]
                if pair:
                    self.forced.add(pair[0].name)

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
        if not self.scope.serial or not self._is_effect(node) or len(self.nodes_) == 1:
            return False
        return self.is_comparable(node)

    def _is_effect(self, node: Node) -> bool:
        """Whether `node` is a call whose result nobody takes, and that is never left out for an earlier one."""
        if node.is_dag or node.is_loop or node.condition or node.is_exit or node.name in self.used:
            return False
        step = self.blocks.step(node)
        return not step.outputs and not step.cached

    def is_comparable(self, node: Node) -> bool:
        """Whether every other node waits for `node`, or `node` for it."""
        return all(
            other.name == node.name or other.name in self.before[node.name] or node.name in self.before[other.name]
            for other in self.nodes_
        )
