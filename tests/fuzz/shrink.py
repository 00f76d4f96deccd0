"""Make a module that disagrees smaller, piece by piece, while it still disagrees in the same way."""

from __future__ import annotations

import ast
import copy
import time
from collections.abc import Callable, Iterator

Check = Callable[[str], bool]
"""Whether a module still disagrees."""


def shrink(source: str, still: Check, seconds: float) -> str:
    """The smallest module found within that time."""
    until = time.monotonic() + seconds
    best = source
    tried = {source}
    again = True
    while again:
        again = False
        for candidate in candidates(best):
            if time.monotonic() > until:
                return best
            if candidate in tried:
                continue
            tried.add(candidate)
            if still(candidate):
                best, again = candidate, True
                break
    return best


def candidates(source: str) -> Iterator[str]:
    """Smaller modules, those that drop most first."""
    tree = ast.parse(source)
    pipelines = [n for n in tree.body if isinstance(n, ast.FunctionDef) and _is_pipeline(n)]
    for make in (_without_definitions, _fewer_statements, _unwrapped, _shorter_collections, _simpler_expressions):
        for function in reversed(pipelines):
            yield from make(tree, function)


def _is_pipeline(node: ast.FunctionDef) -> bool:
    return any(isinstance(d, ast.Name) and d.id == "pipeline" for d in node.decorator_list)


def _text(tree: ast.Module) -> str:
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _changed(tree: ast.Module, change: Callable[[ast.Module], None]) -> str:
    own = copy.deepcopy(tree)
    change(own)
    return _text(own)


def _without_definitions(tree: ast.Module, function: ast.FunctionDef) -> Iterator[str]:
    """Without the definitions that nothing names any more."""
    used: dict[str, set[str]] = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            used[node.name] = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            used[node.targets[0].id] = set()
    wanted, queue = {"main"}, ["main"]
    while queue:
        more = used[queue.pop()] & used.keys() - wanted
        wanted |= more
        queue += more
    body = [n for n in tree.body if _name(n) is None or _name(n) in wanted]
    yield _text(ast.Module(body, []))


def _name(node: ast.stmt) -> str | None:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return None


def _blocks(function: ast.FunctionDef) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(function):
        for field in ("body", "orelse", "finalbody"):
            found = getattr(node, field, None)
            if isinstance(found, list) and found and isinstance(found[0], ast.stmt):
                yield found


def _places(tree: ast.Module, function: ast.FunctionDef) -> Iterator[tuple[int, int]]:
    """Number of each block of the function, and how many statements it has."""
    for number, block in enumerate(_blocks(function)):
        yield number, len(block)


def _block(tree: ast.Module, name: str, number: int) -> list[ast.stmt]:
    function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)
    return list(_blocks(function))[number]


def _fewer_statements(tree: ast.Module, function: ast.FunctionDef) -> Iterator[str]:
    places = list(_places(tree, function))
    most = max((count for _, count in places), default=0)
    width = most
    while width:
        for number, count in places:
            for start in range(count - width, -1, -1):

                def drop(own: ast.Module, number: int = number, start: int = start, width: int = width) -> None:
                    block = _block(own, function.name, number)
                    block[start : start + width] = []
                    if not block:
                        block.append(ast.Pass())

                yield _changed(tree, drop)
        width = width // 2 if width > 1 else 0


def _unwrapped(tree: ast.Module, function: ast.FunctionDef) -> Iterator[str]:
    """Compound statements replaced by one of their blocks."""
    for number, count in _places(tree, function):
        for at in range(count):
            node = list(_blocks(function))[number][at]
            for field in ("body", "orelse", "finalbody"):
                if isinstance(node, (ast.If, ast.For, ast.With, ast.Try)) and getattr(node, field, None):

                    def unwrap(own: ast.Module, number: int = number, at: int = at, field: str = field) -> None:
                        block = _block(own, function.name, number)
                        block[at : at + 1] = getattr(block[at], field)

                    yield _changed(tree, unwrap)


def _shorter_collections(tree: ast.Module, function: ast.FunctionDef) -> Iterator[str]:
    """Lists, tuples, and arguments of calls with one element less."""
    for number, node in enumerate(ast.walk(function)):
        for field in ("elts", "keywords", "args"):
            found = getattr(node, field, None)
            if not isinstance(node, (ast.List, ast.Tuple, ast.Call)) or not isinstance(found, list):
                continue
            for at in range(len(found)):

                def drop(own: ast.Module, number: int = number, field: str = field, at: int = at) -> None:
                    del getattr(_node(own, function.name, number), field)[at]

                yield _changed(tree, drop)


def _node(tree: ast.Module, name: str, number: int) -> ast.AST:
    function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)
    return list(ast.walk(function))[number]


def _simpler_expressions(tree: ast.Module, function: ast.FunctionDef) -> Iterator[str]:
    """Expressions replaced by a part of themselves, or by a constant."""
    nodes = list(ast.walk(function))
    for number, node in enumerate(nodes):
        for field, old in ast.iter_fields(node):
            if isinstance(old, ast.expr) and isinstance(getattr(old, "ctx", ast.Load()), ast.Load) and field != "func":
                parts = [
                    c
                    for c in ast.walk(old)
                    if isinstance(c, ast.expr) and c is not old and not isinstance(c, ast.Constant)
                ]
                smaller = [*parts[:6], ast.Constant(1), ast.List([], ast.Load())]
                for new in smaller:
                    if len(ast.unparse(new)) < len(ast.unparse(old)):

                        def put(own: ast.Module, number: int = number, field: str = field, new: ast.expr = new) -> None:
                            setattr(_node(own, function.name, number), field, copy.deepcopy(new))

                        yield _changed(tree, put)
