"""What a top-level statement binds and imports when its module is imported (and not only type-checked, or run)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Import:
    """One name that an import statement binds."""

    module: str
    """Absolute dotted module."""
    attribute: str | None
    """Imported attribute, or `None` where the name is the module (or its top package)."""
    alias: str | None
    """As in `as alias`."""


TRY = (ast.Try, getattr(ast, "TryStar", ast.Try))  # `except*` came with Python 3.11


def inner_statements(node: ast.stmt) -> list[ast.stmt]:
    """The statements inside a compound one that may run when the module is imported."""
    match node:
        case ast.If():
            known = decided(node.test)
            return [*(node.body if known is not False else []), *(node.orelse if known is not True else [])]
        case ast.For() | ast.While():
            return [*node.body, *node.orelse]
        case ast.With():
            return list(node.body)
        case ast.Match():
            return [child for case in node.cases for child in case.body]
    if isinstance(node, TRY):
        handlers = [child for handler in node.handlers for child in handler.body]
        return [*node.body, *handlers, *node.orelse, *node.finalbody]
    return []


def decided(test: ast.expr) -> bool | None:
    """The value of a condition that asks for `TYPE_CHECKING`, or whether the module is run as a script."""
    match test:
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return False
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            known = decided(inner)
            return None if known is None else not known
        case ast.BoolOp(op=ast.And()):
            return False if any(decided(value) is False for value in test.values) else None
        case ast.Compare(left=left, ops=[op], comparators=[right]) if asks_for_name(test):
            texts = [n.value for side in (left, right) for n in ast.walk(side) if isinstance(n, ast.Constant)]
            if texts == ["__main__"] and isinstance(op, (ast.Eq, ast.In, ast.NotEq, ast.NotIn)):
                return isinstance(op, (ast.NotEq, ast.NotIn))
    return None


def asks_for_name(node: ast.AST) -> bool:
    """Whether an expression looks at `__name__`."""
    return any(isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(node))


def checks_types(node: ast.stmt) -> bool:
    """Whether a statement is an `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and decided(node.test) is False and not asks_for_name(node.test)


def bound_names(node: ast.stmt) -> tuple[str, ...]:
    """The names that a top-level statement binds, in order."""
    return tuple(dict.fromkeys(_bound(node)))


def _bound(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
            return
        case ast.Assign():
            for target in node.targets:
                yield from targets(target)
        case ast.AnnAssign():
            yield from targets(node.target) if node.value else ()
        case ast.Import():
            yield from (a.asname or a.name.split(".")[0] for a in node.names)
        case ast.ImportFrom():
            yield from (a.asname or a.name for a in node.names if a.name != "*")
        case ast.For():
            yield from targets(node.target)
        case ast.With():
            for item in node.items:
                yield from targets(item.optional_vars) if item.optional_vars else ()
        case ast.Match():
            yield from (n for case in node.cases for n in _captured(case.pattern))
        case _ if type(node).__name__ == "TypeAlias":  # Python 3.12
            yield node.name.id  # type: ignore[attr-defined]
    for expression in header(node):
        yield from _walruses(expression)
    for child in inner_statements(node):
        yield from _bound(child)


def header(node: ast.stmt) -> list[ast.expr]:
    """The expressions of a statement itself, without those of the statements inside of it."""
    found: list[ast.expr] = []
    for value in ast.iter_child_nodes(node):
        if isinstance(value, ast.expr):
            found.append(value)
        elif isinstance(value, ast.withitem):
            found.append(value.context_expr)
        elif isinstance(value, ast.match_case) and value.guard:
            found.append(value.guard)
    return found


def _walruses(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Lambda):
        for default in (*node.args.defaults, *node.args.kw_defaults):
            yield from _walruses(default) if default is not None else ()
        return
    if isinstance(node, ast.NamedExpr):
        yield node.target.id
    for child in ast.iter_child_nodes(node):
        yield from _walruses(child)


def _captured(pattern: ast.pattern) -> Iterator[str]:
    for node in ast.walk(pattern):
        if isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest


def targets(node: ast.expr) -> tuple[str, ...]:
    """The names that an assignment's target binds."""
    match node:
        case ast.Name():
            return (node.id,)
        case ast.Tuple() | ast.List():
            return tuple(n for e in node.elts for n in targets(e))
        case ast.Starred():
            return targets(node.value)
        case _:
            return ()


_TAKES = ("pop", "popitem", "setdefault")
"""Methods that give a value and change their owner."""


def changed_roots(node: ast.stmt) -> set[str]:
    """The names whose objects a statement changes in place, as `X.append(1)`, `X["a"] = 1`, `np.random.seed(0)` do."""
    inner = inner_statements(node)
    if inner:
        return set().union(*(changed_roots(child) for child in inner))
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute() as func)):
            changed: list[ast.expr] = [func]
        case ast.AugAssign():
            changed = [node.target]
        case ast.Assign():
            changed = [t for t in node.targets if isinstance(t, (ast.Attribute, ast.Subscript))]
            for call in ast.walk(node.value):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _TAKES:
                    changed.append(call.func)
        case ast.Delete():
            changed = list(node.targets)
        case _:
            return set()
    roots = set()
    for target in changed:
        while isinstance(target, (ast.Attribute, ast.Subscript)):
            target = target.value
        if isinstance(target, ast.Name):
            roots.add(target.id)
    return roots
