"""A generated DAG file as a plain module."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from pipec.backends.airflow.names import dag_id
from pipec.backends.airflow.reading.own.blocks import statements
from pipec.backends.airflow.reading.own.dag import Graph, GraphReader, Node
from pipec.backends.airflow.reading.own.functions import TaskFunction, constant
from pipec.backends.airflow.reading.own.guards import Guards
from pipec.backends.airflow.reading.own.operators import Operators
from pipec.backends.airflow.reading.own.order import ordered
from pipec.backends.airflow.reading.own.params import signature
from pipec.backends.airflow.reading.own.parts import Parts
from pipec.backends.airflow.reading.own.places import Names
from pipec.backends.airflow.reading.own.policies import dag_settings, step_policy, step_settings
from pipec.backends.airflow.reading.own.unknown import Unknown
from pipec.backends.airflow.reading.own.writer import Writer
from pipec.compiler.backend import lifecycle
from pipec.compiler.reading import (
    Asked,
    Definition,
    Item,
    Module,
    PipelineFunction,
    StepFunction,
    constants,
    policy_of,
    settings_of,
)
from pipec.compiler.reading.module import AUTHORING

RESULT = re.compile(r"    # Result: (.+)")
OURS = ("airflow", "kubernetes")
"""Packages that the generated part needs, and the user's part seldom does."""


@dataclass
class Made:
    """What a file has become."""

    module: Module
    name: str
    function: str
    graph: Graph
    dag: ast.With
    called: dict[Node, str]
    """Task -> the step that it calls."""
    natives: dict[Node, str]
    """Task in Airflow's own words -> the operator that makes it."""
    returns: bool
    """Whether the pipeline returns something that no comment tells."""
    told: bool
    """Whether a comment tells what it returns."""


def made_of(parts: Parts) -> Made:
    """The module. Raises `Unknown`."""
    if len(parts.dags) != 1:
        raise Unknown(parts.dags[-1] if parts.dags else None, "it is not one DAG")
    dag = parts.dags[0]
    call = dag.items[0].context_expr
    assert isinstance(call, ast.Call)
    given = {str(k.arg): k.value for k in call.keywords}
    graph = GraphReader(parts.tasks).read(dag.body)
    parameters, annotated = signature(given.get("params"))
    name = _name(given)
    operators = Operators(parts, graph, {*AUTHORING, *annotated, *_module_names(parts)}, given.get("params"))
    steps = operators.run()
    guards = Guards(graph)
    guards.run()
    function = _function_name(name, set(parts.plain) | annotated)
    reserved = {*AUTHORING, *annotated, function, *_module_names(parts)}
    writer = Writer(graph, guards, Names(reserved), parts.plain)
    writer.told = _told(parts, dag, graph)
    writer.before_settling = lambda root: ordered(root, graph, writer)
    block = writer.run()
    settings = {} if name == function else {"name": _quoted(name)}
    rule = parts.source.beside(lifecycle.ENDING)
    settings |= dag_settings(given, parts.callbacks, lifecycle.retention_of(rule.text) if rule is not None else None)
    about, doc = _docs(given, ast.get_docstring(parts.tree, clean=False) or "")
    pipeline = PipelineFunction(
        function,
        tuple(parameters),
        doc=about,
        body=statements(block),
        settings=settings,
    )
    items = [*_items(parts, writer), *steps, pipeline]
    return Made(
        Module(tuple(items), _imports(parts, items), doc),
        name,
        function,
        graph,
        dag,
        writer.called,
        operators.words,
        writer.result is not None,
        writer.told is not None,
    )


def _docs(given: dict[str, ast.expr], doc: str) -> tuple[str, str]:
    """What is said of the pipeline, whose first line is the DAG's description, and of the module before it."""
    about = str(constant(given["description"])) if "description" in given else ""
    module, found, more = doc.partition(f"\n\n{about}\n")
    return (f"{about}\n{more}".rstrip(), module) if about and found and more.strip() else (about, doc)


def _name(given: dict[str, ast.expr]) -> str:
    """The pipeline's name: what the DAG is shown as, where pipec has made the id from that; takes it out of `given`."""
    id_ = str(constant(given["dag_id"]))
    shown = str(constant(given["dag_display_name"])) if "dag_display_name" in given else id_
    if shown == id_ or dag_id(shown) != id_:
        return id_
    del given["dag_display_name"]
    return shown


def _told(parts: Parts, dag: ast.With, graph: Graph) -> Node | None:
    """Takes what a comment in the DAG says that its run results in."""
    for number, line in enumerate(parts.source.lines[dag.lineno :], dag.lineno + 1):
        if found := RESULT.fullmatch(line):
            try:
                told = ast.parse(found[1], mode="eval").body
            except SyntaxError:
                raise Unknown(dag, f"what it results in, in line {number}, is not known") from None
            place = ast.copy_location(ast.Pass(), dag)
            return Node("result", "result", place, args={"result": told}, scope=graph.by_variable)
    return None


def _quoted(text: str) -> str:
    from pipec.compiler.pysource.text import python

    return python(text)


def _function_name(pipeline: str, taken: set[str]) -> str:
    name = "".join(c if c.isalnum() or c == "_" else "_" for c in pipeline)
    name = name if name.isidentifier() else f"dag_{name}"
    while name in taken:
        name += "_"
    return name


