"""The parameters of a generated DAG as those of a pipeline."""

from __future__ import annotations

import ast
import base64
from typing import Any

from pipec.backends.airflow.reading.own.functions import constant
from pipec.backends.airflow.reading.own.unknown import Unknown
from pipec.compiler.pysource.text import python

TYPES = {
    "integer": "int", "number": "float", "string": "str", "boolean": "bool", "array": "list", "object": "dict",
    "null": "None",
}  # fmt: skip


def signature(node: ast.expr | None) -> tuple[list[str], set[str]]:
    """The parameters as they stand in the signature, and their names."""
    if node is None:
        return [], set()
    if not isinstance(node, ast.Dict):
        raise Unknown(node, "these parameters are not understood")
    required: list[str] = []
    optional: list[str] = []
    names: set[str] = set()
    for key, value in zip(node.keys, node.values):
        name = str(constant(key))
        names.add(name)
        match value:
            case ast.Call(func=ast.Name("Param"), args=[default]):
                text = python(unpacked(constant(default)))
                kind = _kind(value, text)
                optional.append(f"{name}: {kind} = {text}" if kind else f"{name}={text}")
            case ast.Call(func=ast.Name("Param"), args=[]):
                kind = _kind(value, "")
                required.append(f"{name}: {kind}" if kind else name)
            case _:
                raise Unknown(value, "this parameter is not understood")
    return [*required, *optional], names


def _kind(call: ast.Call, default: str) -> str:
    given = {k.arg: k.value for k in call.keywords}
    if "type" not in given:
        return ""
    types = constant(given["type"])
    listed = types if isinstance(types, list) else [types]
    words = [TYPES[str(t)] for t in listed]
    if "dict" in words and default[:1] not in ("{", ""):  # how a tagged value is let through
        words.remove("dict")
    if not words or ("list" in words and default.startswith("(")):
        return ""
    return " | ".join(sorted(words, key=lambda w: w == "None"))


def unpacked(value: Any) -> Any:
    """A default that the helper `to_xcom` has packed."""
    if isinstance(value, list):
        return [unpacked(v) for v in value]
    if not isinstance(value, dict):
        return value
    tag = next(iter(value), "")
    if len(value) != 1 or not str(tag).startswith("$"):
        return {k: unpacked(v) for k, v in value.items()}
    content = value[tag]
    match tag:
        case "$none":
            return None
        case "$int":
            return int(content, 16)
        case "$float":
            return float(content)
        case "$text":
            return base64.b64decode(content).decode(errors="surrogatepass")
        case "$bytes":
            return base64.b64decode(content)
        case "$dict":
            return {unpacked(k): unpacked(v) for k, v in content}
    return {"$tuple": tuple, "$set": set, "$frozenset": frozenset}[tag](map(unpacked, content))
