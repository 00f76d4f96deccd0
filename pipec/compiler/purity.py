"""Which expressions surely do not raise."""

from __future__ import annotations

import ast
import re

from pipec.ir import Address, Const, Expr, Ref


def is_bool(source: str) -> bool:
    """Whether the expression `source` surely gives `True` or `False`, whatever its operands are."""
    match ast.parse(source, mode="eval").body:
        case ast.Compare(ops=ops):
            return all(isinstance(op, (ast.Is, ast.IsNot, ast.In, ast.NotIn)) for op in ops)
        case ast.UnaryOp(op=ast.Not()) | ast.Call(func=ast.Name(id="bool")):
            return True
    return False


def first_of(listed: str) -> str:
    """The first message in a list of messages and `None`s; `None` where there is none. Surely does not raise."""
    variable = "message" if listed != "message" else "text"
    return f"([{variable} for {variable} in {listed} if {variable} is not None] or [None])[0]"


def _is_first_of(source: str) -> bool:
    listed = re.search(r" in (\w+) if ", source)
    return listed is not None and source == first_of(listed[1])


def is_total(expr: Expr) -> bool:
    """Whether evaluating `expr` surely does not raise, so that leaving it out is not seen."""
    if isinstance(expr, (Const, Ref, Address)) or _is_first_of(expr.source):
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