def _module_names(parts: Parts) -> set[str]:
    found = set(parts.plain)
    for stmt in (*parts.kept, *parts.imported, *parts.typing_only):
        for node in ast.walk(stmt) if not isinstance(stmt, (ast.FunctionDef, ast.ClassDef)) else [stmt]:
            if isinstance(node, ast.alias):
                found.add((node.asname or node.name).split(".")[0])
            elif isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                found.add(node.name)
    return found


def _items(parts: Parts, writer: Writer) -> list[Item]:
    called = _called(parts, writer)
    found: list[Item] = []
    for stmt in parts.kept:
        if isinstance(stmt, ast.FunctionDef) and stmt.name in parts.tasks and not parts.tasks[stmt.name].user:
            continue
        if isinstance(stmt, ast.FunctionDef) and stmt.name in called:
            own = parts.tasks.get(stmt.name)
            found.append(StepFunction(_text(parts, stmt, own), called[stmt.name]))
        else:
            found.append(Definition(_text(parts, stmt)))
    return found


def _called(parts: Parts, writer: Writer) -> dict[str, dict[str, str]]:
    """Step -> its settings."""
    found: dict[str, dict[str, str]] = {}
    calls: dict[str, tuple[dict[str, str], list[Asked]]] = {}
    asked: dict[str, set[str]] = {}
    for node, name in writer.called.items():
        asked.setdefault(name, set()).add(_asked_id(node, name))
    for node, name in writer.called.items():
        assert node.function is not None
        if parts.plain[name] not in parts.kept:
            continue  # a container, or a native step
        task_id = "" if len(asked[name]) > 1 else min(asked[name])
        component, policy = step_policy(node.function, parts.callbacks, task_id)
        one = Asked(policy, constants(parts.plain[name], writer.calls[node]))
        known = calls.setdefault(name, (component, []))
        known[1].append(one)
        if known[0] != component:
            raise Unknown(node.stmt, f"calls of `{name}` have several settings")
        if (whole := policy_of(known[1])) is None:
            raise Unknown(node.stmt, f"calls of `{name}` have several settings, and no argument says so")
        found[name] = component | settings_of(whole)
    for function in parts.tasks.values():
        if function.user and function.name not in found:
            found[function.name] = step_settings(function, parts.callbacks)
    return found


def _asked_id(node: Node, step: str) -> str:
    """The id that a step was asked to have; "" where it goes by its name, or Airflow or pipec has numbered it."""
    if node.parent is not None or re.fullmatch(rf"{re.escape(step)}_*\d*", node.id, re.ASCII) or not step.isascii():
        return ""
    return re.sub(r"__\d+\Z", "", node.full)


def _text(parts: Parts, stmt: ast.stmt, task: TaskFunction | None = None) -> str:
    """The source of a statement, with the comments above it, and of a task without what makes it one."""
    lines = parts.borrowed.get(stmt, parts.source).lines
    start = min([stmt.lineno, *(d.lineno for d in getattr(stmt, "decorator_list", []))])
    above: list[str] = []
    line = start - 2
    while line >= 0 and lines[line].startswith("#"):
        above.insert(0, lines[line])
        line -= 1
    if task is not None:
        start = min([stmt.lineno, *(d.lineno for d in task.inner)])
    return "\n".join([*above, *lines[start - 1 : stmt.end_lineno]])


def _imports(parts: Parts, items: list[Item]) -> tuple[str, ...]:
    """The import statements whose names are still mentioned."""
    text = "\n".join(i.source for i in items if isinstance(i, (Definition, StepFunction)))
    pipelines = [i for i in items if isinstance(i, PipelineFunction)]
    names = _mentioned(text) | {w for p in pipelines for w in p.settings.values()}
    ours = names - _bound(text)  # a variable of the user's may be called `task`
    found: list[str] = []
    for stmt in (*parts.imported, *(s for block in parts.typing_only for s in block.body)):
        if not isinstance(stmt, (ast.Import, ast.ImportFrom)):
            raise Unknown(stmt, "this is no import")
        module = stmt.module if isinstance(stmt, ast.ImportFrom) else None
        if module == "__future__":
            found.append(ast.unparse(stmt))
            continue
        for alias in stmt.names:
            bound = (alias.asname or alias.name).split(".")[0]
            if bound not in (ours if (module or alias.name).split(".")[0] in OURS else names):
                continue
            one = (
                ast.ImportFrom(stmt.module, [alias], stmt.level)
                if isinstance(stmt, ast.ImportFrom)
                else ast.Import([alias])
            )
            found.append(ast.unparse(one))
    return tuple(found)


def _bound(text: str) -> set[str]:
    """Names that anything in `text` binds."""
    nodes = list(ast.walk(ast.parse(text)))
    found = {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    return found | {n.arg for n in nodes if isinstance(n, (ast.arg, ast.keyword)) and n.arg}


def _mentioned(text: str) -> set[str]:
    """Names that are read anywhere in `text`, in annotations written as text too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 200:
            try:
                found |= {n.id for n in ast.walk(ast.parse(node.value, mode="eval")) if isinstance(n, ast.Name)}
            except (SyntaxError, ValueError):
                continue
    return found
