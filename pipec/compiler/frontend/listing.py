"""Iterators and dicts as lists."""

from __future__ import annotations

import ast
from dataclasses import replace

from pipec.compiler.frontend import collections
from pipec.compiler.frontend.operands import POISON, Operand, code, const
from pipec.ir import Code, Ref

ONCE = ("zip", "enumerate", "reversed")
"""What gives an iterator, which can be read only once."""
_ITERATORS = ("zip(", "enumerate(", "reversed(", "range(")


def as_list(found: Operand) -> Operand:
    """An iterator that gets a name becomes a list: a name may be read more than once, and by another process."""
    if not isinstance(found.expr, Code):
        return found
    source = found.expr.source
    node = ast.parse(source, mode="eval").body
    view = (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("keys", "values", "items")
    )
    if isinstance(node, ast.Call) and (view or (isinstance(node.func, ast.Name) and source.startswith(_ITERATORS))):
        return replace(found, expr=found.expr.model_copy(update={"source": f"list({source})"}))
    return found


def pairs(found: Operand) -> Operand:
    """The pairs of a dict."""
    if found.poison:
        return POISON
    if found.is_const:
        return const(list(found.value.items()))
    assert isinstance(found.expr, Ref)
    return code(
        f"list({found.expr.value}.items())", {found.expr.value: found.expr.value}, collections.pair_list(found.type)
    )
