"""`if` statements: arms, merged names, and early return."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics.risk import UnreachableCode
from pipec.compiler.frontend.expressions import as_tuple
from pipec.compiler.frontend.inference import join
from pipec.compiler.frontend.operands import NONE, POISON, Binding, Carried, Growing, Operand, Part, Unbound, const, ref
from pipec.ir import Address, Branch, Phi, Span, Type, optional

if TYPE_CHECKING:
    from pipec.compiler.frontend.body import Body, Flow


_ADDRESS = Unbound("an address leaves no block: hand the file out of it, and write `uri_of` where a step gets it")


def branch(body: Body, node: ast.If, rest: list[ast.stmt]) -> Flow | None:
    """Read an `if`. After an arm that returns, what follows belongs to the other arm."""
    from pipec.compiler.frontend.body import Flow
    from pipec.compiler.frontend.failures import guard

    if guard(body, node):
        return None
    condition = body.operand(node.test)
    then_nodes, else_nodes, consumed = list(node.body), list(node.orelse), False
    ends = (_ends(then_nodes), _ends(else_nodes))
    if rest and any(ends) and any(map(_returns, (then_nodes, else_nodes))):  # a failure holds up what follows anyway
        consumed = True
        if all(ends):
            body.report.add(UnreachableCode(body.span(rest[0])))
        elif ends[0]:
            else_nodes += rest
        else:
            then_nodes += rest
    then, orelse = body.child(), body.child()
    then.tail = orelse.tail = body.tail and (consumed or not rest)
    flows = (then.statements(then_nodes), orelse.statements(else_nodes))
    if body.in_loop and any(flow.kind in ("returns", "maybe") for flow in flows):
        return Flow()  # reported where the `return` stands
    flow = _merge(body, condition, (then, orelse), flows, body.span(node), _hint(node))
    if flow.kind == "raises" and rest and not consumed:
        body.report.add(UnreachableCode(body.span(rest[0])))
    if consumed or flow.kind in ("returns", "raises"):
        return flow
    if flow.kind == "falls":
        return None
    return guarded(body, flow, rest, body.span(node))


def _hint(node: ast.If) -> str:
    names = [n.id for n in ast.walk(node.test) if isinstance(n, ast.Name) and n.id.isidentifier()]
    return f"if_{names[0]}" if names else "branch"


def _ends(nodes: list[ast.stmt]) -> bool:
    """Whether every path through `nodes` returns or raises."""
    for node in nodes:
        match node:
            case ast.Return() | ast.Raise():
                return True
            case ast.If() if _ends(node.body) and _ends(node.orelse):
                return True
            case ast.With() if _ends(node.body):
                return True
            case ast.Try() if _ends(node.body) and all(_ends(h.body) for h in node.handlers):
                return True
    return False


def _returns(nodes: list[ast.stmt]) -> bool:
    return any(isinstance(n, ast.Return) for node in nodes for n in ast.walk(node))


def guarded(body: Body, flow: Flow, rest: list[ast.stmt], span: Span) -> Flow:
    """Some paths have returned: what follows runs only on the others."""
    from pipec.compiler.frontend.body import Flow

    assert flow.flag is not None
    if not rest:
        return flow
    done, going = body.child(), body.child()
    going.tail = body.tail
    flows = (Flow("returns", flow.value), going.statements(rest))
    return _merge(body, flow.flag, (done, going), flows, span, "returned")


def _merge(
    body: Body, condition: Operand, arms: tuple[Body, Body], flows: tuple[Flow, Flow], span: Span, hint: str
) -> Flow:
    """Add the branch to `body`, with what both arms bind and return."""
    merger = Merger(body, arms, flows)
    flow = merger.flow()
    merger.scope()
    made = Branch(
        id=body.reading.nodes.fresh(hint), condition=condition.expr, then=arms[0].block(), orelse=arms[1].block(),
        outputs=tuple(merger.phis), span=span,
    )  # fmt: skip
    if arms[0].nodes or arms[1].nodes or merger.phis:
        body.nodes.append(made)
    return flow


class Merger:
    """Joins two blocks of which one runs: what both bind, and how they end."""

    def __init__(self, body: Body, arms: tuple[Body, Body], flows: tuple[Flow, Flow]) -> None:
        self.body = body
        self.arms = arms
        self.flows = flows
        self.phis: list[Phi] = []

    def flow(self) -> Flow:
        from pipec.compiler.frontend.body import Flow

        kinds = {flow.kind for flow in self.flows}
        if "raises" in kinds:
            return self._surviving()
        if kinds == {"falls"}:
            return Flow()
        value = self.phi("result", self.flows[0].value, self.flows[1].value)
        if kinds == {"returns"}:
            return Flow("returns", value)
        flags = [const(f.kind == "returns") if f.flag is None else f.flag for f in self.flows]
        return Flow("maybe", value, self.phi("returned", flags[0], flags[1]))

    def _surviving(self) -> Flow:
        """The flow where an arm never goes on."""
        from pipec.compiler.frontend.body import Flow

        then_dead = self.flows[0].kind == "raises"
        alive = self.flows[1] if then_dead else self.flows[0]
        if alive.kind in ("falls", "raises"):
            return alive
        value = self._export("result", alive.value, then_dead)
        flag = self._export("returned", alive.flag, then_dead) if alive.flag is not None else None
        return Flow(alive.kind, value, flag)

    def phi(self, hint: str, then: Operand, orelse: Operand) -> Operand:
        """The operand after the branch for one that differs between the arms."""
        if then.poison or orelse.poison:
            return POISON
        if then.expr == orelse.expr:
            return then
        if then.elements and orelse.elements and len(then.elements) == len(orelse.elements):
            parts = [self.phi(f"{hint}_{i}", *sides) for i, sides in enumerate(zip(then.elements, orelse.elements))]
            return as_tuple(parts)
        type_ = _joined(then, orelse)
        id_ = self.body.value(hint, type_)
        self.phis.append(Phi(id=id_, then=then.expr, orelse=orelse.expr, type=type_))
        producer = then.producer or orelse.producer
        return ref(id_, type_, producer=producer, what=f"`{hint}`")

    def scope(self) -> None:
        """Bind in the outer scope what is bound after the branch."""
        dead = [flow.kind in ("returns", "raises") for flow in self.flows]
        if all(dead):
            return
        names = dict.fromkeys([*self.arms[0].scope.names, *self.arms[1].scope.names])
        for name in names:
            before = self.body.scope.names.get(name)
            then, orelse = (arm.scope.names.get(name) for arm in self.arms)
            if then is orelse and then is not None:
                self.body.scope.names[name] = then
            elif any(dead):
                alive = orelse if dead[0] else then
                self.body.scope.names[name] = self._exported(name, alive, dead[0], before)
            else:
                self.body.scope.names[name] = self._both(name, then, orelse, before)

    def _exported(self, name: str, alive: Binding | None, then_dead: bool, before: Binding | None) -> Binding:
        """A name of the only arm that goes on; the other side of the phi is never read."""
        if alive is before and before is not None:
            return before
        if isinstance(alive, Growing):
            known = len(before.parts) if isinstance(before, Growing) and before.made == alive.made else 0
            new = [replace(p, operand=self._export(name, p.operand, then_dead, p.many), clause="", element=None)
                   for p in alive.parts[known:]]  # fmt: skip
            return replace(alive, parts=(*alive.parts[:known], *new), read=None)
        if not isinstance(alive, Operand):
            return alive or Unbound("only one path binds it")
        if isinstance(alive.expr, Address):
            return _ADDRESS
        return self._export(name, alive, then_dead)

    def _export(self, name: str, alive: Operand, then_dead: bool, many: bool = False) -> Operand:
        """An operand of the only arm that goes on, for what follows the branch.

        On the other side nobody reads it; but a list may be spread into another one before the branch around ends.
        """
        if alive.is_const or alive.poison:
            return alive
        id_ = self.body.value(name, alive.type)
        unread = const([]) if many else NONE
        then, orelse = (unread, alive) if then_dead else (alive, unread)
        self.phis.append(Phi(id=id_, then=then.expr, orelse=orelse.expr, type=optional(alive.type)))
        return ref(id_, alive.type, producer=alive.producer, what=f"`{name}`")

    def _both(self, name: str, then: Binding | None, orelse: Binding | None, before: Binding | None) -> Binding:
        for side in (then, orelse):
            if isinstance(side, Carried):
                return side
        if isinstance(then, Growing) or isinstance(orelse, Growing):
            return self._grown(name, then, orelse, before)
        if isinstance(then, Operand) and isinstance(orelse, Operand):
            if then.expr != orelse.expr and any(isinstance(side.expr, Address) for side in (then, orelse)):
                return _ADDRESS
            return self.phi(name, then, orelse)
        lost = next((side for side in (then, orelse) if isinstance(side, Unbound)), None)
        bound = [side for side in (then, orelse) if isinstance(side, Operand)]
        if not bound:
            return lost or Unbound("no path binds it")
        return lost if lost is not None and lost is not before else Unbound("only one path binds it", bound[0].producer)

    def _grown(self, name: str, then: Binding | None, orelse: Binding | None, before: Binding | None) -> Binding:
        if not isinstance(then, Growing) or not isinstance(orelse, Growing) or then.kind != orelse.kind:
            return self._rebound(name, then, orelse)
        shared = then.shared or orelse.shared
        known = 0
        made = Growing(then.kind, made=then.made, shared=shared)
        if isinstance(before, Growing) and then.made == orelse.made == before.made:
            known = len(before.parts)
            made = replace(before, shared=shared)
        added = (then.parts[known:], orelse.parts[known:])
        return replace(made, parts=(*made.parts, self._part(name, *added))) if any(added) else made

    def _rebound(self, name: str, then: Binding | None, orelse: Binding | None) -> Binding:
        """One path fills a collection, and the other binds its name to something else."""
        from pipec.compiler.frontend.collections import collected

        sides: list[Operand] = []
        for arm, side in zip(self.arms, (then, orelse)):
            if isinstance(side, Growing) and not side.open:
                sides.append(collected(arm, side))
            elif isinstance(side, Operand):
                sides.append(side)
            else:
                return Unbound("only one path binds it")
        return self.phi(name, sides[0], sides[1])

    def _part(self, name: str, then: tuple[Part, ...], orelse: tuple[Part, ...]) -> Part:
        from pipec.compiler.frontend.collections import listed

        if len(then) == len(orelse) == 1 and not then[0].many and not orelse[0].many:
            return Part(self.phi(f"{name}_item", then[0].operand, orelse[0].operand))
        sides = [listed(self.body, parts) for parts in (then, orelse)]
        return Part(self.phi(f"{name}_items", sides[0], sides[1]), many=True)


def _joined(then: Operand, orelse: Operand) -> Type:
    for one, other in ((then, orelse), (orelse, then)):
        if one.is_const and one.value is None:
            return optional(other.type)
    return join(then.type, orelse.type)
