"""How values are stored and loaded, as source: by the type that their producer declares."""

from __future__ import annotations

import ast

from pipec.backends.metaflow.liveness import may_be_function
from pipec.backends.metaflow.names import Words
from pipec.ir import DictOf, FileType, ListOf, ObjectType, OptionalOf, TupleOf, Type, ValueType, leaves


def duration(seconds: float) -> str:
    """The argument of `timedelta`: `days=7`."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds % size == 0:
            return f"{unit}={int(seconds // size)}"
    return f"seconds={seconds:g}"


def tuple_size(returns: str) -> int | None:
    """How many elements `tuple[A, B]` has."""
    try:
        node = ast.parse(returns.strip("\"'"), mode="eval").body
    except SyntaxError:
        return None
    if not isinstance(node, ast.Subscript) or ast.unparse(node.value).rpartition(".")[2] not in ("tuple", "Tuple"):
        return None
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return None if any(isinstance(i, ast.Constant) and i.value is Ellipsis for i in items) else len(items)


def stored(type_: Type, source: str, use: Words, depth: int = 0) -> str:
    """The source that makes the artifact of a result."""
    match type_:
        case ValueType():
            made = f"{use('plain')}({source})"
            if type_.classification:
                use("like")  # the helper's own
                made = f"{use('classification')}({made})"
            return made
        case FileType():
            return f"{use('pack')}({source})"
        case ObjectType():
            if may_be_function(type_):
                return f"{use('storable')}({source})"
            return source
        case _:
            return _each(type_, source, lambda t, s, d: stored(t, s, use, d), depth)


def loaded(type_: Type, source: str, use: Words, depth: int = 0) -> str:
    """The source that makes an argument of an artifact."""
    if not any(isinstance(leaf, FileType) for leaf in leaves(type_)):
        return source
    match type_:
        case FileType():
            return f"{use('unpack')}({source})"
        case _:
            return _each(type_, source, lambda t, s, d: loaded(t, s, use, d), depth)


def _each(type_: Type, source: str, of: object, depth: int) -> str:
    assert callable(of)
    name = "item" if depth == 0 else f"item_{depth + 1}"
    match type_:
        case OptionalOf():
            inner = str(of(type_.item, source, depth))
            if inner == source:
                return source
            if isinstance(type_.item, FileType):
                return inner  # both helpers take None
            return f"None if {source} is None else {inner}"
        case ListOf():
            inner = str(of(type_.item, name, depth + 1))
            return source if inner == name else f"[{inner} for {name} in {source}]"
        case DictOf():
            inner = str(of(type_.item, name, depth + 1))
            return source if inner == name else f"{{key: {inner} for key, {name} in {source}.items()}}"
        case TupleOf():
            parts = [str(of(t, f"{source}[{i}]", depth)) for i, t in enumerate(type_.items)]
            if all(part == f"{source}[{i}]" for i, part in enumerate(parts)):
                return source
            return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    return source
