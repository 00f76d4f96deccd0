"""Which expressions surely do not raise."""

from __future__ import annotations

import ast

from pipec.ir import Const, Expr, Ref


def is_total(expr: Expr) -> bool:
    """Whether evaluating `expr` surely does not raise, so that leaving it out is not seen."""
    if isinstance(expr, (Const, Ref)):
        return True
    allowed = (
        ast.Expression,
        ast.Name,
        ast.Load,
        ast.Constant,
        ast.Tuple,
        ast.List,
        ast.IfExp,
        ast.Is,
        ast.IsNot,
        ast.Not,
    )
    nodes = list(ast.walk(ast.parse(expr.source, mode="eval")))
    for node in nodes:
        if isinstance(node, ast.Compare):
            if not all(isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops):
                return False
        elif isinstance(node, ast.UnaryOp):
            if not isinstance(node.op, ast.Not):
                return False
        elif not isinstance(node, allowed):
            return False
    return True
