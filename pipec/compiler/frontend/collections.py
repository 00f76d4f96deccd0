"""Collections that a pipeline body fills: `out = []`, `out.append(...)`, `out[key] = ...`."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from pipec.compiler.frontend.expressions import own_text
from pipec.compiler.frontend.inference import dict_of, element, joined_list, list_of, tuple_of
from pipec.compiler.frontend.operands import POISON, Growing, Operand, Part, code, const
from pipec.compiler.frontend.project import Module
from pipec.compiler.frontend.resolve import Resolver
from pipec.compiler.purity import is_total
from pipec.ir import VALUE, Code, DictOf, TupleOf, Type, uses

if TYPE_CHECKING:
    from pipec.compiler.frontend.body import Body


Contributions = dict[str, tuple[Part, ...]]
"""Collection -> what one iteration adds to it."""


def empty(resolver: Resolver, module: Module, node: ast.expr) -> str | None:
    """The kind of the collection that `node` creates empty: `[]`, `{}`, `list()` or `dict()`."""
    match node:
        case ast.List(elts=[]):
            return "list"
        case ast.Dict(keys=[]):
            return "dict"
        case ast.Call(func=ast.Name(id="list" | "dict" as kind), args=[], keywords=[]):
            target = resolver.name(module, kind)
            return kind if target is not None and target.kind == "builtin" else None
    return None


def created(resolver: Resolver, module: Module, node: ast.expr) -> Growing | None:
    """The collection that `node` creates empty, if it does."""
    kind = empty(resolver, module, node)
    return Growing(kind, made=(node.lineno, node.col_offset)) if kind is not None else None


def add(body: Body, name: str, operand: Operand) -> None:
    """`name.append(operand)`, or the pair of `name[key] = value`."""
    growing = body.scope.names[name]
    assert isinstance(growing, Growing)
    if not growing.open and not operand.poison and not is_total(operand.expr):
        if growing.kind == "dict" and operand.elements is not None:
            key, value = operand.elements
            operand = pair(body, body.as_value(key, f"{name}_key"), body.as_value(value, f"{name}_value"))
        else:
            operand = body.as_value(operand, f"{name}_item")
    body.scope.names[name] = replace(growing, parts=(*growing.parts, Part(operand)))


def settle(body: Body, name: str) -> None:
    """Evaluate what a loop has added to the collection, whether or not it is read: that may fail."""
    growing = body.scope.names[name]
    assert isinstance(growing, Growing)
    if growing.open or all(p.operand.poison or is_total(p.operand.expr) for p in growing.parts):
        return
    if growing.kind == "dict":
        body.materialise(name)
        return
    parts = (p if is_total(p.operand.expr) else Part(body.as_value(p.operand, name), p.many) for p in growing.parts)
    body.scope.names[name] = replace(growing, parts=tuple(parts))


def pair(body: Body, key: Operand, value: Operand) -> Operand:
    """An item of a dict."""
    if key.poison or value.poison:
        return POISON
    inputs = {v: v for part in (key, value) for v in uses(part.expr)}
    source = f"({own_text(key)}, {own_text(value)})"
    type_ = tuple_of((VALUE, value.type))
    if key.is_const and value.is_const:
        return const((key.value, value.value))
    made = code(source, inputs, type_)
    return Operand(made.expr, type_, elements=(key, value))


def pair_list(type_: Type) -> Type:
    """The type of the list of items of a dict."""
    return list_of(tuple_of((VALUE, type_.item))) if isinstance(type_, DictOf) else VALUE


def listed(body: Body, parts: tuple[Part, ...]) -> Operand:
    """All that `parts` add, as one list."""
    if any(p.operand.poison for p in parts):
        return POISON
    if len(parts) == 1 and parts[0].many:
        return parts[0].operand
    if all(p.operand.is_const for p in parts):
        return const([v for p in parts for v in (p.operand.value if p.many else [p.operand.value])])
    inputs = {v: v for part in parts for v in uses(part.operand.expr)}
    texts = [("*" if p.many else "") + own_text(p.operand) for p in parts]
    types = [element(p.operand.type) or VALUE if p.many else p.operand.type for p in parts]
    return code(f"[{', '.join(texts)}]", inputs, joined_list(types))


def collected(body: Body, growing: Growing) -> Operand:
    """The collection as it is now."""
    if not growing.parts:
        return const([] if growing.kind == "list" else {})
    pairs = listed(body, growing.parts)
    if growing.kind == "list" or pairs.poison:
        return pairs
    part = growing.parts[0]
    return as_dict(pairs, part.element if len(growing.parts) == 1 else None, part.clause)


def as_dict(pairs: Operand, item: Operand | None, clause: str) -> Operand:
    """The dict of a list of pairs; as a comprehension where the list is one."""
    if pairs.is_const:
        return const(dict(pairs.value))
    found = element(pairs.type)
    type_ = dict_of(found.items[1]) if isinstance(found, TupleOf) else VALUE
    inputs = pairs.expr.inputs if isinstance(pairs.expr, Code) else {v: v for v in uses(pairs.expr)}
    if item is not None and item.elements is not None and clause:
        key, value = map(own_text, item.elements)
        return code(f"{{{key}: {value} {clause}}}", inputs, type_)
    return code(f"dict({own_text(pairs)})", {v: v for v in uses(pairs.expr)}, type_)
