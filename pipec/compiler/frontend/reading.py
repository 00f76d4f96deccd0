"""What is shared while one pipeline, with its sub-pipelines, is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipec.compiler.diagnostics import Report
from pipec.compiler.frontend.components import Step, Steps
from pipec.compiler.frontend.operands import Namer, Operand
from pipec.compiler.frontend.resolve import Resolver
from pipec.ir import Output


@dataclass
class Reading:
    """The state of reading one pipeline."""

    resolver: Resolver
    steps: Steps
    report: Report
    names: Namer = field(default_factory=Namer)
    """Ids of values."""
    nodes: Namer = field(default_factory=Namer)
    """Ids of nodes."""
    open: list[tuple[str, str]] = field(default_factory=list)
    """Module and function of the pipelines that are being read, outermost first."""
    fields: dict[str, list[Output]] = field(default_factory=dict)
    """Task id -> outputs that were asked for after the task was made: attributes of its result."""
    results: dict[str, Step] = field(default_factory=dict)
    """Task id -> its step."""
    after: dict[str, tuple[Operand, ...]] = field(default_factory=dict)
    """Id of a `with parallel(after=...)` -> what it names."""
