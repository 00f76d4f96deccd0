"""Task groups as the file makes them."""

from __future__ import annotations

import ast

from pipec.backends.airflow.reading.making import added, unprefixed
from pipec.backends.airflow.reading.scope import Text
from pipec.backends.airflow.reading.state import State
from pipec.backends.airflow.reading.values import (
    Arg,
    Dag,
    Group,
    GroupBody,
    GroupFunction,
    Mapping,
    Parameter,
    Refusal,
    Result,
    Task,
)


def group(state: State, node: ast.Call, args: list[Arg], kwargs: dict[str, Arg]) -> Group:
    """`TaskGroup(...)`."""
    given = {**dict(zip(("group_id", "prefix_group_id", "parent_group"), args)), **kwargs}
    owner = given["dag"].value if "dag" in given else state.dag
    parent = given["parent_group"].value if "parent_group" in given else state.group
    if not isinstance(owner, Dag):
        raise Refusal(node, "this task group", "it is not known which DAG it belongs to")
    return _group(
        state, owner, given.get("group_id"), parent if isinstance(parent, Group) else None, given, node, False
    )


def _group(
    state: State, owner: Dag, id_: Arg | str | None, parent: Group | None, given: dict[str, Arg], node: ast.AST,
    unique: bool,
) -> Group:  # fmt: skip
    name = id_.value if isinstance(id_, Arg) else id_
    if not isinstance(name, str):
        raise Refusal(node, "this task group", "its `group_id` is not known before the file runs")
    prefixed = parent is not None and not unprefixed(parent)
    whole = f"{parent.id}.{name}" if prefixed and parent else name
    if whole in owner.groups:
        if not unique and "add_suffix_on_collision" not in given:
            raise Refusal(node, f"the task group {whole!r}", "there are two of this id")
        n = 1
        while f"{whole}__{n}" in owner.groups:
            n += 1
        whole = f"{whole}__{n}"
    made = Group(whole, parent, owner, node, given=given)
    owner.groups[whole] = made
    return made


def group_call(state: State, function: GroupFunction, node: ast.AST, args: list[Arg], kwargs: dict[str, Arg]) -> object:
    """A call of a function under `@task_group`."""
    from pipec.backends.airflow.reading.calls import followed

    owner = state.dag
    if owner is None:
        raise Refusal(node, "this task group", "it is not known which DAG it belongs to")
    given = dict(function.given)
    name = given.pop("group_id", None) or str(getattr(function.function.node, "name", ""))
    made = _group(state, owner, name, state.group, given, node, True)
    state.groups.append(made)
    try:
        result = followed(state, function.function, args, {**(function.partial or {}), **kwargs}, node)
    finally:
        state.groups.pop()
    return made if result is None else result


def mapped_group(state: State, function: GroupFunction, node: ast.Call, how: Mapping) -> Result:
    """`group.expand(...)`: its tasks run once for each item."""
    from pipec.backends.airflow.reading.calls import followed

    owner = state.dag
    if owner is None:
        raise Refusal(node, "this task group", "it is not known which DAG it belongs to")
    if how.mode != "expand" or state.group is not None:
        raise Refusal(node, "this mapped task group", "its arguments are not known, or it is in another group")
    name = (
        function.given["group_id"].value
        if "group_id" in function.given
        else getattr(function.function.node, "name", "")
    )
    made = _group(state, owner, str(name), None, dict(function.given), node, True)
    inner = Dag(made.id, {}, node, function.function)
    bound: dict[str, Arg] = {}
    own = function.function.node.args
    annotations = {a.arg: a.annotation for a in (*own.posonlyargs, *own.args, *own.kwonlyargs)}
    for key in (*(function.partial or {}), *how.over):
        note = annotations.get(key)
        found = Parameter(key, None, True, ast.unparse(note) if note is not None else "", node)
        inner.parameters[key] = found
        bound[key] = Arg(found, Text(key, refs=(found,)), node)
    state.current.append(inner)
    state.groups.append(None)
    try:
        result = followed(state, function.function, [], bound, node)
    finally:
        state.current.pop()
        state.groups.pop()
    owner.groups.pop(made.id)
    body = GroupBody(made.id, inner, result)
    given = dict(function.partial or {})
    task = Task(owner, made.id, "@task_group", node, {}, Text("", refs=(function,)), None, body, [], given, how)
    return Result(added(state, task))
