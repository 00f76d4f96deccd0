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

from pipec.backends.metaflow.reading.syntax import attribute_of, literal
from pipec.ir import Cache, Deadline

FOLDER, REUSE, COPIES, JSON = "empty_folder", "reuse", "FreshArtifacts", "ExactJSON"
MESSAGE, LIMIT, TELLING, WATCHED = "failure_message", "time_limit_message", "telling", "watched"
PASSED_ON = ("plain", "storable", "classification")
"""Functions that see to it that a result can travel, as every target does with results."""
HELPERS = frozenset((FOLDER, REUSE, JSON, MESSAGE, LIMIT, TELLING, WATCHED, *PASSED_ON, "like", "pack", "unpack"))
"""Functions and classes that nothing needs once they are taken away."""

EXACT: dict[str, Callable[[Any], Any]] = {"tuple": tuple, "set": set, "frozenset": frozenset, "bytes": bytes.fromhex}
"""What `ExactJSON` has tags for besides dicts of any keys -> what makes it of what stands below the tag."""


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


@dataclass(frozen=True)
class Hook:
    """What is called at the end of a run with a message."""

    function: str
    """The user's own."""
    title: str
    """The name of the pipeline, as the message has it."""
    end: str
    """"succeeded" or "failed"."""


def hooks(tree: ast.Module) -> dict[str, Hook]:
    """Function that Metaflow calls with the run -> whom it calls with a message."""
    return {n.name: hook for n in tree.body if isinstance(n, ast.FunctionDef) and (hook := _hook(n)) is not None}


def _hook(node: ast.FunctionDef) -> Hook | None:
    match node:
        case ast.FunctionDef(
            args=ast.arguments(posonlyargs=[], args=[ast.arg("run")], vararg=None, kwonlyargs=[], kwarg=None),
            body=[ast.Expr(ast.Call(ast.Name(function), [ast.JoinedStr([ast.Constant(str(text)), ending, _])], []))],
        ) if isinstance(ending, ast.FormattedValue) and ast.unparse(ending.value) == "run.id if run else None":
            found = re.fullmatch(r"(.+) has (succeeded|failed) \(run ", text)
            return Hook(function, found[1], found[2]) if found else None
    return None


def is_reuse(node: ast.stmt) -> bool:
    """Whether a statement is `if not reuse(self, ...)`: what a step does unless its result is there."""
    return _reuse(node) is not None


def _reuse(node: ast.stmt) -> ast.Call | None:
    match node:
        case ast.If(test=ast.UnaryOp(ast.Not(), ast.Call(ast.Name("reuse")) as call), orelse=[]):
            return call
    return None


def cache_of(body: list[ast.stmt], file: ast.Module) -> Cache | None:
    """The cache of a step of the flow in `file`: what its call of `reuse` says."""
    functions = {n.name: n.args for n in file.body if isinstance(n, ast.FunctionDef)}
    for node in _unwrapped(body):
        if (call := _reuse(node)) is None:
            continue
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        code = str(literal(given["code"])[1]) if "code" in given else ""
        covered = {str(literal(key)[1]) for key in getattr(given.get("inputs"), "keys", ()) if key is not None}
        ignored: list[str] = []
        for work in (n for n in ast.walk(node) if isinstance(n, ast.Call) and n is not call):
            if isinstance(work.func, ast.Name) and work.func.id in functions and work.func.id not in _known().values():
                parameters = functions[work.func.id]
                names = [a.arg for a in (*parameters.posonlyargs, *parameters.args)][: len(work.args)]
                names += [keyword.arg for keyword in work.keywords if keyword.arg is not None]
                ignored = [name for name in names if name not in covered]
                break
        ttl = _seconds(given["ttl"]) if "ttl" in given else None
        return Cache(ttl=ttl, version=" ".join(code.split(" ")[2:]), ignore=tuple(ignored))
    return None


def unkeyed(body: list[ast.stmt], self_name: str) -> set[str]:
    """The artifacts that a cached step works with, and that neither its key nor anything else in it looks at."""
    nodes = {one for node in body for one in ast.walk(node)}
    cached = [node for node in nodes if isinstance(node, ast.If) and is_reuse(node)]
    work = {one for node in cached for statement in node.body for one in ast.walk(statement)}
    inside, outside = ({attribute_of(one, self_name) for one in several} for several in (work, nodes - work))
    return {name for name in inside - outside if name is not None}


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
