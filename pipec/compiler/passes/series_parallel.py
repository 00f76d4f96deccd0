"""Nest an arbitrary graph: the forks and joins of a series-parallel tree that keeps every precedence.

A partial order is series-parallel unless it contains an "N" (Valdes, Tarjan, Lawler 1982). Where it does, some task has
to wait for one that it does not need. Every way to nest such a part begins with cutting it in two: a set that is closed
under predecessors, and the rest, which waits for all of it. We look for the cut that lengthens the critical path least,
then for the one that adds the fewest precedences.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

BEST = 20
"""Up to so many nodes the results of cuts are compared; above, the most promising cut is taken."""
EFFORT = 400
"""How many parts may be compared in one graph before the most promising cut is taken everywhere."""
CUTS = 60
"""Above so many nodes only the cuts between levels are looked at."""


@dataclass(frozen=True)
class Leaf:
    """One node."""

    name: str


@dataclass(frozen=True)
class Series:
    """Parts that run one after the other; none of them is a series itself."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True)
class Fork:
    """Parts that run at the same time; none of them is a fork itself."""

    parts: tuple[Tree, ...]


Tree = Leaf | Series | Fork


@dataclass(frozen=True)
class Nesting:
    """A graph, nested."""

    tree: Tree | None
    """`None`: there are no nodes."""
    added: tuple[tuple[str, str], ...]
    """Precedences that the graph does not have, as (before, after); those that follow from others are left out."""
    makespan: int
    """Length of the longest chain, added precedences included."""


def nest(
    nodes: Sequence[str], before: Mapping[str, Collection[str]], weights: Mapping[str, int] | None = None
) -> Nesting:
    """The nodes, given in an order that `before` (node -> what it waits for) allows, as a tree. Deterministic."""
    if not nodes:
        return Nesting(None, (), 0)
    graph = _Graph(tuple(nodes), before, weights or {})
    found = _Solver(graph).solve(graph.all)
    return Nesting(found.tree, graph.added(found.tree), found.makespan)


def names(tree: Tree | None) -> tuple[str, ...]:
    """The nodes of `tree`, in order."""
    match tree:
        case None:
            return ()
        case Leaf():
            return (tree.name,)
        case _:
            return tuple(name for part in tree.parts for name in names(part))


def precedences(tree: Tree | None) -> set[tuple[str, str]]:
    """All pairs (before, after) of `tree`."""
    match tree:
        case None | Leaf():
            return set()
        case _:
            found = {pair for part in tree.parts for pair in precedences(part)}
            if isinstance(tree, Series):
                own = [names(part) for part in tree.parts]
                found |= {(a, b) for i, late in enumerate(own) for early in own[:i] for a in early for b in late}
            return found


class _Graph:
    """A partial order over 0..n-1 in topological order; sets of nodes are the bits of integers."""

    def __init__(
        self, nodes: tuple[str, ...], before: Mapping[str, Collection[str]], weights: Mapping[str, int]
    ) -> None:
        self.nodes = nodes
        self.all = (1 << len(nodes)) - 1
        self.weight = [weights.get(name, 1) for name in nodes]
        position = {name: i for i, name in enumerate(nodes)}
        self.ancestors: list[int] = []
        for i, name in enumerate(nodes):
            found = 0
            for other in before.get(name, ()):
                j = position[other]
                if j >= i:
                    raise ValueError(f"{name!r} comes before {other!r}, which it waits for")
                found |= self.ancestors[j] | 1 << j
            self.ancestors.append(found)

    @cached_property
    def descendants(self) -> list[int]:
        found = [0] * len(self.nodes)
        for i, above in enumerate(self.ancestors):
            for j in bits(above):
                found[j] |= 1 << i
        return found

    def finish(self, part: int) -> dict[int, int]:
        """Earliest end of each node of `part`."""
        ends: dict[int, int] = {}
        for i in bits(part):
            ends[i] = self.weight[i] + max((ends[j] for j in bits(self.ancestors[i] & part)), default=0)
        return ends

    def tail(self, part: int) -> dict[int, int]:
        """Longest chain from each node of `part` to the end, itself included."""
        found: dict[int, int] = {}
        for i in reversed(bits(part)):
            found[i] = self.weight[i] + max((found[j] for j in bits(self.descendants[i] & part)), default=0)
        return found

    def components(self, part: int, ordered: bool) -> list[int]:
        """The connected components of `part` in the graph of ordered, or of unordered, pairs; by first node."""
        rest, found = part, []
        while rest:
            component = todo = rest & -rest
            while todo:
                i = todo.bit_length() - 1
                todo ^= 1 << i
                related = self.ancestors[i] | self.descendants[i]
                new = (related if ordered else ~related) & rest & ~component
                component |= new
                todo |= new
            found.append(component)
            rest &= ~component
        return found

    def added(self, tree: Tree) -> tuple[tuple[str, str], ...]:
        """The precedences of `tree` that the graph does not have and that do not follow from others."""
        position = {name: i for i, name in enumerate(self.nodes)}
        above = [0] * len(self.nodes)
        _collect(tree, position, above)
        pairs = []
        for i, mask in enumerate(above):
            implied = 0
            for j in bits(mask):
                implied |= above[j]
            pairs += [(self.nodes[j], self.nodes[i]) for j in bits(mask & ~implied & ~self.ancestors[i])]
        return tuple(pairs)


