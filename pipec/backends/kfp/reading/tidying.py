"""Statements in the form in which a person would write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipec.compiler.reading import Line, Nested, Statement

_APPEND = re.compile(r"(?P<list>\w+)\.append\((?P<value>\w+)\)\Z")


def shortened(statements: Sequence[Statement]) -> list[Statement]:
    """`xs = []` and a loop that appends one call as a comprehension."""
    found = list(statements)
    for at in range(len(found) - 1):
        start, loop = found[at], found[at + 1]
        if isinstance(start, Line) and start.source.endswith(" = []") and isinstance(loop, Nested):
            made = _comprehension(start.source[: -len(" = []")], loop)
            if made is not None:
                found[at : at + 2] = [Line(made)]
                return shortened(found)
    return found


def _comprehension(name: str, loop: Nested) -> str | None:
    if not loop.header.startswith("for ") or " in parallel(" in loop.header or len(loop.body) != 2:
        return None
    call, append = loop.body
    if not isinstance(call, Line) or not isinstance(append, Line) or "\n" in call.source:
        return None
    match = _APPEND.match(append.source)
    target, _, value = call.source.partition(" = ")
    if match is None or match["list"] != name or match["value"] != target or not value:
        return None
    return f"{name} = [{value} {loop.header[:-1]}]"


def one_name(statements: Sequence[Statement], source: str, name: str) -> list[Statement] | None:
    """`statements` in which the variable `source` is called `name` from the start; `None`: it is not bound there."""
    head = f"{source} = "
    found = list(statements)
    for at, statement in enumerate(found):
        if isinstance(statement, Line) and statement.source.startswith(head):
            found[at] = Line(f"{name} = {statement.source[len(head) :]}")
            return [*found[: at + 1], *(_renamed(s, source, name) for s in found[at + 1 :])]
    return None


def _renamed(statement: Statement, source: str, name: str) -> Statement:
    pattern = re.compile(rf"(?<![\w.\"'])\b{re.escape(source)}\b(?!\s*=[^=])")
    if isinstance(statement, Line):
        return Line(pattern.sub(name, statement.source))
    if isinstance(statement, Nested):
        body = tuple(_renamed(s, source, name) for s in statement.body)
        return Nested(pattern.sub(name, statement.header), body)
    return statement
