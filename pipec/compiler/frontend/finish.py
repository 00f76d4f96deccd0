"""The last step of reading: outputs that nobody reads or sees go, and outputs asked for later are added."""

from __future__ import annotations

from collections.abc import Iterable

from pipec.compiler.purity import is_total
from pipec.ir import (
    Block,
    Branch,
    Check,
    Code,
    Compute,
    Expr,
    ForEach,
    Group,
    Output,
    Parallel,
    RunValue,
    Statement,
    Task,
    Try,
    ValueId,
    Wait,
    is_shown,
    uses,
)
from pipec.ir.graph import blocks, operands


class Pruner:
    """Rebuilds blocks from the end to the start, keeping what is read."""

    def __init__(self, fields: dict[str, list[Output]], result: Expr | None) -> None:
        self.fields = fields
        self.used: set[ValueId] = set(uses(result))

    def block(self, block: Block) -> Block:
        """`block` without outputs that nobody reads."""
        kept = [node for node in map(self._node, reversed(block.nodes)) if node is not None]
        return Block(nodes=tuple(reversed(kept)))

    def _use(self, exprs: Iterable[Expr | None]) -> None:
        for expr in exprs:
            self.used.update(uses(expr))

    def _node(self, node: Statement) -> Statement | None:
        match node:
            case Task():
                self._use(node.args.values())
                made = [*node.outputs, *self.fields.get(node.id, [])]
                seen = tuple(o for o in made if o.id in self.used or is_shown(o.type))
                return node.model_copy(update={"outputs": seen})
            case Compute():
                return self._compute(node)
            case Branch():
                phis = tuple(p for p in node.outputs if p.id in self.used)
                self._use(e for p in phis for e in (p.then, p.orelse))
                orelse, then = self.block(node.orelse), self.block(node.then)
                self._use([node.condition])
                if not phis and not then.nodes and not orelse.nodes and not isinstance(node.condition, Code):
                    return None
                return node.model_copy(update={"then": then, "orelse": orelse, "outputs": phis})
            case Check() | Wait():
                self._use(operands(node))
                return node
            case RunValue():
                return node if node.output in self.used else None
            case Try():
                return self._try(node)
            case ForEach():
                outputs = tuple(o for o in node.outputs if o.id in self.used)
                self.used.update(o.value for o in outputs)
                body = self.block(node.body)
                self._use([node.items])
                targets = tuple(t for t in node.targets if t.id in self.used)
                return node.model_copy(update={"body": body, "outputs": outputs, "targets": targets})
            case Group():
                results = tuple(o for o in node.outputs if o.id in self.used)
                self._use(o.value for o in results)
                body = self.block(node.body)
                args = tuple(a for a in node.args if a.id in self.used)
                self._use(a.expr for a in args)
                return node.model_copy(update={"body": body, "args": args, "outputs": results})
            case Parallel():
                return node.model_copy(update={"body": self.block(node.body)})
            case _:
                return node

    def _try(self, node: Try) -> Try:
        phis = tuple(p for p in node.outputs if p.id in self.used)
        self._use(e for p in phis for e in (p.then, p.orelse))
        final = None if node.final is None else self.block(node.final)
        handler = None if node.handler is None else self.block(node.handler)
        error = node.error if node.error in self.used else None
        body = self.block(node.body)
        return node.model_copy(
            update={"body": body, "handler": handler, "final": final, "error": error, "outputs": phis}
        )

    def _compute(self, node: Compute) -> Compute | None:
        outputs = tuple(o for o in node.outputs if o in self.used)
        if not outputs and all(is_total(let.expr) for let in node.lets):
            return None
        self._use(let.expr for let in node.lets)
        return node.model_copy(update={"outputs": outputs})


def origins(block: Block) -> dict[ValueId, frozenset[str]]:
    """Value -> the components whose results it may contain."""
    found: dict[ValueId, frozenset[str]] = {}
    _origins(block, found)
    return found


def _origins(block: Block, found: dict[ValueId, frozenset[str]]) -> None:
    def of(*exprs: Expr) -> frozenset[str]:
        return frozenset().union(*(found.get(v, frozenset()) for e in exprs for v in uses(e)))

    for node in block.nodes:
        match node:
            case Task():
                made = of(*node.args.values()) | {node.component}
                found.update((o.id, made) for o in node.outputs)
            case Compute():
                for let in node.lets:
                    found[let.id] = of(let.expr)
            case Branch():
                _origins(node.then, found)
                _origins(node.orelse, found)
                found.update((p.id, of(p.then, p.orelse)) for p in node.outputs)
            case Try():
                for inner in blocks(node):
                    _origins(inner, found)
                found.update((p.id, of(p.then, p.orelse)) for p in node.outputs)
            case ForEach():
                found.update((t.id, of(node.items)) for t in node.targets)
                _origins(node.body, found)
                found.update((o.id, found.get(o.value, frozenset())) for o in node.outputs)
            case Group():
                found.update((a.id, of(a.expr)) for a in node.args)
                _origins(node.body, found)
                found.update((o.id, of(o.value)) for o in node.outputs)
            case Parallel():
                _origins(node.body, found)
            case _:
                pass
