"""A graph of tasks as the statements of a pipeline, in the most readable form that has exactly its order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from pipec.compiler.reading import Line, Nested, Statement


class Unwritable(Exception):
    """There are no statements that have exactly this order."""


@dataclass(eq=False)
class Node:
    """One call of a step, or a block."""

    number: int
    call: str
    """The call."""
    wanted: str
    """What its result is called, if it is needed."""
    up: set[int] = field(default_factory=set)
    """The nodes that it waits for."""
    data: set[int] = field(default_factory=set)
    """The nodes whose results it takes."""
    block: tuple[Statement, ...] = ()
    """The statements of an `if`, in place of a call."""
    effect: bool = False
    """Of a block: whether a call in it is made for its effect."""


@dataclass(eq=False)
class Call:
    """A statement of one call, or a block."""

    node: Node
    bare: bool
    """Called for its effect: what stands below waits for it."""


@dataclass(eq=False)
class Together:
    """`with parallel(after=...):`"""

    items: list[Item]
    after: tuple[int, ...] = ()


Item: TypeAlias = "Call | Together"


@dataclass(frozen=True)
class Body:
    """The statements of a block."""

    statements: tuple[Statement, ...]
    effect: bool
    """Whether a call in it is made for its effect."""


def body(nodes: list[Node], strict: bool, exported: set[int] = frozenset()) -> Body:  # type: ignore[assignment]
    """The statements for `nodes`. `strict`: edges count by themselves, not only what they imply.

    `exported`: the nodes whose results are read below the block.
    """
    if not nodes:
        return Body((), False)
    order = _sorted(nodes)
    wanted = closure(order)
    used = {u for n in nodes for u in n.data} | set(exported)
    more = {} if strict else _redundant(order, wanted)
    if not strict or _is_reduced(order, wanted):
        for make in (_sequence, _levels, _cut):
            try:
                items = _asked(make(order, wanted, used | {u for ups in more.values() for u in ups}), more)
            except Unwritable:
                continue
            if _implied(items) == wanted:
                return _body(items, nodes, used)
    return _body([Together(_named(order, wanted, used, set(), strict or bool(more)))], nodes, used)


def _body(items: list[Item], nodes: list[Node], used: set[int]) -> Body:
    needed = used | set(_awaited(items))
    return Body(tuple(_lines(items, {n.number: n for n in nodes}, needed)), any(_effect(i) for i in items))


def _call(node: Node, used: set[int]) -> Call:
    return Call(node, node.effect if node.block else node.number not in used)


def _sorted(nodes: list[Node]) -> list[Node]:
    """`nodes` so that each comes after what it waits for, else in their own order."""
    done: set[int] = set()
    order: list[Node] = []
    todo = list(nodes)
    while todo:
        ready = next((n for n in todo if n.up <= done), None)
        if ready is None:
            raise Unwritable
        todo.remove(ready)
        order.append(ready)
        done.add(ready.number)
    return order


def closure(order: Iterable[Node]) -> dict[int, set[int]]:
    """Node -> all that it waits for, directly or not."""
    found: dict[int, set[int]] = {}
    for node in order:
        found[node.number] = set(node.up).union(*(found[u] for u in node.up))
    return found


def _is_reduced(order: list[Node], above: dict[int, set[int]]) -> bool:
    """Whether no edge is implied by others."""
    return all(not any(u in above[other] for other in n.up if other != u) for n in order for u in n.up)


def _redundant(order: list[Node], above: dict[int, set[int]]) -> dict[int, tuple[int, ...]]:
    """Node -> those that it waits for by an edge that others imply, which nothing says unless it is asked for."""
    blocks = {n.number for n in order if n.block}
    found: dict[int, tuple[int, ...]] = {}
    for node in order:
        said = {u for u in node.up - node.data - blocks if any(u in above[o] for o in node.up if o != u)}
        if said:
            found[node.number] = tuple(sorted(said))
    return found


def _asked(items: list[Item], more: dict[int, tuple[int, ...]]) -> list[Item]:
    """`items` with the edges in `more` written out."""
    if not more:
        return items
    found: list[Item] = []
    for item in items:
        if isinstance(item, Call):
            after = more.get(item.node.number, ())
            found.append(Together([item], after) if after else item)
        elif item.after:
            raise Unwritable  # it has a list of its own, which has all of them
        else:
            found.append(Together(_asked(item.items, more)))
    return found


def _sequence(order: list[Node], above: dict[int, set[int]], used: set[int]) -> list[Item]:
    return [_call(n, used) for n in order]


def _levels(order: list[Node], above: dict[int, set[int]], used: set[int]) -> list[Item]:
    """Statements and blocks, each of which waits for all of those before it."""
    items: list[Item] = []
    level: list[Node] = []
    least = _all_before(order, above)
    for i, node in enumerate(order):
        level.append(node)
        if i + 1 == len(order) or least[i + 1] > i:
            items.append(_call(node, used) if len(level) == 1 else _block(level, above, used))
            level = []
    return items


def _all_before(order: list[Node], above: dict[int, set[int]]) -> list[int]:
    """For each place: how many of the first nodes all nodes from there on wait for."""
    found: list[int] = []
    least = len(order)
    for i in range(len(order) - 1, -1, -1):
        own = above[order[i].number]
        waits = next((k for k in range(i) if order[k].number not in own), i)
        least = min(least, waits)
        found.insert(0, least)
    return found


def _cut(order: list[Node], above: dict[int, set[int]], used: set[int]) -> list[Item]:
    """Statements for the nodes that come before or after all others, and blocks for what lies between them."""
    below = dict.fromkeys(above, 0)
    for ups in above.values():
        for u in ups:
            below[u] += 1
    items: list[Item] = []
    between: list[Node] = []
    for node in [*order, None]:
        if node is not None and len(above[node.number]) + below[node.number] != len(order) - 1:
            between.append(node)
            continue
        if between:
            items.append(_block(between, above, used))
            between = []
        if node is not None:
            items.append(_call(node, used))
    return items


def _block(nodes: list[Node], above: dict[int, set[int]], used: set[int]) -> Item:
    own = {n.number for n in nodes}
    if not any(n.up & own for n in nodes):
        return Together([_call(n, used) for n in nodes])
    return Together(_named(nodes, above, used, set(above) - own, False))


def _named(
    nodes: list[Node], above: dict[int, set[int]], used: set[int], outside: set[int], strict: bool
) -> list[Item]:
    """`nodes` where the order that no data has is said by `after`."""
    behind: dict[int, tuple[int, ...]] = {}
    blocks = {n.number for n in nodes if n.block}
    for node in nodes:
        ups = node.up - outside
        order = ups - node.data
        if not strict:  # what others imply need not be said
            order = {u for u in order if not any(u in above[o] for o in ups if o != u)}
        if order & blocks:
            raise Unwritable  # it has no name to wait for
        behind[node.number] = tuple(sorted(order))
    needed = used | {n for after in behind.values() for n in after}
    items: list[Item] = []
    for node in nodes:
        made, after = _call(node, needed), behind[node.number]
        last = items[-1] if items else None
        if not after:
            items.append(made)
        elif isinstance(last, Together) and last.after == after and made.bare and _effect(last):
            last.items.append(made)  # results in it are waited for one by one
        else:
            items.append(Together([made], after))
    return items


def _effect(item: Item) -> bool:
    return item.bare if isinstance(item, Call) else any(map(_effect, item.items))


def _implied(items: list[Item]) -> dict[int, set[int]]:
    """Node -> all that it waits for in these statements."""
    found: dict[int, set[int]] = {}

    def inside(item: Item) -> list[int]:
        return [item.node.number] if isinstance(item, Call) else [m for i in item.items for m in inside(i)]

    def with_all(numbers: Iterable[int]) -> set[int]:
        listed = list(numbers)
        return set(listed).union(*(found[n] for n in listed))

    def block(members: list[Item], outer: set[int], together: bool) -> None:
        above: list[Item] = []
        for item in members:
            before = set(outer)
            if not together:
                before |= with_all(m for j in above if _effect(item) or _effect(j) for m in inside(j))
            if isinstance(item, Call):
                found[item.node.number] = before | with_all(item.node.data)
            else:
                block(item.items, before | with_all(item.after), True)
            above.append(item)

    block(items, set(), False)
    return found


def _awaited(items: list[Item]) -> list[int]:
    return [n for i in items if isinstance(i, Together) for n in (*i.after, *_awaited(i.items))]


def _lines(items: list[Item], nodes: dict[int, Node], needed: set[int]) -> list[Statement]:
    found: list[Statement] = []
    for item in items:
        if isinstance(item, Together):
            names = [nodes[n].wanted for n in item.after]
            listed = names[0] if len(names) == 1 else f"({', '.join(names)})"
            header = f"with parallel(after={listed}):" if names else "with parallel():"
            found.append(Nested(header, tuple(_lines(item.items, nodes, needed))))
        elif item.node.block:
            found += item.node.block
        else:
            node = item.node
            found.append(Line(f"{node.wanted} = {node.call}" if node.number in needed else node.call))
    return found
