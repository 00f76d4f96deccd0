"""What expressions of a DAG file stand for. Nothing is run: only constants are worked out."""

from __future__ import annotations

import ast
from pathlib import PurePosixPath
from typing import cast

from pipec.backends.airflow.reading import constants
from pipec.backends.airflow.reading.constants import NotConstant
from pipec.backends.airflow.reading.edges import operand_edges
from pipec.backends.airflow.reading.scope import SIMPLE, Scope, is_constant
from pipec.backends.airflow.reading.state import State
from pipec.backends.airflow.reading.values import (
    Class,
    Combined,
    Dag,
    Decorator,
    External,
    Function,
    Group,
    Made,
    Method,
    Moment,
    Partial,
    Result,
    Task,
    TaskFunction,
    Unknown,
)
from pipec.backends.airflow.reading.words import TRIGGER_RULES, canonical
from pipec.compiler.pysource.operators import COMPARE


def evaluate(state: State, node: ast.expr, scope: Scope) -> object:
    """The value of `node`; `Unknown` where it takes running the file to know it."""
    state.spend(node)
    try:
        return _evaluate(state, node, scope)
    except NotConstant:
        return Unknown(node, None if state.pure else state.writer.text(node, scope))


def _evaluate(state: State, node: ast.expr, scope: Scope) -> object:
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return _name(state, node, scope)
        case ast.List() | ast.Tuple() | ast.Set():
            items = _items(state, node.elts, scope)
            if isinstance(node, ast.Set):
                return set(items) if all(map(is_constant, items)) else Unknown(node)
            return items if isinstance(node, ast.List) else tuple(items)
        case ast.Dict():
            return _dict(state, node, scope)
        case ast.JoinedStr():
            return "".join(_text(state, part, scope) for part in node.values)
        case ast.Attribute():
            return attribute(state, evaluate(state, node.value, scope), node)
        case ast.Subscript():
            return _subscript(state, node, scope)
        case ast.BinOp():
            return _binary(state, node, scope)
        case ast.UnaryOp():
            return _unary(node, evaluate(state, node.operand, scope))
        case ast.BoolOp():
            return _boolean(state, node, scope)
        case ast.Compare():
            return _compare(state, node, scope)
        case ast.IfExp():
            return evaluate(state, node.body if truth(evaluate(state, node.test, scope)) else node.orelse, scope)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            return _comprehended(state, node, scope)
        case ast.DictComp():
            pair = cast("list[tuple[object, object]]", _comprehended(state, node, scope))
            return dict(pair)
        case ast.Lambda():
            return _function(state, node, scope)
        case ast.Call():
            from pipec.backends.airflow.reading.calls import call

            return call(state, node, scope)
        case ast.NamedExpr():
            from pipec.backends.airflow.reading.interpret import bind

            value = evaluate(state, node.value, scope)
            bind(state, node.target, value, scope, node.value)
            return value
    return Unknown(node)


def _function(state: State, node: ast.Lambda, scope: Scope) -> Function:
    return state.functions.setdefault(id(node), Function(node, scope, ""))


def truth(value: object) -> bool:
    """Whether `value` counts as true."""
    if isinstance(value, Unknown):
        raise NotConstant
    if isinstance(value, (*SIMPLE, list, tuple, dict, set)):
        return bool(value)
    return True


def _name(state: State, node: ast.Name, scope: Scope) -> object:
    binding = scope.find(node.id)
    if binding is not None:
        return binding.value
    match node.id:
        case "__file__":
            return f"/{state.source.file}"
        case "__name__":
            return PurePosixPath(state.source.file).stem
        case "__doc__":
            return ast.get_docstring(state.tree, clean=False)
    if node.id in constants.BUILTINS or node.id in ("globals", "print", "isinstance", "hasattr", "getattr"):
        return External(f"builtins.{node.id}", node.id)
    return Unknown(node)


def _items(state: State, nodes: list[ast.expr], scope: Scope) -> list[object]:
    found: list[object] = []
    for node in nodes:
        if isinstance(node, ast.Starred):
            found += iterated(evaluate(state, node.value, scope))
        else:
            found.append(evaluate(state, node, scope))
    return found


def iterated(value: object) -> list[object]:
    """The items of a collection that is known."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value) if not isinstance(value, (set, frozenset)) else sorted(value, key=repr)
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, str):
        return list(value)
    raise NotConstant


def _dict(state: State, node: ast.Dict, scope: Scope) -> object:
    found: dict[object, object] = {}
    for key, value in zip(node.keys, node.values):
        given = evaluate(state, value, scope)
        if key is None:
            if not isinstance(given, dict):
                return Unknown(node)
            found |= given
            continue
        name = evaluate(state, key, scope)
        try:
            found[name] = given
        except TypeError:
            return Unknown(node)
    return found


def _text(state: State, node: ast.expr, scope: Scope) -> str:
    """A part of an f-string."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.FormattedValue)
    value = evaluate(state, node.value, scope)
    if isinstance(value, Result) and node.conversion == -1 and node.format_spec is None:
        return pulled(value)
    if isinstance(value, PurePosixPath):
        value = str(value)
    if not isinstance(value, (str, int, float, bool, type(None))):
        raise NotConstant
    spec = _text_of(state, node.format_spec, scope)
    if node.conversion == 114:
        value = repr(value)
    if len(spec) > 12:
        raise NotConstant
    try:
        return format(value, spec)
    except (ValueError, TypeError) as error:
        raise NotConstant from error


def _text_of(state: State, node: ast.expr | None, scope: Scope) -> str:
    if node is None:
        return ""
    assert isinstance(node, ast.JoinedStr)
    return "".join(_text(state, part, scope) for part in node.values)


