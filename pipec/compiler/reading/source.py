"""A file that is read, as text: nothing in it is ever imported or run."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipec.ir import Span

MOST_BESIDE = 64 * 1024
"""Bytes of a file beside a pipeline that is read with it: those that pipec writes have a few hundred."""


@dataclass(frozen=True)
class Source:
    """One file of an existing project."""

    path: Path
    """Where it lies; for looking at its neighbours."""
    file: str
    """The same relative to the project root, with forward slashes: `Span.file`."""
    text: str
    """Its text, with `\\n` line ends and no byte order mark."""
    root: Path = Path()
    """The project root: other modules of the project are found below it, or beside the file."""

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Its lines, without line ends."""
        return tuple(self.text.split("\n"))

    def span(self, node: ast.AST) -> Span:
        """The place of a node of `ast.parse(self.text)`; columns count characters."""
        line: int = getattr(node, "lineno", 1)
        end: int = getattr(node, "end_lineno", None) or line
        return Span(
            file=self.file,
            line=line,
            column=self._column(line, getattr(node, "col_offset", 0)),
            end_line=end,
            end_column=self._column(end, getattr(node, "end_col_offset", None) or 0),
        )

    def at(self, line: int, column: int = 1, width: int = 0) -> Span:
        """The place that begins in `line` at `column`, both counted from 1, and is `width` characters wide."""
        return Span(file=self.file, line=line, column=column, end_line=line, end_column=column + width)

    def beside(self, ending: str) -> Source | None:
        """The small text file that has this one's name with `ending`; `None` where there is none that can be read."""
        path = self.path.with_name(f"{self.path.stem}{ending}")
        try:
            if not path.is_file() or path.stat().st_size > MOST_BESIDE:
                return None
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeError):
            return None
        return Source(path, f"{self.file.rpartition('/')[0]}/{path.name}".lstrip("/"), text, self.root)

    def modules(self, name: str, further: Sequence[Path] = ()) -> list[Path]:
        """The files that may be the module `name`, `shop.parts`, of an import statement in this file.

        Python looks for modules of the project beside a script, or from where the script's package is imported;
        `further` are folders besides.
        """
        parts = name.split(".")
        if not all(parts):
            return []
        folders = dict.fromkeys((self.path.parent, outside(self.path), self.root, *further))
        paths = [folder.joinpath(*parts) for folder in folders]
        return [file for path in paths for file in (path.with_name(f"{path.name}.py"), path / "__init__.py")]

    def module_name(self, path: Path) -> str:
        """The name by which this file imports the project's module in the file `path`."""
        module = path.parent if path.stem == "__init__" else path.with_suffix("")
        for folder in (outside(path), self.path.parent, self.root):
            if module.is_relative_to(folder) and path in self.modules(
                name := ".".join(module.relative_to(folder).parts)
            ):
                return name
        return module.name

    @property
    def start(self) -> Span:
        """The beginning of the file: for what is wrong with all of it."""
        return self.at(1)

    def _column(self, line: int, offset: int) -> int:
        """The column of a byte offset of `ast`."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return len(text.encode()[:offset].decode(errors="ignore")) + 1


def outside(path: Path) -> Path:
    """The innermost folder around the file `path` that is no package: from there it is imported."""
    folder = path.parent
    while (folder / "__init__.py").is_file() and folder != folder.parent:
        folder = folder.parent
    return folder


def absolute_imports(text: str, path: Path, root: Path) -> str:
    """The text of the file `path` with the modules of its project by their whole names: `from ..parts import clean` of
    `shop/flows/train.py` is `from shop.parts import clean`. What is written of it stands in another folder.
    """
    if not re.search(r"\bfrom\s*\.", text):
        return text
    folder = outside(path)
    if folder == path.parent and path.is_relative_to(root):
        folder = root  # a package may be without `__init__.py`
    package = path.parent.relative_to(folder).parts
    try:
        nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom) and node.level]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    lines = text.split("\n")
    for node in nodes:
        around = package[: len(package) - node.level + 1]
        module = ".".join([*around, *([node.module] if node.module else [])])
        if node.level > len(package) + 1 or not module or not all(part.isidentifier() for part in around):
            continue
        line = lines[node.lineno - 1]
        at = len(line.encode()[: node.col_offset].decode())
        written = r"from[ \t.]*\.[ \t]*" + re.escape(node.module or "") + r"\s*"
        lines[node.lineno - 1] = line[:at] + re.sub(written, f"from {module} ", line[at:], count=1)
    return "\n".join(lines)
