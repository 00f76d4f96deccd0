"""What a mapped group is called, and gives to the tasks after it: lists of what its tasks have made for each item."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING

from pipec.backends.airflow.graph import TaskNode
from pipec.backends.airflow.values import Bound, Spec
from pipec.compiler.rendering import python_literal as py
from pipec.ir import Collect, ForEach, Group, Ref

if TYPE_CHECKING:
    from pipec.backends.airflow.lower import Lowering, Scope


def name_of(loop: ForEach) -> str:
    """What a mapped group is called: as the sub-pipeline, where it does nothing but call one for each item."""
    match loop.body.nodes:
        case (Group(name=name, id=id_),) if not keyword.iskeyword(name):  # a `try` is a group too
            return id_
    return loop.id


def handed_on(low: Lowering, output: Collect, scope: Scope) -> TaskNode:
    """A task of a mapped group that gives, for each item, a value from outside."""
    taken = low.wrapper(scope)
    value = Ref(value=output.value)
    taken.lines.append(f"return {taken.source(value)}")
    id_ = low.ids.fresh(f"each_{output.id}")
    node = low.new(id_, taken.made(id_, Spec(), [value]), scope, id_)
    low.fill(node, taken)
    low.env[output.value] = Bound(node)
    return node


def collect(low: Lowering, output: Collect, scope: Scope) -> None:
    """A task that lists the values of a mapped group; an argument would be no list where there is one item."""
    found = low.env[output.value]
    id_ = low.ids.fresh(f"collect_{output.id}")
    node = low.new(id_, low.functions.collected(), scope, output.id)
    assert found.node is not None
    node.call.args = [py(found.node.id), *([py(found.key)] if found.key else [])]
    node.after(found.node, forced=True)
    low.env[output.id] = Bound(node, listed=True)