def pulled(value: Result) -> str:
    """A result as the template that Airflow writes for it in a text."""
    if value.path:
        raise NotConstant
    key = f", key={value.key!r}" if value.key else ""
    return f"{{{{ ti.xcom_pull(task_ids={value.task.id!r}{key}) }}}}"


def attribute(state: State, value: object, node: ast.Attribute) -> object:
    """`value.name`."""
    name = node.attr
    match value:
        case External():
            if value.word == "TriggerRule" or value.word.endswith(".TriggerRule"):
                rule = name.lower()
                return rule if rule in TRIGGER_RULES else Unknown(node)
            if value.word == "WeightRule":
                return name.lower()
            dotted = f"{value.dotted}.{name}"
            return External(dotted, canonical(dotted) if not value.word.startswith("task") else f"{value.word}.{name}")
        case Task():
            return _task_attribute(value, name, node)
        case Result() if name == "operator":
            return value.task
        case Dag() if name == "dag_id":
            return value.id
        case Group() if name == "group_id":
            return value.id
        case PurePosixPath() if name in constants.PATHS:
            return constants.attribute(value, name)
    if isinstance(value, (Class, Task, Result, Dag, Group, TaskFunction, Partial, Combined, Decorator)) or hasattr(
        value, "given"
    ):
        return Method(value, name)
    if isinstance(value, (str, list, dict, tuple, set)) and constants.has_method(value, name):
        return Method(value, name)
    if isinstance(value, Moment):
        return Unknown(node)
    return Unknown(node)


def _task_attribute(task: Task, name: str, node: ast.Attribute) -> object:
    if name == "output":
        return Result(task)
    if name == "task_id":
        return task.id
    if name == "dag":
        return task.dag
    return Method(task, name)


def _subscript(state: State, node: ast.Subscript, scope: Scope) -> object:
    value = evaluate(state, node.value, scope)
    if isinstance(value, Task):
        value = Result(value)
    if isinstance(node.slice, ast.Slice):
        parts = [
            evaluate(state, p, scope) if p else None for p in (node.slice.lower, node.slice.upper, node.slice.step)
        ]
        if isinstance(value, (str, list, tuple)) and all(p is None or isinstance(p, int) for p in parts):
            return value[slice(*parts)]  # type: ignore[arg-type]  # the line above says what they are
        return Unknown(node)
    key = evaluate(state, node.slice, scope)
    if isinstance(value, Result) and isinstance(key, str):
        return Result(value.task, key) if value.key is None else Result(value.task, value.key, (*value.path, key))
    if isinstance(value, Dag) and value.parameters and isinstance(key, str):
        return value.parameters.get(key, Unknown(node))
    if isinstance(value, (str, list, tuple, dict)):
        try:
            return value[key]  # type: ignore[index,call-overload]
        except Exception as error:
            raise NotConstant from error
    return Unknown(node)


def _binary(state: State, node: ast.BinOp, scope: Scope) -> object:
    left, right = evaluate(state, node.left, scope), evaluate(state, node.right, scope)
    if isinstance(node.op, (ast.RShift, ast.LShift)):
        if state.pure:
            raise NotConstant
        return operand_edges(state, left, right, node, isinstance(node.op, ast.RShift))
    if isinstance(node.op, (ast.BitOr, ast.BitAnd)) and (isinstance(left, Made) or isinstance(right, Made)):
        return Made("|" if isinstance(node.op, ast.BitOr) else "&", [left, right], {}, node)
    if isinstance(node.op, ast.Div) and isinstance(left, PurePosixPath) and isinstance(right, str):
        return left / right
    return constants.binary(type(node.op), left, right)


def _unary(node: ast.UnaryOp, value: object) -> object:
    if isinstance(node.op, ast.Not):
        return not truth(value)
    if isinstance(value, (int, float)) and isinstance(node.op, (ast.USub, ast.UAdd)):
        return -value if isinstance(node.op, ast.USub) else value
    raise NotConstant


def _boolean(state: State, node: ast.BoolOp, scope: Scope) -> object:
    value: object = None
    for part in node.values:
        value = evaluate(state, part, scope)
        if truth(value) is isinstance(node.op, ast.Or):
            return value
    return value


def _compare(state: State, node: ast.Compare, scope: Scope) -> object:
    left = evaluate(state, node.left, scope)
    for op, other in zip(node.ops, node.comparators):
        right = evaluate(state, other, scope)
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            raise NotConstant
        if isinstance(op, (ast.Is, ast.IsNot)) and (left is None or right is None):
            same = left is right
            if same is isinstance(op, ast.IsNot):
                return False
            left = right
            continue
        if not (is_constant(left) and is_constant(right)):
            raise NotConstant
        try:
            if not COMPARE[type(op)](left, right):
                return False
        except Exception as error:
            raise NotConstant from error
        left = right
    return True


def _comprehended(
    state: State, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, scope: Scope
) -> list[object]:
    from pipec.backends.airflow.reading.interpret import bind

    found: list[object] = []

    def run(generators: list[ast.comprehension], inner: Scope) -> None:
        if not generators:
            if isinstance(node, ast.DictComp):
                found.append((evaluate(state, node.key, inner), evaluate(state, node.value, inner)))
            else:
                found.append(evaluate(state, node.elt, inner))
            return
        first, *rest = generators
        for item in iterated(evaluate(state, first.iter, inner)):
            below = Scope(inner)
            bind(state, first.target, item, below, None)
            if all(truth(evaluate(state, test, below)) for test in first.ifs):
                run(rest, below)

    run(node.generators, scope)
    return found


def pure(state: State, node: ast.expr, scope: Scope) -> object:
    """The value of `node`, where knowing it makes nothing."""
    before, state.pure = state.pure, True
    try:
        return evaluate(state, node, scope)
    finally:
        state.pure = before
