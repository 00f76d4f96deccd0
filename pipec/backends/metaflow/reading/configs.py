"""`Config(...)` of flows: its value is known when a flow is deployed, and becomes a constant when it is migrated.

The text of a file is changed before it is read: `cfg = Config("cfg", default="cfg.json")` becomes `cfg = {...}`, which
is a class constant like any other, and `self.cfg.rows` becomes `self.cfg["rows"]`. No line moves.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.metaflow.reading.config_places import rewritten
from pipec.backends.metaflow.reading.syntax import Imported, literal
from pipec.compiler.pysource.paths import Reading
from pipec.compiler.pysource.text import python
from pipec.compiler.reading import Source
from pipec.compiler.reading.text_files import UnreadableTextError, text_of
from pipec.ir import Span

ARGUMENTS = ("name", "default", "default_value", "help", "required", "parser", "show_default", "plain")


@dataclass(frozen=True)
class Config:
    """One `Config` of a class."""

    owner: str
    name: str
    value: Any = None
    reason: str = ""
    """Why its value is not known; "" where it is."""


@dataclass
class Configs:
    """Those of a file."""

    text: str
    """The file's text, with the values that are known in the place of configs."""
    found: dict[tuple[str, str], Config] = field(default_factory=dict)
    """Class and name -> config."""
    whole: dict[tuple[str, str], Span] = field(default_factory=dict)
    """Class and name -> where the code hands on a part of it that has parts: as a dict, which knows no `.key`."""


def resolved(source: Source, tree: ast.Module) -> Configs:
    """The configs of a file, and its text without those whose values are known."""
    if "Config" not in source.text:
        return Configs(source.text)
    imported = Imported.of(tree)
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    found = Configs(source.text)
    for node in classes.values():
        for one in _members(node, imported, source, tree):
            found.found[one.owner, one.name] = one
    known = {
        name: {c.name: c for c in _inherited(node, classes, found) if not c.reason} for name, node in classes.items()
    }
    if any(known.values()):
        found.text, whole = rewritten(source.text, known, imported)
        found.whole = {key: source.at(*place) for key, place in whole.items()}
    return found


def _members(node: ast.ClassDef, imported: Imported, source: Source, tree: ast.Module) -> Iterator[Config]:
    for one in node.body:
        match one:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as call):
                pass
            case _:
                continue
        if imported.word(call.func) == "Config":
            try:
                yield Config(node.name, name, _value(call, source, tree))
            except ValueError as error:
                yield Config(node.name, name, reason=str(error))


def _value(call: ast.Call, source: Source, tree: ast.Module) -> Any:
    """What a config is where nothing is given at deployment; `ValueError` with a reason where that is not known."""
    if any(k.arg is None or k.arg not in ARGUMENTS for k in call.keywords) or len(call.args) > len(ARGUMENTS):
        raise ValueError("its arguments are not known")
    given = dict(zip(ARGUMENTS, call.args)) | {k.arg: k.value for k in call.keywords if k.arg is not None}
    given = {name: node for name, node in given.items() if literal(node) != (True, None)}
    if "default" in given:
        text = _file(given["default"], source)
    elif "default_value" in given:
        text = _literal(given["default_value"], tree)
    elif "required" in given and literal(given["required"]) == (True, True):
        raise ValueError("its value is given when the flow is deployed; write it as a constant or a Parameter")
    else:
        return None
    if not isinstance(text, str):
        value = text
    else:
        parser = given.get("parser")
        value = _parsed(text, "" if parser is None else ast.unparse(parser).strip("'\""))
    try:
        python(value)
    except TypeError:
        raise ValueError("its value has more than plain data") from None
    return value


def _file(node: ast.expr, source: Source) -> str:
    known, path = literal(node)
    if not known or not isinstance(path, str):
        raise ValueError("its file is computed when the flow is deployed")
    folder = source.path.absolute().parent
    file = next((f for f in (folder / path, source.root / path) if f.is_file()), folder / path)
    try:
        return text_of(Reading(file), (folder, source.root))
    except UnreadableTextError as error:
        raise ValueError(f"its file cannot be read: {error}") from None


def _literal(node: ast.expr, tree: ast.Module) -> Any:
    """The value of a literal, or of a name that the module binds once to one."""
    if isinstance(node, ast.Name):
        bound = [n for n in ast.walk(tree) if isinstance(n, ast.Assign) and _binds(n, node.id)]
        if len(bound) == 1:
            node = bound[0].value
    known, value = literal(node)
    if not known:
        raise ValueError("its value is computed when the flow is deployed")
    return value


def _binds(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


def _parsed(text: str, parser: str) -> Any:
    """The value of a text; `ValueError` with a reason where it is none of the parser's language, or that is unknown."""
    try:
        if parser in ("", "json.loads"):
            return json.loads(text)
        if parser == "yaml.safe_load":
            import yaml

            return yaml.safe_load(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its value is no JSON: {error}") from None
    except Exception as error:  # PyYAML's own
        raise ValueError(f"its value is no YAML: {type(error).__name__}") from None
    raise ValueError(f"the parser `{parser}` of its own reads it")


def _inherited(node: ast.ClassDef, classes: dict[str, ast.ClassDef], found: Configs) -> Iterator[Config]:
    """The configs of a class and of its bases in the file."""
    todo, seen = [node], set()
    while todo:
        here = todo.pop()
        if here.name not in seen:
            seen.add(here.name)
            yield from (one for (owner, _), one in found.found.items() if owner == here.name)
            todo += [classes[b.id] for b in here.bases if isinstance(b, ast.Name) and b.id in classes]
