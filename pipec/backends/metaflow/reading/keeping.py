"""What stays of a module as it was written: imports, constants, helpers, classes, and their comments."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipec.backends.metaflow.reading.flows import File
from pipec.backends.metaflow.reading.syntax import TARGET

MAIN = "__name__"


@dataclass(frozen=True)
class Kept:
    """A run of top-level statements."""

    source: str
    nodes: tuple[ast.stmt, ...]


def pieces(file: File) -> Iterator[Kept]:
    """The top-level statements with the comments above them; neighbours without a blank line between stay together."""
    lines = file.source.lines
    body = file.tree.body[1:] if ast.get_docstring(file.tree, clean=False) is not None else file.tree.body
    end = file.tree.body[0].end_lineno or 0 if body is not file.tree.body and file.tree.body else 0
    group: list[ast.stmt] = []
    first = last = 0
    for node in body:
        start = _start(node)
        above = _comments_above(lines, start, end)
        glued = bool(group) and above == last + 1 and _is_plain(node) and _is_plain(group[-1])
        same_line = bool(group) and start <= last
        if group and not glued and not same_line:
            yield Kept("\n".join(lines[first - 1 : last]), tuple(group))
            group = []
        if not group:
            first = above
        group.append(node)
        last = max(last, node.end_lineno or start)
        end = last
    if group:
        yield Kept("\n".join(lines[first - 1 : last]), tuple(group))


def _start(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)])


def _is_plain(node: ast.stmt) -> bool:
    return not isinstance(
        node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.If)
    )


def _comments_above(lines: tuple[str, ...], start: int, end: int) -> int:
    """The first line of the comments that stand above `start`, after line `end`."""
    first = at = start
    while at - 1 > end:
        text = lines[at - 2].strip()
        if text and not text.startswith("#"):
            break
        at -= 1
        if text.startswith("#!") or text.startswith("# -*-"):
            continue
        if text:
            first = at
    return first


def is_main(node: ast.stmt) -> bool:
    """`if __name__ == "__main__":`."""
    return isinstance(node, ast.If) and any(isinstance(n, ast.Name) and n.id == MAIN for n in ast.walk(node.test))


def import_of(node: ast.Import | ast.ImportFrom, one: ast.alias) -> str:
    """One name of an import statement as a statement of its own."""
    name = f"{one.name} as {one.asname}" if one.asname else one.name
    if isinstance(node, ast.Import):
        return f"import {name}"
    return f"from {'.' * node.level}{node.module or ''} import {name}"


def is_ours(node: ast.Import | ast.ImportFrom, one: ast.alias) -> bool:
    """Whether a name comes from Metaflow."""
    module = one.name if isinstance(node, ast.Import) else (node.module or "") if not node.level else ""
    return module.split(".")[0] == TARGET


def names_used(texts: Iterable[str]) -> set[str]:
    """The names that texts of Python mention."""
    found: set[str] = set()
    for text in texts:
        try:
            tree = ast.parse(text)
        except SyntaxError:
            continue
        found |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    return found


def bound_at_top(tree: ast.Module) -> set[str]:
    """The names that a module binds at its top level, imports from Metaflow excepted."""
    found: set[str] = set()
    for node in tree.body:
        for one in _reached(node):
            match one:
                case ast.Import() | ast.ImportFrom():
                    found |= {(a.asname or a.name).split(".")[0] for a in one.names if not is_ours(one, a)}
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    found.add(name)
                case ast.Name(id=name, ctx=ast.Store()):
                    found.add(name)
    return found


def imports_from(other: File, file: File, names: set[str]) -> set[str]:
    """The import statements that bring what `names` mean in another module of the project into `file`."""
    found, module = set(), file.source.module_name(other.source.path)
    own = bound_at_top(other.tree)
    imported = {
        (one.asname or one.name).split(".")[0]: import_of(node, one)
        for node in other.tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for one in node.names
    }
    for name in names:
        if name in imported:
            found.add(imported[name])
        elif name in own:
            found.add(f"from {module} import {name}")
    return found


def _reached(node: ast.AST) -> Iterator[ast.AST]:
    """A node and what is in it, without the insides of functions and classes."""
    yield node
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
        for child in ast.iter_child_nodes(node):
            yield from _reached(child)
