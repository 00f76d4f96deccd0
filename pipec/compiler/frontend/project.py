"""The project's modules, read and never imported: files, syntax trees, and what each top-level name is."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple, TypeGuard

from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.source import InvalidSyntax, NotUtf8, UnreadableFile
from pipec.compiler.frontend.bindings import Import, bound_names, changed_roots, checks_types, inner_statements
from pipec.compiler.frontend.references import References, references
from pipec.compiler.pysource.syntax import parsed
from pipec.compiler.pysource.text import readable
from pipec.ir import Span


@dataclass
class TopLevel:
    """One top-level statement."""

    node: ast.stmt
    index: int
    binds: tuple[str, ...]
    imports: dict[str, Import] = field(default_factory=dict)
    """Name -> import, for import statements."""

    @cached_property
    def references(self) -> References:
        """The module-level names that the statement mentions."""
        return references(self.node)


class Replaced(NamedTuple):
    """A part of a module's text that reads a file, and what stands for it in generated code."""

    start: int
    end: int
    literal: str


def replaced(text: str, start: int, end: int, parts: Iterable[Replaced]) -> str:
    """`text` from `start` to `end` with `parts`, which are in order; one that begins before `start` is left out."""
    found, at = "", start
    for part in parts:
        if part.start < end and part.end > at:
            found += text[at : part.start] + (part.literal if part.start >= start else "")
            at = min(part.end, end)
    return found + text[at:end]


class Module:
    """One source file of the project."""

    def __init__(self, name: str, path: Path, file: str, text: str, tree: ast.Module, is_package: bool) -> None:
        self.name = name
        self.path = path
        self.file = file
        self.text = text
        self.tree = tree
        self.is_package = is_package
        # only \n ends a line here: str.splitlines would also split at form feeds and inside of strings
        self.lines = re.findall(r"[^\n]*\n|[^\n]+", text)
        self.texts: tuple[Replaced, ...] = ()
        """Where it reads text files of the project, in order."""
        self.unread: dict[int, tuple[ast.AST, str]] = {}
        """Identity of a node for the text of a file that is not known -> what reads it, and why it is not known."""
        self.statements = [self._top_level(node, i) for i, node in enumerate(tree.body)]
        self.bindings: dict[str, list[TopLevel]] = {}
        for statement in self.statements:
            for bound in statement.binds:
                self.bindings.setdefault(bound, []).append(statement)
        self.changes: dict[str, list[TopLevel]] = {}
        """Name -> statements that change in place what it is bound to."""
        for statement in self.statements:
            for root in changed_roots(statement.node):
                self.changes.setdefault(root, []).append(statement)
        self.stars = {s.index: self.absolute(s.node) for s in self.statements if _is_star(s.node)}
        """Index of a statement -> the module that it star-imports from."""
        self.typing_imports = {
            name: found
            for s in self.statements
            if checks_types(s.node)
            for child in s.node.body  # type: ignore[attr-defined]
            for name, found in self._imports(child)
        }
        """Names that only type checkers import."""
        self.typing_names: dict[str, ast.stmt] = {
            name: child
            for s in self.statements
            if checks_types(s.node)
            for child in s.node.body  # type: ignore[attr-defined]
            for name in bound_names(child)
        }
        """Names that type checkers find bound -> the statement that binds them."""

    @cached_property
    def bound_globally(self) -> frozenset[str]:
        """Names that a function declares global."""
        found = (n.names for n in ast.walk(self.tree) if isinstance(n, ast.Global))
        return frozenset(name for names in found for name in names)

    @property
    def doc(self) -> str:
        """The module's docstring."""
        return readable(ast.get_docstring(self.tree) or "")

    def function(self, name: str) -> ast.FunctionDef | None:
        """The function that `name` is bound to at the end of the module, if it is one."""
        bound = self.bindings.get(name)
        node = bound[-1].node if bound else None
        return node if isinstance(node, ast.FunctionDef) else None

    def imported(self, name: str) -> Import | None:
        """The import that binds `name`, if one does."""
        for statement in reversed(self.bindings.get(name, [])):
            if name in statement.imports:
                return statement.imports[name]
        return None

    def span(self, node: ast.AST) -> Span:
        """The place of `node`, in characters."""
        line = getattr(node, "lineno", 1)
        end_line = getattr(node, "end_lineno", None) or line
        return Span(
            file=self.file,
            line=line,
            column=self._column(line, getattr(node, "col_offset", 0)),
            end_line=end_line,
            end_column=self._column(end_line, getattr(node, "end_col_offset", None) or 0),
        )

    def name_span(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Span:
        """The place of the name in a definition's header."""
        header = self.lines[node.lineno - 1]
        start = self._column(node.lineno, node.col_offset) - 1
        assigned = re.match(rf"{node.name}\b", header[start:])  # `name = container(...)`
        column = (start if assigned else header.find(node.name, start + 3)) + 1
        return Span(
            file=self.file, line=node.lineno, column=column, end_line=node.lineno, end_column=column + len(node.name)
        )

    def segment(self, node: ast.AST) -> str:
        """The source of `node`, with the texts that it reads."""
        span = self.span(node)
        start, end = (
            self._starts[span.line - 1] + span.column - 1,
            self._starts[span.end_line - 1] + span.end_column - 1,
        )
        return replaced(self.text, start, end, self.texts)

    def unread_in(self, node: ast.AST) -> tuple[ast.AST, str] | None:
        """What in `node` reads a text file that is not known, and why it is not."""
        found = (self.unread.get(id(inner)) for inner in ast.walk(node)) if self.unread else ()
        return next((one for one in found if one is not None), None)

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate(map(len, self.lines), initial=0))

    def offset(self, line: int, column: int) -> int:
        """The place in the text of a line of `ast`, and a column of it."""
        return self._starts[line - 1] + self._column(line, column) - 1

    def printed(self, line: int) -> str:
        """A line with the texts that it reads; one that begins on a line before is not in it."""
        return replaced(self.text, self._starts[line - 1], self._starts[line], self.texts)

    def _column(self, line: int, offset: int) -> int:
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return (offset if text.isascii() else len(text.encode()[:offset].decode(errors="replace"))) + 1

    def _top_level(self, node: ast.stmt, index: int) -> TopLevel:
        return TopLevel(node, index, bound_names(node), self.imports(node))

    def imports(self, node: ast.stmt) -> dict[str, Import]:
        """Name -> import, for what a statement imports."""
        return dict(reversed(self._imports(node)))  # of several branches the first one counts

    def _imports(self, node: ast.stmt) -> list[tuple[str, Import]]:
        match node:
            case ast.Import():
                return [(a.asname or a.name.split(".")[0], Import(a.name, None, a.asname)) for a in node.names]
            case ast.ImportFrom():
                module = self.absolute(node)
                return [(a.asname or a.name, Import(module, a.name, a.asname)) for a in node.names if a.name != "*"]
            case _:
                return [pair for child in inner_statements(node) for pair in self._imports(child)]

    def absolute(self, node: ast.ImportFrom) -> str:
        """The absolute module of a `from` import."""
        if not node.level:
            return node.module or ""
        parts = self.name.split(".") if self.name else []
        drop = node.level - (1 if self.is_package else 0)
        base = parts[: len(parts) - drop] if drop else parts
        return ".".join([*base, *([node.module] if node.module else [])])


