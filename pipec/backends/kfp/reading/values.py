"""What goes into tasks: constants, text with placeholders, and values of the pipeline, as Python expressions."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pipec.compiler.pysource.text import double_quoted, one_line, python
from pipec.ir.literals import source_of

INPUT = re.compile(r"\{\{\$\.inputs\.parameters\[(['\"])(?P<name>.*?)\1\]\}\}")
RUNTIME = re.compile(r"\{\{\$\.?(?P<name>[\w.]*)[^}]*\}\}")
SELECTOR = re.compile(r"parseJson\(string_value\)(?P<path>(?:\[(?:\"[^\"\\]*\"|'[^'\\]*'|\d+)\])+)\Z")
KEY = re.compile(r"\[(\"[^\"\\]*\"|'[^'\\]*'|\d+)\]")
RUN = {
    "pipeline_job_uuid": ("run.id", ""),
    "pipeline_job_resource_name": ("run.name", ""),
    "pipeline_job_name": ("run.name", "the name that people gave to the run is that of its workflow"),
}
"""Placeholder -> what it becomes, and what is not quite the same."""


class RefusedError(Exception):
    """Something that decides what the pipeline does cannot be said; the message says what."""


@dataclass(frozen=True)
class Value:
    """An expression of the pipeline function."""

    source: str
    kind: str = ""
    """The KFP type of a parameter, where known."""
    changes: tuple[str, ...] = ()
    optional: bool = False
    """It is `None` where nobody has given it."""
    native: bool = False
    """A step gives it that Kubeflow runs as it was, so that its metadata are Kubeflow's."""


@dataclass
class Scope:
    """What the tasks of one DAG see."""

    parameters: dict[str, Value] = field(default_factory=dict)
    artifacts: dict[str, Value] = field(default_factory=dict)
    outputs: dict[tuple[str, str], Value] = field(default_factory=dict)
    """Task and output -> value."""
    own: set[str] = field(default_factory=set)
    """Names of the function."""
    in_loop: bool = False
    serial: bool = True
    """Whether all around waits for it anyway, so that effects may stand in it."""
    placeholder: Callable[[str, str], str] = lambda name, task: ""
    """The call that gives what the server fills in for a placeholder of a task; "" where there is none."""

    def output(self, producer: str, key: str, task: str) -> Value:
        """What `producer` gives to `task`."""
        if (producer, key) not in self.outputs:
            raise RefusedError(f"`{task}` gets `{key}` of `{producer}`, which does not hand it out where it is wanted")
        return self.outputs[producer, key]

    def inner(self, parameters: dict[str, Value], artifacts: dict[str, Value], in_loop: bool, serial: bool) -> Scope:
        """The scope of a DAG that is written in place."""
        return replace(self, parameters=parameters, artifacts=artifacts, outputs={}, in_loop=in_loop, serial=serial)


def constant(value: Any, kind: str) -> Any:
    """A constant as Python has it: JSON has numbers only."""
    if isinstance(value, bool) or not isinstance(value, (int, float, list, Mapping)):
        return value
    if isinstance(value, Mapping):
        return {str(k): constant(v, "") for k, v in value.items()}
    if isinstance(value, list):
        return [constant(v, "") for v in value]
    if kind == "NUMBER_DOUBLE":
        return float(value)
    whole = isinstance(value, float) and math.isfinite(value) and value == int(value)
    return int(value) if whole else value


def literal(value: Any, kind: str = "") -> str:
    """The source of a constant."""
    return python(constant(value, kind))


def argument(source: Mapping[str, Any], kind: str, inputs: Mapping[str, Any], scope: Scope, task: str) -> Value | None:
    """What an input of `task` gets; `None` where it gets nothing. `inputs` are all of its inputs, for placeholders."""
    found = _bare(source, kind, inputs, scope, task)
    selector = source.get("parameterExpressionSelector")
    if not selector or found is None:
        return found
    match = SELECTOR.match(selector)
    if match is None:
        raise RefusedError(f"the selector `{selector[:80]}` of an input of `{task}` is not known")
    keys = "".join(f"[{double_quoted(key)}]" for key in KEY.findall(match["path"]))
    return Value(f"{_operand(found.source)}{keys}", "", found.changes)