def _collect(tree: Tree, position: Mapping[str, int], above: list[int]) -> int:
    """Fill `above` with what each node of `tree` waits for; the nodes of the tree."""
    if isinstance(tree, Leaf):
        return 1 << position[tree.name]
    seen = 0
    for part in tree.parts:
        own = _collect(part, position, above)
        if isinstance(tree, Series):
            for i in bits(own):
                above[i] |= seen
        seen |= own
    return seen


def bits(mask: int) -> list[int]:
    """The members of a set, in order."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


@dataclass(frozen=True)
class _Found:
    makespan: int
    added: int
    forks: int
    tree: Tree

    @property
    def cost(self) -> tuple[int, int, int]:
        return (self.makespan, self.added, self.forks)


class _Solver:
    def __init__(self, graph: _Graph) -> None:
        self.graph = graph
        self.effort = EFFORT
        self._known: dict[int, _Found] = {}
        self._lengths: dict[int, int] = {}

    def solve(self, part: int) -> _Found:
        """The best tree found for the nodes in `part`."""
        if part not in self._known:
            self._known[part] = self._solve(part)
        return self._known[part]

    def _solve(self, part: int) -> _Found:
        graph = self.graph
        if part & (part - 1) == 0:
            i = part.bit_length() - 1
            return _Found(graph.weight[i], 0, 0, Leaf(graph.nodes[i]))
        parts = graph.components(part, ordered=True)
        if len(parts) > 1:
            found = [self.solve(p) for p in parts]
            tree = Fork(_flat(Fork, found))
            return _Found(
                max(f.makespan for f in found), sum(f.added for f in found), 1 + sum(f.forks for f in found), tree
            )
        parts = graph.components(part, ordered=False)
        if len(parts) > 1:
            return _series([self.solve(p) for p in parts], 0)
        return self._cut(part)

    def _cut(self, part: int) -> _Found:
        """`part` contains an N: cut it where it costs least."""
        size = part.bit_count()
        ranked = sorted(
            (self._length(a) + self._length(part ^ a), self._new(a, part ^ a), a) for a in self._cuts(part, size)
        )
        best: _Found | None = None
        for bound, added, first in ranked:
            if best is not None:
                if size > BEST or self.effort <= 0 or bound > best.makespan:
                    break
                self.effort -= 1
            found = _series([self.solve(first), self.solve(part ^ first)], added)
            if best is None or found.cost < best.cost:
                best = found
        assert best is not None
        return best

    def _cuts(self, part: int, size: int) -> set[int]:
        """Proper sets closed under predecessors that are worth a look: O(n) of them."""
        graph = self.graph
        ends = graph.finish(part)
        found = {_mask(i for i in ends if ends[i] <= t) for t in set(ends.values())}
        starts = {i: ends[i] - graph.weight[i] for i in ends}
        found |= {_mask(i for i in ends if starts[i] < t) for t in set(starts.values())}
        if size <= CUTS:
            tails = graph.tail(part)
            total = max(ends.values())
            for t in {total - tail for tail in tails.values()}:
                found.add(_mask(i for i in tails if total - tails[i] < t))
                found.add(_mask(i for i in tails if total - tails[i] + graph.weight[i] <= t))
            for i in ends:
                own = 1 << i
                above, below = graph.ancestors[i] & part, graph.descendants[i] & part
                found |= {above, above | own, part & ~below, part & ~below & ~own}
        return {a for a in found if a and a != part and self._closed(a, part)}

    def _closed(self, first: int, part: int) -> bool:
        return all(self.graph.ancestors[i] & part & ~first == 0 for i in bits(first))

    def _length(self, part: int) -> int:
        """The critical path of `part`."""
        if part not in self._lengths:
            self._lengths[part] = max(self.graph.finish(part).values())
        return self._lengths[part]

    def _new(self, first: int, rest: int) -> int:
        """How many precedences it adds that `rest` waits for `first`."""
        return sum((rest & ~self.graph.descendants[i]).bit_count() for i in bits(first))


def _series(found: list[_Found], added: int) -> _Found:
    makespan, more, forks = (sum(f.cost[k] for f in found) for k in range(3))
    return _Found(makespan, more + added, forks, Series(_flat(Series, found)))


def _flat(kind: type[Series] | type[Fork], found: list[_Found]) -> tuple[Tree, ...]:
    parts: list[Tree] = []
    for f in found:
        parts += f.tree.parts if isinstance(f.tree, kind) else (f.tree,)
    return tuple(parts)


def _mask(members: Iterable[int]) -> int:
    found = 0
    for i in members:
        found |= 1 << i
    return found