def _is_star(node: ast.stmt) -> TypeGuard[ast.ImportFrom]:
    return isinstance(node, ast.ImportFrom) and node.names[0].name == "*"


class Project:
    """All modules below a root (and further folders), loaded as they are needed."""

    def __init__(self, root: Path, paths: tuple[str, ...], report: Report) -> None:
        self.root = root
        self.folders = [root, *((root / p).resolve() for p in paths)]
        self.report = report
        self.complete: Callable[[Module], Module] = lambda module: module
        """Puts into a module what lies beside it."""
        self._modules: dict[str, Module | None] = {}

    def load(self, path: Path) -> Module | None:
        """The module in the file `path`; `None` with a finding where it cannot be read."""
        path = path.resolve()
        return self.module(self.name_of(path), path)

    def name_of(self, path: Path) -> str:
        """Dotted name of the module in `path`, from the innermost folder that is no package."""
        folder, parts = path.parent, [] if path.stem == "__init__" else [path.stem]
        while (folder / "__init__.py").exists() and folder not in self.folders:
            parts.insert(0, folder.name)
            folder = folder.parent
        if self.folders[0] != folder:  # as Python does: the folder of the script comes first
            self.folders.insert(0, folder)
        return ".".join(parts)

    def module(self, name: str, path: Path | None = None) -> Module | None:
        """The project's module `name`, or `None` where the project has no such module or it cannot be read."""
        if name not in self._modules:
            path = path or self._find(name)
            found = self._modules[name] = self._read(name, path) if path else None
            if found is not None:  # which other modules may look into meanwhile
                self._modules[name] = self.complete(found)
        return self._modules[name]

    def _find(self, name: str) -> Path | None:
        if not name:
            return None
        relative = Path(*name.split("."))
        for folder in self.folders:
            for candidate in (folder / relative / "__init__.py", folder / relative.with_suffix(".py")):
                if candidate.is_file():
                    return candidate
        return None

    def has_package(self, name: str) -> bool:
        """Whether `name` is a folder of the project with Python files: a package, also without `__init__.py`."""
        return any((folder / Path(*name.split("."))).is_dir() for folder in self.folders) and bool(name)

    def relative(self, path: Path) -> str:
        """`path` as it is shown: relative to the root, with forward slashes."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return path.as_posix()

    def _read(self, name: str, path: Path) -> Module | None:
        file = self.relative(path)
        start = Span(file=file, line=1, column=1, end_line=1, end_column=1)
        try:
            data = path.read_bytes()
        except OSError as error:
            self.report.add(UnreadableFile(start, error.strerror or type(error).__name__))
            return None
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
            text = io.TextIOWrapper(io.BytesIO(data), encoding).read()
        except (SyntaxError, UnicodeError, LookupError) as error:
            reason = error.msg if isinstance(error, SyntaxError) else str(error)
            line = data[: error.start].count(b"\n") + 1 if isinstance(error, UnicodeDecodeError) else 1
            place = start.model_copy(update={"line": line, "end_line": line})
            self.report.add(NotUtf8(place, reason or "unknown encoding"))
            return None
        try:
            tree = parsed(text, file)
        except SyntaxError as error:
            line, column = error.lineno or 1, max(error.offset or 1, 1)
            end_line, end_column = max(error.end_lineno or line, line), error.end_offset or column
            place = Span(file=file, line=line, column=column, end_line=end_line, end_column=max(end_column, column + 1))
            self.report.add(InvalidSyntax(place, error.msg))
            return None
        except (ValueError, RecursionError, MemoryError) as error:  # null bytes; nesting beyond the parser's limit
            self.report.add(InvalidSyntax(start, str(error) or "too deeply nested"))
            return None
        return Module(name, path, file, text, tree, path.stem == "__init__")
