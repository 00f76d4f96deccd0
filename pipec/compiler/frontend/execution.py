"""The order in which importing a module runs the top-level statements of the project's modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pipec.compiler.frontend.bindings import header, inner_statements
from pipec.compiler.frontend.project import Module
from pipec.compiler.frontend.resolve import Resolver


class Execution:
    """Follows imports the way Python does: a module runs where it is first imported, its packages before it."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self.project = resolver.project
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
        seen: set[str] = set()
        while todo:
            here, part = todo.pop()
            for name in (n for n in ast.walk(part) if isinstance(n, (ast.Name, ast.Attribute))):
                found = self.resolver.expression(here, name)
                if found is None or found.module is None or found.kind not in ("function", "class"):
                    continue
                if found.dotted in seen or found.node is None:
                    continue
                seen.add(found.dotted)
                todo.append((found.module, found.node))
                for inner in ast.walk(found.node):
                    if isinstance(inner, (ast.Import, ast.ImportFrom)):
                        yield from _imported(found.module, inner)

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
