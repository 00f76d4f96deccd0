"""Calls in a DAG file: which make something of Airflow's, and which are worked out."""

from __future__ import annotations

import ast
from dataclasses import replace

from pipec.backends.airflow.reading import constants, grouping, making
from pipec.backends.airflow.reading.assets import asset
from pipec.backends.airflow.reading.constants import NotConstant
from pipec.backends.airflow.reading.edges import chain, chain_linear, connect, tasks_of
from pipec.backends.airflow.reading.evaluate import evaluate, iterated, pulled
from pipec.backends.airflow.reading.scope import Binding, Scope, as_dict, is_constant, literal
from pipec.backends.airflow.reading.state import DEPTH, State
from pipec.backends.airflow.reading.values import (
    Arg,
    Class,
    Combined,
    Dag,
    DagFunction,
    Decorator,
    External,
    Function,
    Group,
    GroupFunction,
    Labelled,
    Made,
    Method,
    OperatorPartial,
    Partial,
    Refusal,
    Result,
    Task,
    TaskFunction,
    Unknown,
)
from pipec.backends.airflow.reading.words import CHAINS, DECORATORS, is_operator


class Given:
    """The arguments of a call."""

    def __init__(self, state: State, node: ast.Call, scope: Scope) -> None:
        self.args: list[Arg] = []
        self.kwargs: dict[str, Arg] = {}
        self.open = False
        """Some of them are not known."""
        for item in node.args:
            if isinstance(item, ast.Starred):
                self._spread(state, item, scope)
            else:
                self.args.append(_arg(state, item, scope))
        for keyword in node.keywords:
            if keyword.arg is not None:
                self.kwargs[keyword.arg] = _arg(state, keyword.value, scope)
                continue
            value = evaluate(state, keyword.value, scope)
            if not isinstance(value, dict):
                self.open = True
                continue
            text = state.writer.text(keyword.value, scope)
            for key, one in value.items():
                source = literal(one) if is_constant(one) else f"({text.source})[{literal(key)}]"
                self.kwargs[str(key)] = Arg(one, replace(text, source=source), keyword.value)

    def _spread(self, state: State, item: ast.Starred, scope: Scope) -> None:
        value = evaluate(state, item.value, scope)
        text = state.writer.text(item.value, scope)
        try:
            for i, one in enumerate(iterated(value)):
                source = literal(one) if is_constant(one) else f"({text.source})[{i}]"
                self.args.append(Arg(one, replace(text, source=source), item))
        except NotConstant:
            self.open = True

    @property
    def values(self) -> list[object]:
        """The positional arguments' values."""
        return [a.value for a in self.args]

    @property
    def named(self) -> dict[str, object]:
        """The keyword arguments' values."""
        return {name: a.value for name, a in self.kwargs.items()}


def _arg(state: State, node: ast.expr, scope: Scope) -> Arg:
    return state.arg(node, evaluate(state, node, scope), scope)


def call(state: State, node: ast.Call, scope: Scope) -> object:
    """What a call gives."""
    function = evaluate(state, node.func, scope)
    given = Given(state, node, scope)
    if state.pure and not isinstance(function, (External, Method, Unknown)):
        raise NotConstant
    match function:
        case External():
            return _external(state, function, node, given, scope)
        case Class():
            if function.operator and "task_id" in given.kwargs:
                return making.operator(state, function.node.name, node, given.args, given.kwargs, scope)
            return Made(function.node.name, given.values, given.named, node, state.writer.text(node, scope))
        case Decorator():
            return _decorate(state, function, node, given)
        case TaskFunction():
            return making.taskflow(state, function, node, given.args, given.kwargs)
        case GroupFunction():
            return grouping.group_call(state, function, node, given.args, given.kwargs)
        case DagFunction():
            return making.dag_call(state, function, node, given.args, given.kwargs)
        case Function():
            return followed(state, function, given.args, given.kwargs, node)
        case Method():
            return _method(state, function, node, given, scope)
    if "task_id" in given.kwargs and not state.pure:
        raise Refusal(node, "this task", f"`{ast.unparse(node.func)[:60]}` is not known before the file runs")
    return Unknown(node, None if state.pure else state.writer.text(node, scope))


