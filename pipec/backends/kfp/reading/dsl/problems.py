"""What ends the reading of a pipeline: something that is not known statically, or that the orchestrator refuses too."""

from __future__ import annotations

from dataclasses import dataclass

from pipec.backends.kfp.reading.dsl.names import TARGET
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import CannotMigrate, UnreadablePipeline
from pipec.ir import NOWHERE, Span

PYTHON_ERRORS = (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RecursionError)
"""What evaluating an expression of plain values may raise."""


class Problem(Exception):
    """Why an expression has no static value. Raised where it is met; reported only where the value is needed."""

    def __init__(self, what: str, reason: str, advice: str = "", *, refused: bool = False) -> None:
        super().__init__(f"{what}: {reason}")
        self.what = what
        self.reason = reason
        self.advice = advice
        self.span = NOWHERE
        self.refused = refused
        """Whether the orchestrator's own compiler would refuse it as well."""

    def at(self, span: Span) -> Problem:
        """The same, placed at `span` unless it has a place already."""
        if self.span == NOWHERE:
            self.span = span
        return self

    def tell(self, report: Report) -> None:
        """Report it."""
        if self.refused:
            report.add(UnreadablePipeline(self.span, TARGET, f"{self.what}: {self.reason}"))
        else:
            report.add(CannotMigrate(self.span, TARGET, self.what, self.reason, self.advice))


def refused(what: str, reason: str) -> Problem:
    """What the orchestrator's compiler does not take either."""
    return Problem(what, reason, refused=True)


@dataclass(frozen=True)
class Unknown:
    """The value of something that is not known statically. It does no harm unless a pipeline needs it."""

    problem: Problem
    aside: bool = False
    """Whether nothing that may make a task has to do with it, so that a pipeline can do without."""
