"""Branches: an operator that chooses and a task that joins; inside a mapped group, tasks that look at the condition."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipec.backends.airflow.draft import FunctionDraft
from pipec.backends.airflow.graph import Guard, TaskNode, entries, exits
from pipec.backends.airflow.values import Spec, output_keys
from pipec.compiler.purity import is_bool
from pipec.compiler.rendering import python_literal as py
from pipec.ir import Branch, Const, Expr, Phi, Ref, text, uses
from pipec.ir.graph import has_effect, operands, walk

if TYPE_CHECKING:
    from pipec.backends.airflow.lower import Lowering, Scope
    from pipec.backends.airflow.wrapper import Wrapper


def branch(low: Lowering, node: Branch, scope: Scope) -> None:
    """A branch operator, the arms, and a join where anything follows."""
    phis = [p for p in node.outputs if p.id in low.facts.reads]
    if not node.then.nodes and not node.orelse.nodes:
        if phis:
            joined(low, node, phis, scope, None)
        return
    # without a join an arm around it might end in nothing but what is skipped
    joins = bool(phis or scope.arms or (has_effect(node) and low.followed))
    decider = None if joins or node.orelse.nodes else _decider(low, node, scope)
    taken = low.wrapper(scope)
    condition = taken.source(node.condition)
    choose = decider or _chooser(low, node, scope, taken)
    arms = [
        low.block(block, replace(scope, arms=(*scope.arms, choose), ways=(*scope.ways, way)))
        for block, way in ((node.then, True), (node.orelse, False))
    ]
    starts = [entries(arm) for arm in arms]
    for start in (*starts[0], *starts[1]):
        start.after(choose, forced=True)
    join = None
    if joins:
        join = joined(low, node, phis, scope, choose)
        for arm in arms:
            for end in exits(arm):
                join.after(end)
            if not arm or any(n.loop is not None and n.loop.may_be_empty for n in exits(arm)):
                join.after(choose, forced=True)
    ids = [[s.id for s in start] or ([join.id] if join else []) for start in starts]
    low.choices[choose] = (ids[1], ids[0])
    if not ids[1]:
        choose.function.operator = "task.short_circuit"
        choose.function.body = choose.function.body if decider else (f"return {_bool(condition)}",)
        return
    targets = [py(i[0]) if len(i) == 1 else "[" + ", ".join(map(py, i)) + "]" if i else "None" for i in ids]
    choose.function.operator = "task.branch"
    if isinstance(ast.parse(condition, mode="eval").body, (ast.IfExp, ast.Lambda)) or len(condition) > 60:
        choose.function.body = (f"if {condition}:", f"    return {targets[0]}", f"return {targets[1]}")
    else:
        choose.function.body = (f"return {targets[0]} if {condition} else {targets[1]}",)


def _chooser(low: Lowering, node: Branch, scope: Scope, taken: Wrapper) -> TaskNode:
    """A branch operator for the condition."""
    id_ = low.ids.fresh(f"choose_{_topic(node)}")
    choose = low.new(id_, taken.chooser(id_, node.condition), scope, _variable(node))
    low.fill(choose, taken)
    return choose


def _decider(low: Lowering, node: Branch, scope: Scope) -> TaskNode | None:
    """The step that is asked for nothing but the condition, and can short-circuit the DAG itself."""
    value = node.condition.value if isinstance(node.condition, Ref) else ""
    found = low.env[value].node if value in low.env else None
    task = next((id_ for id_ in low.deciding if low.tasks.get(id_) is found), None)
    if found is None or task is None or low.env[value].key or getattr(low.types[value], "annotation", "") != "bool":
        return None
    reads = [v for n in walk(low.pipeline.body) for e in operands(n) for v in uses(e) if v == value]
    alone = len(reads) == 1 and value not in uses(low.pipeline.result) and len(found.function.calls) == 1
    plain = found.function.operator == "task" and not found.function.caught and found.arms == scope.arms
    return found if alone and plain else None


def joined(low: Lowering, node: Branch, phis: list[Phi], scope: Scope, choose: TaskNode | None) -> TaskNode:
    """The task after a branch: it hands on what the arm that ran has made."""
    id_, variable = _join_names(low, node, phis)
    taken = low.wrapper(scope, guard=scope.guards[-1] if scope.guards else None)
    simple = [_made_in_arm(low, phi, choose) for phi in phis]
    if not phis:
        function = taken.functions.empty()
    elif choose is not None and all(simple):
        results = [_coalesced(taken, phi, choose, low) for phi in phis]
        taken.lines.append("return " + ", ".join(results))
        function = taken.made(id_, _spec(phis), [e for p in phis for e in (p.then, p.orelse)])
    else:
        function = _selected(taken, id_, phis, taken.source(node.condition), [node.condition])
    join = low.new(id_, function, scope, variable if phis else id_)
    low.fill(join, taken)
    join.join = choose is not None
    low.bind(tuple(p.id for p in phis), join)
    return join


def _bool(condition: str) -> str:
    """The condition as a bool."""
    return condition if is_bool(condition) else f"bool({condition})"


def _topic(node: Branch) -> str:
    """What a branch is about: the step that may have failed, where `soften` has made it; else as the source says."""
    step = re.fullmatch(r"(\w+)_error(_\d+)? is None", text(node.condition))
    if step is not None and node.id.startswith("going_on"):
        return f"after_{step[1]}"
    return node.id.removeprefix("if_")


def _variable(node: Branch) -> str:
    """The variable of the operator."""
    return _topic(node) if node.id.startswith("going_on") else node.id


def _join_names(low: Lowering, node: Branch, phis: list[Phi]) -> tuple[str, str]:
    """Task id and variable of a join."""
    if len(phis) == 1:
        return low.ids.fresh(f"join_{phis[0].id}"), phis[0].id
    name = _topic(node)
    return low.ids.fresh(f"join_{name}"), f"{name}_joined"


def _selected(taken: Wrapper, name: str, phis: list[Phi], condition: str, exprs: list[Expr]) -> FunctionDraft:
    then = ", ".join(taken.source(p.then) for p in phis)
    orelse = ", ".join(taken.source(p.orelse) for p in phis)
    taken.lines += [f"if {condition}:", f"    return {then}", f"return {orelse}"]
    return taken.made(name, _spec(phis), [*exprs, *(e for p in phis for e in (p.then, p.orelse))])


def _spec(phis: list[Phi]) -> Spec:
    if len(phis) == 1:
        return Spec()
    keys = output_keys([p.id for p in phis])
    return Spec(outputs=tuple((key, i, '"value"') for i, key in enumerate(keys)))


def _inside(low: Lowering, expr: Expr, choose: TaskNode | None) -> bool:
    """Whether `expr` is what a task in an arm made: absent where the arm was skipped."""
    if not isinstance(expr, Ref):
        return False
    node = low.env[expr.value].node
    return node is not None and choose in node.arms and node.loop is None


def _made_in_arm(low: Lowering, phi: Phi, choose: TaskNode | None) -> bool:
    operands = (phi.then, phi.orelse)
    return all(_inside(low, e, choose) or (isinstance(e, Const) and e.source == "None") for e in operands) and any(
        _inside(low, e, choose) for e in operands
    )


def _coalesced(taken: Wrapper, phi: Phi, choose: TaskNode, low: Lowering) -> str:
    names = [taken.source(e) for e in (phi.then, phi.orelse) if _inside(low, e, choose)]
    return names[0] if len(names) == 1 else f"{names[0]} if {names[0]} is not None else {names[1]}"


# inside a mapped group


def guard_of(low: Lowering, exprs: Sequence[Expr], scope: Scope) -> Guard | None:
    """The condition that a task of `exprs` must look at itself: none where an input is skipped with the arm anyway."""
    if not scope.guards:
        return None
    for value in (v for e in exprs for v in uses(e)):
        producer = low.env[value].node if value in low.env else None  # else it is a part of the same expression
        if producer is not None and producer.loop is scope.loop:
            if producer.guards[: len(scope.guards)] == scope.guards and not producer.join:
                return None
    return scope.guards[-1]


def _decided(low: Lowering, node: Branch, scope: Scope) -> TaskNode | None:
    """The task of the same iteration that gives the condition as a bool, where there is one."""
    found = low.env[node.condition.value] if isinstance(node.condition, Ref) else None
    if found is None or found.node is None or found.key or found.node.loop is not scope.loop:
        return None
    body = found.node.function.body
    ready = len(body) == 1 and body[0].startswith("return ") and is_bool(body[0].removeprefix("return "))
    return found.node if ready and found.node.guards == scope.guards else None


def _decision(low: Lowering, node: Branch, scope: Scope) -> TaskNode:
    """A task for the condition."""
    taken = low.wrapper(scope, guard_of(low, [node.condition], scope))
    taken.lines.append(f"return {_bool(taken.source(node.condition))}")
    id_ = low.ids.fresh(f"check_{_topic(node)}")
    decide = low.new(id_, taken.made(id_, Spec(), [node.condition]), scope, _variable(node))
    low.fill(decide, taken)
    return decide


def guarded_branch(low: Lowering, node: Branch, scope: Scope, awaited: bool) -> None:
    """A branch for each item: branch operators do not work in mapped groups, so tasks of the arms skip themselves.

    `awaited`: an effect below waits for it, and runs whichever arm does.
    """
    phis = [p for p in node.outputs if p.id in low.facts.reads]
    if not node.then.nodes and not node.orelse.nodes:
        if phis:
            joined(low, node, phis, scope, None)
        return
    decide = _decided(low, node, scope) or _decision(low, node, scope)
    arms = [
        low.block(block, replace(scope, guards=(*scope.guards, Guard(decide, way))))
        for block, way in ((node.then, True), (node.orelse, False))
    ]
    if not phis and not has_effect(node) and not awaited:
        return
    name, variable = _join_names(low, node, phis)
    merge = low.wrapper(scope, scope.guards[-1] if scope.guards else None)
    if phis:
        when = merge.result_of(decide)
        function = _selected(merge, name, phis, when, [])
    else:
        merge.lines.append("pass")
        function = merge.made(name, Spec(result="None"), [])
    join = low.new(name, function, scope, variable)
    low.fill(join, merge)
    join.join = True
    join.after(decide)
    for arm in arms:
        for end in exits(arm):
            join.after(end)
    low.bind(tuple(p.id for p in phis), join)
