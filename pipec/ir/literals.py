"""Constants as text, exactly: the one place where Python values become literals and come back."""

from __future__ import annotations

import ast
import math


def source_of(value: object) -> str:
    """`value` as one canonical Python expression that gives it back; `TypeError` for anything but plain data."""
    match value:
        case None | bool() | str() | bytes():
            return repr(value)
        case int():
            # decimal text of huge integers is limited (and quadratic); hexadecimal is not
            return repr(value) if value.bit_length() < 4096 else hex(value)
        case float():
            return repr(value) if math.isfinite(value) else f'float("{value!r}")'
        case list():
            return "[" + ", ".join(map(source_of, value)) + "]"
        case tuple():
            return "(" + ", ".join(map(source_of, value)) + ("," if len(value) == 1 else "") + ")"
        case set() | frozenset():
            body = ", ".join(sorted(map(source_of, value)))
            text = "{" + body + "}" if body else "set()"
            return f"frozenset({text})" if isinstance(value, frozenset) else text
        case dict():
            return "{" + ", ".join(f"{source_of(k)}: {source_of(v)}" for k, v in value.items()) + "}"
    raise TypeError(f"{type(value).__name__} is no plain value")


def value_of(source: str) -> object:
    """The value of a literal written by `source_of`. Never runs code."""
    return _value(ast.parse(source, mode="eval").body)


def _value(node: ast.expr) -> object:
    match node:
        case ast.Constant():
            return node.value
        case ast.UnaryOp(op=ast.USub()):
            return -_value(node.operand)  # type: ignore[operator]  # only numbers are written with a sign
        case ast.List():
            return [_value(e) for e in node.elts]
        case ast.Tuple():
            return tuple(_value(e) for e in node.elts)
        case ast.Set():
            return {_value(e) for e in node.elts}
        case ast.Dict():
            return {_value(k): _value(v) for k, v in zip(node.keys, node.values) if k is not None}
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str(text))]):
            return float(text)
        case ast.Call(func=ast.Name(id="set"), args=[]):
            return set()
        case ast.Call(func=ast.Name(id="frozenset"), args=[inner]):
            return frozenset(_value(inner))  # type: ignore[call-overload]  # written by source_of from a set
    raise ValueError(f"not a literal: {ast.unparse(node)}")
