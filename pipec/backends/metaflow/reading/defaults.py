"""Defaults of Parameters that are constants of the module, or made of such."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from pipec.backends.metaflow.reading.flows import Member
from pipec.backends.metaflow.reading.syntax import bound_names, literal
from pipec.compiler.pysource.operators import BINARY

Known = tuple[bool, object]
NUMBERS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)


def constant(member: Member, node: ast.expr) -> Known:
    """Whether a default is known without running the module, and its value."""
    return _value(node, [_own(member), member.file.tree.body], frozenset())


def is_of_module(member: Member, node: ast.expr) -> bool:
    """Whether a default can stand in the module that is made as it is: the class binds none of its names."""
    own = {name for statement in _own(member) for name in _bound(statement)}
    return not own & {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _own(member: Member) -> Sequence[ast.stmt]:
    """The body of the class of a member."""
    owner = member.file.classes.get(member.owner)
    return owner.body if owner is not None else ()


def _value(node: ast.expr, scopes: Sequence[Sequence[ast.stmt]], seen: frozenset[str]) -> Known:
    known, value = literal(node)
    if known:
        return True, value
    match node:
        case ast.Name(id=name) if name not in seen:
            for i, scope in enumerate(scopes):
                bindings = [statement for statement in scope if name in _bound(statement)]
                if bindings:
                    return _assigned(bindings, name, scopes[i:], seen | {name})
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, NUMBERS):
            (one, first), (other, second) = _value(left, scopes, seen), _value(right, scopes, seen)
            if one and other and _fit(op, first, second):
                try:
                    return True, BINARY[type(op)](first, second)
                except ArithmeticError:
                    return False, None
    return False, None


def _assigned(bindings: list[ast.stmt], name: str, scopes: Sequence[Sequence[ast.stmt]], seen: frozenset[str]) -> Known:
    """The value of a name that one plain assignment binds."""
    match bindings:
        case [ast.Assign(targets=[ast.Name(id=target)], value=value)] if target == name:
            return _value(value, scopes, seen)
        case [ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value)] if target == name:
            return _value(value, scopes, seen)
    return False, None


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement may bind in its own scope: those of the targets, or all that are in a block."""
    match statement:
        case ast.Assign(targets=targets):
            return {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            return {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name, *(g for n in ast.walk(statement) if isinstance(n, ast.Global) for g in n.names)}
        case ast.Expr():
            return {n.target.id for n in ast.walk(statement) if isinstance(n, ast.NamedExpr)}
    return set(bound_names(statement))


def _fit(op: ast.operator, first: object, second: object) -> bool:
    """Whether both are numbers, of a size that is soon computed, or texts that are joined."""
    if isinstance(first, str) and isinstance(second, str):
        return isinstance(op, ast.Add)
    return all(isinstance(one, (int, float)) and abs(one) < 2**256 for one in (first, second))


__all__ = ["constant", "is_of_module"]
