"""The order in which importing a module runs the top-level statements of the project's modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pipec.compiler.frontend.bindings import inner_statements
from pipec.compiler.frontend.project import Module, Project


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
            for dotted in _imported(module, statement.node):
                self._import(dotted)
            self._places[module.name, statement.index] = len(self._places)

    def place(self, module: Module, index: int) -> int:
        """When the statement `index` of `module` runs."""
        self.run(module)
        return self._places.get((module.name, index), -1)

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
