"""Expressions of a pipeline body: step calls become tasks, the pure rest stays Python text."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from pipec.compiler.diagnostics.pipeline import CarriedValue, LazyCall, LooksIntoArtifact, UnboundName, UnknownName
from pipec.compiler.diagnostics.similar import closest
from pipec.compiler.diagnostics.source import NotConstant, UnsupportedExpression
from pipec.compiler.frontend.addresses import address, is_address, misplaced
from pipec.compiler.frontend.callees import callee, has_calls, is_local, may_call
from pipec.compiler.frontend.classes import of_class
from pipec.compiler.frontend.constants import PURE_BUILTINS, NotConstantError, evaluate
from pipec.compiler.frontend.inference import LooksIntoError, infer, tuple_of
from pipec.compiler.frontend.operands import POISON, Carried, Caught, Growing, Operand, Unbound, code, const
from pipec.compiler.frontend.resolve import Target
from pipec.compiler.frontend.running import is_run, run_value
from pipec.compiler.pysource import rename_free
from pipec.compiler.pysource.text import DEEPEST, depth, double_quoted, one_line
from pipec.ir import VALUE, Code, Const, ObjectType, Ref, Type, is_artifact, leaves, text, uses
from pipec.ir.literals import source_of

if TYPE_CHECKING:
    from pipec.compiler.frontend.body import Body

Comprehension: TypeAlias = "ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp"

_REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.NamedExpr: ("`:=`", "assign in a statement of its own"),
    ast.Await: ("`await`", "steps are plain functions"),
    ast.Yield: ("`yield`", "return a list"),
    ast.YieldFrom: ("`yield from`", "return a list"),
}


@dataclass
class _Expression:
    """One expression that is being taken apart."""

    inputs: dict[str, Operand] = field(default_factory=dict)
    """Free name -> value."""
    changed: bool = False
    """Something was replaced, so the text must be printed anew."""
    poison: bool = False


def operand(body: Body, node: ast.expr, hint: str = "") -> Operand:
    """The value of `node`; its step calls become tasks of the body. `hint`: a name for the result."""
    allowed, body.takes_address = body.takes_address, False
    if is_address(body, node):
        return address(body, node) if allowed else misplaced(body, node)
    if isinstance(node, ast.Call) and (target := callee(body, node)) is not None:
        return body.call(target, node, hint)
    if isinstance(node, (ast.ListComp, ast.DictComp)) and has_calls(body, node):
        return body.comprehension(node, hint)
    if isinstance(node, ast.Tuple) and not any(isinstance(e, ast.Starred) for e in node.elts):
        return _tuple(body, node)
    if isinstance(node, (ast.GeneratorExp, ast.Lambda)):
        what = "a generator" if isinstance(node, ast.GeneratorExp) else "a lambda"
        return refuse(body, node, what, "write a list" if isinstance(node, ast.GeneratorExp) else "define a step")
    return _pure(body, node)


def _tuple(body: Body, node: ast.Tuple) -> Operand:
    parts = tuple(operand(body, e) for e in node.elts)
    into = _Expression(changed=True, poison=any(p.poison for p in parts))
    elements: list[ast.expr] = []
    for part in parts:
        elements.append(ast.parse(own_text(part), mode="eval").body)
        into.inputs |= {v: Operand(Ref(value=v), body.type_of(v), producer=part.producer) for v in uses(part.expr)}
    rebuilt = ast.Tuple(elements, ast.Load())
    return replace(_finish(body, rebuilt, rebuilt, into), elements=parts)


def as_tuple(parts: list[Operand]) -> Operand:
    """A tuple of operands that are constants or references."""
    if any(p.poison for p in parts):
        return POISON
    inputs = {v: v for part in parts for v in uses(part.expr)}
    source = f"({', '.join(map(own_text, parts))}{',' if len(parts) == 1 else ''})"
    if not inputs:
        return replace(const(tuple(p.value for p in parts)), elements=tuple(parts))
    return replace(code(source, inputs, tuple_of(tuple(p.type for p in parts))), elements=tuple(parts))


def own_text(part: Operand) -> str:
    """The source of an operand in which every free name is a value id."""
    if isinstance(part.expr, Code):
        return rename_free(part.expr.source, part.expr.inputs)
    return double_quoted(text(part.expr))


def synthetic(body: Body, node: ast.expr) -> Operand:
    """A pure expression that stands nowhere in the source."""
    return _pure(body, node, _Expression(changed=True))


def _pure(body: Body, node: ast.expr, expression: _Expression | None = None) -> Operand:
    expression = expression or _Expression()
    rebuilt = _extract(body, node, frozenset(), "", expression)
    if isinstance(rebuilt, ast.Name) and rebuilt.id in expression.inputs:
        return expression.inputs[rebuilt.id]
    return _finish(body, node, rebuilt, expression)


def _finish(body: Body, node: ast.expr, rebuilt: ast.expr, expression: _Expression) -> Operand:
    if expression.poison:
        return POISON
    if depth(rebuilt) > DEEPEST:
        return refuse(body, node, "so deep an expression", "split it into statements")
    if not expression.inputs:
        try:
            return const(evaluate(rebuilt, {}))
        except NotConstantError:
            pass  # left to run time, where Python has the last word
        except TypeError:
            pass
    try:
        type_ = _type(rebuilt, expression)
    except LooksIntoError as error:
        name = error.node.id if isinstance(error.node, ast.Name) else ast.unparse(error.node)
        origin = expression.inputs.get(name)
        annotation = ", ".join(dict.fromkeys(filter(None, (getattr(t, "annotation", "") for t in leaves(error.type)))))
        what = origin.what if origin and origin.what else f"`{name}`"
        place = error.node if hasattr(error.node, "lineno") else node
        body.report.add(LooksIntoArtifact(body.span(place), what, annotation, origin.producer if origin else None))
        return POISON
    source = one_line(rebuilt) if expression.changed else _source(body, node)
    inputs = {free: part.expr.value for free, part in expression.inputs.items() if isinstance(part.expr, Ref)}
    return code(source, inputs, type_)


def _type(node: ast.expr, expression: _Expression) -> Type:
    if not any(is_artifact(part.type) for part in expression.inputs.values()):
        return VALUE
    return infer(node, lambda name: expression.inputs[name].type if name in expression.inputs else VALUE)


def _source(body: Body, node: ast.expr) -> str:
    written = body.module.segment(node)
    return one_line(node) if "\n" in written or isinstance(node, ast.Tuple) else written


def _extract(body: Body, node: ast.expr, bound: frozenset[str], lazy: str, into: _Expression) -> ast.expr:
    """`node` with step calls and constants replaced; collects its inputs, and reports what has no place here."""
    match node:
        case ast.Constant():
            return node
        case ast.Name():
            return _name(body, node, bound, into)
        case ast.Call(func=ast.Name(id="str"), args=[ast.Name() as error], keywords=[]) if _caught(body, error, bound):
            return _message(body, error, into)
        case ast.FormattedValue(value=ast.Name() as error, conversion=-1 | 115, format_spec=None):
            value = _message(body, error, into) if _caught(body, error, bound) else _name(body, error, bound, into)
            return ast.copy_location(ast.FormattedValue(value, node.conversion, None), node)
        case ast.Call():
            return _call(body, node, bound, lazy, into)
        case ast.Attribute():
            return _attribute(body, node, bound, lazy, into)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return _comprehension(body, node, bound, lazy, into)
        case ast.Lambda():
            return _lambda(body, node, bound, lazy, into)
        case ast.BoolOp():
            side = "the right side of `and`" if isinstance(node.op, ast.And) else "the right side of `or`"
            values = [_extract(body, v, bound, side if i else lazy, into) for i, v in enumerate(node.values)]
            return ast.copy_location(ast.BoolOp(node.op, values), node)
        case ast.IfExp():
            arm = "an arm of a conditional expression"
            test = _extract(body, node.test, bound, lazy, into)
            then, orelse = (_extract(body, n, bound, arm, into) for n in (node.body, node.orelse))
            return ast.copy_location(ast.IfExp(test, then, orelse), node)
    for kind, (what, instead) in _REFUSED.items():
        if isinstance(node, kind):
            into.poison = True
            refuse(body, node, what, instead)
            if isinstance(node, ast.NamedExpr):
                body.scope.names[node.target.id] = POISON
            return node
    return _children(body, node, bound, lazy, into)


def _lambda(body: Body, node: ast.Lambda, bound: frozenset[str], lazy: str, into: _Expression) -> ast.expr:
    given = node.args
    taken = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
    defaults = [_extract(body, d, bound, lazy, into) for d in given.defaults]  # those belong to the scope around
    named = [d and _extract(body, d, bound, lazy, into) for d in given.kw_defaults]
    arguments = ast.arguments(
        given.posonlyargs, given.args, given.vararg, given.kwonlyargs, named, given.kwarg, defaults
    )
    inner = bound | {a.arg for a in taken if a is not None}
    return ast.copy_location(ast.Lambda(arguments, _extract(body, node.body, inner, "a lambda", into)), node)


def _children(body: Body, node: ast.expr, bound: frozenset[str], lazy: str, into: _Expression) -> ast.expr:
    fields: dict[str, object] = {}
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.expr):
            fields[name] = _extract(body, value, bound, lazy, into)
        elif isinstance(value, list):
            fields[name] = [_extract(body, v, bound, lazy, into) if isinstance(v, ast.expr) else v for v in value]
        else:
            fields[name] = value
    return ast.copy_location(type(node)(**fields), node)  # type: ignore[arg-type]  # same fields as before


def _name(body: Body, node: ast.Name, bound: frozenset[str], into: _Expression) -> ast.expr:
    if node.id in bound:
        return node
    found = misplaced(body, node) if is_address(body, node) else name(body, node)
    if found is None:
        return node  # a pure builtin
    return _placed(found, node, node.id, into)


def _caught(body: Body, node: ast.Name, bound: frozenset[str]) -> bool:
    return node.id not in bound and isinstance(body.scope.names.get(node.id), Caught)


def _message(body: Body, node: ast.Name, into: _Expression) -> ast.expr:
    """The message of a caught exception."""
    binding = body.scope.names[node.id]
    assert isinstance(binding, Caught)
    into.changed = True
    return _placed(binding.message, node, node.id, into)


def name(body: Body, node: ast.Name) -> Operand | None:
    """What a name stands for; `None` for a pure builtin."""
    binding = body.scope.names.get(node.id)
    match binding:
        case Operand():
            if isinstance(binding.expr, Code) and not binding.poison:  # a tuple that both arms of an `if` bind
                body.scope.names[node.id] = binding = body.as_value(binding, node.id, node)
            return binding
        case Growing():
            if binding.open:
                body.report.add(CarriedValue(body.span(node), node.id))
                return POISON
            return body.materialise(node.id)
        case Unbound():
            body.report.add(UnboundName(body.span(node), node.id, binding.reason, binding.where))
            return POISON
        case Carried():
            body.report.add(CarriedValue(body.span(node), node.id, binding.where))
            return POISON
        case Caught():
            return refuse(body, node, "the exception itself", f"use its message, `str({node.id})`")
    return _module_name(body, node)


def _module_name(body: Body, node: ast.Name) -> Operand | None:
    target = body.resolver.name(body.module, node.id)
    if target is None:
        known = [*body.scope.names, *body.module.bindings]
        body.report.add(UnknownName(body.span(node), node.id, closest(node.id, known)))
        return POISON
    if target.kind == "builtin":
        if node.id in PURE_BUILTINS:
            return None
        return refuse(body, node, f"`{node.id}`")
    return module_constant(body, target, node)


def module_constant(body: Body, target: Target, node: ast.expr) -> Operand:
    """A module-level constant, as it is known at build time."""
    if target.kind in ("function", "class"):
        return refuse(body, node, f"`{ast.unparse(node)}` as a value", "call it, or use it inside a step")
    if target.kind in ("external", "module"):
        if is_run(target):
            return run_value(body, target, node)
        return refuse(body, node, f"`{ast.unparse(node)}`, which comes from another library,", "use it inside a step")
    try:
        return const(body.resolver.constant_target(target))
    except (NotConstantError, TypeError) as error:
        body.report.add(NotConstant(body.span(node), f"`{ast.unparse(node)}`", str(error)))
        return POISON


def _placed(
    found: Operand, node: ast.expr, wanted: str, into: _Expression, bound: frozenset[str] = frozenset()
) -> ast.expr:
    """A node that stands for an operand inside a larger expression, where `bound` names are the expression's own."""
    into.poison = into.poison or found.poison
    if isinstance(found.expr, Const):
        into.changed = True
        return ast.copy_location(ast.parse(source_of(found.value), mode="eval").body, node)
    assert isinstance(found.expr, Ref)
    free = wanted
    while free in bound or (free in into.inputs and into.inputs[free].expr != found.expr):
        free += "_"
    into.inputs[free] = found
    if isinstance(node, ast.Name) and node.id == free:
        return node
    into.changed = True
    return ast.copy_location(ast.Name(free, ast.Load()), node)


