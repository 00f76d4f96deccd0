"""Unique names for the definitions of a pipeline, and their sources under these names."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping

from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.risk import RenamedDefinition
from pipec.compiler.diagnostics.source import Unsliceable
from pipec.compiler.frontend.project import Module
from pipec.compiler.frontend.references import bound_inside
from pipec.compiler.frontend.resolve import Resolver
from pipec.compiler.frontend.sliced import Key, Unit
from pipec.ir import Definition


class Linker:
    """Names the units of one pipeline."""

    def __init__(self, resolver: Resolver, report: Report, units: Mapping[Key, Unit], first: Module) -> None:
        self.resolver = resolver
        self.report = report
        self.units = units
        self.first = first
        self.names: dict[Key, dict[str, str]] = {}
        """Unit -> its own name for each of its names."""
        self._asked = False

    def link(self, units: list[Unit]) -> tuple[Definition, ...]:
        """`units`, which are in an order that runs, with unique names; those of the module `first` keep theirs."""
        taken: set[str] = set()
        hidden = _hidden(units)
        for unit in sorted(units, key=lambda u: (u.module is not self.first, u.order)):
            own: dict[str, str] = {}
            for name in unit.names:
                avoided = taken | hidden.get(unit.key, set())
                wanted = f"{name}_" if hasattr(builtins, name) else name
                if wanted in avoided:
                    wanted = f"{unit.module.name.replace('.', '_')}_{name}"
                while wanted in avoided:
                    wanted += "_2"
                taken.add(wanted)
                own[name] = wanted
            self.names[unit.key] = own
        self._asked = any(_asks_names(node) for unit in units for node in unit.nodes)
        return tuple(self._linked(unit) for unit in units)

    def _linked(self, unit: Unit) -> Definition:
        own = self.names[unit.key]
        renames = {old: new for old, new in own.items() if old != new} | dict(unit.literal)
        for name, key in unit.links.items():
            new = self.names[key].get(name.rpartition(".")[2]) or self._canonical(unit, name, key)
            if new != name:
                renames[name] = new
        source = unit.source
        if renames:
            source = _renamed_import(unit, own) if unit.kind == "import" else _rename(source, renames)
            source += self._named(unit, own)
            for name in sorted(unit.ambiguous.keys() & renames.keys()):
                reason = f"a class reads {name!r} of its module, and binds the same name; give it another one"
                self.report.add(Unsliceable(unit.module.span(unit.ambiguous[name]), f"`{name}`", reason))
        return Definition(
            names=tuple(own.values()), kind=unit.kind, source=source, module=unit.module.name,
            original_names=unit.names, eager=self._needed(unit, unit.eager), lazy=self._needed(unit, unit.lazy),
            annotation=self._needed(unit, unit.annotation, itself=True), distribution=unit.distribution,
            span=unit.module.span(unit.nodes[0]) if unit.kind != "import" else unit.module.span(unit.module.tree),
        )  # fmt: skip

    def _named(self, unit: Unit, own: dict[str, str]) -> str:
        """The statement that gives a renamed class or function its own `__name__` back."""
        node, (old, new) = unit.nodes[0], next(iter(own.items()))
        if old == new or unit.kind not in ("class", "function") or not isinstance(node, _NAMED):
            return ""
        if unit.kind == "function" and not self._asked:
            return ""
        span = unit.module.name_span(node)
        if self._asked and node.decorator_list and unit.kind == "function":
            reason = f"two modules have one, so that it becomes {new!r}, and its decorator may look at its name"
            self.report.add(Unsliceable(span, f"`{old}`", f"{reason}; give it another name"))
        if unit.kind == "class" and node.decorator_list:
            self.report.add(RenamedDefinition(span, old, new))
        return f'\n\n\n{new}.__name__ = "{old}"'

    def _canonical(self, unit: Unit, name: str, key: Key) -> str:
        """The linked name of what `name` means in `unit`: an alias may differ from the definition's own name."""
        found = self.resolver.expression(unit.scope, ast.parse(name, mode="eval").body)
        wanted = found.name if found else self.units[key].names[0]
        own = self.names[key]
        return own.get(wanted) or next(iter(own.values()))

    def _needed(self, unit: Unit, keys: list[Key], itself: bool = False) -> tuple[str, ...]:
        return tuple(dict.fromkeys(n for k in keys if k != unit.key or itself for n in self.names[k].values()))


def _hidden(units: list[Unit]) -> dict[Key, set[str]]:
    """Unit -> names that locals have where it is used under another name: by an alias, or as `module.name`."""
    found: dict[Key, set[str]] = {}
    for unit in units:
        local = {name for node in unit.nodes for name in bound_inside(node)}
        if not local:
            continue
        for name, key in [*((n, unit.key) for n in unit.names), *unit.links.items()]:
            found.setdefault(key, set()).update(local - {name})
    return found


_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _asks_names(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Attribute) and n.attr in ("__name__", "__qualname__") for n in ast.walk(node))


def _renamed_import(unit: Unit, own: dict[str, str]) -> str:
    name = unit.names[0]
    node = unit.nodes[0]
    assert isinstance(node, (ast.Import, ast.ImportFrom))
    if own[name] == name:
        return unit.source
    if isinstance(node, ast.Import):
        return f"import {node.names[0].name} as {own[name]}"
    return f"from {node.module} import {node.names[0].name} as {own[name]}"


def _rename(source: str, renames: dict[str, str]) -> str:
    from pipec.compiler.pysource import rename_globals

    return rename_globals(source, renames)
