"""Import statements in the order of isort, which ruff checks."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass

from pipec.compiler.pysource.layout import WIDTH


@dataclass(frozen=True)
class Import:
    """One name that an import binds."""

    module: str
    name: str | None = None
    alias: str | None = None

    @property
    def section(self) -> int:
        """0 for `__future__`, 1 for the standard library, 2 for the rest."""
        top = self.module.split(".")[0]
        if top == "__future__":
            return 0
        return 1 if top in sys.stdlib_module_names else 2


def parse(source: str) -> list[Import]:
    """The names that one import statement binds."""
    node = ast.parse(source).body[0]
    match node:
        case ast.Import():
            return [Import(a.name, None, a.asname) for a in node.names]
        case ast.ImportFrom():
            return [Import("." * node.level + (node.module or ""), a.name, a.asname) for a in node.names]
    raise TypeError(f"no import: {source}")


def block(found: list[Import], indent: int = 0, width: int = WIDTH) -> list[str]:
    """The statements for `found`, sorted, one blank line between sections."""
    lines: list[str] = []
    for section in (0, 1, 2):
        own = {i for i in found if i.section == section}
        if not own:
            continue
        if lines:
            lines.append("")
        lines += [" " * indent + line if line else "" for line in _section(own, width - indent)]
    return lines


def _section(found: set[Import], width: int) -> list[str]:
    lines: list[str] = []
    for item in sorted((i for i in found if i.name is None), key=lambda i: (natural(i.module), i.alias or "")):
        lines.append(f"import {item.module}" + (f" as {item.alias}" if item.alias else ""))
    modules = sorted({i.module for i in found if i.name is not None}, key=natural)
    for module in modules:
        members = [i for i in found if i.module == module and i.name is not None]
        plain = sorted({i.name for i in members if i.alias is None and i.name}, key=_member)
        statements: list[tuple[tuple[int, object], list[str]]] = []
        if plain:
            statements.append((_member(plain[0]), _from(module, plain, width)))
        for item in members:
            if item.alias is not None and item.name is not None:
                statements.append((_member(item.name), [f"from {module} import {item.name} as {item.alias}"]))
        for _, text in sorted(statements, key=lambda s: (s[0], s[1])):
            lines += text
    return lines


def _from(module: str, names: list[str], width: int) -> list[str]:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= width:
        return [line]
    return [f"from {module} import (", *(f"    {name}," for name in names), ")"]


def natural(text: str) -> tuple[object, ...]:
    """Sort key: digits by their value, letters without case first."""
    parts = re.split(r"(\d+)", text.lower())
    return (tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts), text)


def _member(name: str) -> tuple[int, object]:
    """isort's order by type: constants, classes, the rest."""
    if len(name) > 1 and name.isupper():
        return (0, natural(name))
    return (1 if name[:1].isupper() else 2, natural(name))
