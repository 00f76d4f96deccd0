"""What calls over constants give: the builtins, methods and time functions that DAG files use for settings."""

from __future__ import annotations

import ast
import datetime as dt
import textwrap
from collections.abc import Callable
from pathlib import PurePosixPath

from pipec.backends.airflow.reading.scope import SIMPLE, is_constant
from pipec.backends.airflow.reading.values import Moment
from pipec.compiler.pysource import operators

LARGEST = 100_000
"""The longest text or collection that is worked out."""

BUILTINS: dict[str, Callable[..., object]] = {
    "range": range, "enumerate": enumerate, "zip": zip, "len": len, "sorted": sorted, "list": list, "tuple": tuple,
    "dict": dict, "set": set, "str": str, "int": int, "float": float, "bool": bool, "min": min, "max": max, "sum": sum,
    "reversed": reversed, "abs": abs, "round": round, "any": any, "all": all, "repr": repr, "frozenset": frozenset,
}  # fmt: skip
"""Pure builtins; their results are made lists where they are iterators."""

_METHODS: dict[type, frozenset[str]] = {
    str: frozenset(
        [
            "format",
            "join",
            "split",
            "rsplit",
            "splitlines",
            "strip",
            "lstrip",
            "rstrip",
            "upper",
            "lower",
            "title",
            "capitalize",
            "replace",
            "partition",
            "rpartition",
            "startswith",
            "endswith",
            "removeprefix",
            "removesuffix",
            "zfill",
            "count",
            "find",
            "index",
            "isdigit",
            "isidentifier",
        ]
    ),
    list: frozenset(["index", "count", "copy", "append", "extend", "insert"]),
    dict: frozenset(["get", "keys", "values", "items", "copy", "update", "setdefault"]),
    tuple: frozenset(["index", "count"]),
    set: frozenset(["union", "intersection", "difference", "copy", "add"]),
}

BINARY = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.BitOr, ast.BitAnd)
"""The operators that are applied; the others make little sense in a DAG file, and large numbers."""


class NotConstant(Exception):
    """It cannot be worked out."""


def plain(value: object) -> bool:
    """Whether operators may be applied to `value`."""
    return isinstance(value, (*SIMPLE, list, tuple, dict, set, frozenset, dt.timedelta))


def binary(kind: type[ast.operator], left: object, right: object) -> object:
    """`left` and `right` combined."""
    if not (plain(left) and plain(right)) or kind not in BINARY:
        raise NotConstant
    if kind is ast.Mult and not (isinstance(left, (int, float)) and isinstance(right, (int, float))):
        sizes = [len(v) if isinstance(v, (str, bytes, list, tuple)) else v for v in (left, right)]
        if not all(isinstance(s, int) and abs(s) <= LARGEST for s in sizes) and not _is_time(left, right):
            raise NotConstant
        if not _is_time(left, right) and sizes[0] * sizes[1] > LARGEST:  # type: ignore[operator]
            raise NotConstant
    if kind is ast.Mod and isinstance(left, (str, bytes)) and "%" in str(left) and "*" in str(left):
        raise NotConstant
    try:
        return bounded(operators.BINARY[kind](left, right))
    except Exception as error:
        raise NotConstant from error


def _is_time(*values: object) -> bool:
    return any(isinstance(v, dt.timedelta) for v in values)


