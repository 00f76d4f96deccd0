"""The functions of a generated DAG file: helpers, what the user wrote, and the glue between."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from pipec.backends.airflow.reading.own.unknown import Unknown

_DOC = re.compile(r'^(?:def|class) \w+.*?:\n(?:    # region.*\n)?    """(.+?)(?:"""|\n)', re.M)
_INNER_DOC = re.compile(r'^    """(.+?)(?:"""|\n)', re.M)
MARK = "Let a task take and give exact values by XCom"
MARKS = (
    MARK,
    "Run a task in a virtual environment of its own, without Airflow: its code is in the module beside this file.",
    "Run a step in the container of its task.",
)
"""What a DAG file of pipec's has for any step that is a function."""
MARK_OF_STEPS = "Let a step take and give exact values as JSON"
COLLECTED = "List what a task of a mapped group gave for each item; as an argument one item would be no list."
GLUE_NAMES = frozenset(
    [
        "len", "min", "max", "sum", "sorted", "reversed", "any", "all", "abs", "round", "range", "zip", "enumerate",
        "dict", "list", "tuple", "set", "str", "int", "float", "bool", "repr", "AirflowSkipException",
        "AirflowFailException", "fetch", "arrived", "argument", "uri_of",
    ]
)  # fmt: skip
"""What the expressions of glue may mention besides its parameters."""


@cache
def helper_docs() -> frozenset[str]:
    """The first lines of the docstrings of all helpers that are ever written into a DAG file."""
    found: set[str] = set()
    for file in files("pipec").joinpath("templates").joinpath("airflow").iterdir():
        if file.name.endswith(".py"):
            text = file.read_text(encoding="utf-8")
            found |= set(_DOC.findall(text)) | set(_INNER_DOC.findall(text))
    return frozenset(found)


@dataclass
class TaskFunction:
    """A function under `@task`."""

    node: ast.FunctionDef
    options: dict[str, ast.expr] = field(default_factory=dict)
    """Arguments of `@task`."""
    kind: str = "task"
    """"task", "branch", "sensor", "short_circuit"."""
    stored: dict[str, ast.expr] | None = None
    """Arguments of `@stored`; `None` where it is not there."""
    cached: ast.Call | None = None
    watched: ast.Call | None = None
    caught: bool = False
    env: ast.expr | None = None
    place: str = ""
    """"virtualenv", "pod" or "docker", where it runs; "" is in the worker."""
    isolated: dict[str, ast.expr] = field(default_factory=dict)
    """What the environment has that is made for it: `requirements` and `python`."""
    inner: list[ast.expr] = field(default_factory=list)
    """Decorators that the user wrote, which stand below those that make a task of the function."""
    user: bool = False
    """Whether it is a step of the user's, not glue."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.node.name

    @property
    def task_id(self) -> str:
        """The identifier of its task, unless that is overridden."""
        given = self.options.get("task_id")
        return given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else self.name

    @property
    def outputs(self) -> dict[str, int | str | None]:
        """Output -> which part of the result it is; empty where there is one, the result itself."""
        given = (self.stored or {}).get("outputs")
        if not isinstance(given, ast.Dict):
            return {}
        pairs: dict[str, tuple[int | str | None, object]] = ast.literal_eval(given)
        return {key: where for key, (where, _) in pairs.items()}

    @property
    def discards(self) -> bool:
        """Whether its result is thrown away."""
        given = (self.stored or {}).get("result")
        return isinstance(given, ast.Constant) and given.value is None

    @property
    def rule(self) -> str:
        """Its trigger rule."""
        given = self.options.get("trigger_rule")
        return str(given.value) if isinstance(given, ast.Constant) else "all_success"

    @property
    def parameters(self) -> list[str]:
        """The names of its parameters."""
        given = self.node.args
        return [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def dotted(node: ast.AST) -> str:
    """`a.b.c`, or "" for anything else."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            inner = dotted(node.value)
            return f"{inner}.{node.attr}" if inner else ""
    return ""


def first_doc(node: ast.AST) -> str:
    """The first line of the docstring of a function or class."""
    if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return ""
    return (ast.get_docstring(node, clean=False) or "").split("\n")[0]


def is_helper(node: ast.AST) -> bool:
    """Whether a definition is one of the fixed helpers."""
    return first_doc(node) in helper_docs()


def task_function(
    node: ast.FunctionDef, helpers: dict[str, str], places: Mapping[str, str] = MappingProxyType({})
) -> TaskFunction | None:
    """A function under `@task`; `None` for others. `helpers`: name in this file -> which helper that is. `places`: a
    decorator of the file's own that makes tasks -> where these run."""
    found = TaskFunction(node)
    if not node.decorator_list:
        return None
    for decorator in node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        name = dotted(call.func if call else decorator)
        given = {k.arg: k.value for k in call.keywords if k.arg} if call else {}
        if name in places:
            found.options, found.place = given, places[name]
            continue
        if name in ("task", "task.branch", "task.sensor", "task.short_circuit"):
            found.kind = name.partition(".")[2] or "task"
            found.options = given
            continue
        match helpers.get(name):
            case "stored":
                found.stored = given
            case "cached":
                found.cached = call
            case "watched":
                found.watched = call
            case "caught" | "caught_sensor":
                found.caught = True
            case "isolated":
                found.place, found.isolated = "virtualenv", given
            case "contained":
                pass
            case "with_environment":
                found.env = call.args[0] if call else None
            case _ if decorator is node.decorator_list[0]:
                return None
            case _:
                found.inner.append(decorator)
    return found


def classify(functions: dict[str, TaskFunction], plain: set[str]) -> None:
    """Say which functions are the user's. `plain`: functions of the user's that are no tasks by themselves."""
    for function in functions.values():
        function.user = function.kind in ("task", "short_circuit") and not _is_glue(function, plain)


def _is_glue(function: TaskFunction, plain: set[str]) -> bool:
    node = function.node
    given = node.args
    if function.inner:
        return False
    if node.returns or any(a.annotation for a in (*given.args, *given.kwonlyargs, *given.posonlyargs)):
        return False
    if given.defaults or given.vararg or given.kwarg or ast.get_docstring(node):
        return first_doc(node) == COLLECTED
    statements = [s for s in ast.walk(node) if isinstance(s, ast.stmt) and s is not node]
    if any(not isinstance(s, (ast.Return, ast.If, ast.Assign, ast.Raise, ast.Pass)) for s in statements):
        return False
    if calls_user(node, plain):
        return True
    result = (function.stored or {}).get("result")
    if isinstance(result, ast.Constant) and isinstance(result.value, str) and result.value != "value":
        return False
    found = [n for s in node.body for n in ast.walk(s)]
    bound = set(function.parameters) | {n.id for n in found if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    bound |= {a.arg for n in found if isinstance(n, ast.Lambda) for a in n.args.args}
    return {n.id for n in found if isinstance(n, ast.Name)} - bound <= GLUE_NAMES


def calls_user(node: ast.FunctionDef, plain: set[str]) -> ast.Call | None:
    """The call of a user's function that a wrapper returns."""
    last = node.body[-1]
    if isinstance(last, ast.Return) and isinstance(last.value, ast.Call) and dotted(last.value.func) in plain:
        return last.value
    return None


def constant(node: ast.expr | None) -> object:
    """The value of a literal."""
    if node is None:
        return None
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise Unknown(node, "it is no constant") from None
