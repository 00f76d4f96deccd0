"""Soften `try`: its tasks catch their own last failure, and branches on the message say what runs next.

A legalising pass, for targets on which a failed task ends the run. Inside a `try`

* whatever may fail gets a `caught` value: `None`, or the message;
* what waits for something that may have failed runs in a branch, which is entered only if nothing has failed so far;
* after the body a branch on the first message runs the handler; or, behind the `finally` part, a check fails the run
  with that message.

The first message in the order of the source is the one that plain Python sees: what stands before it has succeeded.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pipec.compiler.passes.protect import NONE, Protected, Protector, fine
from pipec.compiler.passes.rebuild import map_blocks, rename_values, with_blocks, with_operands
from pipec.compiler.passes.sink import substituted
from pipec.ir import (
    Argument,
    Block,
    Branch,
    Check,
    Compute,
    Expr,
    Group,
    GroupResult,
    Let,
    Parallel,
    Pipeline,
    Ref,
    Statement,
    Try,
    Type,
    ValueId,
    uses,
)
from pipec.ir.graph import defines, free, has_effect, value_types, walk


def soften(pipeline: Pipeline) -> Pipeline:
    """`pipeline` without `Try`."""
    if not any(isinstance(node, Try) for node in walk(pipeline.body)):
        return pipeline
    softener = _Softener(Protector(value_types(pipeline), {n.id for n in walk(pipeline.body)}))
    return pipeline.model_copy(update={"body": softener.block(pipeline.body)})


@dataclass
class _Softener:
    protector: Protector

    @property
    def types(self) -> dict[ValueId, Type]:
        """The types of all values."""
        return self.protector.types

    # where failures end the run

    def block(self, block: Block, concurrent: bool = False) -> Block:
        """`block` without `Try`, inner ones first. `concurrent`: it is the body of `with parallel()`."""
        found: list[Statement] = []
        for node in block.nodes:
            node = with_blocks(node, partial(self.block, concurrent=isinstance(node, Parallel)))
            made: list[Statement] = self.softened(node) if isinstance(node, Try) else [node]
            if concurrent and isinstance(node, Try) and len(made) > 1 and any(map(has_effect, made)):
                made = [self.sequence_point(node, made)]  # nothing else orders what it is made of
            found += made
        return Block(nodes=tuple(found))

    def softened(self, node: Try) -> list[Statement]:
        """The nodes that stand for `node`, whose blocks have no `Try` in them."""
        wanted = {v for phi in node.outputs for v in uses(phi.then)}
        body, ends = self.protector.explicit(node.body, [p.then for p in node.outputs], node.span)
        wanted |= {v for e in ends for v in uses(e)}
        safe = self.protector.protected(body, wanted)
        ends = [safe.at_end(e) for e in ends]
        if node.final is not None:
            made = self.finally_(node, safe, ends)
        else:
            made = self.handled(node, safe, ends)
        if not made or not has_effect(node) or (has_effect(made[0]) and has_effect(made[-1])):
            return made
        return [self.sequence_point(node, made)]

    def handled(self, node: Try, safe: Protected, ends: list[Expr]) -> list[Statement]:
        """`try` and `except`."""
        assert node.handler is not None
        if safe.error == NONE:
            return self.named(node, safe.nodes, ends)
        handler = node.handler
        orelse = [p.orelse for p in node.outputs]
        if node.error is not None:
            error = node.error

            def told(expr: Expr) -> Expr:
                return substituted(expr, error, safe.error)

            handler = map_blocks(handler, lambda b: Block(nodes=tuple(with_operands(n, told) for n in b.nodes)))
            orelse = [told(e) for e in orelse]
        phis = tuple(p.model_copy(update={"then": t, "orelse": o}) for p, t, o in zip(node.outputs, ends, orelse))
        if not phis and not handler.nodes:
            return safe.nodes
        branch = Branch(
            id=self.protector.node(f"{node.id}_failed"), condition=fine(safe.error), then=Block(), orelse=handler,
            outputs=phis, effect=has_effect(node), span=node.span,
        )  # fmt: skip
        return [*safe.nodes, branch]

    def finally_(self, node: Try, safe: Protected, ends: list[Expr]) -> list[Statement]:
        """`try` and `finally`."""
        assert node.final is not None
        final: list[Statement] = list(node.final.nodes)
        if final and not (has_effect(final[0]) and has_effect(final[-1])):
            final = [self.ordered(node, final)]  # it waits for the body, whatever it reads
        if safe.error == NONE:
            return self.named(node, [*safe.nodes, *final], ends)
        check = Check(
            id=self.protector.node(f"{node.id}_failed"), condition=fine(safe.error), message=safe.error, span=node.span
        )
        return self.named(node, [*safe.nodes, *final, check], ends)

    def ordered(self, node: Try, final: list[Statement]) -> Group:
        """The `finally` part as one sequence point."""
        group = Group(
            id=self.protector.node(f"{node.id}_finally"), name="finally", body=Block(nodes=tuple(final)), effect=True,
            span=node.span,
        )  # fmt: skip
        return self.closed(group)

    def sequence_point(self, node: Try, made: list[Statement]) -> Group:
        """All of a `try` with an effect in it waits for what is above, and holds up what is below."""
        group = Group(
            id=self.protector.node(node.id), name="try", body=Block(nodes=tuple(made)), effect=True, span=node.span
        )
        return self.closed(group, [(p.id, p.type) for p in node.outputs])

    def closed(self, group: Group, results: list[tuple[ValueId, Type]] | None = None) -> Group:
        """`group` with what comes in as arguments, and what goes out as results: new names inside."""
        taken = {v: self.protector.fresh(v, self.types[v]) for v in free(group.body)}
        given = {v: self.protector.fresh(v, t) for v, t in results or []}
        renames = taken | given
        body = rename_values(group.body, renames)
        args = tuple(Argument(id=new, expr=Ref(value=old), type=self.types[old]) for old, new in taken.items())
        outputs = tuple(GroupResult(id=v, value=Ref(value=given[v]), type=t) for v, t in results or [])
        return group.model_copy(update={"args": args, "body": body, "outputs": outputs})

    def named(self, node: Try, nodes: list[Statement], ends: list[Expr]) -> list[Statement]:
        """`nodes`, whose values get the names that they have after the `try`."""
        own = {v for n in nodes for v in defines(n)}
        renames: dict[ValueId, ValueId] = {}
        lets: list[Statement] = []
        for phi, expr in zip(node.outputs, ends):
            if isinstance(expr, Ref) and expr.value in own and expr.value not in renames:
                renames[expr.value] = phi.id
            else:
                let = Let(id=phi.id, expr=expr, type=phi.type)
                lets.append(Compute(id=self.protector.node(phi.id), lets=(let,), outputs=(phi.id,), span=node.span))
        return list(rename_values(Block(nodes=(*nodes, *lets)), renames).nodes)
