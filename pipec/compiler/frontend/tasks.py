"""Calls of steps and pipelines: tasks and groups."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics.pipeline import (
    LooksIntoArtifact,
    RecursivePipeline,
    WrongArguments,
    WrongUnpacking,
)
from pipec.compiler.diagnostics.settings import CachedEffect
from pipec.compiler.diagnostics.source import UnsupportedExpression
from pipec.compiler.frontend import containers
from pipec.compiler.frontend.calls import BindError, bind, defaults, ports
from pipec.compiler.frontend.components import Step
from pipec.compiler.frontend.constants import NotConstantError
from pipec.compiler.frontend.operands import NONE, POISON, Operand, Scope, const, ref
from pipec.compiler.frontend.resolve import Target
from pipec.compiler.pysource.text import readable
from pipec.ir import (
    VALUE,
    Argument,
    CallSite,
    Const,
    Expr,
    Group,
    GroupResult,
    Output,
    Port,
    Ref,
    Task,
    TupleOf,
    Type,
    ValueType,
    is_artifact,
)

if TYPE_CHECKING:
    from pipec.compiler.frontend.body import Body


def task(body: Body, target: Target, node: ast.Call, hint: str, effect: bool) -> Operand:
    """A task, and its whole result as an operand."""
    step = body.reading.steps.step(target)
    made = _make(body, step, node, effect)
    if made is None:
        return POISON
    if step.container is not None or step.outputs:
        return containers.result(body, step, made, hint)
    id_ = body.value(hint or f"{step.node.name}_result", step.returns)
    output = Output(id=id_, type=step.returns)
    body.nodes.append(made.model_copy(update={"outputs": (output,)}))
    return _result(body, step, made, id_, node)


def _result(body: Body, step: Step, made: Task, id_: str, node: ast.Call) -> Operand:
    body.reading.results[made.id] = step
    producer = step.span if not step.node.returns else step.module.span(step.node.returns)
    return ref(id_, step.returns, producer=producer, what=f"the result of `{step.node.name}`", call=made.id)


def unpacked(body: Body, target: Target, node: ast.Call, names: list[str]) -> list[Operand]:
    """A task whose result is unpacked at once: one output per element."""
    step = body.reading.steps.step(target)
    made = _make(body, step, node, False)
    if made is None:
        return [POISON] * len(names)
    types = _element_types(body, step, node, len(names))
    if types is None:
        return [POISON] * len(names)
    whole = Output(id=body.value(f"{step.node.name}_result", step.returns), type=step.returns)
    outputs = [Output(id=body.value(name, t), type=t, select=i) for i, (name, t) in enumerate(zip(names, types))]
    body.nodes.append(made.model_copy(update={"outputs": (whole, *outputs)}))
    producer = step.module.span(step.node.returns) if step.node.returns else step.span
    what = f"an element of the result of `{step.node.name}`"
    return [ref(o.id, o.type, producer=producer, what=what) for o in outputs]


def _element_types(body: Body, step: Step, node: ast.Call, count: int) -> tuple[Type, ...] | None:
    returns = step.returns
    annotation = step.node.returns
    if isinstance(returns, TupleOf):
        elements: tuple[Type, ...] = returns.items
    elif (
        isinstance(annotation, ast.Subscript)
        and isinstance(annotation.slice, ast.Tuple)
        and isinstance(returns, ValueType)
    ):
        reader = body.reading.steps.annotations(step.module)
        dotted = body.resolver.expression(step.module, annotation.value)
        fixed = dotted is not None and dotted.dotted in ("tuple", "typing.Tuple")
        fixed = fixed and not any(isinstance(e, ast.Constant) and e.value is Ellipsis for e in annotation.slice.elts)
        elements = tuple(reader.type(e) for e in annotation.slice.elts) if fixed else (VALUE,) * count
    elif isinstance(returns, ValueType):
        elements = (VALUE,) * count
    else:
        fields = body.reading.steps.fields(step.module, annotation)
        if fields is None or fields.kind != "namedtuple":
            what = f"the result of `{step.node.name}`"
            text = getattr(returns, "annotation", "")
            body.report.add(LooksIntoArtifact(body.span(node), what, text, step.span))
            return None
        reader = body.reading.steps.annotations(step.module)
        elements = tuple(reader.type(a) for a in fields.annotations.values())
    if len(elements) != count:
        body.report.add(WrongUnpacking(body.span(node), count, f"the {len(elements)} elements of `{step.node.name}`"))
        return None
    return elements


def attribute(body: Body, owner: Operand, attr: str, hint: str) -> Operand | None:
    """The field `attr` of a task's result as an output of its own."""
    step = body.reading.results.get(owner.call)
    if step is None:
        return None
    fields = body.reading.steps.fields(step.module, step.node.returns)
    if fields is None or attr not in fields.annotations:
        return None
    extra = body.reading.fields.setdefault(owner.call, [])
    known = next((o for o in extra if o.select == attr), None)
    if known is None:
        type_ = body.reading.steps.annotations(step.module).type(fields.annotations[attr])
        known = Output(id=body.value(hint, type_), type=type_, select=attr)
        extra.append(known)
    return ref(known.id, known.type, producer=owner.producer, what=f"the field `{attr}` of {owner.what}")


