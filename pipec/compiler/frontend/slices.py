"""Code slices: the definitions that each step reaches, taken out of their modules under unique names."""

from __future__ import annotations

import ast
import sys
import textwrap
from collections.abc import Iterable

from pipec.compiler.diagnostics import Report
from pipec.compiler.frontend.bindings import Import
from pipec.compiler.frontend.connect import connect
from pipec.compiler.frontend.digest import code_digest
from pipec.compiler.frontend.effects import Effect, Effects
from pipec.compiler.frontend.extract import (
    import_text,
    joined,
    kind_of,
    makes_class,
    statement_source,
    without_decorators,
)
from pipec.compiler.frontend.linking import Linker
from pipec.compiler.frontend.nested import hoisted
from pipec.compiler.frontend.project import Module, TopLevel
from pipec.compiler.frontend.refusals import rebound_imports
from pipec.compiler.frontend.resolve import Resolver
from pipec.compiler.frontend.sliced import Key, Unit
from pipec.compiler.frontend.together import together
from pipec.compiler.pysource import rename_free
from pipec.ir import Component, Definition


class Slicer:
    """Finds what steps reach; then `link` gives each definition its place and name."""

    def __init__(self, resolver: Resolver, report: Report, first: Module, effects: Effects) -> None:
        self.resolver = resolver
        self.report = report
        self.first = first
        self.effects = effects
        self.units: dict[Key, Unit] = {}
        self.step = ""
        """The step that is being sliced, for messages."""
        self.left_out: dict[Key, Effect] = {}
        """Settings of the process that cannot go with a step."""
        self._reached: dict[Key, None] = {}
        self._together: dict[str, dict[str, list[TopLevel]]] = {}
        self._keys: dict[tuple[str, str], Key] = {}
        """Module and name -> unit, which may bind several."""
        self._names: dict[Key, dict[str, str]] = {}
        self._libraries: dict[Key, frozenset[str]] = {}

    # reaching

    def reach(self, module: Module, name: str, step: str) -> Key | None:
        """Collect the definition of `name` and everything it needs."""
        self.step = step
        self.effects.include(module)
        start = self.unit(module, name)
        if start is None:
            return None
        units = self.closure([start.key])
        for unit in units:
            self._reached[unit.key] = None
            if not unit.told:
                unit.told = True
                for problem in unit.problems:
                    self.report.add(problem)
        for problem in rebound_imports(units, self.units):
            self.report.add(problem)
        return start.key

    def unit(self, module: Module, name: str) -> Unit | None:
        """The unit of what binds `name` in `module`."""
        bound = module.bindings.get(name)
        if not bound:
            return None
        if len(bound) == 1 and name in bound[0].imports and isinstance(bound[0].node, (ast.Import, ast.ImportFrom)):
            return self.import_unit(module, name, bound[0].imports[name], bound[0].index)
        key = self._keys.get((module.name, name))
        if key is None:
            self.effects.include(module)
            if module.name not in self._together:
                self._together[module.name] = together(self.resolver, self.effects, module)
            statements = self._together[module.name].get(name, bound)
            names = tuple(dict.fromkeys(n for s in statements for n in s.binds))
            key = (module.name, names[0])
            self._keys |= dict.fromkeys(((module.name, n) for n in names), key)
            kind = kind_of(bound[0].node) if len(statements) == 1 else "block"
            inner = hoisted(self.resolver, module, [s.node for s in statements])
            self.units[key] = Unit(
                key, names, kind, module, [without_decorators(self.resolver, module, n) for n in inner.nodes],
                joined(self.resolver, inner.scope, statements, inner.lines),
                self.effects.execution.place(module, statements[-1].index), inner.scope,
            )  # fmt: skip
        return self.units[key]

    def import_unit(self, module: Module, name: str, found: Import, index: int = -1) -> Unit:
        """The unit of an import of one name."""
        text = import_text(name, found)
        key = (f"import {text}", name)
        place = self.effects.execution.place(module, index)
        if key not in self.units:
            top = found.module.split(".")[0]
            known = top in sys.stdlib_module_names or top == "__future__"
            self.units[key] = Unit(
                key, (name,), "import", module, [ast.parse(text).body[0]], text, place, connected=True,
                library=top, distribution=None if known else top,
            )  # fmt: skip
        self.units[key].order = min(self.units[key].order, place)
        return self.units[key]

    def typing_unit(self, module: Module, names: tuple[str, ...], text: str, where: str = "") -> tuple[Unit, bool]:
        """The unit of a statement that only type checkers see, and whether it is a new one; `where`: its module, where
        the text alone does not say what it means."""
        key = (f"typing {where} {text}", names[0])
        if is_new := key not in self.units:
            source = f"if TYPE_CHECKING:\n{textwrap.indent(text, '    ')}"
            unit = Unit(key, names, "block", module, ast.parse(source).body, source, -1, connected=True)
            asked = self.import_unit(module, "TYPE_CHECKING", Import("typing", "TYPE_CHECKING", None))
            unit.eager.append(asked.key)
            unit.links["TYPE_CHECKING"] = asked.key
            self.units[key] = unit
        return self.units[key], is_new

    def effect_unit(self, effect: Effect) -> Unit | None:
        """The unit of a statement that changes something."""
        module, statement = effect.module, effect.statement
        if statement.binds:
            return self.unit(module, statement.binds[0])
        key = (module.name, f"#{statement.index}")
        if key not in self.units:
            self.units[key] = Unit(
                key, (f"_{module.name.replace('.', '_')}_setup_{statement.index}",), "block", module, [statement.node],
                statement_source(self.resolver, module, statement),
                self.effects.execution.place(module, statement.index),
            )  # fmt: skip
        return self.units[key]

    def is_named(self, module: Module) -> bool:
        """Whether `__name__` in `module` is known: a module that is built may also be run as a script."""
        return module is not self.first

    # closures

    def closure(self, keys: Iterable[Key]) -> list[Unit]:
        """Everything that `keys` reach, in an order that runs."""
        seen: dict[Key, None] = {}
        self._gather(list(keys), seen)
        mentioned = {self.units[k].library for k in seen}
        while todo := self._settings(seen, mentioned):
            self._gather(todo, seen)
        return self._in_order(seen)

    def _gather(self, todo: list[Key], seen: dict[Key, None]) -> None:
        while todo:
            key = todo.pop()
            if key in seen:
                continue
            seen[key] = None
            unit = self.units[key]
            if not unit.connected:
                unit.connected = True
                connect(self, unit)
                for name in unit.names:
                    made = [self.effect_unit(e) for e in self.effects.of(unit.module, name)]
                    unit.satellites += [u.key for u in made if u and u is not unit and u.key not in unit.satellites]
            todo += unit.needs()

    def _settings(self, seen: dict[Key, None], mentioned: set[str]) -> list[Key]:
        """The statements that set something outside of the project for the code in `seen`, which mentions libraries."""
        ours = {self.units[k].distribution for k in seen}
        found = []
        for effect in self.effects.outside:
            own = any(dotted.split(".")[0] in mentioned for dotted in effect.outside)
            unit = self.effect_unit(effect) if own or effect.everywhere else None
            if unit is None or unit.key in seen or not self._needed_by(unit.key) <= ours:
                continue
            if own or not any(self.units[k].problems for k in self._alone(unit.key)):
                found.append(unit.key)
            else:
                self.left_out[unit.key] = effect
        return found

    def _alone(self, key: Key) -> dict[Key, None]:
        seen: dict[Key, None] = {}
        self._gather([key], seen)
        return seen

    def _needed_by(self, key: Key) -> frozenset[str]:
        """The libraries besides Python's own that a unit needs."""
        if key not in self._libraries:
            found = (self.units[k].distribution for k in self._alone(key))
            self._libraries[key] = frozenset(d for d in found if d is not None)
        return self._libraries[key]

    def _in_order(self, keys: Iterable[Key]) -> list[Unit]:
        """Python's own imports, libraries, and the rest; a library after the settings made before it is imported."""
        units = [self.units[k] for k in keys]
        outside = {self._key_of(e) for e in self.effects.outside}
        first = min((u.order for u in units if u.key in outside and u.kind != "import"), default=sys.maxsize)

        def place(unit: Unit) -> tuple[int, bool, str, int]:
            if unit.kind == "import" and (unit.distribution is None or unit.order < first):
                group = 0 if unit.distribution is None else 1
                return (group, not unit.source.startswith("import"), unit.source.lower(), unit.order)
            return (2, False, "", unit.order)

        return sorted(units, key=place)

    def _key_of(self, effect: Effect) -> Key:
        names = effect.statement.binds
        if not names:
            return (effect.module.name, f"#{effect.statement.index}")
        return self._keys.get((effect.module.name, names[0]), (effect.module.name, names[0]))

    @property
    def reached(self) -> list[Unit]:
        """What all steps reach."""
        return [self.units[k] for k in self._reached]

    # results

    def link(self) -> tuple[Definition, ...]:
        """All definitions in an order that runs, with unique names; those of the module `first` keep theirs."""
        linker = Linker(self.resolver, self.report, self.units, self.first)
        definitions = linker.link(self._in_order(self._reached))
        self._names = linker.names
        return definitions

    def travelling(self, keys: list[Key]) -> list[Key]:
        """The classes among what `keys` reach, whose instances may be in a result, and functions that may be."""
        units = self.closure(keys)
        handed = {k for u in units for k in u.values}
        return [
            u.key
            for u in units
            if u.kind == "class" or makes_class(u.nodes) or (u.key in handed and u.kind in ("function", "block"))
        ]

    def complete(self, component: Component, keys: list[Key], arriving: list[Key]) -> Component:
        """`component` with its code: what it reaches, and the classes whose instances may arrive."""
        units = [u for u in self.closure([*keys, *arriving]) if u.key in self._names]
        code = tuple(dict.fromkeys(n for u in units for n in self._names[u.key].values()))
        own = [node for u in self.closure(keys) for node in u.nodes]
        if component.native is not None:
            renamed = {old: new for key in keys for old, new in self._names[key].items() if old != new}
            source = rename_free(component.native.source, renamed)
            native = component.native.model_copy(update={"source": source})
            return component.model_copy(update={"code": code, "native": native})
        digest = code_digest(own, component.packages, component.image, component.python)
        assert component.function is not None
        function = self._names[keys[0]][component.function]
        return component.model_copy(update={"code": code, "digest": digest, "function": function})
