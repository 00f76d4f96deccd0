"""Conditions as `if`, `elif`, `else`."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipec.backends.kfp.reading import cel
from pipec.backends.kfp.reading.dags import Merged, Node, in_order, selected
from pipec.backends.kfp.reading.made import Made, Sinks
from pipec.backends.kfp.reading.ports import parameter_type
from pipec.backends.kfp.reading.tidying import one_name
from pipec.backends.kfp.reading.values import RefusedError, Scope, Value, argument
from pipec.compiler.pysource.text import one_line
from pipec.compiler.reading import Line, Nested, Statement

if TYPE_CHECKING:
    from pipec.backends.kfp.reading.blocks import Blocks


def condition(blocks: Blocks, node: Node, scope: Scope, sinks: Sinks) -> Made:
    """A node that runs only where its condition holds, with all that is left out with it."""
    holds = test(blocks, node, scope)
    before = dict(scope.outputs)
    body = guarded(blocks, node, scope, sinks)
    statements: list[Statement] = [Nested(f"if {one_line(holds)}:", tuple(body.statements))]
    effect = body.effect
    keys = {key for _, key, *_ in selected((node.component.get("dag") or {}).get("outputs") or {})}
    handed = {k: v for k, v in scope.outputs.items() if k not in before and k[0] == node.name and k[1] in keys}
    names = [v.source for k, v in handed.items() if k[1] not in sinks and v.source.isidentifier()]
    if names and not sinks:
        empty = tuple(Line(f"{name} = None") for name in dict.fromkeys(names))
        statements.append(Nested("else:", empty))
    return Made(statements, [], effect)


def guarded(blocks: Blocks, node: Node, scope: Scope, sinks: Sinks) -> Made:
    """What is inside of a condition: the node itself, and what follows it."""
    own = blocks.task(node, scope, sinks, False, True)
    if not node.members:
        return own
    rest = blocks.nodes(in_order(node.members), scope, {}, {node.name: own.handles})
    return Made([*own.statements, *rest.statements], rest.handles, own.effect or rest.effect)


def test(blocks: Blocks, node: Node, scope: Scope) -> ast.expr:
    """A condition in Python."""
    parameters = (node.task.get("inputs") or {}).get("parameters") or {}

    def lookup(name: str) -> cel.Typed:
        value = argument(parameters[name], "", parameters, scope, node.name) if name in parameters else None
        if value is None:
            raise cel.CelError(f"`{name}` is no input of it")
        definition = ((node.component.get("inputDefinitions") or {}).get("parameters") or {}).get(name)
        kind = parameter_type(definition) if definition else value.kind
        return cel.Typed(ast.parse(value.source, mode="eval").body, kind)

    try:
        return cel.python(node.condition, lookup)
    except cel.CelError as error:
        raise RefusedError(f"the condition of `{node.name}` is not understood: {error}") from None


def chain(
    blocks: Blocks, nodes: list[Node], scope: Scope, wanted: Mapping[str, Mapping[str, list[str]]], merged: Merged,
    ended: str,
) -> Made:  # fmt: skip
    """The arms of one `if`, `elif`, `else`; outputs of several arms are one variable.

    `ended`: the name wanted for a variable that tells when an arm has ended; "" where nothing waits for that.
    """
    last = blocks.names.local(ended, scope.own) if ended else ""
    names: dict[str, str] = {}
    tests = {node.name: cel.conjuncts(test(blocks, node, scope)) for node in nodes}
    ordered = sorted(nodes, key=lambda n: (len(tests[n.name]), ast.unparse(tests[n.name][-1]).startswith("not ")))
    earlier: list[str] = []
    statements: list[Statement] = []
    complete = effect = False
    outputs: dict[tuple[str, str], Value] = {}
    for node in ordered:
        parts = [ast.unparse(part) for part in tests[node.name]]
        refused = [one_line(cel.negated(ast.parse(e, mode="eval").body)) for e in earlier]
        if [_plain(p) for p in parts[: len(earlier)]] != [_plain(r) for r in refused]:
            raise RefusedError(f"`{node.name}` is no further arm of the conditions beside it")
        own = tests[node.name][len(earlier) :]
        sinks = wanted.get(node.name, {})
        body = guarded(blocks, node, scope, sinks)
        effect = effect or body.effect
        holds = own[0] if len(own) == 1 else ast.BoolOp(ast.And(), own)
        complete = not own
        keyword = "else:" if complete else f"{'elif' if statements else 'if'} {one_line(holds)}:"
        inside = [*blocks.note(node).remarks(), *body.statements]
        if last:
            handles = body.handles or ["None"]
            inside.append(Line(f"{last} = {handles[0] if len(handles) == 1 else '[' + ', '.join(handles) + ']'}"))
        for task, output in [one for one in merged if one[0] == node.name]:
            value = scope.outputs.get((task, output))
            if value is not None:
                name = names.setdefault(merged[task, output], value.source)
                if name != value.source:
                    inside = one_name(inside, value.source, name) or [*inside, Line(f"{name} = {value.source}")]
                scope.outputs[task, output] = Value(name, value.kind)
        statements.append(Nested(keyword, tuple(inside)))
        outputs |= {k: v for k, v in scope.outputs.items() if k[0] == node.name}
        if not complete:
            earlier.append(ast.unparse(holds))
    if last and not complete:
        statements.append(Nested("else:", (Line(f"{last} = None"),)))
    scope.outputs |= outputs
    return Made(statements, [last] if last else [], effect)


def _plain(source: str) -> str:
    return re.sub(r"[\s()\"']", "", source)