def _make(body: Body, step: Step, node: ast.Call, effect: bool) -> Task | None:
    args = _arguments(body, step.node.name, step.ports, node, step.module.name_span(step.node), step.node.args, True)
    if args is not None and step.is_declared:
        args = containers.checked(body, step, node, args)
    if args is None:
        return None
    cached = step.policy.cache is not None or (step.otherwise is not None and step.otherwise.policy.cache is not None)
    if effect and cached:
        body.report.add(CachedEffect(body.span(node), step.node.name))
    policy = step.given.policy(body, node, args) if step.given is not None else step.policy
    name = body.reading.nodes.fresh(step.node.name)
    site = CallSite(step=step.node.name, group=body.group, line=node.lineno, iterations=body.iterations)
    return Task(
        id=name, component=step.name, args={k: o.expr for k, o in args.items()}, effect=effect, policy=policy,
        otherwise=step.otherwise, site=site, span=body.span(node),
    )  # fmt: skip


def _arguments(
    body: Body,
    callee: str,
    ports: tuple[Port, ...],
    node: ast.Call,
    where: object,
    signature: ast.arguments,
    step: bool,
) -> dict[str, Operand] | None:
    flat = _flat(body, node)
    if flat is None:
        return None
    try:
        bound = bind(ports, *flat, positional_only=len(signature.posonlyargs))
    except BindError as error:
        body.report.add(WrongArguments(body.span(node), callee, str(error), where))  # type: ignore[arg-type]
        return None
    outer, body.in_argument = body.in_argument, step
    found: dict[str, Operand] = {}
    for port, argument in bound.items():
        body.takes_address = step
        found[port] = body.operand(argument, port.lstrip("*").replace(".", "_"))
    body.in_argument = outer
    return None if any(o.poison for o in found.values()) else found


def _flat(body: Body, node: ast.Call) -> tuple[list[ast.expr], list[tuple[str, ast.expr]]] | None:
    """Arguments with constant `*` and `**` written out."""
    args: list[ast.expr] = []
    keywords: list[tuple[str, ast.expr]] = []
    for argument in node.args:
        if not isinstance(argument, ast.Starred):
            args.append(argument)
            continue
        values = _constant(body, argument.value, "`*` over run-time values")
        if values is None:
            return None
        args += [_literal(v, argument) for v in values]
    for keyword in node.keywords:
        if keyword.arg is not None:
            keywords.append((keyword.arg, keyword.value))
            continue
        values = _constant(body, keyword.value, "`**` over run-time values")
        if not isinstance(values, dict):
            return None
        keywords += [(str(k), _literal(v, keyword.value)) for k, v in values.items()]
    return args, keywords


