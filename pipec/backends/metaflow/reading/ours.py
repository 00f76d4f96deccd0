"""What pipec itself writes around the code of a step, and takes away again: flows that it wrote come back as they were.

The helpers are those of `pipec/templates/metaflow`; pipec gives each step an empty folder, copies of its inputs, and
its cache, whatever the target.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from pipec.backends.metaflow.reading.syntax import literal
from pipec.ir import Deadline

FOLDER, REUSE, COPIES, JSON = "empty_folder", "reuse", "FreshArtifacts", "ExactJSON"
MESSAGE, LIMIT, TELLING, WATCHED = "failure_message", "time_limit_message", "telling", "watched"
PASSED_ON = ("plain", "storable", "classification")
"""Functions that see to it that a result can travel, as every target does with results."""
HELPERS = frozenset((FOLDER, REUSE, JSON, MESSAGE, LIMIT, TELLING, WATCHED, *PASSED_ON, "like", "pack", "unpack"))
"""Functions and classes that nothing needs once they are taken away."""

EXACT: dict[str, Callable[[Any], Any]] = {"tuple": tuple, "set": set, "frozenset": frozenset, "bytes": bytes.fromhex}
"""What `ExactJSON` has tags for besides dicts of any keys -> what makes it of what stands below the tag."""


@dataclass(frozen=True)
class Reuse:
    """`if not reuse(self, ...)`: the cache of a step."""

    seconds: float | None
    """How long an entry is valid."""


RESULT = re.compile(r"Finish; the result is `(\w+)`\.")


def result_of(end: ast.FunctionDef) -> str | None:
    """The artifact that the pipeline results in, "" where it results in nothing; `None` where `end` does not say it."""
    doc = ast.get_docstring(end) or ""
    if match := RESULT.fullmatch(doc):
        return match[1]
    if doc == "Finish with the result.":
        targets = [s.targets[0] for s in ast.walk(end) if isinstance(s, ast.Assign)]
        return next((t.attr for t in reversed(targets) if isinstance(t, ast.Attribute)), None)
    return "" if doc == "Finish the flow." else None


def untagged(value: Any) -> Any:
    """A value as `ExactJSON` gives it."""
    if isinstance(value, list):
        return [untagged(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((tag, content),) = value.items()
        if tag == "$dict":
            return {untagged(key): untagged(item) for key, item in content}
        if tag[:1] == "$" and tag[1:] in EXACT:
            return EXACT[tag[1:]](untagged(content))
    return {key: untagged(item) for key, item in value.items()}


@cache
def _known() -> dict[str, str]:
    """First line of the docstring -> helper."""
    text = files("pipec").joinpath("templates").joinpath("metaflow").joinpath("helpers.py").read_text(encoding="utf-8")
    return {_doc(node): node.name for node in ast.parse(text).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def _doc(node: ast.FunctionDef | ast.ClassDef) -> str:
    return (ast.get_docstring(node) or "").partition("\n")[0]


def helpers(tree: ast.Module) -> dict[str, str]:
    """Name in a file -> the helper that it is; those of the user's that are called alike are not among them."""
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and (doc := _doc(node)) and doc in _known():
            found[node.name] = _known()[doc]
    return found


def reuse_of(node: ast.stmt) -> Reuse | None:
    """The cache that an `if` stands for."""
    match node:
        case ast.If(
            test=ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=ast.Name(id="reuse"), keywords=keywords)), orelse=[]
        ):
            for keyword in keywords:
                if keyword.arg == "ttl":
                    return Reuse(_seconds(keyword.value))
            return Reuse(None)
    return None


def _seconds(node: ast.expr) -> float | None:
    """Of `timedelta(days=7)`."""
    sizes = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
    total = 0.0
    if isinstance(node, ast.Call):
        for keyword in node.keywords:
            known, value = literal(keyword.value)
            if known and isinstance(value, (int, float)) and keyword.arg in sizes:
                total += value * sizes[keyword.arg]
    return total or None


def message_of(decorators: list[ast.expr]) -> str | None:
    """The artifact with the message of a step that ends well although it has failed; its results are `None` then."""
    for node in decorators:
        match node:
            case ast.Call(func=ast.Name(id="failure_message"), keywords=keywords):
                for keyword in keywords:
                    if keyword.arg == "artifact" and isinstance(keyword.value, ast.Constant):
                        return str(keyword.value.value)
    return None


def hook(node: ast.stmt) -> str:
    """The user's function that a function for the end of a run calls with a message; "" where it is none of these."""
    match node:
        case ast.FunctionDef(
            args=ast.arguments(args=[ast.arg(arg="run")]),
            body=[ast.Expr(value=ast.Call(func=ast.Name(id=name), args=[ast.JoinedStr() as text], keywords=[]))],
            decorator_list=[],
        ) if any(ast.unparse(part) == "run.id if run else None" for part in ast.walk(text)):
            return name
    return ""


def hooks_of(tree: ast.Module, given: Mapping[str, ast.expr]) -> dict[str, str] | None:
    """What `@exit_hook` says, as settings of the pipeline; `None` where it is not what pipec writes."""
    known = {node.name: hook(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
    found: dict[str, str] = {}
    for argument, setting in (("on_success", "on_success"), ("on_error", "on_failure")):
        match given.get(argument):
            case None:
                continue
            case ast.List(elts=[ast.Name(id=name)]) if known.get(name):
                found[setting] = known[name]
            case _:
                return None
    return found


def told(body: list[ast.stmt], helpers: Mapping[str, str]) -> str:
    """The function that is called when a step has failed for good; "" if there is none."""
    for node in _unwrapped(body):
        match node:
            case ast.With(items=[ast.withitem(context_expr=ast.Call(func=ast.Name(id=name), args=[tell, *_]))]) if (
                helpers.get(name) == TELLING
            ):
                return ast.unparse(tell)
    return ""


def deadline_of(body: list[ast.stmt], helpers: Mapping[str, str]) -> Deadline | None:
    """The time after which a step says that it still runs."""
    for node in _unwrapped(body):
        match node:
            case ast.With(
                items=[ast.withitem(context_expr=ast.Call(func=ast.Name(id=name), args=[after, _, *tell]))]
            ) if helpers.get(name) == WATCHED and (seconds := _seconds(after)) is not None:
                return Deadline(after=seconds, tell=ast.unparse(tell[0]) if tell else None)
    return None


def _unwrapped(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a step, and those in a `with` that pipec has put around all that the step does."""
    for node in body:
        yield node
        if isinstance(node, ast.With):
            yield from _unwrapped(node.body)


def cache_of(body: list[ast.stmt]) -> Reuse | None:
    """The cache of a step."""
    for node in _unwrapped(body):
        found = reuse_of(node)
        if found is not None:
            return found
    return None
