"""Native steps: tasks that are written in Airflow's own words, and go into the DAG as they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipec.backends.airflow.draft import FunctionDraft
from pipec.backends.airflow.values import Bound
from pipec.compiler.pysource.text import one_line
from pipec.ir import Native, Pipeline, Task, TaskPolicy
from pipec.ir.graph import tasks

if TYPE_CHECKING:
    from pipec.backends.airflow.graph import TaskNode
    from pipec.backends.airflow.lower import Lowering, Scope


def native_task(low: Lowering, task: Task, native: Native, scope: Scope) -> TaskNode:
    """One native step."""
    tree = _Renamed(low).visit(ast.parse(native.source, mode="eval"))
    call = tree.body
    assert isinstance(call, ast.Call)
    options = {k.arg: one_line(k.value) for k in call.keywords if k.arg is not None}
    function = FunctionDraft(
        one_line(call.func), operator="class", options=options, decorated=is_decorated(native.source)
    )
    node = low.new(task_id(native), function, scope, task.id)
    node.call.override.pop("task_id", None)
    node.call.args = [one_line(argument) for argument in call.args]
    for output in task.outputs:
        low.env[output.id] = Bound(node)
    low.natives.setdefault(task.component, node)
    return node


class _Renamed(ast.NodeTransformer):
    """Names of other native steps, as in `values=add.output`, become the variables that hold their tasks."""

    def __init__(self, low: Lowering) -> None:
        self.low = low

    def visit_Name(self, node: ast.Name) -> ast.Name:
        found = self.low.natives.get(node.id)
        if found is None:
            return node
        return ast.copy_location(ast.Name(self.low.variable(found, None), node.ctx), node)


def is_decorated(source: str) -> bool:
    """Whether a task is made by a decorated function: `task(task_id="x")(f)(1)`, and not by an operator."""
    node = ast.parse(source, mode="eval").body
    while isinstance(node, (ast.Call, ast.Attribute)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Call):
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return False


def task_id(native: Native) -> str:
    """The id that the task gives itself; `StopIteration` where there is none."""
    return next(task_ids(ast.parse(native.source, mode="eval").body))


def task_ids(node: ast.expr) -> Iterator[str]:
    """The `task_id` of a call, or of the calls that it is made of: `X.partial(task_id="x").expand(...)`."""
    while isinstance(node, (ast.Call, ast.Attribute)):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "task_id" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value)
            node = node.func
        else:
            node = node.value


def refusal(task: Task, native: Native) -> str:
    """What keeps a native step out of a DAG file, in words; "" if nothing does."""
    if native.inputs or native.outputs:
        return (
            "operators name each other in their sources, as in `values=other.output`: leave out `inputs` and `outputs`"
        )
    if task.policy != TaskPolicy(spans=task.policy.spans):
        return "its settings are arguments of its operator, such as `retries=3`: write them in its source"
    call = ast.parse(native.source, mode="eval").body
    if not isinstance(call, ast.Call) or any(k.arg is None for k in call.keywords):
        return "its source is no call with named arguments, such as `BashOperator(task_id=...)`"
    if next(task_ids(call), None) is None:
        return "its source gives it no constant `task_id`"
    if operator := _by_position(call):
        return f"`{operator}` is given something by position, and Airflow's operators take named arguments alone"
    return ""


def _by_position(call: ast.Call) -> str:
    """The operator that is given something by position, which Airflow fails at when it loads the file; "" for none.

    Whatever ends in "Operator" or "Sensor" is one; of other names nobody knows without a look at what they are.
    """
    node: ast.expr = call
    while isinstance(node, (ast.Call, ast.Attribute)):
        if isinstance(node, ast.Attribute):
            node = node.value
            continue
        name = re.sub(r"\.(partial|expand)$", "", ast.unparse(node.func)).rpartition(".")[2]
        if node.args and re.fullmatch(r"[A-Z]\w*(Operator|Sensor)", name):
            return name
        node = node.func
    return ""


def imports(pipeline: Pipeline) -> tuple[str, ...]:
    """The import statements that the native steps need."""
    found = [pipeline.component(task.component).native for task in tasks(pipeline)]
    return tuple(dict.fromkeys(s for native in found if native is not None for s in native.imports))
