"""Task groups from the ids of tasks: what is asked to have the id `left.load` stands as `load` in a group `left`.

Airflow gives the tasks of a group such ids, so this is how groups of a DAG that was migrated come back. Ids and edges
are the same with and without the group; it is made where all its tasks stand in a row.
"""

from __future__ import annotations

import ast
import re
from itertools import groupby

from pipec.backends.airflow.draft import CallDraft, Draft, GroupDraft
from pipec.backends.airflow.graph import TaskNode
from pipec.backends.airflow.lower import Lowering
from pipec.compiler.pysource.text import one_line
from pipec.compiler.rendering import python_literal as py

_NAME = re.compile(r"[\w-]+", re.ASCII)


def put_in_groups(low: Lowering) -> None:
    """Make the groups that ids speak of, at the top of the DAG."""
    nodes = {node.call: node for node in low.nodes}
    taken = {node.id for node in low.nodes} | {draft.id for draft in low.top.items if not isinstance(draft, CallDraft)}
    low.top.items[:] = _grouped(low.top.items, nodes, "", taken)


def _grouped(drafts: list[Draft], nodes: dict[CallDraft, TaskNode], prefix: str, taken: set[str]) -> list[Draft]:
    """`drafts` of which some stand in groups; `prefix`: the ids of those around, with a dot at the end."""
    runs = [(name, list(found)) for name, found in groupby(drafts, lambda draft: _group(draft, nodes, prefix))]
    several = {name for name, _ in runs if [other for other, _ in runs].count(name) > 1}
    made: list[Draft] = []
    for name, found in runs:
        if not name or name in several or prefix + name in taken or not _NAME.fullmatch(name):
            made += found
            continue
        inner = f"{prefix}{name}."
        for draft in found:
            if isinstance(draft, CallDraft):
                _rename(draft, nodes[draft].id.removeprefix(inner))
        made.append(GroupDraft(name, name, body=_grouped(found, nodes, inner, taken)))
    return made


def _group(draft: Draft, nodes: dict[CallDraft, TaskNode], prefix: str) -> str:
    """The group that a task is to stand in, below `prefix`; "" for none."""
    if not isinstance(draft, CallDraft):
        return ""
    name, dot, _ = nodes[draft].id.removeprefix(prefix).partition(".")
    return name if dot else ""


def _rename(draft: CallDraft, id_: str) -> None:
    """Let a task be called `id_` in its group."""
    function = draft.function
    if function.operator != "class":
        draft.override.pop("task_id", None)
        if id_ != function.name:
            draft.override["task_id"] = py(id_)
    elif "task_id" in draft.override:
        draft.override["task_id"] = py(id_)
    elif "task_id" in function.options:
        function.options["task_id"] = py(id_)
    else:  # of `X.partial(task_id=...).expand`
        tree = ast.parse(function.name, mode="eval")
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "task_id":
                node.value = ast.Constant(id_)
        function.name = one_line(tree.body)
