"""Values that the body of a pipeline only passes on to steps: those that may be of any size."""

from __future__ import annotations

from collections.abc import Iterator

from pipec.ir.base import Span
from pipec.ir.expressions import Code, Expr, Ref, ValueId, uses
from pipec.ir.graph import operands, reads, walk
from pipec.ir.nodes import Compute, Group, Pipeline, Statement, Task
from pipec.ir.types import ValueType

_SMALL = ("int", "float", "bool", "None")


def passed_on(pipeline: Pipeline) -> Iterator[tuple[Span, ValueId]]:
    """The results of steps that no expression looks into and no annotation bounds, with the places of their calls."""
    inspected = set(uses(pipeline.result))
    passed: set[str] = set()
    for node in walk(pipeline.body):
        if isinstance(node, Task):
            passed.update(e.value for e in node.args.values() if isinstance(e, Ref))
            inspected.update(v for e in node.args.values() if isinstance(e, Code) for v in uses(e))
        else:
            inspected.update(reads(node) if isinstance(node, Compute) else ())
            inspected.update(v for e in _header(node) for v in uses(e))
    for node in walk(pipeline.body):
        for output in node.outputs if isinstance(node, Task) else ():
            bounded = not isinstance(output.type, ValueType) or output.type.annotation in _SMALL
            if output.id in passed - inspected and not bounded:
                yield node.span, output.id


def _header(node: Statement) -> tuple[Expr, ...]:
    return () if isinstance(node, Group) else operands(node)
