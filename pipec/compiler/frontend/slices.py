"""Code slices: the definitions that each step reaches, taken out of their modules under unique names."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field

from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.source import UnresolvedName, Unsliceable
from pipec.compiler.frontend.digest import code_digest
from pipec.compiler.frontend.extract import import_text, joined, kind_of, statement_source, without_decorators
from pipec.compiler.frontend.project import Import, Module, TopLevel
from pipec.compiler.frontend.references import References, references
from pipec.compiler.frontend.resolve import Resolver, Target
from pipec.compiler.frontend.together import together
from pipec.ir import Component, Definition

Key = tuple[str, str]
"""Module and name; for an import the statement's text and the bound name."""

_MARKERS = {"Metrics": "dict[str, float]", "Dataset": "Path", "Model": "Path", "HTML": "Path", "Markdown": "Path"}
"""pipec's annotations in plain Python's words: generated code needs no pipec."""


@dataclass
class Unit:
    """One definition before it is linked."""

    key: Key
    names: tuple[str, ...]
    kind: str
    module: Module
    nodes: list[ast.stmt]
    source: str
    order: tuple[int, int]
    links: dict[str, Key] = field(default_factory=dict)
    """Name (or dotted name) in the source -> the unit it means."""
    literal: dict[str, str] = field(default_factory=dict)
    """Name in the source -> text that stands for it."""
    eager: list[Key] = field(default_factory=list)
    lazy: list[Key] = field(default_factory=list)
    annotation: list[Key] = field(default_factory=list)
    distribution: str | None = None
    satellites: list[Key] = field(default_factory=list)
    """Statements that change the definition in place."""