def _call(body: Body, node: ast.Call, bound: frozenset[str], lazy: str, into: _Expression) -> ast.expr:
    root = node.func
    while isinstance(root, ast.Attribute):
        root = root.value
    target = None if isinstance(root, ast.Name) and root.id in bound else callee(body, node)
    if target is None and is_address(body, node):
        into.poison = misplaced(body, node).poison
        return node
    if target is not None:
        if lazy:
            body.report.add(LazyCall(body.span(node), target.name, lazy))
            into.poison = True
            return node
        found = body.call(target, node, "")
        return _placed(body.as_value(found, f"{target.name}_result"), node, f"{target.name}_result", into, bound)
    if not may_call(body, node, bound):
        into.poison = True
        return node
    func = node.func
    if isinstance(func, ast.Attribute):
        func = ast.copy_location(
            ast.Attribute(_extract(body, func.value, bound, lazy, into), func.attr, func.ctx), func
        )
    args = [_argument(body, a, bound, lazy, into) for a in node.args]
    keywords = [ast.keyword(k.arg, _argument(body, k.value, bound, lazy, into)) for k in node.keywords]
    return ast.copy_location(ast.Call(func, args, keywords), node)


def _argument(body: Body, node: ast.expr, bound: frozenset[str], lazy: str, into: _Expression) -> ast.expr:
    """An argument of a pure builtin: a generator with step calls is as good as a list there."""
    if isinstance(node, ast.GeneratorExp) and not lazy and has_calls(body, node):
        listed = ast.copy_location(ast.ListComp(node.elt, node.generators), node)
        return _extract(body, listed, bound, lazy, into)
    return _extract(body, node, bound, lazy, into)


