"""Outline: expressions that a target cannot evaluate where they stand become a small task of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from pipec.compiler.passes.rebuild import free_name, with_blocks
from pipec.ir import (
    VALUE,
    Block,
    Branch,
    Code,
    Compute,
    Expr,
    ForEach,
    Group,
    Let,
    Pipeline,
    Ref,
    Span,
    Statement,
    Type,
)
from pipec.ir.graph import value_types, walk

Place = Literal["conditions", "items", "results", "phis", "arguments"]
"""Where: branch conditions, loop items, results of groups and of the pipeline, merged values, arguments of groups."""

Keep = Callable[[Code, Place], bool]
"""Whether a target evaluates this expression in place after all."""


def outline(
    pipeline: Pipeline, places: frozenset[Place] | set[Place], keep: Keep = lambda code, place: False
) -> Pipeline:
    """`pipeline` in which the operands at `places` are constants or references.

    A condition becomes `bool(...)` of it, so that its text is "true" or "false"; items become `list(...)`.
    """
    outliner = _Outliner(frozenset(places), keep, set(value_types(pipeline)), {n.id for n in walk(pipeline.body)})
    nodes = list(outliner.block(pipeline.body).nodes)
    result = pipeline.result
    if "results" in places and isinstance(result, Code) and not keep(result, "results"):
        made, result = outliner.made(result, "result", pipeline.result_type or VALUE, pipeline.span)
        nodes.append(made)
    return pipeline.model_copy(update={"body": Block(nodes=tuple(nodes)), "result": result})


@dataclass
class _Outliner:
    places: frozenset[Place]
    keep: Keep
    values: set[str]
    nodes: set[str]
    before: list[Statement] = field(default_factory=list)

    def block(self, block: Block) -> Block:
        found: list[Statement] = []
        for node in block.nodes:
            outer, self.before = self.before, []
            changed = self._node(node)
            found += [*self.before, changed]
            self.before = outer
        return Block(nodes=tuple(found))

    def _name(self, wanted: str, taken: set[str]) -> str:
        name = free_name(wanted, taken)
        taken.add(name)
        return name

    def made(self, expr: Code, hint: str, type_: Type, span: Span, wrap: str = "") -> tuple[Compute, Ref]:
        """The node that computes `expr`, and the reference that stands for it."""
        if wrap and not expr.source.startswith(f"{wrap}("):
            expr = expr.model_copy(update={"source": f"{wrap}({expr.source})"})
        id_ = self._name(hint, self.values)
        node = Compute(
            id=self._name(hint, self.nodes), lets=(Let(id=id_, expr=expr, type=type_),), outputs=(id_,), span=span
        )
        return node, Ref(value=id_)

    def _moved(self, expr: Expr, place: Place, hint: str, type_: Type, span: Span, wrap: str = "") -> Expr:
        if place not in self.places or not isinstance(expr, Code) or self.keep(expr, place):
            return expr
        node, reference = self.made(expr, hint, type_, span, wrap)
        self.before.append(node)
        return reference

    def _node(self, node: Statement) -> Statement:
        match node:
            case Branch():
                return self._branch(node)
            case ForEach():
                items = self._moved(node.items, "items", "items", node.items_type, node.span, "list")
                return node.model_copy(update={"items": items, "body": self._inner(node.body)})
            case Group():
                args = tuple(
                    a.model_copy(update={"expr": self._moved(a.expr, "arguments", a.id, a.type, node.span)})
                    for a in node.args
                )
                body, (values,) = self._with_ends(
                    node.body, [[(o.value, o.id, o.type) for o in node.outputs]], "results", node.span
                )
                outputs = tuple(o.model_copy(update={"value": v}) for o, v in zip(node.outputs, values))
                return node.model_copy(update={"args": args, "body": body, "outputs": outputs})
            case _:
                return with_blocks(node, self._inner)

    def _inner(self, block: Block) -> Block:
        outer, self.before = self.before, []
        changed = self.block(block)
        self.before = outer
        return changed

    def _branch(self, node: Branch) -> Branch:
        condition = self._moved(node.condition, "conditions", "condition", VALUE, node.span, "bool")
        then, (thens,) = self._with_ends(node.then, [[(p.then, p.id, p.type) for p in node.outputs]], "phis", node.span)
        orelse, (others,) = self._with_ends(
            node.orelse, [[(p.orelse, p.id, p.type) for p in node.outputs]], "phis", node.span
        )
        outputs = tuple(p.model_copy(update={"then": t, "orelse": o}) for p, t, o in zip(node.outputs, thens, others))
        update = {"condition": condition, "then": then, "orelse": orelse, "outputs": outputs}
        return node.model_copy(update=update)

    def _with_ends(
        self, block: Block, ends: list[list[tuple[Expr, str, Type]]], place: Place, span: Span
    ) -> tuple[Block, list[list[Expr]]]:
        """`block` with the operands at its end computed in it."""
        inner = self._inner(block)
        outer, self.before = self.before, []
        found = [[self._moved(e, place, f"{hint}_value", t, span) for e, hint, t in group] for group in ends]
        more, self.before = self.before, outer
        return Block(nodes=(*inner.nodes, *more)), found
