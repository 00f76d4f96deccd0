"""The opposite of a condition, as a person would write it."""

from __future__ import annotations

import ast

_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
"""Only pairs that are opposites for every value: `nan < 1` and `nan >= 1` are both false."""


def negated(node: ast.expr) -> ast.expr:
    """An expression that is true where `node` is not."""
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return operand
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPPOSITE:
            return ast.copy_location(ast.Compare(left, [_OPPOSITE[type(op)]()], [right]), node)
        case _:
            return ast.copy_location(ast.UnaryOp(ast.Not(), node), node)


def negated_text(source: str) -> str:
    """The opposite of the expression `source`, as source."""
    return ast.unparse(negated(ast.parse(source, mode="eval").body))
