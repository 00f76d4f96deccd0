"""Follows the statements of a DAG file over what is constant in it; nothing of it is run."""

from __future__ import annotations

import ast

from pipec.backends.airflow.reading import words
from pipec.backends.airflow.reading.calls import applied
from pipec.backends.airflow.reading.constants import NotConstant
from pipec.backends.airflow.reading.edges import connect
from pipec.backends.airflow.reading.evaluate import evaluate, iterated, pure, truth
from pipec.backends.airflow.reading.scope import Binding, Scope, Writer, is_constant
from pipec.backends.airflow.reading.state import Context, State, counted
from pipec.backends.airflow.reading.values import (
    Class,
    Combined,
    Dag,
    Decorator,
    External,
    Function,
    Group,
    Made,
    OperatorPartial,
    Refusal,
    Result,
    Task,
    TaskFunction,
    Unknown,
)
from pipec.backends.airflow.reading.words import canonical, is_operator
from pipec.compiler.reading import Source


class Returned(Exception):
    """A `return` was met."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value


class _Loop(Exception):
    """`break` or `continue`."""

    def __init__(self, stop: bool) -> None:
        super().__init__()
        self.stop = stop


def interpret(source: Source, tree: ast.Module) -> State:
    """All DAGs of the file, and what stands at its top level."""
    state = State(source, tree, Scope(), counted(tree))
    state.writer = Writer(source, lambda node, scope: pure(state, node, scope))
    state.names = set(state.counts)
    for node in tree.body:
        try:
            statement(state, node, state.module)
        except (Returned, _Loop):
            continue
        except NotConstant:
            continue
        except Refusal as refusal:
            state.current.clear()
            state.groups.clear()
            state.contexts.clear()
            _refuse_open(state, refusal)
    return state


def _refuse_open(state: State, refusal: Refusal) -> None:
    """Something at the top level cannot be followed: it may belong to any DAG that is not closed by its `with`."""
    open_ = [d for d in state.dags if d.function is None and not d.asset and id(d) not in closed(state)]
    for dag in open_:
        dag.refused = dag.refused or refusal
    if not open_:
        state.problems.append(refusal)


def closed(state: State) -> set[int]:
    """DAGs that are made by `with DAG(...)` itself."""
    return {
        id(d) for d in state.dags
        for n in state.tree.body
        if isinstance(n, ast.With) and any(item.context_expr is d.node for item in n.items)
    }  # fmt: skip


def run(state: State, body: list[ast.stmt], scope: Scope) -> None:
    """Follow `body`."""
    for node in body:
        statement(state, node, scope)


def statement(state: State, node: ast.stmt, scope: Scope) -> None:
    """Follow one statement."""
    state.spend(node)
    match node:
        case ast.Import() | ast.ImportFrom():
            _import(state, node, scope)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            _function(state, node, scope)
        case ast.ClassDef():
            scope.names[node.name] = Binding(
                Class(node, _is_operator(state, node, scope)), stable=scope is state.module
            )
        case ast.Assign():
            value = evaluate(state, node.value, scope)
            for target in node.targets:
                bind(state, target, value, scope, node.value)
        case ast.AnnAssign():
            if node.value is not None:
                bind(state, node.target, evaluate(state, node.value, scope), scope, node.value)
        case ast.AugAssign():
            _augmented(state, node, scope)
        case ast.Expr():
            evaluate(state, node.value, scope)
        case ast.If():
            _if(state, node, scope)
        case ast.For():
            _for(state, node, scope)
        case ast.With():
            _with(state, node, scope)
        case ast.Try():
            run(state, node.body, scope)
            run(state, node.orelse, scope)
            run(state, node.finalbody, scope)
        case ast.Return():
            raise Returned(evaluate(state, node.value, scope) if node.value else None)
        case ast.Break() | ast.Continue():
            raise _Loop(isinstance(node, ast.Break))
        case ast.While():
            _skip(state, node, scope, "this `while` loop")
        case ast.Raise():
            if state.dag is not None:
                raise Refusal(node, "this DAG", "it raises an error here")


def _import(state: State, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
    for alias in node.names:
        if isinstance(node, ast.Import):
            name = alias.asname or alias.name.split(".")[0]
            dotted = alias.name if alias.asname else name
            text = f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
            state.imports.append(alias.name)
        else:
            if alias.name == "*":
                continue
            module = "." * node.level + (node.module or "")
            dotted = f"{module}.{alias.name}" if not module.endswith(".") else f"{module}{alias.name}"
            name = alias.asname or alias.name
            text = f"from {module} import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
            state.imports.append(module)
        scope.names[name] = Binding(External(dotted, canonical(dotted)), statement=text)


def _is_operator(state: State, node: ast.ClassDef, scope: Scope) -> bool:
    for base in node.bases:
        value = pure(state, base, scope)
        if isinstance(value, External) and is_operator(value.word):
            return True
        if isinstance(value, Class) and value.operator:
            return True
    return False


def _function(state: State, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
    if id(node) not in state.functions:
        local = scope is not state.module
        name = state.fresh(node.name) if local or state.counts[node.name] > 1 else node.name
        if not local and state.counts[node.name] > 1 and not any(f.name == node.name for f in state.functions.values()):
            state.names.discard(name)
            name = node.name
        state.functions[id(node)] = Function(node, scope, name, local)
    function = state.functions[id(node)]
    function.scope = scope
    value: object = function
    for decorator in reversed(node.decorator_list):
        found = evaluate(state, decorator, scope)
        if isinstance(found, External) and found.word.split(".")[0] in words.DECORATORS:
            found = Decorator(found.word, {}, decorator)
        if isinstance(found, TaskFunction | Function) or not isinstance(found, Decorator):
            if not isinstance(value, Function):
                value = Unknown(decorator)
            continue
        value = applied(state, found, value, decorator)
    scope.names[node.name] = Binding(value, stable=scope is state.module and value is function)


MADE = (Task, Result, Dag, Group, Combined)
"""What has no meaning outside of its DAG."""


def bind(state: State, target: ast.expr, value: object, scope: Scope, source: ast.expr | None) -> None:
    """Let `target` stand for `value`, which `source` gave."""
    match target:
        case ast.Name():
            text = None
            if source is not None and not is_constant(value) and not isinstance(value, MADE):
                if not state.pure:
                    text = state.writer.text(source, scope)
            elif source is None and isinstance(value, (Made, Unknown)):
                text = value.text
            stable = scope is state.module and state.counts[target.id] == 1 and source is not None
            stable = stable and not isinstance(value, MADE)
            scope.names[target.id] = Binding(value, text, stable)
        case ast.Tuple() | ast.List():
            try:
                items = iterated(value)
            except NotConstant:
                items = [Unknown(target) for _ in target.elts]
            if any(isinstance(t, ast.Starred) for t in target.elts) or len(items) != len(target.elts):
                items = [Unknown(target) for _ in target.elts]
            for one, item in zip(target.elts, items):
                bind(state, one, item, scope, None)
        case ast.Attribute():
            _set_attribute(state, target, value, scope, source)
        case ast.Subscript():
            holder = evaluate(state, target.value, scope)
            if isinstance(holder, (dict, list)) and not isinstance(target.slice, ast.Slice):
                try:
                    holder[evaluate(state, target.slice, scope)] = value  # type: ignore[call-overload]
                except (TypeError, IndexError):
                    return


def _set_attribute(state: State, target: ast.Attribute, value: object, scope: Scope, source: ast.expr | None) -> None:
    holder = evaluate(state, target.value, scope)
    if isinstance(holder, Result):
        holder = holder.task
    if isinstance(holder, (Task, Dag)) and source is not None:
        holder.attributes[target.attr] = state.arg(source, value, scope)


def _augmented(state: State, node: ast.AugAssign, scope: Scope) -> None:
    if not isinstance(node.target, ast.Name):
        return
    value = evaluate(state, ast.copy_location(ast.BinOp(_load(node.target), node.op, node.value), node), scope)
    scope.names[node.target.id] = Binding(value)


def _load(node: ast.Name) -> ast.Name:
    return ast.copy_location(ast.Name(node.id, ast.Load()), node)


def _if(state: State, node: ast.If, scope: Scope) -> None:
    if isinstance(node.test, ast.Compare) and ast.unparse(node.test).replace("'", '"') == '__name__ == "__main__"':
        return
    if "TYPE_CHECKING" in ast.unparse(node.test):
        return
    try:
        chosen = truth(evaluate(state, node.test, scope))
    except NotConstant:
        _skip(state, node, scope, "this `if`")
        return
    run(state, node.body if chosen else node.orelse, scope)


def _for(state: State, node: ast.For, scope: Scope) -> None:
    try:
        items = iterated(evaluate(state, node.iter, scope))
    except NotConstant:
        _skip(state, node, scope, "this `for` loop")
        return
    for item in items:
        bind(state, node.target, item, scope, None)
        try:
            run(state, node.body, scope)
        except _Loop as met:
            if met.stop:
                return
    run(state, node.orelse, scope)


def _skip(state: State, node: ast.If | ast.For | ast.While, scope: Scope, what: str) -> None:
    """Pass over what cannot be followed: it must not make tasks."""
    if makes(state, node, scope):
        raise Refusal(
            node, what, "it decides what tasks there are, and that is not known before the file runs",
            "write the result of it into the file, or decide inside of a task",
        )  # fmt: skip
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            scope.names[one.id] = Binding(Unknown(node), stable=scope is state.module and not isinstance(node, ast.For))


def makes(state: State, node: ast.AST, scope: Scope) -> bool:
    """Whether the statements below `node` may make tasks, edges or DAGs."""
    for one in ast.walk(node):
        if isinstance(one, ast.BinOp) and isinstance(one.op, (ast.RShift, ast.LShift)):
            return True
        if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)) and one.decorator_list:
            return True
        if not isinstance(one, ast.Call):
            continue
        if any(k.arg in ("task_id", "dag_id", "group_id") for k in one.keywords):
            return True
        try:
            function = pure(state, one.func, scope)
        except (NotConstant, Refusal):
            continue
        if isinstance(function, (TaskFunction, OperatorPartial)) or hasattr(function, "given"):
            return True
        if isinstance(function, External) and (is_operator(function.word) or function.word in ("DAG", "TaskGroup")):
            return True
        if isinstance(function, Function) and function.node is not node and state.depth < 5:
            state.depth += 1
            try:
                if makes(state, function.node, function.scope):
                    return True
            finally:
                state.depth -= 1
    return False


def _with(state: State, node: ast.With, scope: Scope) -> None:
    opened: list[tuple[str, object]] = []
    try:
        for item in node.items:
            value = evaluate(state, item.context_expr, scope)
            opened += _enter(state, value)
            if item.optional_vars is not None:
                bind(state, item.optional_vars, value, scope, item.context_expr)
        run(state, node.body, scope)
    except Refusal as refusal:
        dag = next((v for _, v in opened if isinstance(v, Dag)), None)
        if dag is None:
            raise
        dag.refused = dag.refused or refusal
        opened.append(("abandoned", None))
    finally:
        for kind, value in reversed(opened):
            _leave(state, kind, value, node)


def _enter(state: State, value: object) -> list[tuple[str, object]]:
    if isinstance(value, Dag):
        state.current.append(value)
        state.groups.append(None)
        return [("dag", value)]
    if isinstance(value, Group):
        state.current.append(value.dag)
        state.groups.append(value)
        return [("group", value)]
    if isinstance(value, (Task, Result, list, Combined)):
        tasks = value if isinstance(value, list) else [value]
        owner = [t.task if isinstance(t, Result) else t for t in tasks if isinstance(t, (Task, Result))]
        state.contexts.append(Context(owner))
        return [("context", state.contexts[-1])]
    return []


def _leave(state: State, kind: str, value: object, node: ast.AST) -> None:
    if kind in ("dag", "group") and state.current:
        state.current.pop()
        state.groups.pop()
    if kind == "context" and isinstance(value, Context) and value in state.contexts:
        state.contexts.remove(value)
        _close(state, value, node)


def _close(state: State, context: Context, node: ast.AST) -> None:
    """Put the tasks of `with teardown:` between its setups and its teardown."""
    if not context.owner:
        return
    dag, inside = context.owner[0].dag, context.tasks
    teardowns = [t for t in context.owner if t.teardown]
    setups = [t for t in context.owner if t.setup]
    setups += [up for t in teardowns for up in dag.above(t) if up.setup]
    teardowns += [down for t in setups for down in dag.below(t) if down.teardown and down not in teardowns]
    first = [t for t in inside if not dag.above(t)] or inside[:1]
    last = [t for t in inside if not dag.below(t)] or inside[-1:]
    connect(list(dict.fromkeys(setups)), first, node)
    connect(last, teardowns, node)
    if state.contexts:  # setups wait for the setups around them, and teardowns the other way round
        outer = state.contexts[-1].owner
        connect([t for t in outer if t.setup], setups, node)
        connect(teardowns, [t for t in outer if t.teardown], node)
