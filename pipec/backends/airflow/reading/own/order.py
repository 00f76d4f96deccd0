"""Order without data: effects are statements in a row, or stand in `with parallel():` where they do not wait."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipec.backends.airflow.reading.own.blocks import (
    Attempt,
    Block,
    Choice,
    Item,
    Loop,
    Simple,
    Together,
    every,
    inner_blocks,
    nodes_of,
)
from pipec.backends.airflow.reading.own.dag import Graph, Node
from pipec.backends.airflow.reading.own.unknown import Unknown

if TYPE_CHECKING:
    from pipec.backends.airflow.reading.own.writer import Writer


def ordered(root: Block, graph: Graph, writer: Writer) -> None:
    """Make `root` wait where the graph waits, and nowhere else as far as that can be said."""
    waits = Waits(_reachable(graph, _upstream), _reachable(graph, _implied(writer)))
    _gather(root, waits)
    for up, down in graph.edges:
        if up.kind == "branch" or down.kind in ("collect", "outlet", "empty") or up.kind == "empty":
            continue
        _check(root, up, down, writer, waits)


@dataclass(frozen=True)
class Waits:
    """What the graph says about who waits for whom."""

    after: dict[Node, set[Node]]
    """Everything that waits for each task."""
    implied: dict[Node, set[Node]]
    """The same, where values or conditions alone see to it."""

    def follows(self, one: Item, other: Item, implied: bool = False) -> bool:
        """Whether something of `other` waits for something of `one`."""
        known, second = self.implied if implied else self.after, nodes_of(other)
        return any(known.get(node, set()) & second for node in nodes_of(one))

    def apart(self, one: Item, other: Item) -> bool:
        """Whether both can stand in `with parallel():`, in which only values and conditions are waited for."""
        first, second = nodes_of(one), nodes_of(other)
        if isinstance(one, Simple) and isinstance(other, Choice) and one.node is other.node:
            first = first - {one.node}  # a step that decides, and its `if`, which reads its value
        if first & second or self.follows(other, one):
            return False
        return all(self.after.get(n, set()) & second <= self.implied.get(n, set()) for n in first)


def _upstream(node: Node) -> list[Node]:
    return node.upstream


def _implied(writer: Writer) -> Callable[[Node], list[Node]]:
    """Whose values a task takes, and the choosers of the arms that it is in."""
    return lambda node: [*node.data, *writer.guards.places[node].guards]


def _reachable(graph: Graph, upstream: Callable[[Node], list[Node]]) -> dict[Node, set[Node]]:
    """Everything that waits for each task."""
    nodes = list(graph.every())
    found: dict[Node, set[Node]] = {node: set() for node in nodes}
    down: dict[Node, list[Node]] = {node: [] for node in nodes}
    for node in nodes:
        for up in upstream(node):
            if up in down:
                down[up].append(node)
    for node in reversed(nodes):
        for one in down[node]:
            found[node] |= {one} | found.get(one, set())
    return found


def is_effect(item: Item) -> bool:
    """Whether a statement is a sequence point."""
    match item:
        case Simple(stmt=stmt) if not _lists(item):
            return isinstance(stmt, (ast.Expr, ast.Assert, ast.Raise))
    return any(is_effect(inner) for block in inner_blocks(item) for inner in block.items)


def _gather(block: Block, waits: Waits) -> None:
    for item in block.items:
        for inner in inner_blocks(item):
            _gather(inner, waits)
    found: list[Item] = []
    run: list[Item] = []
    for item in block.items:
        apart = all(waits.apart(one, item) for one in run)
        if run and apart and not _plain(item):
            run.append(item)
            continue
        found += _closed(run, waits)
        run = [item]
    block.items = [*found, *_closed(run, waits)]


def _plain(item: Item) -> bool:
    """Whether a statement stands for no task that could wait."""
    if _lists(item):
        return True
    match item:
        case Simple(stmt=ast.Assign(value=value)):
            return not any(isinstance(part, ast.Call) for part in ast.walk(value))
    return isinstance(item, Simple) and isinstance(item.stmt, ast.Return)


def _closed(run: list[Item], waits: Waits) -> list[Item]:
    """`run`, in `with parallel():` as far as it would wait otherwise although the graph does not."""
    pairs = [(i, j) for j in range(len(run)) for i in range(j) if is_effect(run[i]) or is_effect(run[j])]
    loose = [(i, j) for i, j in pairs if not waits.follows(run[i], run[j])]
    if not loose:
        return run
    first, last = min(i for i, _ in loose), max(j for _, j in loose)
    return [*run[:first], Together(Block(run[first : last + 1])), *run[last + 1 :]]


def _check(root: Block, up: Node, down: Node, writer: Writer, waits: Waits) -> None:
    """See that `down` waits for `up`."""
    block = root
    while True:
        ups, downs = _where(block, up, writer), _where(block, down, writer)
        if not ups or not downs:
            return  # a condition or a list that is written where it is read
        if ups == downs:
            inner = _inner(block.items[ups[-1]], up, down)
            if inner is None:
                return
            block = inner
            continue
        break
    first, second = block.items[ups[-1]], block.items[downs[0]]
    if ups[-1] < downs[0] and any(is_effect(item) for item in block.items[ups[-1] : downs[0] + 1]):
        if not (isinstance(first, Together) and first is second):
            return
    if _by_data(up, down):
        return
    if isinstance(second, (Simple, Loop, Choice, Attempt)) and ups[-1] < downs[0]:
        named = _named(root, up, writer)
        inside = [item for item in every(Block([second])) if is_effect(item) and isinstance(item, Simple)]
        if _only_in_arms(up, down, writer) and (named is None or {i.node for i in inside} <= waits.implied[up]):
            return
        if named is not None:
            block.items[downs[0]] = Together(Block([second]), (named,))
            return
    raise Unknown(down.stmt, f"that it waits for `{up.id}` cannot be said")


def _only_in_arms(up: Node, down: Node, writer: Writer) -> bool:
    """Whether only tasks in arms read a value, some of `down`: then pipec itself lets the branch wait for it."""
    own = writer.guards.places[up].guards
    readers = [writer.guards.places[node].guards for node in writer.graph.every() if up in node.data]
    told = writer.told is not None and up in (made for made, _ in writer.data(writer.told))
    return not told and all(len(r) > len(own) for r in readers) and any(down in r for r in readers)


def _named(root: Block, node: Node, writer: Writer) -> ast.expr | None:
    """The name of a result as `after` takes it, which no list is that a loop fills."""
    if (node, "") not in writer.values:
        return None
    found = writer.value(node)
    filled = {_filled(item) for item in every(root)}
    return found if isinstance(found, ast.Name) and found.id not in filled else None


def _where(block: Block, node: Node, writer: Writer) -> list[int]:
    """The statements of `block` that stand for a task; what only lists its value does not say when it runs."""
    listing = [i for i, item in enumerate(block.items) if node in nodes_of(item)]
    found = [i for i in listing if not _lists(block.items[i])]
    joined = writer.guards.places[node].joins
    if not found and joined is not None:  # its arms bind what it gives
        found = [i for i, item in enumerate(block.items) if joined in nodes_of(item)]
    return found or listing


def _lists(item: Item) -> bool:
    """Whether a statement only appends a value to a list."""
    return bool(_filled(item))


def _filled(item: Item) -> str:
    """The list that a statement appends a value to; "" for any other."""
    match item:
        case Simple(stmt=ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=filled), attr="append")))):
            return filled
    return ""


def _inner(item: Item, up: Node, down: Node) -> Block | None:
    for block in inner_blocks(item):
        found = {n for inner in block.items for n in nodes_of(inner)}
        if up in found and down in found:
            return block
    return None


def _by_data(up: Node, down: Node) -> bool:
    seen, todo = set(), [down]
    while todo:
        node = todo.pop()
        if node is up:
            return True
        if node not in seen:
            seen.add(node)
            todo += node.data
    return False
