"""One definition on its way from a module of the project into generated code."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from pipec.compiler.diagnostics import Finding
from pipec.compiler.frontend.project import Module

Key = tuple[str, str]
"""Module and name; for an import the statement's text and the bound name."""


@dataclass
class Unit:
    """One definition before it is linked."""

    key: Key
    names: tuple[str, ...]
    kind: str
    module: Module
    nodes: list[ast.stmt]
    source: str
    order: int
    """When it runs, among all statements of the project."""
    inner: Module | None = None
    """`module` as if its top level imported what the functions of `nodes` do."""
    connected: bool = False
    """Whether its names have been looked up."""
    links: dict[str, Key] = field(default_factory=dict)
    """Name (or dotted name) in the source -> the unit it means."""
    places: dict[str, ast.AST] = field(default_factory=dict)
    """Name in the source -> where it is first mentioned."""
    literal: dict[str, str] = field(default_factory=dict)
    """Name in the source -> text that stands for it."""
    eager: list[Key] = field(default_factory=list)
    lazy: list[Key] = field(default_factory=list)
    annotation: list[Key] = field(default_factory=list)
    values: list[Key] = field(default_factory=list)
    """What it hands on as an object, among what it needs."""
    ambiguous: dict[str, ast.AST] = field(default_factory=dict)
    library: str = ""
    """For an import: the top-level package it loads."""
    distribution: str | None = None
    """The same, unless it belongs to Python."""
    satellites: list[Key] = field(default_factory=list)
    """Statements that change the definition in place."""
    problems: list[Finding] = field(default_factory=list)
    """What is wrong with it, told once something needs it."""
    told: bool = False

    @property
    def scope(self) -> Module:
        """Where its names are looked up."""
        return self.inner or self.module

    def needs(self) -> list[Key]:
        """Everything that must be there when it is."""
        return [*self.eager, *self.lazy, *self.annotation, *self.satellites]
