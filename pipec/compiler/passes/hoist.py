"""Loops out of the arms of branches that are in a loop themselves, for targets that cannot nest them so.

for a in xs:                        for a in xs:
    if c:                               if c: pre        -> items, or none
        pre                      ->     for b in items: ...
        for b in items: ...             if c: post
        post                            else: other
    else: other
"""

from __future__ import annotations

from typing import Literal

from pipec.compiler.passes.rebuild import free_name, rename_values, with_blocks
from pipec.compiler.passes.sink import substituted
from pipec.compiler.purity import is_bool
from pipec.ir import (
    VALUE,
    Block,
    Branch,
    Code,
    Compute,
    Const,
    Expr,
    ForEach,
    Group,
    Let,
    Parallel,
    Phi,
    Pipeline,
    Ref,
    Statement,
    Type,
    ValueId,
    optional,
    uses,
)
from pipec.ir.graph import defines, free, value_types, walk

NONE = Const(source="None")


def hoisted(pipeline: Pipeline) -> Pipeline:
    """`pipeline` in which no loop stands in an arm of a branch inside a loop."""
    work = _Hoister(value_types(pipeline), {n.id for n in walk(pipeline.body)})
    return pipeline.model_copy(update={"body": work.block(pipeline.body, False)})


def side_by_side(block: Block) -> list[Statement]:
    """The nodes of `block`, with those of groups and `with parallel()` that have a loop in them among them."""
    found: list[Statement] = []
    for node in block.nodes:
        if isinstance(node, (Group, Parallel)) and any(isinstance(n, ForEach) for n in walk(node.body)):
            if isinstance(node, Group):
                found += [_alias(node, a.id, a.expr, a.type) for a in node.args]
            found += side_by_side(node.body)
            if isinstance(node, Group):
                found += [_alias(node, r.id, r.value, r.type) for r in node.outputs]
        else:
            found.append(node)
    return found


def _alias(group: Group, value: ValueId, expr: Expr, type_: Type) -> Compute:
    lets = (Let(id=value, expr=expr, type=type_),)
    return Compute(id=f"{group.id}_{value}", lets=lets, outputs=(value,), span=group.span)


class _Hoister:
    def __init__(self, types: dict[ValueId, Type], ids: set[str]) -> None:
        self.types = types
        self.names = set(types) | ids

    def fresh(self, wanted: str) -> str:
        """A name that no value and no node has."""
        name = free_name(wanted, self.names)
        self.names.add(name)
        return name

    def block(self, block: Block, looped: bool) -> Block:
        """`block` with its loops where they may stand, the innermost first."""
        found: list[Statement] = []
        for node in block.nodes:
            inside = looped or isinstance(node, ForEach)
            node = with_blocks(node, lambda inner, inside=inside: self.block(inner, inside))  # type: ignore[misc]
            found += self.split(node) if looped and isinstance(node, Branch) else [node]
        return Block(nodes=tuple(found))

    def split(self, node: Branch) -> list[Statement]:
        """`node` in parts: a branch up to the first loop in an arm, the loop, and the rest."""
        for arm in ("then", "orelse"):
            nodes = side_by_side(node.then if arm == "then" else node.orelse)
            at = next((i for i, n in enumerate(nodes) if isinstance(n, ForEach)), None)
            if at is not None:
                return self.parts(node, arm, nodes, at)
        return [node]

    def parts(self, node: Branch, arm: Literal["then", "orelse"], nodes: list[Statement], at: int) -> list[Statement]:
        """`node`, whose arm `arm` has the nodes `nodes` with a loop at `at`."""
        before, condition = self.condition(node)
        pre, loop, post = nodes[:at], nodes[at], nodes[at + 1 :]
        assert isinstance(loop, ForEach)
        results = [p.then if arm == "then" else p.orelse for p in node.outputs]
        later = {*free(Block(nodes=(loop.model_copy(update={"items": NONE}), *post)))}
        later |= {v for e in results for v in uses(e)}
        renames = {v: self.fresh(v) for n in pre for v in defines(n) if v in later}
        for old, new in renames.items():
            self.types[new] = optional(self.types.get(old, VALUE))
        items = self.fresh(f"{loop.id}_items")
        self.types[items] = loop.items_type
        phis = [self.phi(new, Ref(value=old), NONE, self.types[new], arm) for old, new in renames.items()]
        phis.append(self.phi(items, _listed(loop), Const(source="[]"), loop.items_type, arm))
        first = node.model_copy(
            update={
                "id": self.fresh(node.id), "condition": condition, "then": Block(), "orelse": Block(),
                arm: Block(nodes=tuple(pre)), "outputs": tuple(phis),
            }
        )  # fmt: skip
        moved = rename_values(Block(nodes=(loop.model_copy(update={"items": Ref(value=items)}), *post)), renames)
        outputs = tuple(p.model_copy(update={arm: _renamed(getattr(p, arm), renames)}) for p in node.outputs)
        rest = node.model_copy(update={"condition": condition, arm: Block(nodes=moved.nodes[1:]), "outputs": outputs})
        found = [*before, first, moved.nodes[0]]
        return [*found, *self.split(rest)] if rest.then.nodes or rest.orelse.nodes or outputs else found

    def condition(self, node: Branch) -> tuple[list[Statement], Expr]:
        """The condition of `node` as an operand that may be read twice, and what computes it."""
        if not isinstance(node.condition, Code):
            return [], node.condition
        value = self.fresh("condition")
        self.types[value] = VALUE
        expr = node.condition
        if not is_bool(expr.source):
            expr = expr.model_copy(update={"source": f"bool({expr.source})"})
        let = Let(id=value, expr=expr, type=VALUE)
        return [Compute(id=value, lets=(let,), outputs=(value,), span=node.span)], Ref(value=value)

    def phi(self, value: ValueId, there: Expr, elsewhere: Expr, type_: Type, arm: str) -> Phi:
        """What the arm `arm` gives, and the other one."""
        then, orelse = (there, elsewhere) if arm == "then" else (elsewhere, there)
        return Phi(id=value, then=then, orelse=orelse, type=type_)


def _listed(loop: ForEach) -> Expr:
    """The items of `loop` as a list, which can be handed on."""
    if not isinstance(loop.items, Code):
        return loop.items
    return loop.items.model_copy(update={"source": f"list({loop.items.source})"})


def _renamed(expr: Expr, renames: dict[ValueId, ValueId]) -> Expr:
    """`expr` over the new names."""
    for old, new in renames.items():
        if old in uses(expr):
            expr = substituted(expr, old, Ref(value=new))
    return expr
