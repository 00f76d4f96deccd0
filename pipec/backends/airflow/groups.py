"""Sub-pipelines as task groups."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipec.backends.airflow.draft import GroupDraft
from pipec.backends.airflow.names import ascii_id
from pipec.ir import Group

if TYPE_CHECKING:
    from pipec.backends.airflow.lower import Lowering, Scope


def group(low: Lowering, node: Group, scope: Scope, awaited: bool) -> None:
    """A pipeline called inside a pipeline."""
    for arg in node.args:
        low.env[arg.id] = low.bound(arg.expr)
    if scope.loop is not None:  # inside a mapped group the tasks stand side by side
        low.block(node.body, scope, awaited=awaited)
    else:
        draft = GroupDraft(ascii_id(node.id), low.names.fresh(node.id), node.doc)
        scope.items.append(draft)
        low.block(node.body, replace(scope, items=draft.body, prefix=f"{scope.prefix}{draft.id}."))
    for result in node.outputs:
        low.env[result.id] = low.bound(result.value)
