"""A file that is read, as text: nothing in it is ever imported or run."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipec.ir import Span


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

    @property
    def start(self) -> Span:
        """The beginning of the file: for what is wrong with all of it."""
        return self.at(1)

    def _column(self, line: int, offset: int) -> int:
        """The column of a byte offset of `ast`."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return len(text.encode()[:offset].decode(errors="ignore")) + 1
