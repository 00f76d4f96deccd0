"""What every target asks of a pipeline that runs by a schedule."""

from __future__ import annotations

from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import RefusedSetting
from pipec.ir import Pipeline


def can_be_scheduled(pipeline: Pipeline, target: str, report: Report) -> bool:
    """Whether nothing is missing for the schedule, if there is one; reports the parameters that nobody would give."""
    missing = [p.name for p in pipeline.parameters if p.default is None]
    if pipeline.policy.schedule is None or not missing:
        return True
    for name in missing:
        reason = f"a scheduled run gives no parameters, and {name!r} has no default"
        report.add(RefusedSetting(pipeline.policy.span("schedule"), target, pipeline.name, "schedule", reason))
    return False
