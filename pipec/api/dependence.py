"""Which calls can be compared where something has failed: those that the failure needs, and those that need it.

What is independent of a failure may or may not have run (language, section 4, rule 6).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pipec.api.outcome import Entry, Index
from pipec.ir import (
    Block,
    Branch,
    Check,
    Compute,
    Expr,
    ForEach,
    Group,
    Parallel,
    Pipeline,
    Statement,
    Task,
    Try,
    ValueId,
    Wait,
    uses,
)
from pipec.ir.graph import edges, operands

Ids = frozenset[str]
_NONE: Ids = frozenset()


@dataclass
class Dependence:
    """What each task and expression of a pipeline waits for, and the loops around it."""

    needs: dict[str, Ids] = field(default_factory=dict)
    loops: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tries: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Node -> the `try` bodies around it that have a handler, outermost first."""
    _open: tuple[str, ...] = ()
    _makers: dict[ValueId, Ids] = field(default_factory=dict)

    @classmethod
    def of(cls, pipeline: Pipeline) -> Dependence:
        """The dependences of `pipeline`."""
        made = cls()
        made._block(pipeline.body, _NONE, ())
        return made

    def _of(self, expr: Expr | None) -> Ids:
        return _NONE.union(*(self._makers.get(v, _NONE) for v in uses(expr)))

    def _block(self, block: Block, control: Ids, loops: tuple[str, ...], concurrent: bool = False) -> Ids:
        order = edges(block, concurrent)
        inside: dict[str, Ids] = {}
        for node in block.nodes:
            before = control.union(*(inside[m] for m in order[node.id].order))
            inside[node.id] = self._node(node, before, loops)
        return _NONE.union(*inside.values())

    def _add(self, id_: str, needs: Iterable[str], loops: tuple[str, ...]) -> Ids:
        self.needs[id_] = frozenset(needs)
        self.loops[id_] = loops
        self.tries[id_] = self._open
        return frozenset((id_,))

    def _node(self, node: Statement, before: Ids, loops: tuple[str, ...]) -> Ids:
        match node:
            case Task():
                own = self._add(node.id, before.union(*map(self._of, node.args.values())), loops)
                self._makers.update((o.id, own) for o in node.outputs)
                return own
            case Compute():
                own = self._add(node.id, before.union(*(self._of(let.expr) for let in node.lets)), loops)
                self._makers.update((let.id, own) for let in node.lets)
                return own
            case Branch():
                condition = self._of(node.condition)
                then = self._block(node.then, before | condition, loops)
                orelse = self._block(node.orelse, before | condition, loops)
                for phi in node.outputs:
                    self._makers[phi.id] = condition | self._of(phi.then) | self._of(phi.orelse)
                return then | orelse
            case Check() | Wait():
                return self._add(node.id, before.union(*map(self._of, operands(node))), loops)
            case Try():
                return self._try(node, before, loops)
            case ForEach():
                items = self._of(node.items)
                self._makers.update((target.id, items) for target in node.targets)
                body = self._block(node.body, before | items, (*loops, node.id))
                self._makers.update((o.id, items | self._makers.get(o.value, _NONE)) for o in node.outputs)
                return body
            case Group():
                self._makers.update((a.id, self._of(a.expr)) for a in node.args)
                body = self._block(node.body, before, loops)
                self._makers.update((o.id, self._of(o.value)) for o in node.outputs)
                return body
            case Parallel():
                return self._block(node.body, before, loops, concurrent=True)
            case _:
                return _NONE

    def _try(self, node: Try, before: Ids, loops: tuple[str, ...]) -> Ids:
        """Handler and `finally` wait for the whole body."""
        outer = self._open
        if node.handler is not None:
            self._open = (*outer, node.id)
        body = self._block(node.body, before, loops)
        self._open = outer
        after = before | body
        for block in (node.handler, node.final):
            if block is not None:
                body |= self._block(block, after, loops)
        self._makers.update((phi.id, body) for phi in node.outputs)
        return body

    def before(self, id_: str) -> Ids:
        """Everything that `id_` waits for, directly or not."""
        found: set[str] = set()
        stack = [id_]
        while stack:
            for other in self.needs.get(stack.pop(), _NONE):
                if other not in found:
                    found.add(other)
                    stack.append(other)
        return frozenset(found)

    def comparable(
        self, entries: Iterable[Entry], failed: bool, caught: Iterable[tuple[str, Index]] = ()
    ) -> list[Entry]:
        """The calls whose fate is certain, in a run that has `failed` or not. `caught`: see `Outcome`."""
        entries = list(entries)
        caught = list(caught)
        ancestors = {e.task: self.before(e.task) for e in entries}
        failures: dict[tuple[str, Index] | None, list[Entry]] = {place: [] for place in caught}
        for entry in entries:
            if entry.status == "failed":
                around = [p for p in caught if self._inside(entry, p)]
                failures.setdefault(max(around, key=self._depth) if around else None, []).append(entry)
        certain: list[Entry] = []
        for entry in entries:
            tried = [failures[p] for p in caught if self._inside(entry, p)]
            if failed:
                tried.append(failures.get(None, []))
            if all(any(self._related(entry, f, ancestors) for f in found) for found in tried):
                certain.append(entry)
        return certain

    def _inside(self, entry: Entry, place: tuple[str, Index]) -> bool:
        """Whether a call stands in the body of a `try`, in the iteration in which that has caught something."""
        attempt, index = place
        return attempt in self.tries.get(entry.task, ()) and entry.index[: len(index)] == index

    def _depth(self, place: tuple[str, Index]) -> int:
        return next((t.index(place[0]) for t in self.tries.values() if place[0] in t), 0)

    def _related(self, entry: Entry, failed: Entry, ancestors: dict[str, Ids]) -> bool:
        if entry.task == failed.task:
            return entry.index == failed.index
        if entry.task not in ancestors[failed.task] and failed.task not in ancestors[entry.task]:
            return False
        shared = 0
        for a, b in zip(self.loops.get(entry.task, ()), self.loops.get(failed.task, ())):
            if a != b:
                break
            shared += 1
        return entry.index[:shared] == failed.index[:shared]  # other iterations are independent