def _attribute(body: Body, node: ast.Attribute, bound: frozenset[str], lazy: str, into: _Expression) -> ast.expr:
    if not is_local(body, node, bound):
        target = body.resolver.expression(body.module, node)
        root = node.value
        if (told := of_class(body.resolver, body.module, node)) is not None:
            into.poison = refuse(body, node, *told).poison
            return node
        if target is not None and isinstance(root, (ast.Name, ast.Attribute)):
            return _placed(module_constant(body, target, node), node, target.name, into, bound)
    owner: Operand | None = None
    wanted = node.attr
    if isinstance(node.value, ast.Name) and node.value.id not in bound:
        owner = name(body, node.value)
        wanted = f"{node.value.id}_{node.attr}"
    elif isinstance(node.value, ast.Call) and not lazy and (called := callee(body, node.value)) is not None:
        owner = body.call(called, node.value, "")
        wanted = f"{called.name}_{node.attr}"
    if owner is not None and owner.call and isinstance(owner.type, ObjectType):
        selected = body.attribute(owner, node.attr, wanted)
        if selected is not None:
            return _placed(selected, node, wanted, into, bound)
    if owner is not None and isinstance(node.value, ast.Call):
        inner = _placed(body.as_value(owner, wanted), node.value, wanted, into, bound)
        into.changed = True
    else:
        inner = _extract(body, node.value, bound, lazy, into)
    return ast.copy_location(ast.Attribute(inner, node.attr, node.ctx), node)


