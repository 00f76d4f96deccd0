"""Loops: what they run over, and the lists that collect their results."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pipec.backends.kfp.reading.dags import Node, path_of, selected
from pipec.backends.kfp.reading.made import Made, Sinks
from pipec.backends.kfp.reading.names import identifier
from pipec.backends.kfp.reading.ports import parameter_type
from pipec.backends.kfp.reading.tidying import shortened
from pipec.backends.kfp.reading.values import RefusedError, Scope, Value, argument
from pipec.compiler.reading import Line, Nested, Statement

if TYPE_CHECKING:
    from pipec.backends.kfp.reading.blocks import Blocks


def loop(blocks: Blocks, node: Node, scope: Scope, sinks: Sinks, awaited: bool) -> Made:
    """A node that runs once for each item."""
    inner = blocks.scope_of(node, scope, in_loop=True)
    before: list[Statement] = []
    over, name = items(blocks, node, scope, inner)
    lists: dict[str, list[str]] = {key: list(names) for key, names in sinks.items()}
    own: dict[str, str] = {}
    nested: set[str] = set()
    """Outputs whose lists are elements of the lists outside."""
    for field_, key, *_ in selected((node.component.get("dag") or {}).get("outputs") or {}):
        flat = field_ == "artifacts" and bool(sinks.get(key))
        if key in own or (flat and key not in node.used):
            continue
        own[key] = blocks.names.local(_plural(key), inner.own)
        before.append(Line(f"{own[key]} = []"))
        lists[key] = [own[key], *sinks[key]] if flat else [own[key]]
        nested |= {key} if not flat else set()
    body = once(blocks, node, inner, lists)
    limit = (node.task.get("iteratorPolicy") or {}).get("parallelismLimit")
    over = f"parallel({over}, limit={int(limit)})" if limit else over
    handles = list(own.values())
    if not own and awaited and body.handles:
        ended = blocks.names.local(f"{identifier(node.name)}_done", inner.own)
        before.append(Line(f"{ended} = []"))
        body.statements += [Line(f"{ended}.append({handle})") for handle in body.handles[:1]]
        handles = [ended]
    statements: list[Statement] = [*before, Nested(f"for {name} in {over}:", tuple(body.statements))]
    for key, target in own.items():
        scope.outputs[node.name, key] = Value(target, "LIST")
        statements += [Line(f"{sink}.append({target})") for sink in sinks.get(key, ()) if key in nested]
    return Made(shortened(statements), handles, body.effect)


def once(blocks: Blocks, node: Node, inner: Scope, lists: Sinks) -> Made:
    """The body of a loop."""
    if node.is_dag and not node.is_inline:
        raise RefusedError(f"`{node.name}` is a loop over a pipeline")
    if node.is_dag:
        return blocks.dag(node.component, path_of(node), inner, lists)
    plan = blocks.step(node)
    made = Scope(inner.parameters, inner.artifacts, inner.outputs, inner.own, True, False)
    bound = Node(node.name, node.path, _bound(node), node.component)
    return blocks.call(bound, plan, made, lists, False)


def items(blocks: Blocks, node: Node, scope: Scope, inner: Scope) -> tuple[str, str]:
    """What a loop runs over, and the name of its variable."""
    iterator = node.task.get("parameterIterator")
    given = blocks.documents.names.get(node.path)
    if iterator is None:
        iterator = node.task["artifactIterator"]
        source = blocks.input(node, (iterator.get("items") or {}).get("inputArtifact") or "", scope)
        if source is None:
            raise RefusedError(f"the loop `{node.name}` runs over nothing")
        name = blocks.names.local(given or _singular(source.source), inner.own)
        inner.artifacts[iterator["itemInput"]] = Value(name)
        return source.source, name
    item = iterator.get("itemInput") or ""
    listed = iterator.get("items") or {}
    definition = ((node.component.get("inputDefinitions") or {}).get("parameters") or {}).get(item)
    kind = parameter_type(definition) if definition else ""
    if "raw" in listed:
        source_text = raw(blocks, node, listed["raw"], scope)
        name = blocks.names.local(given or "item", inner.own)
    else:
        value = blocks.input(node, listed.get("inputParameter") or "", scope)
        if value is None:
            raise RefusedError(f"the loop `{node.name}` runs over nothing")
        source_text = value.source
        name = blocks.names.local(given or _singular(source_text), inner.own)
    inner.parameters[item] = Value(name, kind)
    return source_text, name


def raw(blocks: Blocks, node: Node, text: str, scope: Scope) -> str:
    """Items that are written as JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise RefusedError(f"the items of the loop `{node.name}` are no JSON") from None
    if not isinstance(value, list):
        raise RefusedError(f"the items of the loop `{node.name}` are no list")
    parameters = (node.task.get("inputs") or {}).get("parameters") or {}
    found = argument({"runtimeValue": {"constant": value}}, "LIST", parameters, scope, node.name)
    assert found is not None
    return found.source


def _bound(node: Node) -> dict[str, Any]:
    """The task of a loop over one step, whose inputs are those of its own scope."""
    names = (node.task.get("inputs") or {}).get("parameters") or {}
    iterator = node.task.get("parameterIterator") or {}
    parameters = {name: {"componentInputParameter": name} for name in [*names, iterator.get("itemInput") or ""]}
    artifacts = {
        name: {"componentInputArtifact": name} for name in (node.task.get("inputs") or {}).get("artifacts") or {}
    }
    return {**node.task, "inputs": {"parameters": parameters, "artifacts": artifacts}}


def _plural(key: str) -> str:
    name = identifier(key.rpartition("pipelinechannel--")[2])
    name = re.sub(r"_?[Oo]utput$", "", name) or name
    return name if name.endswith("s") else f"{name}_results"


def _singular(source: str) -> str:
    if not source.isidentifier():
        return "item"
    if source.endswith("s") and len(source) > 3 and not source.endswith("ss"):
        return source[:-1]
    return f"{source}_item"
