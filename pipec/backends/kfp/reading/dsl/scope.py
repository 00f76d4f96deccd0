"""Names and their values, and the module that they stand in."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.kfp.reading.dsl.problems import Problem, Unknown
from pipec.compiler.reading import Source

FIRST_VERSION = re.compile(r"\b(ContainerOp|func_to_container_op|create_component_from_func)\b")
"""What only files for version 1 of the SDK mention."""


@dataclass(eq=False)
class FileModule:
    """One file that is read."""

    source: Source
    tree: ast.Module
    name: str = "__main__"
    annotations_are_texts: bool = False
    first_version: bool = False
    """Whether it is written for version 1 of the SDK."""

    def __post_init__(self) -> None:
        self.first_version = bool(FIRST_VERSION.search(self.source.text))
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                self.annotations_are_texts |= any(one.name == "annotations" for one in node.names)


@dataclass(eq=False)
class Lazy:
    """The value of an import, which is looked up where it is used: most of a project is never read."""

    load: Callable[[], Any]


@dataclass(eq=False)
class Scope:
    """A block of names. Looks into its parents as Python does."""

    module: FileModule
    parent: Scope | None = None
    values: dict[str, Any] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    """Names that `global` or `nonlocal` gave to a parent."""

    def find(self, name: str) -> Any:
        """The value of `name`. Raises `KeyError` where it has none, and the problem of one that is not known."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                value = scope.own(name)
                if isinstance(value, Unknown):
                    raise value.problem
                return value
            scope = scope.parent
        raise KeyError(name)

    def has(self, name: str) -> bool:
        """Whether `name` has a value, known or not."""
        return name in self.values or (self.parent is not None and self.parent.has(name))

    def peek(self, name: str) -> Any:
        """The value of `name`, or why it is not known."""
        return self.own(name) if name in self.values or self.parent is None else self.parent.peek(name)

    def own(self, name: str) -> Any:
        """The value that `name` has in this very scope, known or not."""
        value = self.values[name]
        if isinstance(value, Lazy):
            self.values[name] = Unknown(Problem(f"`{name}`", "its imports lead in a circle"))
            try:
                value = value.load()
            except Problem as problem:
                value = Unknown(problem)
            self.values[name] = value
        return value

    def bind(self, name: str, value: Any) -> None:
        """Give `name` a value here, or where `global` and `nonlocal` say."""
        scope = self
        if name in self.shared:
            while scope.parent is not None and (name not in scope.values or scope is self):
                scope = scope.parent
        scope.values[name] = value

    @property
    def top(self) -> Scope:
        """The scope of the module."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope
