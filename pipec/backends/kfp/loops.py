"""Fan-outs: a loop, a guard where there may be nothing to do, and a task that gathers what nested loops give."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pipec.backends.kfp.model import ComponentSpec, IteratorPolicy, ParameterIterator, ParameterSpec
from pipec.backends.kfp.model import Items as ItemsSpec
from pipec.backends.kfp.parts import Glue
from pipec.backends.kfp.program import runtime
from pipec.backends.kfp.scope import Arm, Handle, Scope, kfp_name
from pipec.ir import Collect, Const, ForEach, Ref, is_artifact
from pipec.ir.literals import value_of

if TYPE_CHECKING:
    from pipec.backends.kfp.lower import Lowering


def lower_loop(lowering: Lowering, node: ForEach, scope: Scope, after: tuple[str, ...]) -> None:
    """A fan-out."""
    if isinstance(node.items, Const):
        _static(lowering, node, scope, after)
    else:
        _dynamic(lowering, node, scope, after)


def _live(lowering: Lowering, node: ForEach) -> list[Collect]:
    return [c for c in node.outputs if c.id in lowering.forms.used]


def _static(lowering: Lowering, node: ForEach, scope: Scope, after: tuple[str, ...]) -> None:
    assert isinstance(node.items, Const)
    values = value_of(node.items.source)
    items = list(values)  # type: ignore[call-overload]  # the frontend has checked that it can be iterated
    if not items:
        for collect in node.outputs:
            lowering.define(collect.id, Handle("text", collect.id, constant="[]"))
        return
    texts = [runtime()["kfp_text"](item, "an item") for item in items]
    body = _body(lowering, node)
    gather = [c for c in _live(lowering, node) if lowering.depth or c.id in lowering.forms.shared]
    # kfp.local puts the item in the place of every parameter that another task hands to the loop: in a DAG of its own a
    # loop gets parameters from the DAG alone.
    fed = scope.arm is not None or any(h.scope is scope and h.task and not h.stored for h in body.inputs.values())
    place = Scope(lowering.reserve(f"each-{node.id}")) if fed else scope
    iterator = ParameterIterator(item_input=_item(node), items=ItemsSpec(raw=json.dumps(texts)))
    _iterate(lowering, node, body, place, iterator, {}, () if fed else after)
    kept = {c.id: _collected(lowering, node, c, body, place) for c in _live(lowering, node)}
    if fed:
        for value, handle in kept.items():
            place.hand_out(value, handle)
        lowering.close(place, scope, after)
        kept = {v: replace(h, scope=scope, task=place.name, key=v) for v, h in kept.items()}
    for value, handle in kept.items():
        lowering.define(value, handle)
    for collect in gather:
        _gather(lowering, collect, scope)


def _dynamic(lowering: Lowering, node: ForEach, scope: Scope, after: tuple[str, ...]) -> None:
    assert isinstance(node.items, Ref)
    stored = is_artifact(node.items_type)
    source = lowering.handles.get(node.items.value)  # none where only the items are handed out
    items, some = lowering.containers.items(node.items.value, scope, after, stored)
    body = _body(lowering, node)
    flag = f"pipelinechannel--{kfp_name('condition-' + node.id)}"
    live = _live(lowering, node)
    inner = Scope(lowering.reserve(f"some-{node.id}"))
    sure = source is not None and source.kind in ("artifacts", "list")  # a static loop gave it: it is not empty
    plain = not live or (sure and not lowering.depth)
    guard = scope if plain else Scope(lowering.reserve(f"each-{node.id}"))
    name = inner.take(items, f"{_item(node)}s")
    iterator = ParameterIterator(item_input=_item(node), items=ItemsSpec(input_parameter=name))
    _iterate(lowering, node, body, inner, iterator, {name: items}, ())
    for collect in live:
        inner.hand_out(collect.id, _collected(lowering, node, collect, body, inner))
    if plain:
        lowering.close(inner, scope, after)
        for collect in live:
            lowering.define(collect.id, replace(inner.kinds[collect.id], scope=scope, task=inner.name, key=collect.id))
            if collect.id in lowering.forms.shared:
                _gather(lowering, collect, scope)
        return
    guard.arm = Arm(flag, some, True)
    lowering.close(inner, guard, ())
    lowering.loops[inner.name] = node.id
    full: dict[str, Handle] = {}
    for collect in live:
        outside = inner.kinds[collect.id]
        lowering.define(collect.id, replace(outside, scope=guard, task=inner.name, key=collect.id))
        full[collect.id] = _gather(lowering, collect, guard, inside=True)
    guard.arm = Arm(flag, some, False)
    for collect in live:
        uri = lowering.forms.is_stored(collect.id)
        nothing = Handle("text", collect.id, constant="[]")
        empty = lowering.containers.export(collect.id, nothing, guard, "uri" if uri else "text", collect.type)
        guard.hand_out(collect.id, full[collect.id], empty)
    guard.arm = None
    lowering.close(guard, scope, after)
    for collect in live:
        handle = Handle("text", collect.id, scope, guard.name, collect.id)
        at = lowering.containers.artifact_at
        lowering.define(collect.id, at(collect.id, handle, scope) if lowering.forms.is_stored(collect.id) else handle)


def _item(node: ForEach) -> str:
    whole = next((t.id for t in node.targets if not t.path), None)
    return whole or f"{node.id}_item"


def _body(lowering: Lowering, node: ForEach) -> Scope:
    """The DAG that runs once for every item."""
    body = Scope(lowering.reserve(f"for-loop-{node.id}"), iterates=True)
    item = _item(node)
    body.own[item] = ParameterSpec()
    handle = Handle("text", item, body, key=item)
    if is_artifact(node.items_type):
        handle = lowering.containers.artifact_at(item, handle, body)
    for target in node.targets:
        lowering.handles[target.id] = replace(handle, path=target.path)
    lowering.depth += 1
    lowering.block(node.body, body)
    lowering.depth -= 1
    for collect in _live(lowering, node):
        made = lowering.containers.near(collect.value, body)
        if not (made.scope is body and made.task and made.direct):
            form: Literal["artifact", "text"] = "artifact" if made.stored else "text"
            lowering.handles[collect.value] = made = lowering.containers.export(collect.value, made, body, form)
        body.hand_out(collect.id, made)
    return body


def _iterate(
    lowering: Lowering,
    node: ForEach,
    body: Scope,
    place: Scope,
    iterator: ParameterIterator,
    items: dict[str, Handle],
    after: tuple[str, ...],
) -> None:
    lowering.parts.dag(body.name, _interface(body, items))
    task = place.add(body.name, f"comp-{body.name}", {**items, **body.inputs}, after)
    task.parameter_iterator = iterator
    if node.limit is not None:
        task.iterator_policy = IteratorPolicy(parallelism_limit=node.limit)
    lowering.loops[body.name] = node.id


def _interface(body: Scope, items: dict[str, Handle]) -> ComponentSpec:
    body.own |= {name: ParameterSpec(parameter_type="LIST") for name in items}
    return body.component()


def _collected(lowering: Lowering, node: ForEach, collect: Collect, body: Scope, place: Scope) -> Handle:
    made = body.kinds[collect.id]
    return Handle("artifacts" if made.stored else "list", collect.id, place, body.name, collect.id, schema=made.schema)


def _gather(lowering: Lowering, collect: Collect, scope: Scope, inside: bool = False) -> Handle:
    """A task that makes one value of what the iterations gave: the server flattens lists of lists.

    It also finds the path of the workspace in no list.
    """
    handle = lowering.handles[collect.id]
    glue = Glue(f"gather-{collect.id}")
    variable = glue.load(collect.id, handle, opened=False)
    hint = f"the value of {collect.id!r}"
    lowering.containers.output(glue, collect.id, "Output", variable, collect.type, hint, found=True, inside=inside)
    lowering.containers.place(glue, scope, ())
    return (
        lowering.extra.pop((collect.id, "uri"))
        if inside and "Output-uri" in glue.outputs
        else lowering.handles[collect.id]
    )
