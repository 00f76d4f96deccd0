"""Moves code to another indentation, and leaves the text in its strings alone."""

from __future__ import annotations

import io
import tokenize


def dedented(text: str) -> str:
    """`text` so that its first line has no indentation."""
    first = text.split("\n", 1)[0]
    return shifted(text, len(first.lstrip()) - len(first))


def shifted(text: str, by: int) -> str:
    """`text` with `by` more spaces before each line; fewer, where it is negative."""
    if not by:
        return text
    inside = _inside_strings(text)
    lines = text.split("\n")
    return "\n".join(line if i in inside else _moved(line, by) for i, line in enumerate(lines))


def _moved(line: str, by: int) -> str:
    if not line.strip():
        return ""
    if by > 0:
        return " " * by + line
    own = len(line) - len(line.lstrip())
    return line[min(own, -by) :]


def _inside_strings(text: str) -> set[int]:
    """The lines, from 0, that begin inside of a string."""
    found: set[int] = set()
    starts: list[int] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            kind = tokenize.tok_name[token.type]
            if kind == "STRING" and not starts:
                found |= set(range(token.start[0], token.end[0]))
            elif kind == "FSTRING_START":
                starts.append(token.start[0])
            elif kind == "FSTRING_END":
                found |= set(range(starts.pop(), token.end[0]))
    except (tokenize.TokenError, IndentationError):  # a piece of code that does not end
        return found
    return found
