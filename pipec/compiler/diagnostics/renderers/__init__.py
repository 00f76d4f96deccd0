"""Findings as text for people, and as JSON, GitHub annotations and SARIF for programs."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipec.compiler.diagnostics.finding import Finding, Severity
from pipec.ir import Span

Format = Literal["text", "json", "github", "sarif"]
FORMATS: tuple[Format, ...] = ("text", "json", "github", "sarif")


@dataclass(frozen=True)
class Shown:
    """A finding as it is shown: with the folder that its places are relative to, and its severity in this run."""

    finding: Finding
    root: Path
    severity: Severity

    def path(self, span: Span) -> str:
        """The file of `span` as seen from the current folder, where it lies below that."""
        if not span.file:
            return ""
        file = Path(os.path.normpath(self.root / span.file))
        try:
            return file.relative_to(Path.cwd()).as_posix()
        except ValueError:
            return file.as_posix()


Renderer = Callable[[Sequence[Shown]], str]


def render(shown: Sequence[Shown], form: Format = "text", color: bool = False) -> str:
    """All of `shown` in one of the `FORMATS`, ordered by file and position; "" where text has nothing to say."""
    ordered = sorted(shown, key=_order)
    if form == "text":
        from pipec.compiler.diagnostics.renderers import text

        return text.render(ordered, color)
    renderer: Renderer = importlib.import_module(f"pipec.compiler.diagnostics.renderers.{form}").render
    return renderer(ordered)


def _order(shown: Shown) -> tuple[str, int, int, str, str, str]:
    finding, span = shown.finding, shown.finding.span
    return (shown.path(span), span.line, span.column, finding.code, finding.about, finding.message)