def _external(state: State, function: External, node: ast.Call, given: Given, scope: Scope) -> object:
    word = function.word
    head = word.split(".")[0]
    if function.dotted.startswith("builtins."):
        return _builtin(state, word, node, given)
    if not state.pure:
        if head in DECORATORS:
            return _decorate(state, Decorator(word, {}, node), node, given)
        if word in CHAINS:
            (chain if word == "chain" else chain_linear)(given.values, node)
            return None
        if word == "DAG":
            return making.dag(state, node, given.args, given.kwargs, scope)
        if word == "TaskGroup":
            return grouping.group(state, node, given.args, given.kwargs)
        if word.endswith(".partial") and (is_operator(word[:-8]) or "task_id" in given.kwargs):
            return OperatorPartial(word[:-8], given.kwargs, node)
        if "task_id" in given.kwargs and (state.dag is not None or "dag" in given.kwargs or is_operator(word)):
            return making.operator(state, word, node, given.args, given.kwargs, scope)
    if word == "Label":
        return Labelled(str(given.values[0]) if given.args else "")
    if word == "XComArg":
        return _xcom_arg(node, given)
    if function.dotted == "functools.partial" and given.args and isinstance(given.args[0].value, (Function, External)):
        return Partial(given.args[0].value, given.args[1:], given.kwargs)
    try:
        return constants.external(function.dotted, given.values, given.named)
    except NotConstant:
        return Made(word, given.values, given.named, node, None if state.pure else state.writer.text(node, scope))


def _xcom_arg(node: ast.Call, given: Given) -> object:
    task = given.values[0] if given.args else given.named.get("operator")
    key = given.values[1] if len(given.args) > 1 else given.named.get("key")
    if isinstance(task, Result):
        task = task.task
    if not isinstance(task, Task):
        return Unknown(node)
    return Result(task, key if isinstance(key, str) and key != "return_value" else None)


def _builtin(state: State, word: str, node: ast.Call, given: Given) -> object:
    if word == "str" and given.args and isinstance(given.args[0].value, Result):
        return pulled(given.args[0].value)
    if word == "str" and given.args and hasattr(given.args[0].value, "stem"):
        return str(given.args[0].value)
    if word == "print":
        return None
    if word == "globals":
        return Made("globals", [], {}, node)
    if word not in constants.BUILTINS or given.open:
        return Unknown(node)
    if any(isinstance(v, Unknown) for v in (*given.values, *given.named.values())):
        return Unknown(node)
    return constants.builtin(word, given.values, given.named)


def _decorate(state: State, decorator: Decorator, node: ast.Call, given: Given) -> object:
    """`task(f)`, or `task(retries=1)` that waits for its function."""
    if given.args and isinstance(given.args[0].value, (Function, TaskFunction)) and len(given.args) == 1:
        return applied(state, decorator, given.args[0].value, node)
    own = dict(given.kwargs)
    if given.args and decorator.word == "dag":
        own["dag_id"] = given.args[0]
    if given.args and decorator.word == "task_group":
        own["group_id"] = given.args[0]
    if given.open:
        raise Refusal(node, f"`@{decorator.word}`", "some of its arguments are not known before the file runs")
    return Decorator(decorator.word, {**decorator.given, **own}, node)


def applied(state: State, decorator: Decorator, value: object, node: ast.AST) -> object:
    """The function `value` under `decorator`."""
    word = decorator.word
    if isinstance(value, TaskFunction) and word in ("setup", "teardown"):
        return TaskFunction(
            value.function, f"{word}.{value.word.partition('.')[2]}".rstrip("."), value.given | decorator.given
        )
    if not isinstance(value, Function):
        return Unknown(node)
    head = word.split(".")[0]
    if head in ("task", "setup", "teardown"):
        return TaskFunction(value, word, decorator.given)
    if word == "task_group":
        return GroupFunction(value, decorator.given)
    if word == "dag":
        return DagFunction(value, decorator.given, node)
    if word == "asset":
        return asset(state, value, decorator.given, node)
    return Unknown(node)


def followed(state: State, function: Function, args: list[Arg], kwargs: dict[str, Arg], node: ast.AST) -> object:
    """Follow the body of a function of the file; what it returns."""
    from pipec.backends.airflow.reading.interpret import Returned, run

    if state.depth >= DEPTH:
        raise Refusal(node, "this call", "functions call one another too deeply")
    own = function.node
    scope = Scope(function.scope)
    _bind_parameters(state, function, args, kwargs, scope)
    state.depth += 1
    try:
        if isinstance(own, ast.Lambda):
            return evaluate(state, own.body, scope)
        if isinstance(own, ast.AsyncFunctionDef):
            return Unknown(node)
        run(state, own.body, scope)
    except Returned as result:
        return result.value
    finally:
        state.depth -= 1
    return None


