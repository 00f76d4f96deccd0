"""Pipeline parameters as `Parameter`s: idiomatic types where they are exact, JSON elsewhere."""

from __future__ import annotations

import ast
import json
from typing import Any

from pipec.backends.metaflow.model import FlowParameter
from pipec.backends.metaflow.names import Words, parameter_attribute
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import UnsupportedForm
from pipec.compiler.pysource.layout import fitted
from pipec.compiler.rendering import python_literal
from pipec.ir import Parameter, Pipeline
from pipec.ir.literals import value_of

SCALARS = ("int", "float", "str", "bool")


def kind_of(parameter: Parameter) -> str:
    """ "int", "float", "str", "bool", or "json": how the command line's text is read.

    A scalar type counts only where the default fits it: `rows: float = 1` has to stay an int.
    """
    name = parameter.annotation.strip("\"'")
    default: Any = value_of(parameter.default.source) if parameter.default is not None else None
    if not name and parameter.default is not None:
        return type(default).__name__ if type(default) in (str,) else "json"
    if name in SCALARS and (parameter.default is None or type(default).__name__ == name):
        return name
    return "json"


def text_of(value: Any) -> str:
    """`value` as JSON with tags for what JSON has not: the form that `exact` reads."""
    return json.dumps(_tagged(value), ensure_ascii=False)


def _tagged(value: Any) -> Any:
    match value:
        case bool() | None | str() | int() | float():
            return value  # Python's JSON has nan and inf, and integers of any size
        case list():
            return [_tagged(v) for v in value]
        case tuple():
            return {"$tuple": [_tagged(v) for v in value]}
        case set() | frozenset():
            tag = "$set" if isinstance(value, set) else "$frozenset"
            return {tag: [_tagged(v) for v in sorted(value, key=repr)]}
        case bytes():
            return {"$bytes": value.hex()}
        case dict():
            if all(isinstance(k, str) and not k.startswith("$") for k in value):
                return {k: _tagged(v) for k, v in value.items()}
            return {"$dict": [[_tagged(k), _tagged(v)] for k, v in value.items()]}
    raise TypeError(f"{type(value).__name__} is no plain value")


def check(pipeline: Pipeline, report: Report) -> None:
    """Report parameters whose attributes would be one, since none begins with `_`, and defaults that no text holds."""
    seen: dict[str, str] = {}
    for parameter in pipeline.parameters:
        other = seen.setdefault(parameter_attribute(parameter.name).lower(), parameter.name)
        if other != parameter.name:
            reason = f"its parameters {other!r} and {parameter.name!r} would have one name, which begins with a letter"
            report.add(UnsupportedForm(parameter.span, "metaflow", pipeline.name, reason))
        try:
            text_of(value_of(parameter.default.source) if parameter.default is not None else None)
        except ValueError:  # Python writes no int of more than 4,300 digits as decimal text
            reason = f"the default of {parameter.name!r} has more digits than the text of an option can"
            report.add(UnsupportedForm(parameter.span, "metaflow", pipeline.name, reason))


def is_json(parameter: Parameter) -> bool:
    """Whether plain JSON is exact for every value of the annotation."""
    try:
        node = ast.parse(parameter.annotation.strip("\"'"), mode="eval").body
    except SyntaxError:
        return False
    default = value_of(parameter.default.source) if parameter.default is not None else None
    return _json(node) and not any(
        f"${tag}" in json.dumps(_tagged(default)) for tag in ("tuple", "set", "bytes", "dict")
    )


def _json(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=None) | ast.Name(id="int" | "float" | "str" | "bool" | "None"):
            return True
        case ast.BinOp(op=ast.BitOr()):
            return _json(node.left) and _json(node.right)
        case ast.Subscript(value=ast.Name(id="list" | "List" | "Optional"), slice=inner):
            return _json(inner)
        case ast.Subscript(value=ast.Name(id="dict" | "Dict"), slice=ast.Tuple(elts=[ast.Name(id="str"), inner])):
            return _json(inner)
        case ast.Subscript(value=ast.Name(id="Literal")):
            return True
    return False


def declared(parameter: Parameter, words: Words) -> FlowParameter:
    """The assignment in the class."""
    name = parameter_attribute(parameter.name)
    kind = kind_of(parameter)
    parts = [python_literal(name)]
    default: Any = value_of(parameter.default.source) if parameter.default is not None else None
    if kind == "json":
        exact = is_json(parameter)
        parts.append(f"type={words('JSONType')}" if exact else f"type={words('ExactJSON')}()")
        if parameter.default is not None:
            text = text_of(default)
            parts.append(f"default={python_literal(text)}")
    elif parameter.default is not None:
        source = parameter.default.source
        if kind == "float" and source.startswith("float("):
            parts.append(f"default={source}")
        else:
            parts.append(f"default={python_literal(default)}")
    else:
        parts.append(f"type={kind}")
    if parameter.default is None:
        parts.append("required=True")
    if parameter.doc:
        parts.append(f"help={python_literal(parameter.doc)}")
    lines = fitted(f"{name} = {words('Parameter')}({', '.join(parts)})", 4)
    return FlowParameter(name=name, lines=tuple(lines))


def argument(parameter: Parameter, value: Any) -> str:
    """What the command line says to give the parameter `value`."""
    kind = kind_of(parameter)
    if kind == "str" and isinstance(value, str):
        text = value
    elif kind == "json":
        text = text_of(value)
    else:
        text = repr(value)
    return f"--{parameter_attribute(parameter.name)}={text}"