def bounded(value: object) -> object:
    """`value`, where it has a sane size."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 4096:
        raise NotConstant
    if isinstance(value, (str, bytes, list, tuple, dict, set)) and len(value) > LARGEST:
        raise NotConstant
    return value


def builtin(name: str, args: list[object], kwargs: dict[str, object]) -> object:
    """The result of a builtin."""
    if name == "range" and not all(isinstance(a, int) for a in args):
        raise NotConstant
    try:
        found = BUILTINS[name](*args, **kwargs)
        if isinstance(found, range):
            if len(found) > 10_000:
                raise NotConstant
            return list(found)
        if isinstance(found, (enumerate, zip, reversed)):
            return list(found)
        return bounded(found)
    except NotConstant:
        raise
    except Exception as error:
        raise NotConstant from error


def has_method(receiver: object, name: str) -> bool:
    """Whether `receiver` has a method that may be called here."""
    return any(isinstance(receiver, kind) and name in names for kind, names in _METHODS.items())


def method(receiver: object, name: str, args: list[object], kwargs: dict[str, object]) -> object:
    """The result of a method of a constant, or of a collection of values."""
    if isinstance(receiver, str):
        if not all(map(is_constant, args)) or not all(map(is_constant, kwargs.values())):
            raise NotConstant
        if name == "format" and ("!" in receiver or ":" in receiver or "." in receiver.replace("{.", "{_")):
            if any(mark in receiver for mark in ("{0.", ":>", ":<", ":^")):
                raise NotConstant
        if name == "zfill" and not (args and isinstance(args[0], int) and args[0] < 1000):
            raise NotConstant
    try:
        found = getattr(receiver, name)(*args, **kwargs)
    except Exception as error:
        raise NotConstant from error
    return bounded(list(found) if isinstance(found, (type({}.keys()), type({}.values()), type({}.items()))) else found)


def external(dotted: str, args: list[object], kwargs: dict[str, object]) -> object:
    """The result of a function of another library on constants."""
    last = dotted.rpartition(".")[2]
    try:
        match dotted:
            case "datetime.timedelta" | "pendulum.duration":
                return dt.timedelta(*args, **kwargs)  # type: ignore[arg-type]
            case "datetime.datetime" | "pendulum.datetime" | "airflow.utils.timezone.datetime":
                return _moment(args, dict(kwargs), "UTC" if "pendulum" in dotted or "timezone" in dotted else None)
            case "airflow.sdk.timezone.datetime" | "airflow.providers.common.compat.sdk.timezone.datetime":
                return _moment(args, dict(kwargs), "UTC")
            case "datetime.date":
                return _moment(args, dict(kwargs), None)
            case "pendulum.parse" | "datetime.datetime.fromisoformat" | "airflow.sdk.timezone.parse":
                return _parsed(str(args[0]), kwargs.get("tz"), dotted)
            case "pendulum.timezone" | "pendulum.tz.timezone" | "zoneinfo.ZoneInfo" | "pytz.timezone":
                return Zone(str(args[0]))
            case "textwrap.dedent" | "inspect.cleandoc":
                return textwrap.dedent(str(args[0]))
            case "pathlib.Path" | "pathlib.PurePath":
                return PurePosixPath(*[str(a) for a in args])
            case "os.path.basename":
                return PurePosixPath(str(args[0])).name
            case "os.path.splitext":
                path = PurePosixPath(str(args[0]))
                return (str(path)[: len(str(path)) - len(path.suffix)], path.suffix)
    except Exception as error:
        raise NotConstant from error
    raise NotConstant(last)


class Zone(str):
    """The name of a time zone."""


def _moment(args: list[object], kwargs: dict[str, object], zone: str | None) -> Moment:
    given = kwargs.pop("tzinfo", None) or kwargs.pop("tz", None)
    if len(args) > 7:
        given = args.pop()
    if given is not None:
        if not isinstance(given, str):
            raise NotConstant
        zone = str(given)
    return Moment(dt.datetime(*args, **kwargs), zone)  # type: ignore[arg-type]


def _parsed(text: str, zone: object, dotted: str) -> Moment:
    found = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if found.tzinfo is not None:
        return Moment(found.astimezone(dt.timezone.utc).replace(tzinfo=None), "UTC")
    default = None if dotted.startswith("datetime") else "UTC"
    return Moment(found, str(zone) if isinstance(zone, str) else default)


PATHS = ("stem", "name", "suffix", "parent")
"""Attributes of paths."""


def attribute(value: object, name: str) -> object:
    """An attribute of a constant."""
    if isinstance(value, PurePosixPath) and name in PATHS:
        return getattr(value, name)
    if isinstance(value, dt.timedelta) and name in ("days", "seconds"):
        return getattr(value, name)
    raise NotConstant