def _comprehension(body: Body, node: Comprehension, bound: frozenset[str], lazy: str, into: _Expression) -> ast.expr:
    if has_calls(body, node):
        if lazy:
            call = next(n for n in ast.walk(node) if isinstance(n, ast.Call) and callee(body, n, quiet=True))
            body.report.add(LazyCall(body.span(call), ast.unparse(call.func), lazy))
            into.poison = True
            return node
        if isinstance(node, (ast.ListComp, ast.DictComp)):
            found = body.as_value(body.comprehension(node, ""), "items")
            return _placed(found, node, "items", into, bound)
        kind = "a set" if isinstance(node, ast.SetComp) else "a generator"
        into.poison = True
        refuse(body, node, f"{kind} of step results", "write a list")
        return node
    inner = bound
    generators = []
    for generator in node.generators:
        iterable = _extract(body, generator.iter, inner, lazy, into)
        inner = inner | {n.id for n in ast.walk(generator.target) if isinstance(n, ast.Name)}
        conditions = [_extract(body, c, inner, lazy, into) for c in generator.ifs]
        generators.append(ast.comprehension(generator.target, iterable, conditions, generator.is_async))
    changed: ast.expr
    if isinstance(node, ast.DictComp):
        key, value = (_extract(body, n, inner, lazy, into) for n in (node.key, node.value))
        changed = ast.DictComp(key, value, generators)
    else:
        changed = type(node)(_extract(body, node.elt, inner, lazy, into), generators)
    return ast.copy_location(changed, node)


def refuse(body: Body, node: ast.AST, what: str, instead: str = "compute it in a step") -> Operand:
    """Report an expression that has no place in a pipeline body."""
    body.report.add(UnsupportedExpression(body.span(node), what, instead))
    return POISON
