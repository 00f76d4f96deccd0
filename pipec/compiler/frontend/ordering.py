"""`with parallel(after=(a, b)):` order without data, said by the names of results."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics.pipeline import UnboundName
from pipec.compiler.diagnostics.source import UnsupportedStatement
from pipec.compiler.frontend.operands import Operand, Unbound
from pipec.compiler.passes.rebuild import map_blocks
from pipec.ir import Block, Compute, Expr, Group, NodeId, Parallel, Task, ValueId, Wait, uses
from pipec.ir.graph import blocks, defines, walk

if TYPE_CHECKING:
    from pipec.compiler.frontend.body import Body

MARKERS = ("pipec.parallel", "pipec.authoring.parallel")


def call_of(body: Body, node: ast.With) -> ast.Call | None:
    """The call `parallel(...)` that `with` enters; anything else is reported."""
    call = node.items[0].context_expr
    target = body.resolver.expression(body.module, call.func) if isinstance(call, ast.Call) else None
    if len(node.items) == 1 and isinstance(call, ast.Call) and target is not None and target.dotted in MARKERS:
        if not call.args and all(k.arg == "after" for k in call.keywords) and not node.items[0].optional_vars:
            return call
        what, advice = "`with parallel(...)` with such arguments", "write `parallel()` or `parallel(after=(a, b))`"
        body.report.add(UnsupportedStatement(body.span(call), what, advice))
        return None
    what = f"`with {ast.unparse(call)}`"
    body.report.add(UnsupportedStatement(body.span(node), what, "only `with parallel():` has a meaning here"))
    return None


def awaited(body: Body, call: ast.Call) -> tuple[Operand, ...] | None:
    """What `after` names; `None` where it is wrong, which is reported."""
    if not call.keywords:
        return ()
    given = call.keywords[0].value
    parts = given.elts if isinstance(given, (ast.Tuple, ast.List)) else [given]
    found = [_result(body, part) for part in parts]
    return None if None in found else tuple(one for one in found if one is not None)


def _result(body: Body, node: ast.expr) -> Operand | None:
    """The result that `node` names."""
    binding = body.scope.names.get(node.id) if isinstance(node, ast.Name) else None
    if isinstance(binding, Operand) and (binding.poison or binding.call or uses(binding.expr)):
        return binding
    if isinstance(node, ast.Name) and isinstance(binding, Unbound):
        body.report.add(UnboundName(body.span(node), node.id, binding.reason, binding.where))
        return None
    what = f"`{ast.unparse(node)}` in `after`"
    body.report.add(UnsupportedStatement(body.span(node), what, "name results of steps above: `after=(a, b)`"))
    return None


def ordered(block: Block, wanted: dict[str, tuple[Operand, ...]]) -> Block:
    """`block` in which each `with parallel(after=...)` has the tasks that made what it names."""
    if not any(wanted.values()):
        return block
    tasks = _Tasks(block)

    def change(inner: Block) -> Block:
        return Block(
            nodes=tuple(
                n.model_copy(update={"after": tasks.behind(wanted[n.id])})
                if isinstance(n, Parallel) and wanted.get(n.id)
                else n
                for n in inner.nodes
            )
        )

    return map_blocks(block, change)


LEAVES = (Task, Wait)
"""What runs, and can be waited for."""


class _Tasks:
    """Value -> the tasks behind it."""

    def __init__(self, block: Block) -> None:
        self.exprs: dict[ValueId, tuple[Expr, ...]] = {}
        """What is computed, and parameters of groups: they are made of other values."""
        self.inside: dict[NodeId, tuple[str, ...]] = {}
        """Whatever else makes a value -> the tasks in it. Nodes and values may have equal names."""
        self.makers: dict[ValueId, tuple[str, ...]] = {}
        """Value -> the tasks in what makes it."""
        for node in walk(block):
            if isinstance(node, Parallel):
                continue
            if isinstance(node, Group):
                self.exprs |= {a.id: (a.expr,) for a in node.args}
            if isinstance(node, Compute):
                self.exprs |= {let.id: (let.expr,) for let in node.lets}
                continue
            made = tuple(n.id for b in blocks(node) for n in walk(b) if isinstance(n, LEAVES)) or (node.id,)
            self.inside[node.id] = made
            self.makers |= dict.fromkeys(defines(node), made)

    def behind(self, operands: tuple[Operand, ...]) -> tuple[str, ...]:
        """The tasks that made `operands`."""
        found: dict[str, None] = {}
        for operand in operands:
            if operand.call:
                found |= dict.fromkeys(self.inside[operand.call])
            for value in uses(operand.expr):
                found |= dict.fromkeys(self._of(value))
        return tuple(found)

    def _of(self, value: ValueId) -> tuple[str, ...]:
        if value in self.exprs:
            return tuple(t for e in self.exprs[value] for v in uses(e) for t in self._of(v))
        return self.makers.get(value, ())
