"""Which calls of a block could share a task, by what waits for what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipec.ir import Block, Compute, Statement, Task
from pipec.ir.graph import defines, edges, reads

AUTO = "auto"


@dataclass(frozen=True)
class Graph:
    """What waits for what in one block."""

    direct: dict[str, frozenset[str]]
    """Node -> the nodes that it waits for, for data or order."""
    before: dict[str, frozenset[str]]
    """Node -> all that have ended before it."""

    @classmethod
    def of(cls, nodes: Sequence[Statement], concurrent: bool) -> Graph:
        """The graph of a block. `concurrent`: it is the body of `with parallel()`."""
        waits = edges(Block(nodes=tuple(nodes)), concurrent)
        direct = {id_: frozenset((*e.data, *e.order)) for id_, e in waits.items()}
        before: dict[str, frozenset[str]] = {}
        for node in nodes:
            before[node.id] = direct[node.id].union(*(before[other] for other in direct[node.id]))
        return cls(direct, before)

    def between(self, members: frozenset[str]) -> frozenset[str]:
        """The nodes that wait for one of `members`, and that another one waits for."""
        needed = frozenset[str]().union(*(self.before[m] for m in members))
        return frozenset(n for n in needed - members if self.before[n] & members)


def groups(nodes: Sequence[Statement], concurrent: bool) -> Iterator[tuple[str, frozenset[str]]]:
    """The calls of one name that read one another's results, at once or by way of expressions; in order."""
    named = {n.id: n.policy.fuse for n in nodes if isinstance(n, Task) and n.policy.fuse not in (None, AUTO)}
    makers: dict[str, set[str]] = {}
    """Value -> the named calls whose results it is made of."""
    home: dict[str, set[str]] = {id_: {id_} for id_ in named}
    for node in nodes:
        sources = set[str]().union(*(makers.get(v, set()) for v in reads(node)))
        if node.id in named:
            for other in sources:
                if named[other] == named[node.id] and home[other] is not home[node.id]:
                    home[node.id] |= home[other]
                    for member in home[other]:
                        home[member] = home[node.id]
        if isinstance(node, Compute):
            makers.update((let.id, sources) for let in node.lets)
        elif node.id in named:
            makers.update((v, {node.id}) for v in defines(node))
    told: set[str] = set()
    for id_, name in named.items():
        if id_ not in told and len(home[id_]) > 1:
            assert name is not None
            told |= home[id_]
            yield name, frozenset(home[id_])


def chains(
    nodes: Sequence[Statement], concurrent: bool, fits: Callable[[Sequence[Statement]], bool]
) -> list[list[Statement]]:
    """The longest chains of calls with `fuse="auto"` in which each one waits for nothing but the one before it."""
    graph = Graph.of(nodes, concurrent)
    found: list[list[Statement]] = []
    for node in nodes:
        if not isinstance(node, Task) or node.policy.fuse != AUTO:
            continue
        chain = next((c for c in found if _follows(graph, c[-1], node) and fits([*c, node])), None)
        if chain is None:
            found.append([node])
        else:
            chain.append(node)
    return [chain for chain in found if len(chain) > 1]


def _follows(graph: Graph, last: Statement, node: Task) -> bool:
    """Whether `node` reads a result of `last`, and waits for nothing that `last` has not waited for."""
    mine = set(reads(node)) & set(defines(last))
    return bool(mine) and graph.direct[node.id] - {last.id} <= graph.before[last.id]
