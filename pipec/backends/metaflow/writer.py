"""Lines of a step, and how they read values."""

from __future__ import annotations

import ast
import builtins

from pipec.backends.metaflow.draft import Draft
from pipec.backends.metaflow.liveness import Flows
from pipec.backends.metaflow.names import Words, parameter_attribute
from pipec.compiler.backend.glue import operand_source
from pipec.compiler.pysource.layout import fitted, tidy
from pipec.ir import Code, Expr, Pipeline, Ref, ValueId

INDENT = 8
HIDDEN = frozenset(
    (
        "plain", "pack", "publish", "unpack", "storable", "reuse", "empty_folder", "wait_for", "current",
        "deepcopy", "datetime", "timedelta", "timezone",
    )
)  # fmt: skip
"""Helpers that a local variable must not hide."""


class Writer:
    """What a step's statements are written with: lines, values, local names; collects which helpers they need."""

    def __init__(self, step: Draft, flow: Flows, pipeline: Pipeline, words: Words) -> None:
        self.step = step
        self.flow = flow
        self.pipeline = pipeline
        self.words = words
        self.locals: dict[ValueId, str] = {}
        self.made: set[ValueId] = set()
        """Values that the step itself has set so far."""
        self.lines: list[str] = []
        self.depth = INDENT

    def _say(self, text: str, indent: int = INDENT) -> None:
        self.lines += fitted(text, indent)

    def _local(self, wanted: str) -> str:
        name = wanted.lstrip("_") or "value"
        while (
            name in self.words.taken
            or name in HIDDEN
            or name in self.locals.values()
            or hasattr(builtins, name)
            or name in ("inputs", "task")
        ):
            name += "_"
        return name

    def value(self, value: ValueId) -> str:
        """The source that reads `value` in this step."""
        if value in self.locals:
            return self.locals[value]
        if value in self.flow.parameters:
            return f"self.{parameter_attribute(value)}"
        if value in self.flow.items:
            return f"self.input{''.join(f'[{i}]' for i in self.flow.items[value][1])}"
        match self.flow.run_values.get(value):
            case "id":
                return f"{self.words('current')}.run_id"
            case "attempt":
                return f"({self.words('current')}.retry_count + 1)"
        return f"self.{self.flow.names[value]}"

    def expression(self, expr: Expr) -> str:
        """The source of `expr`; what is read more than once is loaded once, above it."""
        if isinstance(expr, Code):
            for free, value in expr.inputs.items():
                if self.flow.copies and self._is_loaded(value) and _often(expr.source, free):
                    name = self._local(free)
                    self._say(f"{name} = {self.value(value)}", self.depth)
                    self.locals[value] = name
        source = tidy(operand_source(expr, self.value))
        return source[1:-1] if isinstance(expr, Ref) and source.startswith("(") else source

    def _is_loaded(self, value: ValueId) -> bool:
        elsewhere = (self.locals, self.made, self.flow.parameters, self.flow.run_values, self.flow.items)
        return not any(value in place for place in elsewhere)


def _often(source: str, name: str) -> bool:
    """Whether evaluating `source` may read `name` more than once."""
    tree = ast.parse(source, mode="eval")
    count = sum(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree))
    return count > 1 or any(isinstance(node, (ast.comprehension, ast.Lambda)) for node in ast.walk(tree))
