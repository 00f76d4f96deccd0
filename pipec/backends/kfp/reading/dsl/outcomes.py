"""Several pipelines of one file become one module: what they share stands in it once."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import replace

from pipec.backends.kfp.reading.dsl.names import unique
from pipec.compiler.pysource import rename_free, rename_globals
from pipec.compiler.reading import (
    ContainerStep,
    Definition,
    Item,
    Line,
    Module,
    Nested,
    Outcome,
    PipelineFunction,
    PipelineRead,
    Statement,
    StepFunction,
)


def merged(outcomes: Iterable[Outcome], doc: str = "") -> Outcome:
    """One outcome of all. Things of one name that are not the same get names of their own."""
    items: list[Item] = []
    taken: dict[str, Item] = {}
    imports: dict[str, None] = {}
    pipelines: list[PipelineRead] = []
    made = False
    for outcome in outcomes:
        pipelines_read = outcome.pipelines
        if outcome.module is not None:
            made = True
            renamed = _clashes(outcome.module, taken)
            for item in outcome.module.items:
                item = _renamed(item, renamed) if renamed else item
                if item not in items:
                    items.append(item)
                for name in bound(item):
                    taken[name] = item
            imports |= dict.fromkeys(outcome.module.imports)
            doc = doc or outcome.module.doc
            pipelines_read = tuple(
                replace(one, function=renamed.get(one.function, one.function)) for one in pipelines_read
            )
        pipelines += pipelines_read
    module = Module(tuple(items), tuple(imports), doc) if made else None
    return Outcome(module, tuple(pipelines))


def bound(item: Item) -> tuple[str, ...]:
    """The module-level names that an item defines."""
    if isinstance(item, (Definition, StepFunction)):
        names = [one for node in ast.parse(item.source).body for one in _names(node)]
        return tuple(dict.fromkeys(names))
    return (item.name,)


def _names(node: ast.stmt) -> Iterable[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
        return [node.name]
    return [one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]


def _clashes(module: Module, taken: Mapping[str, Item]) -> dict[str, str]:
    """Name -> a free one, for what has the name of something else that is there already."""
    found: dict[str, str] = {}
    own = {name for item in module.items for name in bound(item)}
    for item in module.items:
        for name in bound(item):
            if name in taken and taken[name] != item:
                found[name] = unique(name, {*taken, *own, *found.values()}, "_")
    return found


def _renamed(item: Item, names: Mapping[str, str]) -> Item:
    if isinstance(item, Definition):
        return replace(item, source=rename_globals(item.source, names))
    if isinstance(item, StepFunction):
        return replace(item, source=rename_globals(item.source, names), settings=_settings(item.settings, names))
    if isinstance(item, ContainerStep):
        return replace(item, name=names.get(item.name, item.name), settings=_settings(item.settings, names))
    if isinstance(item, PipelineFunction):
        return replace(
            item,
            name=names.get(item.name, item.name),
            settings=_settings(item.settings, names),
            body=tuple(_statement(one, names) for one in item.body),
        )
    return replace(item, name=names.get(item.name, item.name))


def _settings(settings: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    return {key: rename_free(value, names) for key, value in settings.items()}


def _statement(statement: Statement, names: Mapping[str, str]) -> Statement:
    if isinstance(statement, Line):
        return replace(statement, source=renamed_calls(statement.source, names))
    if isinstance(statement, Nested):
        header = renamed_calls(statement.header, names)
        return replace(statement, header=header, body=tuple(_statement(one, names) for one in statement.body))
    return statement


def renamed_calls(source: str, names: Mapping[str, str]) -> str:
    """A statement in which the functions that it calls have other names. In a pipeline, steps are only called."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, IndentationError):
        return source
    lines = source.split("\n")
    for before, token, after in reversed(list(zip([tokens[0], *tokens], tokens, tokens[1:]))):
        if token.type == tokenize.NAME and token.string in names and after.string == "(" and before.string != ".":
            row, column = token.start
            line = lines[row - 1]
            lines[row - 1] = line[:column] + names[token.string] + line[column + len(token.string) :]
    return "\n".join(lines)
