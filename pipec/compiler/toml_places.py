"""Where the keys of `[tool.pipec]` stand in `pyproject.toml`, which the TOML parser does not tell."""

from __future__ import annotations

import re

from pipec.ir import Span

FILE = "pyproject.toml"
_HEADER = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""(\s*)((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_TABLE = ("tool", "pipec")


def start() -> Span:
    """The beginning of the file."""
    return Span(file=FILE, line=1, column=1, end_line=1, end_column=1)


def places_of(text: str) -> dict[str, Span]:
    """Dotted key below `tool.pipec` -> its place.

    A line scanner, good for the layouts that people write; a key inside a multi-line string could be taken for one,
    which would only misplace a finding.
    """
    found: dict[str, Span] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _parts(header[1])
            _note(found, table, number, header.start(1) + 1, header.end(1) + 1)
        elif key := _KEY.match(line):
            _note(found, (*table, *_parts(key[2])), number, key.start(2) + 1, key.end(2) + 1)
    return found


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _note(found: dict[str, Span], path: tuple[str, ...], line: int, column: int, end: int) -> None:
    if path[:2] == _TABLE and len(path) > 2:
        place = Span(file=FILE, line=line, column=column, end_line=line, end_column=end)
        found.setdefault(".".join(path[2:]), place)
