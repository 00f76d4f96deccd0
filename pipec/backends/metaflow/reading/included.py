"""`IncludeFile`: the text of a file that lies beside the flow, which the module reads from a copy beside itself."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass
from pathlib import Path

from pipec.backends.metaflow.reading.syntax import literal
from pipec.compiler.pysource.paths import Names, Reading, path_of
from pipec.compiler.pysource.text import one_line, python
from pipec.compiler.reading import Source
from pipec.compiler.reading.text_files import UnreadableTextError, text_of


@dataclass(frozen=True)
class Included:
    """A file that goes with the module."""

    name: str
    """Its path below the folder of the module."""
    text: str
    """All of it, as it lies there."""
    expression: str
    """What gives its path in the module."""


@dataclass(frozen=True)
class ModuleNames:
    """What names mean at the top level of the file of a flow."""

    source: Source
    tree: ast.Module

    @property
    def file(self) -> Path:
        return self.source.path.absolute()

    def external(self, node: ast.expr) -> str | None:
        rest: list[str] = []
        while isinstance(node, ast.Attribute):
            rest.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        bound = self._bound(node.id)
        if not bound and not rest:
            return node.id if node.id == "__file__" or hasattr(builtins, node.id) else None
        match bound:
            case [ast.Import(names=modules)]:
                renamed = [one.name for one in modules if one.asname == node.id]
                return ".".join([*(renamed or [node.id]), *rest])
            case [ast.ImportFrom(module=str(module), names=names, level=0)]:
                found = next(one.name for one in names if (one.asname or one.name) == node.id)
                return ".".join([module, found, *rest])
        return None

    def defined(self, node: ast.expr) -> tuple[Names, ast.AST] | None:
        match self._bound(node.id) if isinstance(node, ast.Name) else []:
            case [ast.FunctionDef() as function]:
                return self, function
            case [ast.Assign(targets=[ast.Name()], value=value) | ast.AnnAssign(value=ast.expr() as value)]:
                return self, value
        return None

    def _bound(self, name: str) -> list[ast.stmt]:
        """The statements that bind a name, which is the same as long as there is one, at the top level."""
        found: list[ast.stmt] = []
        for statement in self.tree.body:
            inner = [statement] if isinstance(statement, _SCOPES) else ast.walk(statement)
            if any(name in _bound_by(node) for node in inner):
                found.append(statement)
        return found


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _bound_by(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [(one.asname or one.name).split(".")[0] for one in names]
    return []


def included(default: ast.expr, encoding: str, names: ModuleNames, flow: Source) -> Included:
    """The file that the `default` of an `IncludeFile` names. Raises `UnreadableTextError` with the reason if unknown.

    A relative path is looked for beside the file of the `flow`: that is where flows are started.
    """
    value, anchored = path_of(default, names) or (None, False)
    if not value or (not anchored and Path(value).is_absolute()):
        raise UnreadableTextError("its path is known only where the flow is deployed")
    folder = flow.path.absolute().parent
    path = folder / value
    folders = (folder, flow.root)
    text_of(Reading(path, encoding), folders)
    try:
        text = text_of(Reading(path, "utf-8", newline=""), folders)
    except UnreadableTextError:
        raise UnreadableTextError(f"{path.name!r} is not UTF-8, as what pipec writes is") from None
    name = _name(path.resolve(), folder.resolve(), flow.root.resolve())
    if anchored and names.source is flow and folder / name == path:  # the flow's own words find the copy, too
        return Included(name, text, f"Path({one_line(default)})")
    parts = ", ".join(map(python, name.split("/")))
    how = "with_name" if "/" not in name else "parent.joinpath"
    return Included(name, text, f"Path(__file__).{how}({parts})")


def _name(path: Path, folder: Path, root: Path) -> str:
    """Where the copy of `path` lies below the folder of the module: as it lies below that of the flow, or the root."""
    if path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    name = path.relative_to(root).as_posix()
    if (folder / name).exists():
        raise UnreadableTextError(f"{name!r} is another file beside the flow")
    return name


def encoding_of(given: dict[str, ast.expr]) -> str:
    """How the file is encoded."""
    known, found = literal(given["encoding"]) if "encoding" in given else (True, None)
    if not known or not isinstance(found, (str, type(None))):
        raise UnreadableTextError("its encoding is computed when the flow is deployed")
    return found or "utf-8"
