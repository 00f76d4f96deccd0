"""Which top-level statements of a module only make sense together: those that bind and change the same objects."""

from __future__ import annotations

import ast

from pipec.compiler.frontend.components import is_marked
from pipec.compiler.frontend.project import Module, TopLevel, changed_roots
from pipec.compiler.frontend.resolve import Resolver

_PLAIN = (ast.Import, ast.ImportFrom)


def together(resolver: Resolver, module: Module) -> dict[str, list[TopLevel]]:
    """Each name -> all statements that bind it or change it, and what is entangled with them, in source order.

    Entangled is a statement that binds or changes two names, and one that reads a name between two of its bindings
    or changes: it must run exactly there. Imports and pipelines stand for themselves.
    """
    made: dict[str, list[TopLevel]] = {}
    for name in sorted(module.bindings, key=lambda n: len(_of(module, n)), reverse=True):
        if name not in made and _is_defined(module, name):
            group = _group(resolver, module, name)
            made |= dict.fromkeys([name, *(n for s in group for n in s.binds)], group)
    return made


def _group(resolver: Resolver, module: Module, name: str) -> list[TopLevel]:
    names, found, todo = {name}, dict[int, TopLevel](), [name]
    while todo:
        for statement in _of(module, todo.pop()):
            if statement.index in found:
                continue
            found[statement.index] = statement
            todo += _more(module, statement, names)
        if not todo and len(found) > 1:
            for statement in _between(resolver, module, found, names):
                found[statement.index] = statement
                todo += _more(module, statement, names)
    return [found[i] for i in sorted(found)]


def _is_defined(module: Module, name: str) -> bool:
    """Whether the module binds `name` otherwise than by an import statement."""
    return any(not isinstance(s.node, _PLAIN) for s in module.bindings.get(name, []))


def _of(module: Module, name: str) -> list[TopLevel]:
    return [*module.bindings.get(name, []), *module.changes.get(name, [])]


def _more(module: Module, statement: TopLevel, names: set[str]) -> list[str]:
    """The names that come in with `statement`, which become part of `names`."""
    new = [
        n
        for n in (*statement.binds, *sorted(changed_roots(statement.node)))
        if n not in names and _is_defined(module, n)
    ]
    names.update(new)
    return new


def _between(resolver: Resolver, module: Module, found: dict[int, TopLevel], names: set[str]) -> list[TopLevel]:
    return [
        s
        for s in module.statements[min(found) : max(found)]
        if s.index not in found
        and s.binds
        and not isinstance(s.node, _PLAIN)
        and not is_marked(resolver, module, s.node, "pipeline")
        and not names.isdisjoint(s.references.eager)
    ]
