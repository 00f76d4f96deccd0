"""Values while a document is read: expressions over symbols, which get their names in the end."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipec.backends.kfp.program import runtime
from pipec.backends.kfp.reading.values import RefusedError
from pipec.compiler.pysource import rename_free
from pipec.compiler.pysource.text import python

Form = Literal["constant", "literal", "text", "double", "raw", "written", "plain", "list", "items", "truth", "uri",
               "uris", "artifact", "artifacts", "file", "window"]  # fmt: skip
"""How a value travels: text that nobody has read yet; a value with a type of Kubeflow's; exact JSON; a number that
Kubeflow has made a double; a `str` as it is; what a container has written, which is one or the other; text for a
command line; a list of JSON texts, one for each iteration; what a loop runs over; "true" or "false" for a condition, or
for `is None`; the place of an artifact; those of the items of a list; artifacts; the number of a time window of the
cache, whose source is its seconds."""


@dataclass(frozen=True)
class Value:
    """A value, and how it travels."""

    form: Form
    source: str
    """An expression over symbols; of a constant its text, of a literal its Python."""


@dataclass
class Symbols:
    """Makes symbols: names that stand for values until names have been chosen."""

    prefix: str
    hints: dict[str, list[str]] = field(default_factory=dict)
    fallback: dict[str, str] = field(default_factory=dict)
    """What to call a value that no consumer has a name for."""

    reading: dict[str, str] = field(default_factory=dict)
    """What a container has written -> how it is read: "text" or "raw"."""

    def read_as(self, source: str, form: str, task: str) -> None:
        """Note how a task reads what a container has written."""
        if self.reading.setdefault(source, form) != form:
            raise RefusedError(f"`{task}` reads as {form} what another task reads otherwise")

    @classmethod
    def without(cls, text: str) -> Symbols:
        """Symbols that no part of `text` looks like."""
        prefix = "value_"
        while prefix in text:
            prefix = f"{prefix}x_"
        return cls(prefix)

    def new(self, *hints: str) -> str:
        """A new symbol, which may be called one of `hints`, best first."""
        symbol = f"{self.prefix}{len(self.hints)}"
        self.hints[symbol] = list(hints)
        return symbol

    def hint(self, source: str, name: str, first: bool = False) -> None:
        """Note what a consumer calls a value."""
        if source in self.hints:
            self.hints[source].insert(0 if first else len(self.hints[source]), name)

    def of(self, source: str) -> list[str]:
        """The symbols in `source`, each time that they stand there."""
        return re.findall(rf"\b{self.prefix}\d+\b", source)


def constant(text: str) -> str:
    """The literal that the JSON `text` stands for."""
    try:
        value = runtime()["kfp_unpack"](json.loads(text))
        return python(value)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise RefusedError(f"the constant {text[:40]!r} is no JSON") from None


def replaced(source: str, names: Mapping[str, str]) -> str:
    """`source` with each free name replaced by an expression, which is put into parentheses where it needs them."""
    if source in names:
        return names[source]
    tree = ast.parse(source, mode="eval")
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    wanted = {name: text for name, text in names.items() if name in used and name != text}
    if any(isinstance(n, ast.JoinedStr) for n in ast.walk(tree)):
        if any('"' in text or "'" in text for text in wanted.values()):
            raise RefusedError(f"a constant stands in the text `{source}`")
    alone = _alone(tree.body)
    for name in [name for name in wanted if name in alone]:  # as an argument it needs no parentheses
        source = _argument(source, name, wanted.pop(name))
    return rename_free(source, {name: wrapped(text) for name, text in wanted.items()})


def _alone(tree: ast.expr) -> set[str]:
    """The names that stand only once, and as an argument of the call."""
    if not isinstance(tree, ast.Call):
        return set()
    names = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name)]
    values = [*tree.args, *(k.value for k in tree.keywords if k.arg is not None)]
    return {v.id for v in values if isinstance(v, ast.Name) and names.count(v.id) == 1}


def _argument(source: str, name: str, text: str) -> str:
    tree = ast.parse(source, mode="eval").body
    assert isinstance(tree, ast.Call)
    node = next(v for v in (*tree.args, *(k.value for k in tree.keywords)) if isinstance(v, ast.Name) and v.id == name)
    encoded = source.encode()
    lines = encoded.split(b"\n")
    start = sum(len(line) + 1 for line in lines[: node.lineno - 1]) + node.col_offset
    return (encoded[:start] + text.encode() + encoded[start + len(name.encode()) :]).decode()


def wrapped(source: str) -> str:
    """`source` where an operand may stand."""
    tree = ast.parse(source, mode="eval").body
    if isinstance(tree, (ast.Name, ast.Subscript, ast.Attribute, ast.Call, ast.List, ast.Dict, ast.Set, ast.ListComp)):
        return source
    if isinstance(tree, ast.Tuple) and source.startswith("("):
        return source
    if isinstance(tree, ast.Constant) and isinstance(tree.value, (str, type(None), bool, bytes)):
        return source
    return f"({source})"