class Slicer:
    """Finds what steps reach; then `link` gives each definition its place and name."""

    def __init__(self, resolver: Resolver, report: Report) -> None:
        self.resolver = resolver
        self.report = report
        self.units: dict[Key, Unit] = {}
        self.names: dict[Key, dict[str, str]] = {}
        """Unit -> its own name for each of its names."""
        self._together: dict[str, dict[str, list[TopLevel]]] = {}
        self._keys: dict[tuple[str, str], Key] = {}
        """Module and name -> unit, which may bind several."""
        self._modules: dict[str, int] = {}
        self._step = ""

    # reaching

    def reach(self, module: Module, name: str, step: str) -> Key | None:
        """Collect the definition of `name` and everything it needs."""
        self._step = step
        start = self._unit(module, name)
        todo = [start] if start else []
        seen: set[Key] = set()
        while todo:
            unit = todo.pop()
            if unit.key in seen:
                continue
            seen.add(unit.key)
            if not unit.links and not unit.literal and unit.kind != "import":
                self._connect(unit)
            todo += [self.units[k] for k in (*unit.eager, *unit.lazy, *unit.annotation, *unit.satellites)]
        return start.key if start else None

    def _unit(self, module: Module, name: str) -> Unit | None:
        bound = module.bindings.get(name)
        if not bound:
            return None
        if len(bound) == 1 and name in bound[0].imports and isinstance(bound[0].node, (ast.Import, ast.ImportFrom)):
            return self._import(module, name, bound[0].imports[name])
        key = self._keys.get((module.name, name))
        if key is None:
            if module.name not in self._together:
                self._together[module.name] = together(self.resolver, module)
            statements = self._together[module.name].get(name, bound)
            names = tuple(dict.fromkeys(n for s in statements for n in s.binds))
            key = (module.name, names[0])
            self._keys |= dict.fromkeys(((module.name, n) for n in names), key)
            kind = kind_of(bound[0].node) if len(statements) == 1 else "block"
            self.units[key] = Unit(
                key, names, kind, module, [without_decorators(self.resolver, module, s.node) for s in statements],
                joined(self.resolver, module, statements),
                (self._position(module), statements[-1].index),
            )  # fmt: skip
        return self.units[key]

    def _position(self, module: Module) -> int:
        """Modules in the order in which they would be executed: imported ones first."""
        if module.name not in self._modules:
            self._modules[module.name] = -1
            for statement in module.statements:
                for found in statement.imports.values():
                    for dotted in (found.module, f"{found.module}.{found.attribute}"):
                        other = self.resolver.project.module(dotted) if dotted.split(".")[0] != "pipec" else None
                        if other:
                            self._position(other)
            self._modules[module.name] = len([m for m in self._modules.values() if m >= 0])
        return self._modules[module.name]

    def _import(self, module: Module, name: str, found: Import) -> Unit | None:
        text = import_text(name, found)
        key = (f"import {text}", name)
        if key not in self.units:
            top = found.module.split(".")[0]
            known = top in sys.stdlib_module_names or top == "__future__"
            self.units[key] = Unit(
                key,
                (name,),
                "import",
                module,
                [ast.parse(text).body[0]],
                text,
                (-1, 0),
                distribution=None if known else top,
            )
            self.units[key].satellites = [k for s in _mutations(module, name) if (k := self._satellite(module, s))]
        return self.units[key]

    def _satellite(self, module: Module, statement: TopLevel) -> Key | None:
        if statement.binds:
            made = self._unit(module, statement.binds[0])
            return made.key if made else None
        key = (module.name, f"#{statement.index}")
        if key not in self.units:
            source = statement_source(self.resolver, module, statement)
            order = (self._position(module), statement.index)
            name = f"_{module.name.replace('.', '_')}_setup_{statement.index}"
            self.units[key] = Unit(key, (name,), "block", module, [statement.node], source, order)
        return key

    # connecting names

    def _connect(self, unit: Unit) -> None:
        for node in unit.nodes:
            found = references(node)
            self._inner_imports(unit, node)
            for kind in ("eager", "lazy", "annotation"):
                for name, place in getattr(found, kind).items():
                    self._reference(unit, name, place, getattr(unit, kind), found, kind == "annotation")

    def _inner_imports(self, unit: Unit, node: ast.stmt) -> None:
        for inner in ast.walk(node):
            if inner is node or not isinstance(inner, (ast.Import, ast.ImportFrom)):
                continue
            modules = [a.name for a in inner.names] if isinstance(inner, ast.Import) else [unit.module.absolute(inner)]
            for dotted in modules:
                if dotted.split(".")[0] == "pipec" or self.resolver.module_target(dotted).kind == "module":
                    reason = (
                        f"it imports {dotted!r} of the project in a function; import it at the top level of the module"
                    )
                    self.report.add(Unsliceable(unit.module.span(inner), f"`{unit.names[0]}`", reason))

    def _reference(
        self, unit: Unit, name: str, place: ast.AST, into: list[Key], found: References, annotation: bool
    ) -> None:
        if name in unit.names:
            return
        target = self.resolver.name(unit.module, name)
        if target is None:
            self._unresolved(unit, name, place)
        elif target.kind == "builtin":
            if name == "__file__":
                reason = "in a task the module's file is not there; pass the data as a parameter or an artifact"
                self.report.add(Unsliceable(unit.module.span(place), "`__file__`", reason))
            if name == "globals":
                reason = "only what a step mentions by name goes with it; put what it looks up into a dict"
                self.report.add(Unsliceable(unit.module.span(place), "`globals()`", reason))
        elif target.kind == "module":
            self._members(unit, name, place, into, found, target)
        elif target.kind == "external" and target.dotted.split(".")[0] == "pipec":
            self._marker(unit, name, place, into, target, annotation)
        elif target.kind == "external":
            self._external(unit, name, into)
        else:
            self._definition(unit, name, into, target)

    def _unresolved(self, unit: Unit, name: str, place: ast.AST) -> None:
        if name in ("__file__", "__name__", "__doc__", "__package__", "__spec__"):
            if name == "__file__":
                reason = "in a task the module's file is not there; pass the data as a parameter or an artifact"
                self.report.add(Unsliceable(unit.module.span(place), "`__file__`", reason))
            return
        outside = [s for s in unit.module.stars if self.resolver.module_target(s).kind == "external"]
        if outside:
            what = f"`from {outside[0]} import *`"
            self.report.add(Unsliceable(unit.module.span(place), what, f"{name!r} may come from it; import it by name"))
            return
        self.report.add(UnresolvedName(unit.module.span(place), name, self._step))

    def _definition(self, unit: Unit, name: str, into: list[Key], target: Target) -> None:
        assert target.module is not None
        other = self._unit(target.module, target.name)
        if other is None:
            return
        unit.links[name] = other.key
        into.append(other.key)

    def _external(self, unit: Unit, name: str, into: list[Key]) -> None:
        module, local = unit.module, name
        for _ in range(20):  # through re-exports of the project, to the import that leaves it
            bound = module.bindings.get(local)
            if not bound or not all(isinstance(s.node, (ast.Import, ast.ImportFrom)) for s in bound):
                break
            found = bound[-1].imports[local]
            other = self.resolver.project.module(found.module) if found.attribute else None
            if other is None or found.attribute not in other.bindings:
                break
            module, local = other, found.attribute or ""
        target = self._unit(module, local)
        if target is not None:
            unit.links[name] = target.key
            into.append(target.key)

    def _members(
        self, unit: Unit, name: str, place: ast.AST, into: list[Key], found: References, target: Target
    ) -> None:
        if name in found.bare:
            reason = "the module itself is used as a value; use its functions by name"
            self.report.add(Unsliceable(unit.module.span(place), f"module `{name}`", reason))
            return
        for dotted in sorted(d for d in found.dotted if d.split(".")[0] == name):
            parts = dotted.split(".")
            for length in range(2, len(parts) + 1):
                chain = ".".join(parts[:length])
                member = self.resolver.expression(unit.module, ast.parse(chain, mode="eval").body)
                if member is None:
                    self.report.add(UnresolvedName(unit.module.span(place), chain, self._step))
                    break
                if member.kind == "module":
                    continue
                if member.module is not None and (other := self._unit(member.module, member.name)):
                    unit.links[chain] = other.key
                    into.append(other.key)
                elif member.kind == "external":
                    reason = f"`{chain}` is another library's, re-exported; import it from there"
                    self.report.add(Unsliceable(unit.module.span(place), f"`{chain}`", reason))
                break

    def _marker(self, unit: Unit, name: str, place: ast.AST, into: list[Key], target: Target, annotation: bool) -> None:
        text = _MARKERS.get(target.name)
        if text is None or not annotation:
            reason = "generated code does not import pipec; use it in the pipeline body or in decorators only"
            self.report.add(Unsliceable(unit.module.span(place), f"`{name}`", reason))
            return
        unit.literal[name] = text
        if text == "Path":
            path = self._import(unit.module, "Path", Import("pathlib", "Path", None))
            assert path is not None
            into.append(path.key)
            unit.links.setdefault("Path", path.key)

    # linking

    def link(self, first: Module) -> tuple[Definition, ...]:
        """All definitions in an order that runs, with unique names; those of the module `first` keep theirs."""
        ordered = sorted(self.units.values(), key=lambda u: (u.module is not first, u.order))
        taken: set[str] = set()
        for unit in ordered:
            own: dict[str, str] = {}
            for name in unit.names:
                wanted = name
                if wanted in taken:
                    wanted = f"{unit.module.name.replace('.', '_')}_{name}"
                while wanted in taken:
                    wanted += "_2"
                taken.add(wanted)
                own[name] = wanted
            self.names[unit.key] = own
        return tuple(self._linked(unit) for unit in sorted(self.units.values(), key=_run_order))

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
        return Definition(
            names=tuple(own.values()), kind=unit.kind, source=source, module=unit.module.name,
            original_names=unit.names, eager=self._needed(unit, unit.eager), lazy=self._needed(unit, unit.lazy),
            annotation=self._needed(unit, unit.annotation), distribution=unit.distribution,
            span=unit.module.span(unit.nodes[0]) if unit.kind != "import" else unit.module.span(unit.module.tree),
        )  # fmt: skip

    def _canonical(self, unit: Unit, name: str, key: Key) -> str:
        """The linked name of what `name` means in `unit`: an alias may differ from the definition's own name."""
        found = self.resolver.expression(unit.module, ast.parse(name, mode="eval").body)
        wanted = found.name if found else self.units[key].names[0]
        own = self.names[key]
        return own.get(wanted) or next(iter(own.values()))

    def _needed(self, unit: Unit, keys: list[Key]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(n for k in keys if k != unit.key for n in self.names[k].values()))

    # components

    def closure(self, keys: list[Key]) -> list[Unit]:
        """Everything that `keys` reach, in an order that runs."""
        seen: dict[Key, None] = {}
        todo = list(keys)
        while todo:
            key = todo.pop()
            if key in seen:
                continue
            seen[key] = None
            unit = self.units[key]
            todo += [*unit.eager, *unit.lazy, *unit.annotation, *unit.satellites]
        return sorted((self.units[k] for k in seen), key=_run_order)

    def classes(self, keys: list[Key]) -> list[Key]:
        """The classes among what `keys` reach: instances of them may be in a result."""
        return [u.key for u in self.closure(keys) if u.kind == "class"]

    def complete(self, component: Component, key: Key, arriving: list[Key]) -> Component:
        """`component` with its code: what it reaches, and the classes whose instances may arrive."""
        units = self.closure([key, *arriving])
        code = tuple(dict.fromkeys(n for u in units for n in self.names[u.key].values()))
        own = [node for u in self.closure([key]) for node in u.nodes]
        digest = code_digest(own, component.packages, component.image, component.python)
        assert component.function is not None
        function = self.names[key][component.function]
        return component.model_copy(update={"code": code, "digest": digest, "function": function})


def _run_order(unit: Unit) -> tuple[int, bool, str, tuple[int, int]]:
    if unit.kind == "import":
        first = 0 if unit.distribution is None else 1
        return (first, not unit.source.startswith("import"), unit.source.lower(), unit.order)
    return (2, False, "", unit.order)


def _renamed_import(unit: Unit, own: dict[str, str]) -> str:
    name = unit.names[0]
    found = unit.module.bindings[name][-1].imports.get(name) if name in unit.module.bindings else None
    if found is None or own[name] == name:
        return unit.source
    if found.attribute is None:
        return f"import {found.module} as {own[name]}"
    return f"from {found.module} import {found.attribute} as {own[name]}"


def _rename(source: str, renames: dict[str, str]) -> str:
    from pipec.compiler.pysource import rename_globals

    return rename_globals(source, renames)


def _mutations(module: Module, name: str) -> list[TopLevel]:
    """Top-level statements that change what `name` is bound to: `X.append(1)`, `X["a"] = 1`, `np.random.seed(0)`."""
    return module.changes.get(name, [])
