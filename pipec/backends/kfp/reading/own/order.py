"""What waits for what without data, as the language says it: by effects, and by `with parallel()`."""

from __future__ import annotations

from collections.abc import Callable

from pipec.backends.kfp.reading.own.tree import (
    Assign,
    Call,
    Check,
    Choice,
    Group,
    Loop,
    Node,
    Try,
    Wait,
    With,
    blocks,
    defined,
    sources,
    walk,
)
from pipec.backends.kfp.reading.values import RefusedError

Uses = Callable[[str], list[str]]
"""The symbols in an expression."""
Waits = dict[str, set[str]]
"""Node -> all nodes of its block that it waits for."""


class Order:
    """Arranges blocks so that they mean the order that the document has."""

    def __init__(self, uses: Uses, new: Callable[[str], str]) -> None:
        self.uses, self.new = uses, new

    def block(self, nodes: list[Node], tried: bool = False) -> list[Node]:
        """`nodes` with what is an effect decided, and with blocks of what runs at the same time.

        `tried`: the block is the body of a `try`, where tasks wait for more than they would have to.
        """
        data = self._data(nodes)
        wanted = _closed(nodes, {n.id: (n.before | data[n.id]) - {n.id} for n in nodes})
        for at, node in enumerate(nodes):
            if not _is_effect(node) or _is_forced(node):
                continue
            above = all(other.id in wanted[node.id] for other in _tasks(nodes[:at]))
            below = all(node.id in wanted[other.id] for other in _tasks(nodes[at + 1 :]))
            if not (above and below) and not self._beside(nodes, at, wanted):
                _without_effect(node)
        for node in nodes:
            self._inside(node)
        implied = _implied(nodes, data)
        if implied == wanted or (tried and all(implied[id_] <= wanted[id_] for id_ in wanted)):
            return nodes
        return self._segments(nodes, data, wanted) or [self._all(nodes, data, wanted)]

    def _inside(self, node: Node) -> None:
        match node:
            case Choice():
                node.then, node.orelse = self.block(node.then), self.block(node.orelse)
            case Loop():
                node.body = self.block(node.body)
            case Try():
                node.body = self.block(node.body, True)
                node.handler = None if node.handler is None else self.block(node.handler)
                node.final = None if node.final is None else self.block(node.final)
            case Group():
                node.part.nodes = self.block(node.part.nodes)

    def _beside(self, nodes: list[Node], at: int, wanted: Waits) -> bool:
        """Whether the node waits for the same, and the same waits for it, as for an effect beside it."""
        mine = nodes[at].id
        for other in nodes:
            if other.id != mine and _is_effect(other):
                after = {id_ for id_, before in wanted.items() if mine in before}
                if wanted[other.id] == wanted[mine] and after == {i for i, b in wanted.items() if other.id in b}:
                    return True
        return False

    def _reads(self, node: Node) -> set[str]:
        return {s for inner in walk([node]) for text in sources(inner) for s in self.uses(text)}

    def _data(self, nodes: list[Node]) -> Waits:
        producer = {symbol: node.id for node in nodes for symbol in defined(node)}
        return {n.id: {producer[s] for s in self._reads(n) if s in producer} - {n.id} for n in nodes}

    def _segments(self, nodes: list[Node], data: Waits, wanted: Waits) -> list[Node] | None:
        """One or more runs of statements at the same time, if that gives the wanted order."""
        found: list[Node] = []
        at = 0
        while at < len(nodes):
            end = next(
                (
                    end
                    for end in range(len(nodes), at + 1, -1)
                    if self._concurrent(nodes[at:end], data, wanted) and any(map(_is_effect, nodes[at:end]))
                ),
                at + 1,
            )
            found.append(With(nodes[at].id + "+", body=nodes[at:end]) if end > at + 1 else nodes[at])
            at = end
        if any(isinstance(n, With) for n in found) and _implied(found, data) == wanted:
            return found
        return None

    @staticmethod
    def _concurrent(nodes: list[Node], data: Waits, wanted: Waits) -> bool:
        """Whether only values order `nodes` among themselves."""
        own = {n.id for n in nodes}
        inner = _closed(nodes, {n.id: data[n.id] & own for n in nodes})
        return all(wanted[n.id] & own == inner[n.id] for n in _tasks(nodes))

    def _all(self, nodes: list[Node], data: Waits, wanted: Waits) -> Node:
        """All at the same time, with what each waits for by name."""
        by_id = {n.id: n for n in nodes}
        plain = _closed(nodes, data)
        body: list[Node] = []
        for node in nodes:
            missing = wanted.get(node.id, set()) - plain.get(node.id, set())
            missing -= {p for m in missing for p in wanted[m]}
            if not missing:
                body.append(node)
                continue
            names = [self._named(by_id[m]) for m in sorted(missing, key=list(by_id).index)]
            body.append(With(f"{node.id}+", body=[node], after=names))
        return With(f"{nodes[0].id}+", body=body)

    def _named(self, node: Node) -> str:
        match node:
            case Call() if not node.targets:
                node.targets[None] = self.new(f"{node.function}_done")
            case Group(targets=[]):
                node.targets.append(self.new(f"{node.part.name}_done"))
            case Loop(body=[Call() as call], collected=[]):
                call.targets = call.targets or {None: self.new(f"{call.function}_done")}
                node.collected.append((self.new(f"all_{call.function}"), next(iter(call.targets.values()))))
        symbols = defined(node)
        if not symbols:
            raise RefusedError(f"what waits for `{node.id}` without a value of it cannot be said")
        return symbols[0]


def _implied(nodes: list[Node], data: Waits) -> Waits:
    """What waits for what as the language has it."""
    direct: Waits = {}
    above: list[str] = []
    last: list[str] = []
    order: list[Node] = []
    for node in nodes:
        own = node.body if isinstance(node, With) else [node]
        effect = any(map(_is_effect, own))
        for one in own:
            direct[one.id] = data[one.id] | set(above if effect else last)
            order.append(one)
        above += [one.id for one in own]
        if effect:
            last = list(above)
    return _closed(order, direct)


def _tasks(nodes: list[Node]) -> list[Node]:
    """`nodes` without what the pipeline computes itself, which nobody sees run."""
    return [node for node in nodes if not isinstance(node, Assign)]


def _closed(nodes: list[Node], direct: Waits) -> Waits:
    """All that each task waits for in the end."""
    found: Waits = {}
    for node in nodes:
        near = {p for p in direct[node.id] if p in found}
        found[node.id] = near | {far for p in near for far in found[p]}
    tasks = {node.id for node in _tasks(nodes)}
    return {id_: before & tasks for id_, before in found.items() if id_ in tasks}


def _is_effect(node: Node) -> bool:
    match node:
        case Check() | Wait():
            return True
        case Call():
            return not node.targets and not node.cached and node.effect
        case Group():
            return any(map(_is_effect, node.part.nodes))
    return any(_is_effect(child) for block in blocks(node) for child in block)


def _is_forced(node: Node) -> bool:
    match node:
        case Check() | Wait():
            return True
        case Group():
            return any(map(_is_forced, node.part.nodes))
    return any(_is_forced(child) for block in blocks(node) for child in block)


def _without_effect(node: Node) -> None:
    if isinstance(node, Call):
        node.effect = False
    for block in (*blocks(node), *([node.part.nodes] if isinstance(node, Group) else [])):
        for child in block:
            _without_effect(child)