def _bare(source: Mapping[str, Any], kind: str, inputs: Mapping[str, Any], scope: Scope, task: str) -> Value | None:
    if (made := source.get("taskOutputParameter")) is not None:
        return scope.output(made["producerTask"], made["outputParameterKey"], task)
    if name := source.get("componentInputParameter"):
        return scope.parameters.get(name)
    runtime = source.get("runtimeValue")
    if runtime is None:
        return None
    if name := runtime.get("runtimeParameter"):
        return scope.parameters.get(name)
    if "constant" in runtime:
        value = runtime["constant"]
    else:
        value = next(iter((runtime.get("constantValue") or {}).values()), None)

    def lookup(name: str) -> Value:
        other = inputs.get(name)
        found = argument(other, "", inputs, scope, task) if other is not None else None
        if found is None:
            raise RefusedError(f"a text of `{task}` mentions the input `{name}`, which it does not get")
        return found

    return filled(value, kind, Lookup(lookup, scope.placeholder), task)


@dataclass(frozen=True)
class Lookup:
    """What stands for placeholders in texts."""

    input: Callable[[str], Value]
    """Of an input of the task."""
    of_run: Callable[[str, str], str]
    """The call that gives what only the server knows; "" where there is none."""


def filled(value: Any, kind: str, lookup: Lookup, task: str) -> Value:
    """A constant in which placeholders are filled in at run time."""
    changes: list[str] = []
    node = _node(constant(value, kind), lookup, task, changes)
    found = getattr(node, "alone", None)
    if isinstance(found, Value):
        return replace(found, changes=(*found.changes, *changes))
    return Value(one_line(node), kind, tuple(changes))


def _node(value: Any, lookup: Lookup, task: str, changes: list[str]) -> ast.expr:
    if isinstance(value, str) and "{{$" in value:
        return _text(value, lookup, task, changes)
    if isinstance(value, list):
        return ast.List([_node(v, lookup, task, changes) for v in value], ast.Load())
    if isinstance(value, dict):
        keys: list[ast.expr | None] = [_node(k, lookup, task, changes) for k in value]
        return ast.Dict(keys, [_node(v, lookup, task, changes) for v in value.values()])
    return ast.parse(source_of(value), mode="eval").body


def _text(text: str, lookup: Lookup, task: str, changes: list[str]) -> ast.expr:
    """A text with placeholders: an f-string, or the value itself where it is nothing else."""
    pieces: list[str | Value] = []
    at = 0
    for place in RUNTIME.finditer(text):
        pieces += [text[at : place.start()], _placeholder(place[0], place["name"], lookup, task, changes)]
        at = place.end()
    pieces.append(text[at:])
    kept = [piece for piece in pieces if piece != ""]
    if len(kept) == 1 and isinstance(kept[0], Value) and kept[0].kind == "STRING":
        node = ast.parse(kept[0].source, mode="eval").body
        node.alone = kept[0]  # type: ignore[attr-defined]  # read by `filled` alone
        return node
    values: list[ast.expr] = []
    for piece in kept:
        if isinstance(piece, str):
            values.append(ast.Constant(piece))
            continue
        changes += piece.changes
        values.append(ast.FormattedValue(_shown(piece, changes), -1))
    return ast.JoinedStr(values)


def _shown(piece: Value, changes: list[str]) -> ast.expr:
    """A value as it stands in a text."""
    node = ast.parse(piece.source, mode="eval").body
    if piece.kind == "BOOLEAN":
        return ast.IfExp(node, ast.Constant("true"), ast.Constant("false"))
    if piece.kind in ("LIST", "STRUCT"):
        changes.append("a list or a mapping in a text is shown as Python has it, not as JSON")
    elif piece.kind == "NUMBER_DOUBLE":
        changes.append("a whole number of a double in a text is shown with `.0`")
    return node


def _placeholder(text: str, name: str, lookup: Lookup, task: str, changes: list[str]) -> Value:
    given = INPUT.fullmatch(text)
    if given is not None:
        return lookup.input(given["name"])
    if name in RUN:
        source, change = RUN[name]
        changes += [change] if change else []
        return Value(source, "STRING")
    if name == "pipeline_task_name":
        return Value(literal(task), "STRING")
    if call := lookup.of_run(name, task):
        return Value(call, "STRING")
    raise RefusedError(f"`{task}` gets `{text}`, which only Kubeflow knows")


def _operand(source: str) -> str:
    """`source` so that a subscript can follow."""
    node = ast.parse(source, mode="eval").body
    simple = isinstance(node, (ast.Name, ast.Subscript, ast.Call, ast.Attribute, ast.List, ast.Dict))
    return source if simple else f"({source})"
