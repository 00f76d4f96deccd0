"""Parameters as the server keeps them: protobuf values, in which every number is a double."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from tests.support.pipelinespec.errors import DriverError

TYPES: dict[str, tuple[str, ...]] = {
    "NUMBER_DOUBLE": ("number",),
    "NUMBER_INTEGER": ("number",),
    "BOOLEAN": ("bool",),
    "LIST": ("list",),
    "STRUCT": ("struct",),
    "TASK_FINAL_STATUS": ("struct",),
}


def wire(value: Any) -> Any:
    """`value` after a trip through protobuf's JSON; `DriverError` for what that cannot hold."""
    match value:
        case None | bool():
            return value
        case int() | float():
            try:
                number = float(value)
            except OverflowError:
                number = math.inf
            if not math.isfinite(number):
                raise DriverError(f"{str(value)[:20]} is no double")
            return number
        case str():
            if any("\ud800" <= c <= "\udfff" for c in value):
                raise DriverError("a text with half a surrogate pair is no UTF-8")
            return value
        case list():
            return [wire(item) for item in value]
        case dict():
            return {wire(key): wire(item) for key, item in value.items()}
    raise DriverError(f"{value!r} is not JSON")


def kind_of(value: Any) -> str:
    """Which kind of protobuf value it is."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "list"
    return "struct"


def plain(value: Any) -> Any:
    """`value` as protobuf writes it into JSON: whole doubles without a fraction."""
    match value:
        case float() if value.is_integer() and abs(value) < 1e21:
            return int(value)
        case list():
            return [plain(item) for item in value]
        case dict():
            return {key: plain(item) for key, item in value.items()}
    return value


def text_of(value: Any) -> str:
    """How a value that a STRING input gets, or that stands in a command, is written."""
    if value is None:
        raise DriverError("no value for a text")
    return value if isinstance(value, str) else json.dumps(plain(value), separators=(",", ":"))


def read(text: str, kind: str) -> Any:
    """The value in a file that a container has written for an output parameter."""
    if kind == "STRING":
        return text
    try:
        value = json.loads(text)
    except ValueError as error:
        raise DriverError(f"{text!r} is no {kind}") from error
    if kind_of(value) not in TYPES[kind]:
        raise DriverError(f"{text!r} is no {kind}")
    return wire(value)


def fit(values: dict[str, Any], specs: Mapping[str, Any], unfilled: frozenset[str]) -> None:
    """Check inputs against the component, in place: texts are made of anything, all else has to have its type."""
    for name, spec in specs.items():
        if name in unfilled:
            continue
        if name not in values:
            if not spec.get("isOptional") and "defaultValue" not in spec:
                raise DriverError(f"neither value nor default value provided for non-optional parameter {name!r}")
            continue
        kind = spec["parameterType"]
        if kind == "STRING":
            values[name] = text_of(values[name])
        elif kind_of(values[name]) not in TYPES[kind]:
            raise DriverError(f"input parameter {name!r}: expect {kind}, got {kind_of(values[name])}")
