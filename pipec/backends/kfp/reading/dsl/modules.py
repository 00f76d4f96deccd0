"""Imports of the file that is read: libraries are known by name alone; modules of the project are read as well."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.backends.kfp.reading.dsl import library_values
from pipec.backends.kfp.reading.dsl.problems import Problem, Unknown
from pipec.backends.kfp.reading.dsl.scope import FileModule, Lazy, Scope
from pipec.compiler.pysource.syntax import parsed
from pipec.compiler.reading import Source, absolute_imports

if TYPE_CHECKING:
    from pipec.backends.kfp.reading.dsl.machine import Machine

_SDK = ("kfp", "kfp_kubernetes", "typing", "typing_extensions")


class Modules:
    """The project's own modules that have been read."""

    def __init__(self, machine: Machine, source: Source) -> None:
        self._machine = machine
        self._root = source.root
        self._main = source
        self._loaded: dict[Path, Scope] = {}

    def imported(self, node: ast.Import, scope: Scope) -> None:
        """`import a.b`."""
        for alias in node.names:
            if alias.asname:
                scope.bind(alias.asname, self._lazy(self._module, alias.name, scope))
            else:
                top = alias.name.split(".")[0]
                scope.bind(top, self._lazy(self._module, top, scope))

    def imported_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        """`from a.b import c`."""
        name = "." * node.level + (node.module or "")
        if name == "__future__":
            return
        for alias in node.names:
            if alias.name == "*":
                found = self._find(name, scope)
                values = library_values.star(name) if found is None else self._load(found, name).values
                scope.values |= {key: value for key, value in values.items() if not key.startswith("_")}
            else:
                scope.bind(alias.asname or alias.name, self._lazy(self._member, name, alias.name, scope))

    def _lazy(self, look_up: Callable[..., Any], *arguments: Any) -> Lazy:
        return Lazy(lambda: look_up(*arguments))

    def _member(self, module: str, name: str, scope: Scope) -> Any:
        found = self._find(module, scope)
        if found is None:
            inner = self._find(f"{module}.{name}" if not module.endswith(".") else module + name, scope)
            if inner is not None:
                return self._load(inner, name)
            if module.startswith("."):
                return Unknown(Problem(f"`{name}`", f"there is no module `{module}` beside this file"))
            return library_values.value(f"{module}.{name}")
        loaded = self._load(found, module)
        if name in loaded.values:
            return loaded.own(name)
        inner = self._find(f"{module}.{name}", scope)
        if inner is not None:
            return self._load(inner, name)
        return Unknown(Problem(f"`{name}`", f"the module `{module}` does not define it"))

    def _module(self, name: str, scope: Scope) -> Any:
        found = self._find(name, scope)
        return library_values.value(name) if found is None else self._load(found, name)

    def _find(self, name: str, scope: Scope) -> Path | None:
        """The file of a module of the project."""
        source = scope.module.source
        if name.split(".")[0] in _SDK:
            return None
        candidates = source.modules(name)
        if source.path != self._main.path and not name.startswith("."):
            candidates = [*self._main.modules(name), *candidates]
        return next((file for file in candidates if file.is_file()), None)

    def _load(self, path: Path, name: str) -> Scope:
        if path in self._loaded:
            return self._loaded[path]
        try:
            text = absolute_imports(path.read_text(encoding="utf-8-sig").replace("\r\n", "\n"), path, self._root)
            tree = parsed(text)
        except (OSError, SyntaxError, ValueError) as error:
            raise Problem(f"the module `{name}`", f"it cannot be read: {error}") from None
        try:
            file = path.relative_to(self._root).as_posix()
        except ValueError:
            file = path.name
        module = FileModule(Source(path, file, text, self._root), tree, name.lstrip(".") or path.stem)
        self._loaded[path] = Scope(module)  # modules that import each other see what is there so far
        recorder, self._machine.recorder = self._machine.recorder, None
        try:
            loaded = self._machine.load(module)
        finally:
            self._machine.recorder = recorder
        self._loaded[path].values |= loaded.values
        return self._loaded[path]
