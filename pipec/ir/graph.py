"""Edges of a block, derived from references and sequence points; and walks over the tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipec.ir.expressions import Const, Expr, Ref, ValueId, uses
from pipec.ir.literals import value_of
from pipec.ir.nodes import (
    Block,
    Branch,
    Check,
    Compute,
    ForEach,
    Group,
    Opaque,
    Parallel,
    Pipeline,
    RunValue,
    Statement,
    Task,
    Try,
    Wait,
)
from pipec.ir.policies import PipelinePolicy
from pipec.ir.types import VALUE, Type


@dataclass(frozen=True)
class Edges:
    """What one node of a block waits for, as ids of nodes of the same block."""

    data: tuple[str, ...]
    """Producers of values that the node, or anything inside it, reads."""
    order: tuple[str, ...]
    """Further nodes that it waits for without data: those that `after` names, and those that a sequence point asks for
    and nothing else implies."""


def defines(node: Statement) -> tuple[ValueId, ...]:
    """The values that `node` makes visible in the block around it."""
    match node:
        case Task():
            return (*(o.id for o in node.outputs), *_caught(node))
        case Compute():
            return (*node.outputs, *_caught(node))
        case Check() | Wait():
            return _caught(node)
        case RunValue():
            return (node.output,)
        case Branch() | Try() | ForEach() | Group():
            return tuple(o.id for o in node.outputs)
        case Parallel():
            return tuple(v for child in node.body.nodes for v in defines(child))
        case Opaque():
            return ()


def _caught(node: Task | Compute | Check | Wait) -> tuple[ValueId, ...]:
    return () if node.caught is None else (node.caught,)


def operands(node: Statement) -> tuple[Expr, ...]:
    """All operands that stand in `node` itself."""
    match node:
        case Task():
            return tuple(node.args.values())
        case Compute():
            return tuple(let.expr for let in node.lets)
        case Check():
            return (node.condition,) if node.message is None else (node.condition, node.message)
        case Wait():
            return (node.uri,)
        case Branch():
            return (node.condition, *(e for p in node.outputs for e in (p.then, p.orelse)))
        case Try():
            return tuple(e for p in node.outputs for e in (p.then, p.orelse))
        case ForEach():
            return (node.items,)
        case Group():
            return (*(a.expr for a in node.args), *(o.value for o in node.outputs))
        case _:
            return ()


def blocks(node: Statement) -> tuple[Block, ...]:
    """The blocks directly inside `node`."""
    match node:
        case Branch():
            return (node.then, node.orelse)
        case Try():
            return tuple(block for block in (node.body, node.handler, node.final) if block is not None)
        case ForEach() | Group() | Parallel():
            return (node.body,)
        case _:
            return ()


def reads(node: Statement) -> tuple[ValueId, ...]:
    """The values from outside that `node`, or anything inside it, reads; in order of first use."""
    return tuple(dict.fromkeys(_reads(node)))


def _reads(node: Statement) -> Iterator[ValueId]:
    match node:
        case Task():
            for expr in node.args.values():
                yield from uses(expr)
        case Compute():
            own: set[ValueId] = set()
            for let in node.lets:
                yield from (v for v in uses(let.expr) if v not in own)
                own.add(let.id)
        case Check() | Wait():
            for expr in operands(node):
                yield from uses(expr)
        case Branch():
            yield from uses(node.condition)
            yield from _ending(node.then, [p.then for p in node.outputs])
            yield from _ending(node.orelse, [p.orelse for p in node.outputs])
        case Try():
            yield from _ending(node.body, [p.then for p in node.outputs])
            yield from (
                v for v in _ending(node.handler or Block(), [p.orelse for p in node.outputs]) if v != node.error
            )
            yield from free(node.final or Block())
        case ForEach():
            yield from uses(node.items)
            own = {t.id for t in node.targets}
            yield from (v for v in free(node.body) if v not in own)
        case Group():
            for arg in node.args:
                yield from uses(arg.expr)
            own = {arg.id for arg in node.args}  # one whose arguments a pass has put into its body reads from outside
            yield from (v for v in free(node.body) if v not in own)
        case Parallel():
            yield from free(node.body)
        case Opaque() | RunValue():
            return


def _ending(block: Block, exprs: list[Expr]) -> Iterator[ValueId]:
    """What a block reads from outside, and what the operands at its end do."""
    inner = _defined(block)
    yield from free(block)
    for expr in exprs:
        yield from (v for v in uses(expr) if v not in inner)


def _defined(block: Block) -> set[ValueId]:
    return {v for node in block.nodes for v in defines(node)}


def free(block: Block) -> tuple[ValueId, ...]:
    """The values that `block` reads and does not define, in order of first use."""
    own = _defined(block)
    return tuple(dict.fromkeys(v for node in block.nodes for v in _reads(node) if v not in own))


def has_effect(node: Statement) -> bool:
    """Whether `node` is a sequence point: an effect, or a compound statement that contains one."""
    match node:
        case Task():
            return node.effect
        case Check() | Wait():
            return True
        case Branch() | ForEach() | Group() if node.effect:
            return True
        case Branch() | Try() | ForEach() | Group() | Parallel():
            return any(has_effect(child) for block in blocks(node) for child in block.nodes)
        case _:
            return False


def edges(block: Block, concurrent: bool = False) -> dict[str, Edges]:
    """What each node of `block` waits for. `concurrent`: the block is the body of `with parallel()`.

    An effect waits for everything above it, and everything below waits for it (language, section 4).
    """
    producer = {v: node.id for node in block.nodes for v in defines(node)}
    named = asked(block)
    if concurrent or not any(map(has_effect, block.nodes)):
        return {n.id: Edges(d := _producers(n, producer), _without(named.get(n.id, ()), d)) for n in block.nodes}
    above: list[str] = []  # nodes since the last effect, that effect included
    last: str | None = None
    before: dict[str, set[str]] = {}  # transitive predecessors
    found: dict[str, Edges] = {}
    for node in block.nodes:
        data = _producers(node, producer)
        effect = has_effect(node)
        wanted = above if effect else [last] if last is not None else []
        wished = _without(named.get(node.id, ()), data)
        implied = {p for d in (*data, *wished) for p in before[d]} | {*data, *wished}
        # what one child of a `with parallel()` reads says nothing of the others
        known = set(wished) if isinstance(node, Parallel) else implied
        order: list[str] = []
        for candidate in reversed(wanted):
            if candidate not in known:
                order.append(candidate)
                known = known | before[candidate] | {candidate}
        found[node.id] = Edges(data, (*wished, *reversed(order)))
        before[node.id] = implied | known
        if effect:
            last, above = node.id, [node.id]
        else:
            above.append(node.id)
    return found


def awaits(node: Statement) -> tuple[str, ...]:
    """The tasks outside of `node` that it, or anything inside it, waits for by `with parallel(after=...)`."""
    inside = [node, *(n for block in blocks(node) for n in walk(block))]
    wanted = [t for n in inside if isinstance(n, Parallel) for t in n.after]
    own = {n.id for n in inside} if wanted else set()
    return tuple(dict.fromkeys(t for t in wanted if t not in own))


def asked(block: Block) -> dict[str, tuple[str, ...]]:
    """Node -> the nodes of `block` that are, or hold, the tasks that it waits for by name."""
    wanted = {node.id: found for node in block.nodes if (found := awaits(node))}
    if not wanted:
        return {}
    holder = {inner.id: node.id for node in block.nodes for part in blocks(node) for inner in walk(part)}
    holder |= {node.id: node.id for node in block.nodes}
    return {id_: tuple(dict.fromkeys(holder[t] for t in found if t in holder)) for id_, found in wanted.items()}


def _without(names: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in others)


def _producers(node: Statement, producer: dict[ValueId, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(producer[v] for v in reads(node) if v in producer))


def walk(block: Block) -> Iterator[Statement]:
    """All nodes of `block`, outer before inner, in source order."""
    for node in block.nodes:
        yield node
        for inner in blocks(node):
            yield from walk(inner)


def tasks(pipeline: Pipeline) -> Iterator[Task]:
    """All tasks of the pipeline."""
    return (node for node in walk(pipeline.body) if isinstance(node, Task))


def hooks(body: Block, policy: PipelinePolicy) -> set[str]:
    """The components that are called back: when a step has failed or is late, and at the end of a run."""
    called = [node for node in walk(body) if isinstance(node, Task)]
    policies = [p for node in called for p in (node.policy, node.otherwise and node.otherwise.policy) if p]
    named = {one.on_failure for one in policies} | {one.deadline.tell for one in policies if one.deadline is not None}
    return {name for name in (*named, policy.on_failure, policy.on_success) if name is not None}


def stand_ins(body: Block) -> set[str]:
    """The components that run in the stead of native steps."""
    return {n.otherwise.component for n in walk(body) if isinstance(n, Task) and n.otherwise is not None}


def value_types(pipeline: Pipeline) -> dict[ValueId, Type]:
    """The type of every value of the pipeline."""
    types: dict[ValueId, Type] = {p.name: VALUE for p in pipeline.parameters}
    for node in walk(pipeline.body):
        match node:
            case Task() | Branch() | Try():
                types |= {o.id: o.type for o in node.outputs}
            case Compute():
                types |= {let.id: let.type for let in node.lets}
            case RunValue():
                types[node.output] = VALUE
            case ForEach():
                types |= {t.id: t.type for t in node.targets} | {o.id: o.type for o in node.outputs}
            case Group():
                types |= {a.id: a.type for a in node.args} | {o.id: o.type for o in node.outputs}
            case _:
                pass
        match node:
            case Task() | Compute() | Check() | Wait() if node.caught is not None:
                types[node.caught] = VALUE
            case Try() if node.error is not None:
                types[node.error] = VALUE
            case _:
                pass
    return types


def lengths(pipeline: Pipeline) -> dict[ValueId, int]:
    """The lists whose length is known at build time: what loops over constants, or over such lists, collect."""
    known: dict[ValueId, int] = {}
    for node in walk(pipeline.body):
        if not isinstance(node, ForEach):
            continue
        match node.items:
            case Const():
                items = value_of(node.items.source)
                size = len(items) if isinstance(items, (list, tuple)) else None
            case Ref():
                size = known.get(node.items.value)
            case _:
                size = None
        if size is not None:
            known |= {output.id: size for output in node.outputs}
    return known
