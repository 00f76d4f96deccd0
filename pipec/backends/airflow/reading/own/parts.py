"""The top level of a generated DAG file, and of the file beside it that has the code of isolated steps."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from pipec.backends.airflow.reading.own.functions import (
    MARK,
    MARK_OF_STEPS,
    TaskFunction,
    classify,
    dotted,
    first_doc,
    is_helper,
    task_function,
)
from pipec.backends.airflow.reading.own.policies import Callbacks, callback
from pipec.backends.airflow.reading.own.unknown import Unknown
from pipec.compiler.reading import Source


@dataclass
class Parts:
    """The top level of a generated file."""

    source: Source
    tree: ast.Module
    helpers: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, TaskFunction] = field(default_factory=dict)
    plain: dict[str, ast.FunctionDef] = field(default_factory=dict)
    """Functions of the user's."""
    kept: list[ast.stmt] = field(default_factory=list)
    """What the user wrote, in order."""
    imported: list[ast.stmt] = field(default_factory=list)
    typing_only: list[ast.If] = field(default_factory=list)
    callbacks: Callbacks = field(default_factory=Callbacks)
    dags: list[ast.With] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    """Decorator of the file's own that makes tasks -> where these run."""
    beside: str = ""
    """The file with the code of steps that run elsewhere than in the worker."""
    borrowed: dict[ast.stmt, Source] = field(default_factory=dict)
    """What comes from that file."""


def parts_of(source: Source, tree: ast.Module) -> Parts:
    """Tell apart what stands at the top level."""
    found = Parts(source, tree)
    sort(found)
    if found.beside:
        borrow(found)
    classify(found.tasks, set(found.plain))
    for function in list(found.tasks.values()):
        if function.user:
            found.plain[function.name] = function.node
    return found


def sort(found: Parts) -> None:
    """Put what stands at the top level into its part."""
    tree = found.tree
    body = tree.body[1:] if tree.body and _is_text(tree.body[0]) else tree.body
    defined = [s for s in body if isinstance(s, (ast.FunctionDef, ast.ClassDef)) and is_helper(s)]
    for helper in defined:
        found.helpers[helper.name] = _canonical(first_doc(helper), helper.name)
    for stmt in body:
        _sort(found, stmt)


def _canonical(doc: str, name: str) -> str:
    """Which helper a docstring belongs to."""
    if doc.startswith((MARK, MARK_OF_STEPS)):
        return "stored"
    for start, helper in (
        ("Reuse the result of an earlier run", "cached"),
        ("Let a task end well when its last attempt fails", "caught"),
        ("Let a sensor end well", "caught_sensor"),
        ("Set environment variables while a task runs", "with_environment"),
        ("Run a task in a virtual environment of its own", "isolated"),
        ("Run a step in the container of its task", "contained"),
        ("Run a step in a pod of its own", "pod"),
        ("Run a step in a container of Docker", "docker"),
    ):
        if doc.startswith(start):
            return helper
    return name


def _sort(found: Parts, stmt: ast.stmt) -> None:
    match stmt:
        case ast.Import() | ast.ImportFrom():
            found.imported.append(stmt)
        case ast.If(test=ast.Name("TYPE_CHECKING")) if _is_of_head(found, stmt):
            found.typing_only.append(stmt)
        case ast.With(items=[ast.withitem(context_expr=ast.Call(func=ast.Name("DAG")))]):
            found.dags.append(stmt)
        case ast.Assign(targets=[ast.Name("ARTIFACTS")]) if "ARTIFACT_ROOT" in ast.unparse(stmt):
            pass
        case ast.Assign(
            targets=[ast.Name()],
            value=ast.Call(
                func=ast.Attribute(value=ast.Call(args=[ast.Name("__file__")]), attr="with_name"),
                args=[ast.Constant(value=str(name))],
            ),
        ):
            found.beside = name if {"isolated", "contained"} & set(found.helpers.values()) else found.beside
        case ast.Assign(
            targets=[ast.Name(id=made)],
            value=ast.Call(args=[ast.Name("task_decorator_factory")], keywords=[ast.keyword(value=ast.Name(id=kind))]),
        ):
            found.places[made] = found.helpers[kind]
        case ast.If(test=ast.Compare(left=ast.Name("__name__"))):
            pass
        case ast.FunctionDef() | ast.ClassDef() if is_helper(stmt) and not stmt.decorator_list:
            pass
        case ast.FunctionDef() if is_helper(stmt) and dotted(stmt.decorator_list[0]).startswith("contextlib"):
            pass
        case ast.FunctionDef():
            function = task_function(stmt, found.helpers, found.places)
            if function is not None:
                found.tasks[stmt.name] = function
                found.kept.append(stmt)
            elif (told := callback(stmt)) is not None:
                found.callbacks.known[stmt.name] = told
            else:
                found.plain[stmt.name] = stmt
                found.kept.append(stmt)
        case _:
            found.kept.append(stmt)


def _is_of_head(found: Parts, stmt: ast.If) -> bool:
    """Whether it stands with the imports: two lines above the user's code are empty. It has what tasks import."""
    imports = all(isinstance(inner, (ast.Import, ast.ImportFrom)) for inner in stmt.body)
    return imports and bool(found.source.lines[stmt.lineno - 3].strip()) and not found.kept


def _is_text(stmt: ast.stmt) -> bool:
    return isinstance(stmt, ast.Expr) and isinstance(stmt.value, ast.Constant) and isinstance(stmt.value.value, str)


def borrow(parts: Parts) -> None:
    """Take the code of isolated steps from the file beside the DAG file."""
    other = _beside(parts)
    for name, task in parts.tasks.items():
        if task.place:
            real = other.tasks.get(name)
            if real is None:
                raise Unknown(task.node, f"its code is not in {parts.beside}")
            parts.kept.remove(task.node)
            task.node, task.stored, task.inner = real.node, real.stored, real.inner
    parts.borrowed = dict.fromkeys(other.kept, other.source)
    parts.kept = _merged(parts.kept, other.kept)
    parts.plain |= {name: node for name, node in other.plain.items() if name not in parts.plain}
    parts.imported += other.imported
    parts.typing_only += other.typing_only


def _beside(parts: Parts) -> Parts:
    """The file beside the DAG file."""
    path = parts.source.path.parent / parts.beside
    try:
        text = path.read_text(encoding="utf-8")
        found = Parts(Source(path, parts.beside, text, parts.source.root), ast.parse(text))
    except (OSError, ValueError, SyntaxError) as error:
        raise Unknown(None, f"the code of its steps, {parts.beside} beside it, cannot be read: {error}") from error
    sort(found)
    return found


def _merged(one: list[ast.stmt], other: list[ast.stmt]) -> list[ast.stmt]:
    """Two parts of one module, in an order that has both of theirs; what is in both once."""
    known = {_meaning(stmt): stmt for stmt in one}
    result: list[ast.stmt] = []
    rest = list(one)
    for stmt in other:
        same = known.get(_meaning(stmt))
        if same is None:
            result.append(stmt)
        elif same in rest:
            at = rest.index(same) + 1
            result += rest[:at]
            rest = rest[at:]
    return result + rest


def _meaning(stmt: ast.stmt) -> str:
    """A statement without the decorators that make a task of a function."""
    if isinstance(stmt, ast.FunctionDef):
        stmt = ast.FunctionDef(stmt.name, stmt.args, stmt.body, [], stmt.returns)
    return ast.dump(stmt)
