"""The order in which importing a module runs the top-level statements of the project's modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeAlias

from pipec.compiler.frontend.bindings import header, inner_statements
from pipec.compiler.frontend.project import Module, Project

Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Execution:
    """Follows imports the way Python does: a module runs where it is first imported, its packages before it."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.modules: list[Module] = []
        """The modules that run, in the order in which they start."""
        self._places: dict[tuple[str, int], int] = {}
        self._started: set[str] = set()

    def run(self, module: Module) -> None:
        """Import `module`, unless it has been."""
        if module.name in self._started:
            return
        self._started.add(module.name)
        package = module.name.rpartition(".")[0]
        if package:
            self._import(package)
        self.modules.append(module)
        for statement in module.statements:
            for dotted in [*_imported(module, statement.node), *self._imported_by_calls(module, statement.node)]:
                self._import(dotted)
            self._places[module.name, statement.index] = len(self._places)

    def place(self, module: Module, index: int) -> int:
        """When the statement `index` of `module` runs."""
        self.run(module)
        return self._places.get((module.name, index), -1)

    def _imported_by_calls(self, module: Module, node: ast.stmt) -> Iterator[str]:
        """The modules that functions of the project import which a statement calls, or decorates with."""
        todo: list[tuple[Module, ast.AST]] = [(module, part) for part in _evaluated(node)]
        seen: set[tuple[str, str]] = set()
        while todo:
            here, part = todo.pop()
            for name in (n for n in ast.walk(part) if isinstance(n, (ast.Name, ast.Attribute))):
                found = self._definition(here, name)
                if found is None or (found[0].name, found[1].name) in seen:
                    continue
                owner, definition = found
                seen.add((owner.name, definition.name))
                todo.append(found)
                for inner in ast.walk(definition):
                    if isinstance(inner, (ast.Import, ast.ImportFrom)):
                        yield from _imported(owner, inner)

    def _definition(self, module: Module, name: ast.Name | ast.Attribute) -> tuple[Module, Definition] | None:
        """The function or class of the project that `f` or `module.f` is."""
        wanted, owner = (name.id, module) if isinstance(name, ast.Name) else (name.attr, None)
        if isinstance(name, ast.Attribute) and isinstance(name.value, ast.Name):
            found = module.imported(name.value.id)
            dotted = "" if found is None else ".".join(filter(None, (found.module, found.attribute)))
            owner = self.project.module(dotted) if dotted and dotted.split(".")[0] != "pipec" else None
        for _ in range(20):
            bound = owner.bindings.get(wanted) if owner is not None else None
            if owner is None or not bound:
                return None
            if isinstance(bound[-1].node, _DEFINITIONS):
                return owner, bound[-1].node
            found = bound[-1].imports.get(wanted)
            if found is None or found.attribute is None or found.module.split(".")[0] == "pipec":
                return None
            owner, wanted = self.project.module(found.module), found.attribute
        return None

    def _import(self, dotted: str) -> None:
        if dotted.split(".")[0] == "pipec":
            return
        parts = dotted.split(".")
        for length in range(1, len(parts) + 1):
            found = self.project.module(".".join(parts[:length]))
            if found is not None:
                self.run(found)


def _imported(module: Module, node: ast.stmt) -> Iterator[str]:
    """The modules that a statement imports when it runs, also from blocks inside of it."""
    match node:
        case ast.Import():
            yield from (a.name for a in node.names)
        case ast.ImportFrom():
            owner = module.absolute(node)
            yield owner
            yield from (f"{owner}.{a.name}" for a in node.names if a.name != "*")
        case _:
            for child in inner_statements(node):
                yield from _imported(module, child)


def _evaluated(node: ast.stmt) -> Iterator[ast.AST]:
    """What of a top-level statement may call something while its module is imported."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield from node.decorator_list
        case ast.Import() | ast.ImportFrom():
            return
        case _:
            if any(isinstance(n, ast.Call) for n in ast.walk(node)):
                yield from header(node)
                for child in inner_statements(node):
                    yield from _evaluated(child)