def _constant(body: Body, node: ast.expr, what: str) -> dict[object, object] | list[object] | None:
    found = body.operand(node)
    if found.poison:
        return None
    if not found.is_const or not isinstance(found.value, (list, tuple, dict)):
        body.report.add(UnsupportedExpression(body.span(node), what, "write the arguments out"))
        return None
    return found.value if isinstance(found.value, dict) else list(found.value)


def _literal(value: object, place: ast.expr) -> ast.expr:
    source = const(value).expr
    assert isinstance(source, Const)
    parsed = ast.parse(source.source, mode="eval").body
    for inner in ast.walk(parsed):
        ast.copy_location(inner, place)
    return parsed


def group(body: Body, target: Target, node: ast.Call, hint: str, effect: bool) -> Operand:
    """A pipeline called inside a pipeline."""
    from pipec.compiler.frontend.body import Body

    assert target.module is not None and isinstance(target.node, ast.FunctionDef)
    key = (target.module.name, target.node.name)
    if key in body.reading.open:
        cycle = (*(name for _, name in body.reading.open[body.reading.open.index(key) :]), target.node.name)
        body.report.add(RecursivePipeline(body.span(node), cycle))
        return POISON
    where = target.module.name_span(target.node)
    bound = _arguments(body, target.node.name, ports(target.node), node, where, target.node.args, False)
    if bound is None:
        return POISON
    inner = Body(body.reading, target.module, Scope(), (*body.group, target.node.name), body.types)
    arguments = _bind_parameters(inner, target.node, bound)
    body.reading.open.append(key)
    inner.declare(target.node.body)
    flow = inner.statements(target.node.body)
    body.reading.open.pop()
    result = flow.value if flow.kind != "falls" else NONE
    outputs, outer = _results(body, result, hint or f"{target.node.name}_result")
    made = Group(
        id=body.reading.nodes.fresh(target.node.name), name=target.node.name,
        doc=readable(ast.get_docstring(target.node) or ""), args=tuple(arguments), body=inner.block(),
        outputs=tuple(outputs), effect=effect, iterations=body.iterations, span=body.span(node),
    )  # fmt: skip
    body.nodes.append(made)
    return replace(outer, call=made.id) if outer.is_const and not outer.poison else outer


def _bind_parameters(inner: Body, node: ast.FunctionDef, bound: dict[str, Operand]) -> list[Argument]:
    arguments: list[Argument] = []
    for name, found in bound.items():
        if found.is_const:
            inner.scope.names[name] = found
            continue
        id_ = inner.value(name, found.type)
        arguments.append(Argument(id=id_, expr=found.expr, type=found.type))
        inner.scope.names[name] = ref(id_, found.type, producer=found.producer, what=found.what)
    for name, default in defaults(node).items():
        if name not in bound:
            try:
                inner.scope.names[name] = const(inner.resolver.evaluate(inner.module, default))
            except (NotConstantError, TypeError) as error:
                from pipec.compiler.diagnostics.source import NotConstant

                inner.report.add(NotConstant(inner.span(default), f"the default of {name!r}", str(error)))
                inner.scope.names[name] = POISON
    return arguments


def _results(body: Body, result: Operand, hint: str) -> tuple[list[GroupResult], Operand]:
    """What a group hands out, and the operand that stands for it outside."""
    if result.is_const or result.poison:
        return [], result
    if result.elements is not None:
        outputs: list[GroupResult] = []
        parts: list[Operand] = []
        names = hint.split(",")
        if len(names) != len(result.elements):
            names = [f"{hint.replace(',', '_')}_{i}" for i in range(len(result.elements))]
        for name, element in zip(names, result.elements):
            more, part = _results(body, element, name)
            outputs += more
            parts.append(part)
        from pipec.compiler.frontend.expressions import as_tuple

        return outputs, as_tuple(parts)
    id_ = body.value(hint.replace(",", "_"), result.type)
    output = GroupResult(id=id_, value=result.expr, type=result.type)
    return [output], replace(result, expr=Ref(value=id_), call="")


__all__ = ["Expr", "attribute", "defaults", "group", "is_artifact", "task", "unpacked"]
