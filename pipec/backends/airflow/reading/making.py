"""DAGs, groups and tasks as the file makes them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pipec.backends.airflow.reading.edges import connect
from pipec.backends.airflow.reading.scope import Scope, Text, is_constant, literal
from pipec.backends.airflow.reading.state import State
from pipec.backends.airflow.reading.values import (
    Arg,
    Combined,
    Dag,
    DagFunction,
    Function,
    Group,
    Made,
    Mapping,
    OperatorPartial,
    Parameter,
    Refusal,
    Result,
    Task,
    TaskFunction,
    Unknown,
)
from pipec.backends.airflow.reading.words import PLAIN


def dag(state: State, node: ast.Call, args: list[Arg], kwargs: dict[str, Arg], scope: Scope) -> Dag:
    """`DAG(...)`."""
    given = {**dict(zip(("dag_id", "description", "schedule"), args)), **kwargs}
    id_ = given.pop("dag_id", None)
    if id_ is None or not isinstance(id_.value, str):
        raise Refusal(node, "this DAG", "its `dag_id` is not known before the file runs")
    made = Dag(id_.value, given, node)
    params = given.get("params")
    if params is not None:
        if not isinstance(params.value, dict):
            raise Refusal(node, f"the DAG {made.id!r}", "its `params` are not known before the file runs")
        for name, value in params.value.items():
            made.parameters[str(name)] = parameter(str(name), value, params.node)
    state.dags.append(made)
    return made


def parameter(name: str, value: object, node: ast.AST) -> Parameter:
    """An entry of `params`."""
    if not (isinstance(value, Made) and value.word == "Param"):
        return Parameter(name, value, False, "", node)
    given = dict(zip(("default", "description"), value.args)) | value.kwargs
    types = given.get("type")
    options = tuple(k for k in given if k not in ("default", "description", "type", "title"))
    doc = given.get("description")
    return Parameter(
        name, given.get("default", given.get("const")), "default" not in given and "const" not in given,
        annotation_of(types), node, options, doc if isinstance(doc, str) else "",
    )  # fmt: skip


SCHEMA = {
    "integer": "int", "number": "float", "string": "str", "boolean": "bool", "array": "list", "object": "dict",
    "null": "None",
}  # fmt: skip


def annotation_of(types: object) -> str:
    """A type of JSON schema, or a list of them, as an annotation."""
    found = [SCHEMA.get(str(t), "") for t in (types if isinstance(types, (list, tuple)) else [types])]
    if not all(found):
        return ""
    return " | ".join(sorted(dict.fromkeys(found), key=lambda t: t == "None"))


def dag_call(state: State, function: DagFunction, node: ast.AST, args: list[Arg], kwargs: dict[str, Arg]) -> Dag:
    """A call of a function under `@dag`."""
    from pipec.backends.airflow.reading.calls import followed

    given = dict(function.given)
    id_ = given.pop("dag_id", None)
    own = function.function.node
    name = id_.value if id_ is not None else getattr(own, "name", "")
    if not isinstance(name, str):
        raise Refusal(node, "this DAG", "its `dag_id` is not known before the file runs")
    made = Dag(name, given, function.node, function.function)
    params = given.get("params")
    if params is not None and isinstance(params.value, dict):
        for key, value in params.value.items():
            made.parameters[str(key)] = parameter(str(key), value, params.node)
    bound = _signature(state, function.function, args, kwargs, made)
    state.dags.append(made)
    state.current.append(made)
    state.groups.append(None)
    try:
        followed(state, function.function, [], bound, node)
    except Refusal as refusal:
        made.refused = refusal
    finally:
        state.current.pop()
        state.groups.pop()
    return made


def _signature(state: State, function: Function, args: list[Arg], kwargs: dict[str, Arg], made: Dag) -> dict[str, Arg]:
    """The arguments of a DAG's function: its parameters."""
    from pipec.backends.airflow.reading.evaluate import evaluate

    own = function.node.args
    names = [*own.posonlyargs, *own.args, *own.kwonlyargs]
    plain = [*own.posonlyargs, *own.args]
    defaults: dict[str, ast.expr] = {a.arg: d for a, d in zip(reversed(plain), reversed(own.defaults))}
    defaults |= {a.arg: d for a, d in zip(own.kwonlyargs, own.kw_defaults) if d is not None}
    given = {**{a.arg: arg for a, arg in zip(plain, args)}, **kwargs}
    bound: dict[str, Arg] = {}
    for one in names:
        default = defaults.get(one.arg)
        value = evaluate(state, default, function.scope) if default is not None else None
        if one.arg in given:
            value = given[one.arg].value
        found = parameter(one.arg, value, one)
        found.required = found.required or (default is None and one.arg not in given)
        found.annotation = ast.unparse(one.annotation) if one.annotation else found.annotation
        made.parameters[one.arg] = found
        bound[one.arg] = Arg(found, Text(one.arg, refs=(found,)), one)
    return bound


def mapping(name: str, args: list[Arg], kwargs: dict[str, Arg]) -> Mapping:
    """The arguments of `.expand(...)` or `.expand_kwargs(...)`."""
    if name == "expand":
        return Mapping("expand", kwargs)
    return Mapping("expand_kwargs", {"": args[0]} if args else {"": next(iter(kwargs.values()))})


def unprefixed(group: Group) -> bool:
    """Whether the ids of its tasks do not begin with its own."""
    given = group.given.get("prefix_group_id")
    return given is not None and given.value is False


