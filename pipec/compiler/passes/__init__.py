"""What happens to every pipeline before a backend sees it, in order; and legalising passes that backends ask for."""

from __future__ import annotations

from collections.abc import Callable

from pipec.compiler.diagnostics import Report
from pipec.compiler.passes.elsewhere import elsewhere
from pipec.compiler.passes.fold import fold
from pipec.compiler.passes.fuse import fuse
from pipec.compiler.passes.mutations import warn_mutations
from pipec.compiler.passes.outline import outline
from pipec.compiler.passes.quiet import quiet
from pipec.compiler.passes.risks import warn_risks
from pipec.compiler.passes.sink import sink
from pipec.ir import Pipeline

Pass = Callable[[Pipeline, Report], Pipeline]

PASSES: tuple[Pass, ...] = (warn_mutations, warn_risks, fold, sink)
"""The neutral passes. Valid IR in, valid IR out; a pass reports and carries on."""


def run(pipeline: Pipeline, report: Report) -> Pipeline:
    """`pipeline` after all neutral passes."""
    for apply in PASSES:
        pipeline = apply(pipeline, report)
    return pipeline


__all__ = ["PASSES", "Pass", "elsewhere", "fuse", "outline", "quiet", "run"]