def _bind_parameters(state: State, function: Function, args: list[Arg], kwargs: dict[str, Arg], scope: Scope) -> None:
    own = function.node.args
    names = [a.arg for a in (*own.posonlyargs, *own.args)]
    for name, default in zip(reversed(names), reversed(own.defaults)):
        _define(state, scope, name, state.arg(default, evaluate(state, default, function.scope), function.scope))
    for one, value in zip(own.kwonlyargs, own.kw_defaults):
        if value is not None:
            _define(state, scope, one.arg, state.arg(value, evaluate(state, value, function.scope), function.scope))
    for name, arg in zip(names, args):
        _define(state, scope, name, arg)
    if own.vararg:
        _define(state, scope, own.vararg.arg, _collected([a.value for a in args[len(names) :]], args))
    known = {*names, *(a.arg for a in own.kwonlyargs)}
    for name, arg in kwargs.items():
        if name in known:
            _define(state, scope, name, arg)
    if own.kwarg:
        rest = {k: a for k, a in kwargs.items() if k not in known}
        text = as_dict({k: a.text for k, a in rest.items()})
        place = next((a.node for a in rest.values()), function.node)
        _define(state, scope, own.kwarg.arg, Arg({k: a.value for k, a in rest.items()}, text, place))
    for name in known:
        if name not in scope.names:
            scope.names[name] = Binding(Unknown(function.node))


def _collected(value: object, args: list[Arg]) -> Arg:
    from pipec.backends.airflow.reading.scope import Text

    return Arg(value, Text("...", refs=(value,)), args[0].node if args else ast.Constant(None))


def _define(state: State, scope: Scope, name: str, arg: Arg) -> None:
    scope.names[name] = Binding(arg.value, arg.text)


def _method(state: State, method: Method, node: ast.Call, given: Given, scope: Scope) -> object:
    receiver, name = method.receiver, method.name
    if isinstance(receiver, (str, list, dict, tuple, set)):
        return constants.method(receiver, name, given.values, given.named)
    if state.pure:
        raise NotConstant
    match receiver, name:
        case (TaskFunction() | GroupFunction(), "override"):
            return replace_given(receiver, given.kwargs)
        case (TaskFunction() | GroupFunction(), "partial"):
            again = replace_given(receiver, {})
            again.partial = {**(receiver.partial or {}), **given.kwargs}
            return again
        case (TaskFunction(), "expand" | "expand_kwargs"):
            mapping = making.mapping(name, given.args, given.kwargs)
            return making.taskflow(state, receiver, node, [], dict(receiver.partial or {}), mapping)
        case (GroupFunction(), "expand" | "expand_kwargs"):
            return grouping.mapped_group(state, receiver, node, making.mapping(name, given.args, given.kwargs))
        case (OperatorPartial(), "expand" | "expand_kwargs"):
            return making.mapped_operator(state, receiver, node, making.mapping(name, given.args, given.kwargs), scope)
        case (Class(), "partial"):
            return OperatorPartial(receiver.node.name, given.kwargs, node)
        case (Task() | Result() | Group(), "set_upstream" | "set_downstream"):
            others = given.values[0] if given.args else None
            up, down = (others, receiver) if name == "set_upstream" else (receiver, others)
            connect(tasks_of(up, node, False), tasks_of(down, node, True), node)
            return None
        case (Task() | Result(), "as_setup" | "as_teardown"):
            return making.as_setup_or_teardown(receiver, name, given.named, node)
        case (Result() | Combined() | Task(), "zip" | "concat" | "map"):
            own: object = Result(receiver) if isinstance(receiver, Task) else receiver
            return Combined(name, [own, *given.values], node)
        case (Dag(), "param") if given.args and isinstance(given.values[0], str):
            found = receiver.parameters.get(given.values[0])
            if found is None:
                raise Refusal(node, "this parameter", "the DAG has none of this name")
            return found
        case (Dag(), "get_task") if given.args:
            return receiver.tasks.get(str(given.values[0]), Unknown(node))
        case (Dag(), "add_task" | "test" | "cli"):
            return None
    return Unknown(node, state.writer.text(node, scope))


def replace_given(value: TaskFunction | GroupFunction, more: dict[str, Arg]) -> TaskFunction | GroupFunction:
    """A copy of `value` with further arguments."""
    return replace(value, given={**value.given, **more})