def _place(state: State, given: dict[str, Arg], node: ast.AST) -> tuple[Dag, Group | None]:
    """The DAG and the group of a new task."""
    owner = given.pop("dag").value if "dag" in given else None
    parent = given.pop("task_group").value if "task_group" in given else None
    if not isinstance(owner, Dag):
        owner = parent.dag if isinstance(parent, Group) else state.dag
    if owner is None:
        raise Refusal(node, "this task", "it is not known which DAG it belongs to")
    if not isinstance(parent, Group):
        parent = state.group if state.group is not None and state.group.dag is owner else None
    return owner, parent


def _id(given: dict[str, Arg], node: ast.AST, default: str = "") -> str:
    found = given.pop("task_id", None)
    value = default if found is None else found.value
    if not isinstance(value, str) or not value:
        raise Refusal(node, "this task", "its `task_id` is not known before the file runs")
    return value


def _whole(owner: Dag, parent: Group | None, name: str, node: ast.AST, unique: bool) -> str:
    whole = f"{parent.id}.{name}" if parent is not None and not unprefixed(parent) else name
    if whole not in owner.tasks:
        return whole
    if not unique:
        raise Refusal(node, f"the task {whole!r}", "there are two of this id")
    core = re.split(r"__\d+$", whole)[0]
    taken = [int(m[1]) for t in owner.tasks if (m := re.match(rf"^{re.escape(core)}__(\d+)$", t))]
    return f"{core}__{max(taken, default=0) + 1}"


def operator(state: State, word: str, node: ast.Call, args: list[Arg], kwargs: dict[str, Arg], scope: Scope) -> Task:
    """`SomeOperator(...)`."""
    given = dict(kwargs)
    owner, parent = _place(state, given, node)
    id_ = _whole(owner, parent, _id(given, node), node, False)
    text = state.writer.text(_without_dag(node), scope)
    task = Task(owner, id_, word, node, given, text, parent)
    if word in PLAIN or "python_callable" in given:
        _callable(task)
    task.args = task.args or list(args)
    return added(state, task)


def _without_dag(node: ast.Call) -> ast.Call:
    return node


def _callable(task: Task) -> None:
    """What a Python operator calls, and with what."""
    found = task.given.get("python_callable")
    task.function = found.value if found is not None else None
    if (given := task.given.get("op_args")) is not None:
        if isinstance(given.value, (list, tuple)):
            task.args = [_part(given, value) for value in given.value]
        else:
            task.function = Unknown(given.node)
    if (given := task.given.get("op_kwargs")) is not None:
        if isinstance(given.value, dict):
            task.kwargs = {str(k): _part(given, value) for k, value in given.value.items()}
        else:
            task.function = Unknown(given.node)


def _part(given: Arg, value: object) -> Arg:
    """A part of an argument, whose own text is not known."""
    return Arg(value, Text(literal(value)) if is_constant(value) else Text("...", refs=(value,)), given.node)


def mapped_operator(state: State, partial: OperatorPartial, node: ast.Call, how: Mapping, scope: Scope) -> Task:
    """`SomeOperator.partial(...).expand(...)`."""
    given = dict(partial.given)
    owner, parent = _place(state, given, node)
    id_ = _whole(owner, parent, _id(given, node), node, False)
    task = Task(owner, id_, partial.word, node, given, state.writer.text(node, scope), parent, mapping=how)
    if partial.word in PLAIN:
        _callable(task)
    return added(state, task)


def taskflow(
    state: State, function: TaskFunction, node: ast.Call, args: list[Arg], kwargs: dict[str, Arg],
    how: Mapping | None = None,
) -> Result:  # fmt: skip
    """A call of a function under `@task`."""
    given = dict(function.given)
    owner, parent = _place(state, given, node)
    name = _id(given, node, str(getattr(function.function.node, "name", "")))
    id_ = _whole(owner, parent, name, node, True)
    task = Task(
        owner, id_, function.word, node, given, Text("", refs=(function,)), parent, function.function, args, kwargs,
        how, function.word.startswith("setup"), function.word.startswith("teardown"),
    )  # fmt: skip
    return Result(added(state, task))


def added(state: State, task: Task) -> Task:
    """`task`, now part of its DAG."""
    task.dag.tasks[task.id] = task
    for parent in task.group.inside() if task.group else ():
        parent.tasks.append(task)
    if state.contexts and not (task.setup or task.teardown):
        state.contexts[-1].tasks.append(task)
    every = [*task.given.values(), *task.args, *task.kwargs.values()]
    every += task.mapping.over.values() if task.mapping else []
    for arg in every:
        for result in results(arg.value):
            if result.task.dag is task.dag:
                connect([result.task], [task], task.node)
            else:
                raise Refusal(task.node, f"the task {task.id!r}", "it takes the result of a task of another DAG")
    return task


def results(value: object, depth: int = 0) -> Iterator[Result]:
    """The results of tasks in `value`."""
    if depth > 20:
        return
    match value:
        case Result():
            yield value
        case Combined():
            for part in value.parts:
                yield from results(part, depth + 1)
        case list() | tuple():
            for item in value:
                yield from results(item, depth + 1)
        case dict():
            for item in value.values():
                yield from results(item, depth + 1)


def as_setup_or_teardown(value: Task | Result, name: str, given: dict[str, object], node: ast.AST) -> object:
    """`task.as_setup()`, `task.as_teardown(setups=...)`."""
    task = value.task if isinstance(value, Result) else value
    if name == "as_setup":
        task.setup = True
        return value
    task.teardown = True
    from pipec.backends.airflow.reading.edges import tasks_of

    setups = tasks_of(given.get("setups"), node, False)
    for one in setups:
        one.setup = True
    task.setups = setups
    connect(setups, [task], node)
    if "on_failure_fail_dagrun" in given:
        task.given["on_failure_fail_dagrun"] = Arg(given["on_failure_fail_dagrun"], Text("True"), node)
    return value
