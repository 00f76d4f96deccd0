"""`uri_of(x)` in a pipeline body: the address of a file, which arguments of steps alone may be."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics.pipeline import WrongArguments
from pipec.compiler.diagnostics.source import UnsupportedExpression
from pipec.compiler.frontend.operands import POISON, Operand
from pipec.ir import VALUE, Address, Const, FileType, ObjectType, OptionalOf, Ref, Type, ValueType

if TYPE_CHECKING:
    from pipec.compiler.frontend.body import Body

_NAMES = ("pipec.uri_of", "pipec.authoring.uri_of")


def is_address(body: Body, node: ast.expr) -> bool:
    """Whether `node` is `uri_of(...)`, or the name of what that has given."""
    if isinstance(node, ast.Name):
        binding = body.scope.names.get(node.id)
        return isinstance(binding, Operand) and isinstance(binding.expr, Address)
    root = node.func if isinstance(node, ast.Call) else node
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(node, ast.Call) or not isinstance(root, ast.Name) or root.id in body.scope.names:
        return False
    target = body.resolver.expression(body.module, node.func)
    return target is not None and target.dotted in _NAMES


def address(body: Body, node: ast.expr) -> Operand:
    """What `node`, for which `is_address` holds, stands for."""
    if isinstance(node, ast.Name):
        found = body.scope.names[node.id]
        assert isinstance(found, Operand)
        return found
    assert isinstance(node, ast.Call)
    if len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred):
        reason = "it takes one file or folder that a step gives"
        body.report.add(WrongArguments(body.span(node), "uri_of", reason, body.span(node)))
        return POISON
    wanted = node.args[0]
    found = body.as_value(body.operand(wanted, "file"), "file", wanted)
    if found.poison:
        return POISON
    if isinstance(found.expr, Ref) and isinstance(found.type, FileType):
        return Operand(Address(value=found.expr.value), VALUE, what=f"`{ast.unparse(node)}`", producer=found.producer)
    what, instead = _no_file(Const if found.is_const else type(found.type))
    body.report.add(UnsupportedExpression(body.span(node), f"`{ast.unparse(node)}`, the address of {what},", instead))
    return POISON


def _no_file(kind: type[Type] | type[Const]) -> tuple[str, str]:
    """What something without an address is, and what to write."""
    if kind in (Const, ValueType):
        return "a value", "pass the value itself; the result of a step has an address where it is a file (`-> Path`)"
    if kind is OptionalOf:
        return "what may be `None`", "give `None` and the file to steps as they are, or return an empty file instead"
    if kind is ObjectType:
        return "an object", "write the object to a file in its step, and return the path (`-> Path`)"
    return "a collection", "take the address of each file in it: `[f(uri_of(file)) for file in files]`"


def misplaced(body: Body, node: ast.AST) -> Operand:
    """An address elsewhere than as an argument of a step: it is known only when the run stores the file."""
    instead = "pass it to a step as an argument of its own, `f(uri_of(file))`, and do the rest in that step"
    body.report.add(UnsupportedExpression(body.span(node), f"`{ast.unparse(node)}`, the address of a file,", instead))
    return POISON
