"""`--param k=v`: text from a command line as values of the parameters' annotated types."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipec.api.sources import UsageError
from pipec.ir import Parameter, Pipeline
from pipec.ir.literals import source_of, value_of

_NO = object()
"""The JSON value is none of the annotated type."""

_SIMPLE: dict[str, tuple[type, ...]] = {
    "int": (int,), "str": (str,), "bool": (bool,), "list": (list,), "List": (list,), "Sequence": (list,),
    "Iterable": (list,), "dict": (dict,), "Dict": (dict,), "Mapping": (dict,), "Metrics": (dict,),
    "ClassificationMetrics": (dict,),
}  # fmt: skip


def parse(pipeline: Pipeline, given: Sequence[str]) -> dict[str, Any]:
    """`("rows=7",)` as `{"rows": 7}`; `UsageError` for what does not fit the pipeline's parameters."""
    known = {p.name: p for p in pipeline.parameters}
    values: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--param {text}: write NAME=VALUE")
        if name not in known:
            raise UsageError(f"pipeline {pipeline.name!r} has no parameter {name!r}; {listed(pipeline)}")
        if name in values:
            raise UsageError(f"--param {name} is given twice")
        values[name] = value_for(known[name], value)
    return check(pipeline, values)


def check(pipeline: Pipeline, values: Mapping[str, Any]) -> dict[str, Any]:
    """`values`, if they name parameters, miss none that is required, and are plain; `UsageError` otherwise."""
    known = {p.name: p for p in pipeline.parameters}
    for name, value in values.items():
        if name not in known:
            raise UsageError(f"pipeline {pipeline.name!r} has no parameter {name!r}; {listed(pipeline)}")
        try:
            source_of(value)
        except TypeError as error:
            raise UsageError(f"parameter {name!r}: {error}") from None
    missing = [p.name for p in pipeline.parameters if p.default is None and p.name not in values]
    if missing:
        needs = ", ".join(f"--param {name}=..." for name in missing)
        raise UsageError(f"pipeline {pipeline.name!r} needs {needs}")
    return dict(values)


def listed(pipeline: Pipeline) -> str:
    """The parameters, for a message."""
    if not pipeline.parameters:
        return "it has no parameters"
    return f"it has {', '.join(p.name for p in pipeline.parameters)}"


def value_for(parameter: Parameter, text: str) -> Any:
    """`text` read as JSON where that gives a value of the parameter's type, else as it is."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    found = _fit(value, _annotation(parameter))
    return text if found is _NO else found


def _annotation(parameter: Parameter) -> ast.expr | None:
    """The annotation; without one, the type of the default counts."""
    if parameter.annotation:
        try:
            node = ast.parse(parameter.annotation, mode="eval").body
        except SyntaxError:
            return None
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return _annotation(parameter.model_copy(update={"annotation": node.value}))
        return node
    default = value_of(parameter.default.source) if parameter.default is not None else None
    return None if default is None else ast.Name(type(default).__name__, ast.Load())


def _fit(value: Any, node: ast.expr | None) -> Any:
    """`value` as one of the annotated type, or `_NO`. What the annotation does not tell, anything fits."""
    match node:
        case None:
            return value
        case ast.Constant(value=None):
            return value if value is None else _NO
        case ast.BinOp(op=ast.BitOr()):
            return _first(value, [node.left, node.right])
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _fit_name(value, name)
        case ast.Subscript():
            name = getattr(node.value, "id", getattr(node.value, "attr", ""))
            inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
            return _fit_subscript(value, name, inner)
    return value


def _first(value: Any, nodes: Sequence[ast.expr]) -> Any:
    exact = [found for node in nodes if (found := _fit(value, node)) is not _NO]
    return next((f for f in exact if type(f) is type(value)), exact[0] if exact else _NO)


def _fit_name(value: Any, name: str) -> Any:
    if name == "float":
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return _NO
        return float(value)
    if name in ("tuple", "Tuple"):
        return tuple(value) if isinstance(value, list) else _NO
    if name in ("set", "frozenset"):
        return _NO
    if name in _SIMPLE:
        exact = type(value) in _SIMPLE[name]  # `True` is no int here
        return value if exact else _NO
    return value


def _fit_subscript(value: Any, name: str, inner: list[ast.expr]) -> Any:
    if name == "Optional":
        return _first(value, [*inner, ast.Constant(None)])
    if name == "Union":
        return _first(value, inner)
    if name in ("Annotated", "Final"):
        return _fit(value, inner[0])
    if name == "Literal":
        allowed = [e.value for e in inner if isinstance(e, ast.Constant)]
        return value if any(value == a and type(value) is type(a) for a in allowed) else _NO
    if name in ("tuple", "Tuple"):
        if not isinstance(value, list):
            return _NO
        many = len(inner) == 2 and isinstance(inner[1], ast.Constant) and inner[1].value is Ellipsis
        kinds = [inner[0]] * len(value) if many else inner
        items = [_fit(v, k) for v, k in zip(value, kinds)]
        return _NO if len(kinds) != len(value) or any(i is _NO for i in items) else tuple(items)
    if _SIMPLE.get(name) == (list,) and len(inner) == 1:
        if not isinstance(value, list):
            return _NO
        items = [_fit(v, inner[0]) for v in value]
        return _NO if any(i is _NO for i in items) else items
    if _SIMPLE.get(name) == (dict,) and len(inner) == 2:
        if not isinstance(value, dict):
            return _NO
        pairs = {_key(k, inner[0]): _fit(v, inner[1]) for k, v in value.items()}
        return _NO if any(x is _NO for pair in pairs.items() for x in pair) else pairs
    return value


def _key(key: str, node: ast.expr) -> Any:
    """JSON has texts for keys; a dict of numbers is written with numbers in quotes."""
    if (found := _fit(key, node)) is not _NO:
        return found
    try:
        return _fit(json.loads(key), node)
    except ValueError:
        return _NO
