"""Imports of the project's modules inside of functions, read as if they stood at the top of the module."""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pipec.compiler.frontend.bindings import TRY, Import
from pipec.compiler.frontend.project import Module, TopLevel
from pipec.compiler.frontend.references import bound_inside, references
from pipec.compiler.frontend.resolve import Resolver

_N = TypeVar("_N", bound=ast.AST)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Hoisted:
    """Top-level statements without what their functions import of the project."""

    nodes: list[ast.stmt]
    lines: frozenset[int]
    """Lines of the module that go with the imports, from 1."""
    scope: Module
    """The module as if its top level imported the same."""


def hoisted(resolver: Resolver, module: Module, nodes: list[ast.stmt]) -> Hoisted:
    """`nodes` without the imports of the project's modules that mean the same at the top of `module`.

    Generated code has one file: what is imported is defined above, so that the import has nothing left to do. Others
    stay, and are refused: under a `try`, where a name means several things, or where nothing else is in the body.
    """
    found = [place for node in nodes for place in _imports(node) if _of_project(resolver, module, place.node)]
    if not found:
        return Hoisted(nodes, frozenset(), module)
    names = {n: i for place in found for n, i in module.imports(place.node).items()}
    hidden = _hidden(resolver, module, nodes, found, names)
    taken = [place for place in found if hidden.isdisjoint(module.imports(place.node)) and _stands_alone(module, place)]
    kept = {n for place in found if place not in taken for n in module.imports(place.node)}
    taken = [place for place in taken if kept.isdisjoint(module.imports(place.node))]
    if not taken:
        return Hoisted(nodes, frozenset(), module)
    gone = {id(place.node) for place in taken}
    return Hoisted([_without(node, gone) for node in nodes], _lines(module, taken), _scope(module, taken))


@dataclass(frozen=True)
class _Place:
    """An import inside of a function."""

    node: ast.Import | ast.ImportFrom
    body: Sequence[ast.stmt]
    """The statements that it is one of."""


def _imports(node: ast.AST, body: Sequence[ast.stmt] = (), inside: bool = False) -> Iterator[_Place]:
    """The imports in the functions of `node`, except in a `try`, which asks whether they succeed."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        if inside:
            yield _Place(node, body)
        return
    if isinstance(node, TRY) and node.handlers:
        return
    inside = inside or isinstance(node, _FUNCTIONS)
    for _, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else ():
            if isinstance(child, ast.AST):
                yield from _imports(child, value if isinstance(child, ast.stmt) else (), inside)


def _of_project(resolver: Resolver, module: Module, node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.ImportFrom):
        modules = [module.absolute(node)]
    else:
        modules = [alias.name for alias in node.names]
    return all(m.split(".")[0] != "pipec" and resolver.module_target(m).kind == "module" for m in modules)


def _hidden(
    resolver: Resolver, module: Module, nodes: list[ast.stmt], found: list[_Place], names: dict[str, Import]
) -> set[str]:
    """Names that mean something else besides: at the top level, to Python, or in another function."""
    gone = {id(place.node) for place in found}
    bare = [_without(node, gone) for node in nodes]
    others = {name for node in bare for name in bound_inside(node)}
    for node in bare:  # a function that binds a name of its own, and one that uses what the module has
        others |= {n.name for n in ast.walk(node) if isinstance(n, (*_FUNCTIONS, ast.ClassDef))}
        others |= references(node).stored.keys()
    several = {
        n for place in found for n, i in module.imports(place.node).items() if (i.module, i.attribute) != _key(names[n])
    }
    taken = {n for n in names if n in module.bindings and _target(module, n) != _key(names[n])}
    starred = {n for n in names if resolver.star_of(module, n) is not None}
    return others | several | taken | starred | {n for n in names if hasattr(builtins, n)}


def _key(found: Import) -> tuple[str, str | None]:
    return (found.module, found.attribute)


def _target(module: Module, name: str) -> tuple[str, str | None] | None:
    found = module.imported(name)
    return None if found is None or len(module.bindings[name]) != 1 else _key(found)


def _stands_alone(module: Module, place: _Place) -> bool:
    """Whether the import has its lines for itself, and is not all that its block does."""
    node = place.node
    first, last = module.lines[node.lineno - 1], module.lines[(node.end_lineno or node.lineno) - 1]
    alone = not first[: node.col_offset].strip() and last[node.end_col_offset :].split("#")[0].strip() in ("", "\\")
    others = [s for s in place.body if not isinstance(s, (ast.Import, ast.ImportFrom)) or s is node]
    return alone and len(others) > 1


def _lines(module: Module, taken: list[_Place]) -> frozenset[int]:
    """The lines of imports, and the blank ones behind them where a blank one or the head of a block stands before."""
    found = {n for p in taken for n in range(p.node.lineno, (p.node.end_lineno or p.node.lineno) + 1)}
    for number in sorted(found):
        above = number - 1
        while above in found:
            above -= 1
        head = module.lines[above - 1].split("#")[0].rstrip()
        if not head or head.endswith(":"):
            below = number + 1
            while number + 1 not in found and below <= len(module.lines) and not module.lines[below - 1].strip():
                found.add(below)
                below += 1
    return frozenset(found)


def _without(node: _N, gone: set[int]) -> _N:
    """A copy of `node` without the statements whose identities are in `gone`."""
    if not any(id(inner) in gone for inner in ast.walk(node)):
        return node
    plain = copy.copy(node)
    for name, value in ast.iter_fields(node):
        if isinstance(value, list):
            kept = [child for child in value if id(child) not in gone]
            setattr(plain, name, [_without(c, gone) if isinstance(c, ast.AST) else c for c in kept])
    return plain


def _scope(module: Module, taken: list[_Place]) -> Module:
    scope = copy.copy(module)
    scope.bindings = dict(module.bindings)
    for place in taken:
        for name, found in module.imports(place.node).items():
            if name not in module.bindings:
                scope.bindings[name] = [TopLevel(place.node, len(module.statements), (name,), {name: found})]
    return scope
