"""Imports of the project's modules inside of functions, read as if they stood at the top of the module."""

from __future__ import annotations

import ast
import builtins
import copy
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pipec.compiler.frontend.bindings import TRY, Import
from pipec.compiler.frontend.project import Module, Replaced, TopLevel
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
    taken = [place for place in found if _stands_alone(module, place)]
    taken = [named for place in taken if (named := _named(module, nodes, place, hidden)) is not None]
    gone = {id(place.node) for place in taken}
    kept = {n for place in found if id(place.node) not in gone for n in module.imports(place.node)}
    taken = [place for place in taken if kept.isdisjoint(module.imports(place.node))]
    if not taken:
        return Hoisted(nodes, frozenset(), module)
    gone = {id(place.node) for place in taken}
    uses = {(use.lineno, use.col_offset): new for place in taken for use, new in place.uses}
    return Hoisted(
        [_renamed(_without(node, gone), uses) for node in nodes], _lines(module, taken), _scope(module, taken)
    )


@dataclass(frozen=True)
class _Place:
    """An import inside of a function."""

    node: ast.Import | ast.ImportFrom
    body: Sequence[ast.stmt]
    """The statements that it is one of."""
    function: ast.FunctionDef | ast.AsyncFunctionDef
    """Around it, the innermost one."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Names that mean something else outside of the function -> the names that they get."""
    uses: tuple[tuple[ast.Name, str], ...] = ()
    """Where such names are used, and what they get."""


def _imports(
    node: ast.AST, body: Sequence[ast.stmt] = (), function: ast.FunctionDef | ast.AsyncFunctionDef | None = None
) -> Iterator[_Place]:
    """The imports in the functions of `node`, except in a `try`, which asks whether they succeed."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        if function is not None:
            yield _Place(node, body, function)
        return
    if isinstance(node, TRY) and node.handlers:
        return
    function = node if isinstance(node, _FUNCTIONS) else function
    for _, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else ():
            if isinstance(child, ast.AST):
                yield from _imports(child, value if isinstance(child, ast.stmt) else (), function)


def _of_project(resolver: Resolver, module: Module, node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.ImportFrom):
        modules = [module.absolute(node)]
    else:
        modules = [alias.name for alias in node.names]
    return all(m.split(".")[0] != "pipec" and resolver.module_target(m).kind == "module" for m in modules)


def _named(module: Module, nodes: list[ast.stmt], place: _Place, hidden: set[str]) -> _Place | None:
    """`place` with other names for those that mean something else outside; `None` where they cannot have others.

    A step `train` that imports a function `train` is the most usual one.
    """
    names: dict[str, str] = {}
    uses: list[tuple[ast.Name, str]] = []
    taken = {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)} | module.bindings.keys()
    for name, found in module.imports(place.node).items():
        if name not in hidden:
            continue
        inside = [n for child in place.function.body for n in ast.walk(child)]
        read = [n for n in inside if isinstance(n, ast.Name) and n.id == name]
        if found.attribute is None or _binds(place, name) or not _are_written(module, inside, read):
            return None
        names[name] = f"{found.module.rpartition('.')[2]}_{name}"
        while names[name] in taken:
            names[name] += "_"
        uses += [(use, names[name]) for use in read]
    return replace(place, names=names, uses=tuple(uses))


def _binds(place: _Place, name: str) -> bool:
    """Whether the function of `place`, or one in it, gives `name` a value by anything but the import."""
    inside = [n for child in place.function.body for n in ast.walk(child)]
    for node in [place.function.args, *ast.walk(place.function.args), *inside]:
        match node:
            case ast.Import() | ast.ImportFrom() if node is not place.node:
                bound = {(a.asname or a.name).split(".")[0] for a in node.names}
            case ast.Global(names=listed) | ast.Nonlocal(names=listed):
                bound = set(listed)
            case ast.Name(id=id_, ctx=ast.Store() | ast.Del()):
                bound = {id_}
            case ast.arg(arg=word):
                bound = {word}
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.ExceptHandler():
                bound = {node.name or ""}
            case ast.MatchAs() | ast.MatchStar():
                bound = {node.name or ""}
            case ast.MatchMapping():
                bound = {node.rest or ""}
            case _:
                continue
        if name in bound:
            return True
    return False


def _are_written(module: Module, inside: list[ast.AST], uses: list[ast.Name]) -> bool:
    """Whether names stand where their nodes say: of f-strings of several lines, Python before 3.12 does not know."""
    for node in inside:
        if isinstance(node, ast.JoinedStr) and node.end_lineno != node.lineno and sys.version_info < (3, 12):
            if any(one in uses for one in ast.walk(node)):
                return False
    for use in uses:
        line = module.lines[use.lineno - 1].encode() if use.lineno <= len(module.lines) else b""
        if line[use.col_offset : use.end_col_offset].decode(errors="replace") != use.id:
            return False
    return len({(use.lineno, use.col_offset) for use in uses}) == len(uses)


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


def _renamed(node: _N, uses: Mapping[tuple[int, int], str]) -> _N:
    """A copy of `node` with other names at the places `uses`."""
    if not uses:
        return node
    changed = copy.deepcopy(node)
    for inner in ast.walk(changed):
        if isinstance(inner, ast.Name):
            inner.id = uses.get((inner.lineno, inner.col_offset), inner.id)
    return changed


def _scope(module: Module, taken: list[_Place]) -> Module:
    scope = copy.copy(module)
    scope.bindings = dict(module.bindings)
    for place in taken:
        for name, found in module.imports(place.node).items():
            name = place.names.get(name, name)
            if name not in module.bindings:
                scope.bindings[name] = [TopLevel(place.node, len(module.statements), (name,), {name: found})]
    uses = [(module.offset(use.lineno, use.col_offset), len(use.id), new) for place in taken for use, new in place.uses]
    read = [part for part in module.texts for at, _, _ in uses if part.start <= at < part.end]
    renamed = [Replaced(at, at + size, new) for at, size, new in uses if not any(p.start <= at < p.end for p in read)]
    scope.texts = tuple(sorted((*module.texts, *renamed)))
    return scope
