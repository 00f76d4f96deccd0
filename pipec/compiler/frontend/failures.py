"""What fails a run, and what handles it: `assert`, `raise` and `try`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics.pipeline import LooksIntoArtifact
from pipec.compiler.diagnostics.risk import UnreachableCode
from pipec.compiler.diagnostics.source import UnsupportedExpression, UnsupportedStatement
from pipec.compiler.frontend import expressions
from pipec.compiler.frontend.assigned import assigned, grown
from pipec.compiler.frontend.branches import Merger, guarded
from pipec.compiler.frontend.callees import has_calls
from pipec.compiler.frontend.operands import POISON, Caught, Growing, Operand, Unbound, const, ref
from pipec.compiler.pysource.negate import negated
from pipec.ir import VALUE, Check, Try, is_artifact

if TYPE_CHECKING:
    from pipec.compiler.frontend.body import Body, Flow

_NAMES = ("pipec.PipelineFailed", "pipec.authoring.PipelineFailed")
_LOST = "the `try` may have failed before or after it was bound"


def check(body: Body, node: ast.Assert) -> None:
    """Read an `assert`."""
    _add(body, body.operand(node.test), node.msg, node)


def fail(body: Body, node: ast.Raise, rest: list[ast.stmt]) -> Flow:
    """Read a `raise`."""
    from pipec.compiler.frontend.body import Flow

    if rest:
        body.report.add(UnreachableCode(body.span(rest[0])))
    _raise(body, node, const(False), node)
    return Flow("raises")


def guard(body: Body, node: ast.If) -> bool:
    """Read `if condition: raise ...` as a check; `False` where `node` is more than that."""
    match node:
        case ast.If(body=[ast.Raise() as failure], orelse=[]):
            condition = expressions.synthetic(body, negated(node.test))
            _raise(body, failure, condition, node)
            return True
    return False


def _raise(body: Body, node: ast.Raise, condition: Operand, statement: ast.stmt) -> None:
    call = node.exc if isinstance(node.exc, ast.Call) else None
    exception = call.func if call else node.exc
    target = body.resolver.expression(body.module, exception) if exception is not None else None
    if exception is None or target is None or target.dotted not in _NAMES:
        what = "`raise`" if exception is None else f"`raise {ast.unparse(exception)}`"
        body.report.add(UnsupportedStatement(body.span(node), what, 'write `raise PipelineFailed("...")`'))
        return
    if call and (len(call.args) > 1 or call.keywords or any(isinstance(a, ast.Starred) for a in call.args)):
        body.report.add(UnsupportedExpression(body.span(call), "`PipelineFailed` with this", "give it one message"))
        return
    if not (node.cause is None or isinstance(node.cause, ast.Name) or _is_none(node.cause)):
        body.report.add(UnsupportedExpression(body.span(node.cause), "this cause", "leave it out"))
        return
    _add(body, condition, call.args[0] if call and call.args else None, statement)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _add(body: Body, condition: Operand, text: ast.expr | None, node: ast.stmt) -> None:
    if text is not None and has_calls(body, text):
        place = body.span(text)
        body.report.add(UnsupportedExpression(place, "a step call in a message", "call it before, and use its result"))
        return
    message = body.operand(text) if text is not None else None
    if condition.poison or (message is not None and message.poison) or (condition.is_const and condition.value):
        return
    if message is not None and is_artifact(message.type):
        what, annotation = message.what or "the value", getattr(message.type, "annotation", "")
        body.report.add(LooksIntoArtifact(body.span(text or node), what, annotation, message.producer))
        return
    expr = condition.expr if not condition.is_const else const(False).expr
    id_ = body.reading.nodes.fresh("check")
    source = " ".join(ast.unparse(node).split())
    made = Check(id=id_, condition=expr, message=message.expr if message else None, source=source, span=body.span(node))
    body.nodes.append(made)


# try


def attempt(body: Body, node: ast.Try, rest: list[ast.stmt]) -> Flow | None:
    """Read a `try`."""
    refused = _refused(node)
    if refused is not None:
        place, what, instead = refused
        body.report.add(UnsupportedStatement(body.span(place), what, instead))
        body.scope.names |= dict.fromkeys(assigned([node]), POISON)
        return None
    if node.handlers and node.finalbody:
        inner = ast.copy_location(ast.Try(node.body, node.handlers, [], []), node)
        node = ast.copy_location(ast.Try([inner], [], [], node.finalbody), node)
    return _finally(body, node, rest) if node.finalbody else _except(body, node, node.handlers[0], rest)


def _refused(node: ast.Try) -> tuple[ast.AST, str, str] | None:
    """What has no place in a pipeline body, and what to write instead."""
    if node.orelse:
        return node.orelse[0], "`else` of a `try`", "write it after the `try`"
    if len(node.handlers) > 1:
        return node.handlers[1], "a second `except`", "use one handler"
    for handler in node.handlers:
        if not (isinstance(handler.type, ast.Name) and handler.type.id == "Exception"):
            what = "`except:`" if handler.type is None else f"`except {ast.unparse(handler.type)}`"
            return handler, what, "write `except Exception`"
    return None


def _except(body: Body, node: ast.Try, handler: ast.ExceptHandler, rest: list[ast.stmt]) -> Flow | None:
    inner, other = body.child(), body.child()
    inner.tail = other.tail = body.tail and not rest
    flow = inner.statements(node.body)
    _forget(other, node.body)
    error = body.value(handler.name, VALUE) if handler.name else None
    if handler.name and error:
        other.scope.names[handler.name] = Caught(ref(error, VALUE, what="the message"))
    flows = (flow, other.statements(handler.body))
    if handler.name:  # Python deletes it
        gone = Unbound("it is bound inside the handler only", body.span(handler))
        for scope in (inner.scope, other.scope, body.scope):
            scope.names[handler.name] = gone
    merger = Merger(body, (inner, other), flows)
    merged = merger.flow()
    merger.scope()
    made = Try(
        id=body.reading.nodes.fresh("try"), body=inner.block(), handler=other.block(), error=error,
        outputs=tuple(merger.phis), iterations=body.iterations, span=body.span(node),
    )  # fmt: skip
    body.nodes.append(made)
    return _after(body, merged, rest, node)


def _finally(body: Body, node: ast.Try, rest: list[ast.stmt]) -> Flow | None:
    from pipec.compiler.frontend.body import Flow

    inner, final, lost = body.child(), body.child(), body.child()
    inner.tail = body.tail and not rest
    flow = inner.statements(node.body)
    _forget(final, node.body, late=False)
    ended = final.statements(node.finalbody)
    if ended.kind in ("returns", "maybe"):
        place = body.span(node.finalbody[0])
        body.report.add(UnsupportedStatement(place, "`return` in `finally`", "return after the `try`"))
    merger = Merger(body, (inner, lost), (flow, Flow("raises")))
    merged = merger.flow()
    merger.scope()
    for name in [*assigned(node.finalbody), *grown(node.finalbody)]:
        body.scope.names[name] = Unbound("it is bound in `finally`", body.span(node.finalbody[0]))
    made = Try(
        id=body.reading.nodes.fresh("try"), body=inner.block(), final=final.block(), outputs=tuple(merger.phis),
        iterations=body.iterations, span=body.span(node),
    )  # fmt: skip
    body.nodes.append(made)
    return _after(body, merged if ended.kind != "raises" else ended, rest, node)


def _after(body: Body, flow: Flow, rest: list[ast.stmt], node: ast.Try) -> Flow | None:
    if flow.kind == "falls" or (body.in_loop and flow.kind in ("returns", "maybe")):
        return None  # a `return` in a loop is reported there
    if flow.kind in ("returns", "raises"):
        if rest:
            body.report.add(UnreachableCode(body.span(rest[0])))
        return flow
    return guarded(body, flow, rest, body.span(node))


def _forget(body: Body, tried: list[ast.stmt], late: bool = True) -> None:
    """Make names unreadable that the `try` binds or fills: nobody knows whether it got that far.

    `late`: what the last statement that can fail binds is known: if it has failed, it has bound nothing.
    """
    names = [*assigned(tried), *grown(tried)]
    known = _bound_last(tried) if late else frozenset()
    for name in names:
        if name not in known and isinstance(body.scope.names.get(name), (Operand, Growing)):
            body.scope.names[name] = Unbound(_LOST)


def _bound_last(tried: list[ast.stmt]) -> frozenset[str]:
    """Names that are bound or filled first by the last statement that can fail, after all else that can fail in it."""
    last = next((i for i in range(len(tried) - 1, -1, -1) if _may_fail(tried[i])), None)
    if last is None:
        return frozenset((*assigned(tried), *grown(tried)))
    before = {*assigned(tried[:last]), *grown(tried[:last])}
    match tried[last]:
        case ast.Assign() | ast.AnnAssign() | ast.Expr():
            bound = {*assigned(tried[last:]), *grown(tried[last:])}
        case _:
            bound = {*assigned(tried[last + 1 :]), *grown(tried[last + 1 :])}
            bound -= {*assigned(tried[last : last + 1]), *grown(tried[last : last + 1])}
    return frozenset(bound - before)


def _may_fail(node: ast.stmt) -> bool:
    """Whether a statement can raise."""
    match node:
        case ast.Pass():
            return False
        case ast.Assign(targets=targets, value=ast.Constant() | ast.Name()):
            return not all(isinstance(t, ast.Name) for t in targets)
        case ast.Return(value=None | ast.Constant() | ast.Name()) | ast.Expr(value=ast.Constant()):
            return False
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="append"), args=[ast.Constant() | ast.Name()])):
            return False
    return True
