"""What a name of a module refers to, followed through the project's imports."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Set
from dataclasses import dataclass
from typing import Any, Literal

import pipec
from pipec.compiler.frontend.bindings import Import
from pipec.compiler.frontend.constants import NotConstantError, evaluate
from pipec.compiler.frontend.project import Module, Project, TopLevel

OURS = frozenset(pipec.__all__)
"""What `from pipec import *` binds."""

Kind = Literal["function", "class", "constant", "module", "external", "builtin", "block"]


@dataclass(frozen=True)
class Target:
    """The thing behind a name."""

    kind: Kind
    dotted: str
    """Absolute dotted name: "features.clean", "pandas.DataFrame", "len"."""
    module: Module | None = None
    """Where it is defined, if in the project; for "module", the module itself."""
    node: ast.AST | None = None
    """The definition; for a constant, its value expression."""

    @property
    def name(self) -> str:
        """The last part of the dotted name."""
        return self.dotted.rpartition(".")[2]


class Resolver:
    """Follows names from module to module; never imports."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._constants: dict[tuple[str, str], Any] = {}
        self._open: set[tuple[str, str]] = set()
        self.changed: Set[tuple[str, str]] = frozenset()
        """Module and name of what the top levels of the project's modules change in place."""

    def expression(self, module: Module, node: ast.expr, seen: int = 0) -> Target | None:
        """What a name or dotted name refers to; `None` where nothing binds it or it is no name."""
        match node:
            case ast.Name():
                return self.name(module, node.id, seen)
            case ast.Attribute():
                owner = self.expression(module, node.value, seen)
                if owner is None:
                    return None
                if owner.kind == "module":
                    return self._member(owner, node.attr, seen)
                if owner.kind == "external":
                    return Target("external", f"{owner.dotted}.{node.attr}")
        return None

    def name(self, module: Module, name: str, seen: int = 0) -> Target | None:
        """What `name` is at the end of `module`."""
        star = self.star_of(module, name, seen)
        if star is not None:
            return Target("external", f"pipec.{name}") if star == "pipec" else self.name(star, name, seen + 1)
        bound = module.bindings.get(name)
        if bound is None:
            if name in module.typing_imports:
                return self._imported(module.typing_imports[name], name, seen)
            return Target("builtin", name) if hasattr(builtins, name) else None
        statement = bound[-1]
        dotted = f"{module.name}.{name}" if module.name else name
        if name in statement.imports:
            return self._imported(statement.imports[name], name, seen)
        return self._defined(statement, name, dotted, module)

    def star_of(self, module: Module, name: str, seen: int = 0) -> Module | Literal["pipec"] | None:
        """The module whose star import binds `name` in `module`, below whatever else binds it there."""
        last = module.bindings[name][-1].index if name in module.bindings else -1
        for index, star in sorted(module.stars.items(), reverse=True):
            if index < last or seen > 20:
                break
            if star.split(".")[0] == "pipec" and name in OURS:
                return "pipec"
            other = self.project.module(star) if star != module.name and star.split(".")[0] != "pipec" else None
            if other and self._exports(other, name, seen + 1):
                return other
        return None

    def _exports(self, module: Module, name: str, seen: int) -> bool:
        """Whether a star import of `module` binds `name`."""
        listed = all_of(module)
        if name not in listed if listed is not None else name.startswith("_"):
            return False
        return name in module.bindings or self.star_of(module, name, seen) is not None

    def _imported(self, found: Import, name: str, seen: int) -> Target | None:
        if seen > 20:
            return None
        if found.attribute is None:
            wanted = found.module if found.alias else found.module.split(".")[0]
            return self.module_target(wanted)
        if found.module.split(".")[0] == "pipec":
            return Target("external", f"{found.module}.{found.attribute}")
        owner = self.module_target(found.module)
        return self._member(owner, found.attribute, seen)

    def module_target(self, dotted: str) -> Target:
        """The module `dotted`: the project's, or an external one."""
        if dotted.split(".")[0] == "pipec":
            return Target("external", dotted)
        module = self.project.module(dotted)
        if module is not None:
            return Target("module", dotted, module)
        return Target("module" if self.project.has_package(dotted) else "external", dotted)

    def _member(self, owner: Target, name: str, seen: int) -> Target | None:
        if owner.kind != "module":
            return Target("external", f"{owner.dotted}.{name}")
        if owner.module and (name in owner.module.bindings or owner.module.stars):
            found = self.name(owner.module, name, seen + 1)
            if found and found.kind != "builtin":
                return found
        inner = self.module_target(f"{owner.dotted}.{name}")
        return inner if inner.kind == "module" else None

    def _defined(self, statement: TopLevel, name: str, dotted: str, module: Module) -> Target:
        match statement.node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return Target("function", dotted, module, statement.node)
            case ast.ClassDef():
                return Target("class", dotted, module, statement.node)
            case (
                ast.Assign(targets=[ast.Name()], value=value)
                | ast.AnnAssign(target=ast.Name(), value=ast.expr() as value)
            ):
                if self._is_constant(module, name):
                    return Target("constant", dotted, module, value)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if len(names) == len(values):
                for target, value in zip(names, values):
                    if isinstance(target, ast.Name) and target.id == name and self._is_constant(module, name):
                        return Target("constant", dotted, module, value)
        return Target("block", dotted, module, statement.node)

    def _is_constant(self, module: Module, name: str) -> bool:
        """Whether `name` keeps the value that its one binding gives it while the program is imported."""
        once = len(module.bindings[name]) == 1 and name not in module.changes
        return once and (module.name, name) not in self.changed

    def constant(self, module: Module, name: str) -> Any:
        """The value of the constant `name`. Raises `KeyError` if nothing binds it, `NotConstantError` if unknown."""
        target = self.name(module, name)
        if target is None or target.kind == "builtin":
            raise KeyError(name)
        return self.constant_target(target)

    def constant_target(self, target: Target) -> Any:
        """The value of a constant of the project."""
        if target.kind != "constant" or target.module is None or not isinstance(target.node, ast.expr):
            raise NotConstantError(f"`{target.name}` is a {target.kind}, no constant")
        key = (target.module.name, target.name)
        if key in self._open:
            raise NotConstantError(f"`{target.name}` refers to itself")
        if key not in self._constants:
            self._open.add(key)
            try:
                self._constants[key] = self.evaluate(target.module, target.node)
            finally:
                self._open.discard(key)
        return self._constants[key]

    def evaluate(self, module: Module, node: ast.expr) -> Any:
        """The value of a constant expression of `module`."""
        if (unread := module.unread_in(node)) is not None:
            raise NotConstantError(unread[1])
        return evaluate(
            _WithAttributes(self, module).visit(node) if _dotted(node) else node, lambda n: self.constant(module, n)
        )


def _dotted(node: ast.expr) -> bool:
    return any(isinstance(n, ast.Attribute) for n in ast.walk(node))


class _WithAttributes(ast.NodeTransformer):
    """Replaces `module.CONSTANT` by its value."""

    def __init__(self, resolver: Resolver, module: Module) -> None:
        self.resolver, self.module = resolver, module

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        target = self.resolver.expression(self.module, node)
        if target and target.kind == "constant":
            from pipec.ir.literals import source_of

            return ast.parse(source_of(self.resolver.constant_target(target)), mode="eval").body
        return ast.copy_location(ast.Attribute(self.visit(node.value), node.attr, node.ctx), node)


def all_of(module: Module) -> list[str] | None:
    """What `__all__` lists; `None` where there is none, or it is computed."""
    found: list[str] = []
    statements = [*module.bindings.get("__all__", []), *module.changes.get("__all__", [])]
    for statement in sorted(statements, key=lambda s: s.index):
        match statement.node:
            case ast.Assign(value=value) | ast.AugAssign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                pass
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="extend" | "append"), args=[value])):
                pass
            case _:
                return None
        try:
            names = ast.literal_eval(value)
        except ValueError:
            return None
        found += [names] if isinstance(names, str) else names
    return found if statements else None
