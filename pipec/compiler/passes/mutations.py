"""Warn where a step changes an argument in place that is used again: only plain Python would show the change."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.risk import MutatedArgument
from pipec.ir import Component, Definition, Pipeline, Ref, Span, Task, ValueId, uses
from pipec.ir.graph import operands, walk

_METHODS = frozenset(
    "append extend insert remove pop clear sort reverse update setdefault popitem add discard fill resize".split()  # noqa: SIM905
)


def warn_mutations(pipeline: Pipeline, report: Report) -> Pipeline:
    """Add a finding for each argument that a step changes and somebody else reads; the pipeline stays as it is."""
    functions = {name: d for d in pipeline.definitions if d.kind == "function" for name in d.names}
    changed = {c.name: dict(_changed(c, functions)) for c in pipeline.components}
    if not any(changed.values()):
        return pipeline
    counts: dict[ValueId, int] = {}
    for value in [
        *uses(pipeline.result),
        *(v for n in walk(pipeline.body) for e in operands(n) for v in uses(e)),
    ]:
        counts[value] = counts.get(value, 0) + 1
    for task in (n for n in walk(pipeline.body) if isinstance(n, Task)):
        for port, place in changed[task.component].items():
            operand = task.args.get(port)
            if isinstance(operand, Ref) and counts[operand.value] > 1:
                report.add(MutatedArgument(task.span, task.site.step, port, place))
    return pipeline


def _changed(component: Component, functions: dict[str, Definition]) -> Iterator[tuple[str, Span]]:
    """The parameters that a function changes by its source, and where."""
    definition = functions.get(component.function or "")
    if definition is None or not any(mark in definition.source for mark in ("]", ".", "+=")):
        return
    names = {p.name for p in component.ports}
    tree = ast.parse(definition.source)
    offset = definition.span.line - next((n.lineno for n in tree.body if isinstance(n, ast.FunctionDef)), 1)
    rebound = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for node in ast.walk(tree):
        name = _target(node)
        if name in names and name not in rebound:
            assert isinstance(node, (ast.stmt, ast.expr))
            line = node.lineno + offset
            end = node.end_col_offset or node.col_offset
            yield (
                name,
                Span(
                    file=definition.span.file,
                    line=line,
                    column=node.col_offset + 1,
                    end_line=line,
                    end_column=max(end, node.col_offset) + 1,
                ),
            )


def _target(node: ast.AST) -> str | None:
    """The name whose object `node` changes in place."""
    match node:
        case ast.Assign(targets=targets):
            return next((r for t in targets if isinstance(t, (ast.Subscript, ast.Attribute)) and (r := _root(t))), None)
        case ast.AugAssign(target=ast.Subscript() | ast.Attribute() as target):
            return _root(target)
        case ast.Delete(targets=targets):
            return next((r for t in targets if isinstance(t, ast.Subscript) and (r := _root(t))), None)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method), keywords=keywords):
            if method in _METHODS or any(k.arg == "inplace" and _is_true(k.value) for k in keywords):
                return name
    return None


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _root(node: ast.expr) -> str | None:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
