"""What a pipeline body asks of the run itself: `run.id`, `run.name`, `run.date`, `run.attempt`, and `wait_for`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal, get_args

from pipec.compiler.diagnostics.pipeline import WrongArguments
from pipec.compiler.diagnostics.settings import InvalidSetting
from pipec.compiler.diagnostics.source import NotConstant, UnsupportedExpression
from pipec.compiler.frontend.operands import POISON, Operand, const, ref
from pipec.compiler.frontend.resolve import Target
from pipec.compiler.frontend.values import positive
from pipec.compiler.passes.rebuild import map_blocks, with_operands
from pipec.compiler.passes.sink import substituted
from pipec.ir import VALUE, Block, Const, Expr, RunValue, Task, Wait
from pipec.ir.graph import walk

if TYPE_CHECKING:
    from pipec.compiler.frontend.body import Body

What = Literal["id", "name", "date", "attempt"]
_PLACES = ("pipec.run", "pipec.authoring.run")


def is_run(target: Target) -> bool:
    """Whether `target` is `pipec.run`, or something of it."""
    return target.dotted in _PLACES or target.dotted.rpartition(".")[0] in _PLACES


def run_value(body: Body, target: Target, node: ast.expr) -> Operand:
    """`run.id`, `run.name`, `run.date` or `run.attempt` as a value of the pipeline."""
    owner, _, name = target.dotted.rpartition(".")
    if owner not in _PLACES or name not in get_args(What):
        what = f"`{ast.unparse(node)}`"
        body.report.add(UnsupportedExpression(body.span(node), what, "`run` has `id`, `name`, `date` and `attempt`"))
        return POISON
    if name == "attempt" and not body.in_argument:
        return const(1)  # nothing but steps is tried again
    found = body.top.run_values
    if name not in found:
        id_ = body.value(f"run_{name}", VALUE)
        made = RunValue(id=body.reading.nodes.fresh(id_), output=id_, what=name, span=body.span(node))
        found[name] = made
    return ref(found[name].output, VALUE, what=f"`run.{name}`")


def without_stray_attempts(block: Block) -> Block:
    """`block` in which only tasks read their attempt; whatever else is evaluated once."""
    attempts = {n.output for n in walk(block) if isinstance(n, RunValue) and n.what == "attempt"}
    if not attempts:
        return block

    def once(expr: Expr) -> Expr:
        for value in attempts:
            expr = substituted(expr, value, Const(source="1"))
        return expr

    def change(inner: Block) -> Block:
        return Block(nodes=tuple(n if isinstance(n, Task) else with_operands(n, once) for n in inner.nodes))

    return map_blocks(block, change)


def is_wait(body: Body, node: ast.Call) -> bool:
    """Whether `node` calls `wait_for`."""
    root = node.func
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name) or root.id in body.scope.names:
        return False
    target = body.resolver.expression(body.module, node.func)
    return target is not None and target.dotted in ("pipec.wait_for", "pipec.authoring.wait_for")


def wait(body: Body, node: ast.Call) -> None:
    """Read `wait_for(uri, every=..., timeout=...)`."""
    given = {k.arg: k.value for k in node.keywords}
    arguments = [*node.args, *([given.pop("uri")] if "uri" in given else [])]
    every, timeout = given.pop("every", None), given.pop("timeout", None)
    if len(arguments) != 1 or given or isinstance(arguments[0], ast.Starred):
        reason = "it takes one URI, and `every` and `timeout` by name"
        body.report.add(WrongArguments(body.span(node), "wait_for", reason, body.span(node)))
        return
    uri = body.operand(arguments[0], "uri")
    times = [_duration(body, n, name) for n, name in ((every, "every"), (timeout, "timeout"))]
    if uri.poison or any(t == _WRONG for t in times):
        return
    made = Wait(
        id=body.reading.nodes.fresh("wait_for"), uri=uri.expr, every=times[0] or 300.0, timeout=times[1],
        span=body.span(node),
    )  # fmt: skip
    body.nodes.append(made)


_WRONG = -1.0


def _duration(body: Body, node: ast.expr | None, name: str) -> float | None:
    if node is None:
        return None
    found = body.operand(node)
    if found.poison:
        return _WRONG
    if found.is_const and found.value is None and name == "timeout":
        return None
    try:
        if found.is_const:
            return positive(found.value)
    except ValueError as error:
        body.report.add(InvalidSetting(body.span(node), name, str(error)))
        return _WRONG
    body.report.add(NotConstant(body.span(node), f"`{name}`", 'write a duration such as "5m"'))
    return _WRONG


__all__ = ["is_run", "is_wait", "run_value", "wait", "without_stray_attempts"]
