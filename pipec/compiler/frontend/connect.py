"""The names in a definition, looked up: each one is another definition, an import, or a reason to refuse."""

from __future__ import annotations

import ast
import textwrap
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics.source import UnresolvedName, Unsliceable
from pipec.compiler.frontend import refusals
from pipec.compiler.frontend.bindings import Import, bound_names, checks_types
from pipec.compiler.frontend.extract import import_text
from pipec.compiler.frontend.project import Module
from pipec.compiler.frontend.references import References, references
from pipec.compiler.frontend.resolve import Target
from pipec.compiler.frontend.sliced import Key, Unit

if TYPE_CHECKING:
    from pipec.compiler.frontend.slices import Slicer

_MARKERS = {
    "Metrics": "dict[str, float]", "ClassificationMetrics": "dict", "Dataset": "Path", "Model": "Path", "HTML": "Path",
    "Markdown": "Path",
}  # fmt: skip
"""pipec's annotations in plain Python's words: generated code needs no pipec."""


def connect(slicer: Slicer, unit: Unit) -> None:
    """Fill in what `unit` needs, and what is wrong with it."""
    for node in unit.nodes:
        found = references(node)
        unit.problems += refusals.of_statement(slicer.resolver, unit, node, found)
        unit.ambiguous |= found.ambiguous
        for kind in ("eager", "lazy", "annotation"):
            for name, place in getattr(found, kind).items():
                unit.places.setdefault(name, place)
                _Names(slicer, unit, found, getattr(unit, kind), kind == "annotation").look_up(name, place)
        # annotations may mention what is defined later, or the class itself: they must not be evaluated then
        postponed = [unit.links[n] for n in sorted(found.annotated - {*found.annotation}) if n in unit.links]
        units = {k: slicer.units[k] for k in postponed if k not in unit.eager}
        # and the import of a library may have gone into the functions that use it
        unit.annotation += [k for k, u in units.items() if u.kind != "import" or u.distribution is not None]
        unit.annotation += [unit.key] if not found.annotated.isdisjoint(unit.names) else []
        unit.values += [unit.links[name] for name in sorted(found.values) if name in unit.links]


