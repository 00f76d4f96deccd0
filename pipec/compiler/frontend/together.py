"""Which top-level statements of a module only make sense together: those that bind the same name more than once."""

from __future__ import annotations

import ast

from pipec.compiler.frontend.bindings import changed_roots
from pipec.compiler.frontend.components import is_marked
from pipec.compiler.frontend.effects import Effects
from pipec.compiler.frontend.project import Module, TopLevel
from pipec.compiler.frontend.resolve import Resolver

_PLAIN = (ast.Import, ast.ImportFrom)


def together(resolver: Resolver, effects: Effects, module: Module) -> dict[str, list[TopLevel]]:
    """Each name -> all statements that bind it, and what is entangled with them, in source order.

    Entangled is a statement that binds two names, and one that reads or changes a name between two of its bindings:
    it must run exactly there. Imports and pipelines stand for themselves.
    """
    made: dict[str, list[TopLevel]] = {}
    for name in sorted(module.bindings, key=lambda n: len(module.bindings[n]), reverse=True):
        if name not in made and _is_defined(module, name):
            group = _group(resolver, effects, module, name)
            made |= dict.fromkeys([name, *(n for s in group for n in s.binds)], group)
    return made


def _group(resolver: Resolver, effects: Effects, module: Module, name: str) -> list[TopLevel]:
    names, found, todo = {name}, dict[int, TopLevel](), [name]
    while todo:
        for statement in module.bindings[todo.pop()]:
            if statement.index not in found:
                found[statement.index] = statement
                todo += _more(module, statement, names)
        if not todo and len(found) > 1:
            for statement in _between(resolver, effects, module, found, names):
                found[statement.index] = statement
                todo += _more(module, statement, names)
    return [found[i] for i in sorted(found)]


def _is_defined(module: Module, name: str) -> bool:
    """Whether the module binds `name` otherwise than by an import statement."""
    return any(not isinstance(s.node, _PLAIN) for s in module.bindings.get(name, []))


def _more(module: Module, statement: TopLevel, names: set[str]) -> list[str]:
    """The names that come in with `statement`, which become part of `names`."""
    new = [n for n in statement.binds if n not in names and _is_defined(module, n)]
    names.update(new)
    return new


def _between(
    resolver: Resolver, effects: Effects, module: Module, found: dict[int, TopLevel], names: set[str]
) -> list[TopLevel]:
    """The statements that must stay between the first and the last of `found`."""
    touched = names | {n for s in found.values() for n in changed_roots(s.node)}
    changing = {e.statement.index for n in touched for e in effects.of(module, n) if e.module is module}
    return [
        s
        for s in module.statements[min(found) : max(found)]
        if s.index not in found
        and not isinstance(s.node, _PLAIN)
        and not is_marked(resolver, module, s.node, "pipeline")
        and (s.index in changing or (s.binds and not touched.isdisjoint(_read(module, s))))
    ]


def _read(module: Module, statement: TopLevel) -> set[str]:
    """The names that a statement reads when it runs, also through the functions that it calls."""
    found: set[str] = set()
    todo = list(statement.references.eager)
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        for s in module.bindings.get(name, []):
            if isinstance(s.node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                todo += s.references.all()
    return found
