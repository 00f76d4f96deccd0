"""What is known of an expression without running it: whether it can fail, is a bool, or has a length."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from pipec.ir import Address, Code, Const, Expr, Ref, Type, ValueId, ValueType
from pipec.ir.literals import value_of

NUMBERS = frozenset(("int", "float", "bool"))
SIZED = frozenset(("str", "list", "dict", "tuple", "List", "Dict", "Tuple"))


def is_safe(expr: Expr, types: Mapping[ValueId, Type]) -> bool:
    """Whether evaluating `expr` surely raises nothing."""
    match expr:
        case Const():
            return True
        case Ref() | Address():
            return isinstance(types[expr.value], ValueType)
        case Code():
            known = {free: types.get(value) for free, value in expr.inputs.items()}
            if not all(isinstance(t, ValueType) for t in known.values()):
                return False
            words = {free: t.annotation.split("[")[0] for free, t in known.items() if isinstance(t, ValueType)}
            return _safe(ast.parse(expr.source, mode="eval").body, words)


def _safe(node: ast.expr, words: Mapping[str, str]) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.Name():
            return node.id in words
        case ast.List() | ast.Tuple():
            return all(_safe(e, words) for e in node.elts)
        case ast.Dict():
            return all(isinstance(k, ast.Constant) for k in node.keys) and all(_safe(v, words) for v in node.values)
        case ast.BoolOp():
            return all(_safe(v, words) for v in node.values)
        case ast.UnaryOp(op=ast.Not()):
            return _safe(node.operand, words)
        case ast.IfExp():
            return all(_safe(v, words) for v in (node.test, node.body, node.orelse))
        case ast.JoinedStr():
            parts = [v.value for v in node.values if isinstance(v, ast.FormattedValue) and v.format_spec is None]
            return len(parts) == sum(isinstance(v, ast.FormattedValue) for v in node.values) and all(
                _safe(p, words) for p in parts
            )
        case ast.Compare():
            sides = [node.left, *node.comparators]
            if not all(_safe(side, words) for side in sides):
                return False
            plain = all(isinstance(op, (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)) for op in node.ops)
            return plain or all(_is_number(side, words) for side in sides)
        case ast.Call(func=ast.Name(id="bool"), args=[inner], keywords=[]):
            return _safe(inner, words)
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)], keywords=[]):
            return words.get(name) in SIZED
    return False


def _is_number(node: ast.expr, words: Mapping[str, str]) -> bool:
    match node:
        case ast.Constant():
            return isinstance(node.value, (int, float))
        case ast.Name():
            return words.get(node.id) in NUMBERS
        case ast.Call(func=ast.Name(id="len")):
            return True
    return False


def is_boolean(expr: Expr, types: Mapping[ValueId, Type]) -> bool:
    """Whether `expr` surely gives `True` or `False`: a comparison of plain values does."""
    if not isinstance(expr, Code):
        return False
    return all(isinstance(types.get(v), ValueType) for v in expr.inputs.values()) and _boolean(
        ast.parse(expr.source, mode="eval").body
    )


def _boolean(node: ast.expr) -> bool:
    match node:
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.BoolOp():
            return all(_boolean(v) for v in node.values)
        case ast.Constant():
            return isinstance(node.value, bool)
        case ast.Call(func=ast.Name(id="bool" | "any" | "all")):
            return True
    return False


def known_length(items: Expr, lengths: Mapping[ValueId, int]) -> int | None:
    """How many items a loop has, where that is known now."""
    match items:
        case Const():
            value = value_of(items.source)
            return len(value) if isinstance(value, (list, tuple, dict, set, frozenset, str)) else None
        case Ref():
            return lengths.get(items.value)
        case Code():
            node = ast.parse(items.source, mode="eval").body
            if isinstance(node, (ast.List, ast.Tuple)) and not any(isinstance(e, ast.Starred) for e in node.elts):
                return len(node.elts)
            match node:
                case ast.Call(func=ast.Name(id="list" | "enumerate" | "sorted" | "reversed"), args=[inner, *_]):
                    known = {free: lengths[v] for free, v in items.inputs.items() if v in lengths}
                    if isinstance(inner, ast.Name):
                        return known.get(inner.id)
                    if isinstance(inner, ast.Call):
                        return known_length(Code(source=ast.unparse(inner), inputs=items.inputs), lengths)
    return None