class _Names:
    """Looks up the names of one statement that are needed at one time."""

    def __init__(self, slicer: Slicer, unit: Unit, found: References, into: list[Key], annotation: bool) -> None:
        self.slicer = slicer
        self.resolver = slicer.resolver
        self.unit = unit
        self.found = found
        self.into = into
        self.annotation = annotation

    def look_up(self, name: str, place: ast.AST) -> None:
        """Link `name`, or say why not."""
        unit = self.unit
        if name in unit.names:
            return
        if name not in unit.module.bindings and name in refusals.DUNDERS:
            self._dunder(name, place)
            return
        target = self.resolver.name(unit.scope, name)
        if self._only_checked(name):
            if self.annotation:
                self._typing(name, target)
            else:
                unit.problems.append(UnresolvedName(unit.module.span(place), name, self.slicer.step))
        elif target is None:
            self._unresolved(name, place)
        elif target.kind == "builtin":
            unit.problems += refusals.of_builtin(self.resolver, unit, name, place, self.annotation)
        elif refused := refusals.of_conditional_import(self.resolver, unit.module, name):
            unit.problems.append(refused)
        elif target.kind == "module":
            self._members(name, place, target)
        elif target.kind == "external" and target.dotted.split(".")[0] == "pipec":
            self._marker(name, place, target)
        elif target.kind == "external":
            self._external(name, unit.scope, name)
        else:
            self._definition(name, target)

    def _only_checked(self, name: str) -> bool:
        """Whether only type checkers see what binds `name`."""
        module = self.unit.scope
        unbound = name not in module.bindings and self.resolver.star_of(module, name) is None
        return unbound and (name in module.typing_imports or (self.annotation and name in module.typing_names))

    def _typing(self, name: str, target: Target | None) -> None:
        module = self.unit.scope
        if name not in module.typing_imports:
            self._link(name, self._checked(module, name))
        elif target is None:
            return
        elif target.kind == "module":
            self._members(name, self.unit.places[name], target)
        elif target.kind == "external" and target.dotted.split(".")[0] == "pipec":
            self._marker(name, self.unit.places[name], target)
        elif target.kind == "external":
            text = import_text(name, module.typing_imports[name])
            self._link(name, self.slicer.typing_unit(module, (name,), text)[0])
        elif target.module is not None:
            self._definition(name, target)

    def _checked(self, module: Module, name: str) -> Unit:
        """The unit of what only type checkers see: nothing of it exists when the code runs."""
        node = module.typing_names[name]
        names, text = bound_names(node), textwrap.dedent(module.segment(node))
        unit, is_new = self.slicer.typing_unit(module, names, text, module.name)
        if not is_new:
            return unit
        index = next(s.index for s in module.statements if checks_types(s.node) and node in s.node.body)  # type: ignore[attr-defined]
        unit.order = self.slicer.effects.execution.place(module, index)
        found = references(node)
        for other, place in found.all().items():
            unit.places.setdefault(other, place)
            _Names(self.slicer, unit, found, unit.annotation, True).look_up(other, place)
        return unit

    def _dunder(self, name: str, place: ast.AST) -> None:
        unit = self.unit
        if name == "__doc__":
            unit.literal[name] = repr(ast.get_docstring(unit.module.tree, clean=False))
        elif name == "__name__":
            if unit.kind == "block":
                reason = "it decides by `__name__`, which is another one in a task"
                unit.problems.append(Unsliceable(unit.module.span(place), f"`{unit.names[0]}`", reason))
            elif self.slicer.is_named(unit.module) and not refusals.names_module(unit.nodes):
                unit.literal[name] = f'"{unit.module.name}"'
        else:
            unit.problems.append(Unsliceable(unit.module.span(place), f"`{name}`", refusals.DUNDERS[name]))

    def _unresolved(self, name: str, place: ast.AST) -> None:
        unit, module = self.unit, self.unit.module
        span = module.span(place)
        missing = refusals.of_missing(self.resolver, module, name, span, self.slicer.step)
        if refusals.binds_globally(module, name):
            reason = "only `global` in a function binds it; bind it at the top level of the module, also to `None`"
            unit.problems.append(Unsliceable(span, f"`{name}`", reason))
        elif isinstance(missing, UnresolvedName) and (star := refusals.of_star(self.resolver, module, name, span)):
            unit.problems.append(star)
        else:
            unit.problems.append(missing)

    def _link(self, name: str, other: Unit | None) -> None:
        if other is not None:
            self.unit.links[name] = other.key
            self.into.append(other.key)

    def _definition(self, name: str, target: Target) -> None:
        assert target.module is not None
        self._link(name, self.slicer.unit(target.module, target.name))

    def _external(self, name: str, module: Module, local: str) -> None:
        for _ in range(20):  # through re-exports of the project, to the import that leaves it
            star = self.resolver.star_of(module, local)
            if isinstance(star, Module):
                module = star
                continue
            bound = module.bindings.get(local)
            if not bound or not all(isinstance(s.node, (ast.Import, ast.ImportFrom)) for s in bound):
                break
            found = bound[-1].imports[local]
            other = self.resolver.project.module(found.module) if found.attribute else None
            if other is None or not _binds(self.slicer, other, found.attribute or ""):
                break
            module, local = other, found.attribute or ""
        self._link(name, self.slicer.unit(module, local))

    def _members(self, name: str, place: ast.AST, target: Target) -> None:
        unit = self.unit
        span = unit.module.span(place)
        chains = sorted(d for d in self.found.dotted if d.split(".")[0] == name)
        if name in self.found.bare and not self.annotation:
            reason = "the module itself is used as a value; use its functions by name"
            unit.problems.append(Unsliceable(span, f"module `{name}`", reason))
            return
        for dotted in chains:
            self._member(dotted, place)

    def _member(self, dotted: str, place: ast.AST) -> None:
        unit, parts = self.unit, dotted.split(".")
        here = unit.module.span(self.found.stored.get(dotted, place))
        owner: Target | None = None
        for length in range(1, len(parts) + 1):
            chain = ".".join(parts[:length])
            member = self.resolver.expression(unit.scope, ast.parse(chain, mode="eval").body)
            if member is None:
                if self.annotation:
                    return
                if parts[length - 1] in refusals.DUNDERS:
                    reason = refusals.DUNDERS[parts[length - 1]] or "a task has no such module"
                    unit.problems.append(Unsliceable(here, f"`{chain}`", reason))
                elif owner is not None and owner.module is not None:
                    wanted = parts[length - 1]
                    missing = refusals.of_missing(self.resolver, owner.module, wanted, here, self.slicer.step, chain)
                    unit.problems.append(missing)
                return
            if member.kind != "module":
                break
            owner = member
        else:
            return
        if chain == dotted and dotted in self.found.stored:
            reason = "it would not be changed for the code that uses it; change it in a function of its own module"
            unit.problems.append(Unsliceable(here, f"the assignment to `{dotted}`", reason))
        elif member.module is not None:
            self._link(chain, self.slicer.unit(member.module, member.name))
        elif member.kind == "external" and owner is not None and owner.module is not None:
            self._external(chain, owner.module, parts[length - 1])

    def _marker(self, name: str, place: ast.AST, target: Target) -> None:
        chains = {d: d.split(".")[1] for d in self.found.dotted if d.split(".")[0] == name}
        if target.dotted != "pipec":
            chains = {name: target.name}
        for chain, marker in sorted(chains.items()) or [(name, "")]:
            text = _MARKERS.get(marker)
            if text is None:
                reason = "generated code does not import pipec; use it in the pipeline body or in decorators only"
                self.unit.problems.append(Unsliceable(self.unit.module.span(place), f"`{chain}`", reason))
                continue
            self.unit.literal[".".join(chain.split(".")[:2])] = text
            if text == "Path":
                path = self.slicer.import_unit(self.unit.module, "Path", Import("pathlib", "Path", None))
                self.into.append(path.key)
                self.unit.links.setdefault("Path", path.key)


def _binds(slicer: Slicer, module: Module, name: str) -> bool:
    return name in module.bindings or slicer.resolver.star_of(module, name) is not None
