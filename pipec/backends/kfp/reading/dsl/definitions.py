"""What the functions of components use of their module. The SDK ships a function's own source and nothing else."""

from __future__ import annotations

import ast
import builtins
import symtable
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pipec.backends.kfp.reading.dsl.functions import Function
from pipec.backends.kfp.reading.dsl.library_values import RUNTIME
from pipec.backends.kfp.reading.dsl.lightweight import own_source
from pipec.backends.kfp.reading.dsl.names import TARGET
from pipec.backends.kfp.reading.dsl.parts import Component
from pipec.backends.kfp.reading.dsl.problems import Problem
from pipec.backends.kfp.reading.dsl.scope import FileModule
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import ChangedMeaning


@dataclass
class Needed:
    """Statements of the user's modules that make the functions complete."""

    definitions: dict[str, None] = field(default_factory=dict)
    imports: dict[str, None] = field(default_factory=dict)


def needed(components: Iterable[Component], report: Report) -> Needed:
    """What the functions of `components` use. As compiled they fail for want of it, which is reported."""
    found = Needed()
    for component in components:
        function: Function = component.function
        given = {one.name for one in component.additional}
        sources = [own_source(one) for one in (function, *component.additional)]
        missing = sorted(set().union(*map(free_names, sources)) - given - {function.name})
        defined = [name for name in missing if _binding(function.scope.module, name) is not None]
        kept = [name for name in defined if _collect(function.scope.module, name, found)]
        lacking = [name for name in missing if name not in kept]
        if lacking:
            reason = f"it uses {_listed(lacking)}, which the SDK does not ship and which cannot be brought along"
            problem = Problem(f"the component `{component.name}`", reason, "import or define what it uses inside of it")
            raise problem.at(function.span)
        if missing:
            difference = f"as compiled it fails with a NameError, for the SDK ships no {_listed(missing)} of the module"
            report.add(ChangedMeaning(function.span, TARGET, component.name, f"{difference}; here it works"))
    return found


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def free_names(source: str, given: frozenset[str] = RUNTIME) -> set[str]:
    """The names that a function's source takes from around it, without Python's own and those that it is given."""
    try:
        table = symtable.symtable(source, "component", "exec")
    except SyntaxError:
        return set()
    own = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_namespace()}
    used = {name for inner in _tables(table) for name in _globals(inner, inner is table)}
    return {name for name in used - own - given if not hasattr(builtins, name)} - {"__file__", "__name__"}


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


def _globals(table: symtable.SymbolTable, is_top: bool) -> Iterator[str]:
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (symbol.is_global() or is_top):
            yield symbol.get_name()


def _binding(module: FileModule, name: str) -> ast.stmt | None:
    """The top-level statement that gives `name` its value: the last one that does."""
    found = None
    for node in module.tree.body:
        match node:
            case ast.Import() | ast.ImportFrom():
                names = {(alias.asname or alias.name).split(".")[0] for alias in node.names}
            case ast.FunctionDef() | ast.ClassDef() | ast.AsyncFunctionDef():
                names = {node.name}
            case ast.Assign() | ast.AnnAssign():
                names = {
                    one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
                }
            case _:
                names = set()
        found = node if name in names else found
    return found


def _collect(module: FileModule, name: str, into: Needed) -> bool:
    """Add what defines `name`, and what that needs; whether all of it can stand in a module of its own."""
    if name in typing.__all__:
        into.imports.setdefault(f"from typing import {name}")
        return True
    node = _binding(module, name)
    if node is None:
        return hasattr(builtins, name)
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        alias = next(one for one in node.names if (one.asname or one.name).split(".")[0] == name)
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").split(".")[0] == "kfp"):
            return False
        single = ast.Import([alias]) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, [alias], 0)
        into.imports.setdefault(ast.unparse(single))
        return True
    if getattr(node, "decorator_list", ()) or _of_the_sdk(module, node):
        return False
    text = _text(module, node)
    if text in into.definitions:
        return True
    before = dict(into.definitions)
    into.definitions[text] = None
    inner = [one for one in sorted(free_names(text, frozenset())) if one != name]
    if not all(_collect(module, one, into) for one in inner):
        into.definitions = before
        return False
    into.definitions[text] = into.definitions.pop(text)  # after what it needs
    return True


def _of_the_sdk(module: FileModule, node: ast.stmt) -> bool:
    """Whether a statement makes something of the SDK."""
    loads = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return any(
        isinstance(binding, (ast.Import, ast.ImportFrom)) and "kfp" in ast.unparse(binding)
        for binding in (_binding(module, name) for name in loads)
    )


def _text(module: FileModule, node: ast.stmt) -> str:
    """A statement as it is written, with the comments right above it."""
    lines = module.source.lines
    first = node.lineno - 1
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
    return "\n".join(lines[first : node.end_lineno])
