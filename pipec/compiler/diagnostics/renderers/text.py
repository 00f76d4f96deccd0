"""Findings for people: the sentence, the place, the source line with what is meant underlined, and what to write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipec.compiler.diagnostics.renderers import Shown
from pipec.ir import Span

_COLORS = {"error": "31", "warning": "33", "info": "36"}
_BLUE, _BOLD = "34", "1"


def render(shown: Sequence[Shown], color: bool = False) -> str:
    """All findings, a blank line between them; what says the same of several places is told once, naming the rest."""
    printer = _Printer(color)
    groups: dict[object, list[Shown]] = {}
    for n, one in enumerate(shown):
        same = one.finding.same
        groups.setdefault(n if same is None else (one.severity, same), []).append(one)
    return "\n".join("\n".join(printer.group(group)) + "\n" for group in groups.values())


class _Printer:
    def __init__(self, color: bool) -> None:
        self.color = color
        self._files: dict[Path, list[str]] = {}

    def paint(self, text: str, *codes: str) -> str:
        return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if self.color else text

    def group(self, group: Sequence[Shown]) -> Iterator[str]:
        """The lines of findings that say the same."""
        first, *others = group
        yield from self.finding(first)
        named = list(dict.fromkeys(one.finding.topic for one in others))
        if named:
            yield f"  {self.paint('=', _BLUE)} {self.paint('also', _BOLD)}: {', '.join(named)}"

    def finding(self, one: Shown) -> Iterator[str]:
        """The lines of one finding."""
        finding, span = one.finding, one.finding.span
        tone = _COLORS[one.severity]
        head = self.paint(f"{one.severity}[{finding.code} {finding.name}]", tone, _BOLD)
        yield f"{head}: {self.paint(finding.message, _BOLD)}"
        places = [(span, "", tone), *((label.span, label.text, _BLUE) for label in finding.labels)]
        width = max(len(str(place.end_line)) for place, _, _ in places)
        bar = " " * width + self.paint(" |", _BLUE)
        for i, (place, text, paint) in enumerate(places):
            if not place.file:
                continue
            arrow = "-->" if i == 0 else ":::"
            yield f"{' ' * width}{self.paint(arrow, _BLUE)} {one.path(place)}:{place.line}:{place.column}"
            lines = self.lines(one.root / place.file)
            if not 0 < place.line <= len(lines):
                continue
            yield bar
            source = lines[place.line - 1]
            number = self.paint(f"{place.line:>{width}} |", _BLUE)
            yield f"{number} {source.expandtabs(4)}".rstrip()
            yield f"{bar} {self.carets(source, place, text, paint)}"
        if finding.help:
            yield f"{' ' * width}{self.paint(' = ', _BLUE)}{self.paint('help', _BOLD)}: {finding.help}"

    def carets(self, source: str, place: Span, text: str, paint: str) -> str:
        """The line below the source line."""
        start = min(place.column - 1, len(source))
        end = place.end_column - 1 if place.end_line == place.line else len(source.rstrip())
        before = len(source[:start].expandtabs(4))
        length = max(len(source[: max(end, start)].expandtabs(4)) - before, 1)
        mark = ("^" if paint != _BLUE else "-") * length
        return " " * before + self.paint(mark + (f" {text}" if text else ""), paint)

    def lines(self, file: Path) -> list[str]:
        """The lines of a source file; none where it cannot be read."""
        if file not in self._files:
            try:
                # only \n, \r\n and \r end a line of Python; str.splitlines knows more
                text = file.read_bytes().decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
                self._files[file] = text.split("\n")
            except OSError:
                self._files[file] = []
        return self._files[file]
