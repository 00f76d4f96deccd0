"""The few Jinja templates that have an exact counterpart: `{{ ds }}`, `{{ params.x }}`, `{{ ti.xcom_pull(...) }}`."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Literal

_PARTS = re.compile(r"\{\{(.*?)\}\}|(\{%|\{#)", re.DOTALL)


@dataclass(frozen=True)
class Fact:
    """Something that the orchestrator knows of a run."""

    kind: Literal["ds", "ds_nodash", "run_id", "param", "conf", "pull", "attempt", "params"]
    name: str = ""
    """Of a parameter; of a pull: the key of the XCom, "" for what the task returned."""
    tasks: tuple[str, ...] = ()
    """Of a pull."""
    several: bool = False
    """A pull of a list of tasks gives a list."""
    default: object = None
    """Of `dag_run.conf.get(name, default)`."""
    path: tuple[object, ...] = ()
    """What is looked up in it."""


def is_template(text: object) -> bool:
    """Whether Jinja would change `text`."""
    return isinstance(text, str) and ("{{" in text or "{%" in text or "{#" in text)


def split(text: str) -> list[str | Fact] | None:
    """The parts of a template; `None` where one of them has no counterpart."""
    found: list[str | Fact] = []
    end = 0
    for match in _PARTS.finditer(text):
        if match[2]:
            return None
        if match.start() > end:
            found.append(text[end : match.start()])
        fact = fact_of(match[1].strip())
        if fact is None:
            return None
        found.append(fact)
        end = match.end()
    if end < len(text):
        found.append(text[end:])
    if found and isinstance(found[-1], str) and text.endswith("\n"):  # Jinja drops one newline at the end
        found[-1] = found[-1][:-1]
    return found


def fact_of(source: str) -> Fact | None:
    """What one expression of a template stands for."""
    if "|" in source:
        return None
    try:
        node = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return _fact(node)


def _fact(node: ast.expr) -> Fact | None:
    match node:
        case ast.Name(id="ds" | "ds_nodash" | "run_id" as name):
            return Fact(name)
        case ast.Attribute(value=ast.Name(id="dag_run"), attr="run_id"):
            return Fact("run_id")
        case ast.Attribute(value=ast.Name(id="params"), attr=name):
            return Fact("param", name)
        case ast.Subscript(value=ast.Name(id="params"), slice=ast.Constant(value=str() as name)):
            return Fact("param", name)
        case ast.Call():
            return _call(node)
        case ast.Subscript(slice=ast.Constant(value=key)):
            inner = _fact(node.value)
            if inner is not None and inner.kind in ("pull", "param"):
                return Fact(inner.kind, inner.name, inner.tasks, inner.several, inner.default, (*inner.path, key))
    return None


def _call(node: ast.Call) -> Fact | None:
    match node.func:
        case ast.Attribute(value=ast.Name(id="ti" | "task_instance"), attr="xcom_pull"):
            return pull(node)
    return None


def pull(node: ast.Call) -> Fact | None:
    """What `ti.xcom_pull(...)` reads; `None` where that is not known."""
    given: dict[str, ast.expr] = dict(zip(("task_ids", "dag_id", "key"), node.args))
    given |= {k.arg: k.value for k in node.keywords if k.arg}
    if set(given) - {"task_ids", "key"} or any(k.arg is None for k in node.keywords):
        return None
    key = given.get("key")
    if key is not None and not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
        return None
    name = key.value if isinstance(key, ast.Constant) and key.value != "return_value" else ""
    match given.get("task_ids"):
        case ast.Constant(value=str() as task):
            return Fact("pull", str(name), (task,))
        case ast.List(elts=items) | ast.Tuple(elts=items):
            tasks = [i.value for i in items if isinstance(i, ast.Constant) and isinstance(i.value, str)]
            if len(tasks) == len(items):
                return Fact("pull", str(name), tuple(tasks), True)
    return None
