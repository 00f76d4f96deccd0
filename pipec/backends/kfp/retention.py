"""How long artifacts are kept: a rule of the bucket in which the pipeline root lies.

The driver of a run puts them below `<root>/<name of the pipeline>/<run>/` (`GetPipeline` in its `metadata` package).
"""

from __future__ import annotations

from pipec.backends.kfp.native import TARGET, pipeline_root
from pipec.compiler.backend.lifecycle import DAY, lifecycle, whole_days
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import RefusedSetting
from pipec.ir import Pipeline
from pipec.ir.graph import tasks

SETTING = f'`targets={{"{TARGET}": {{"defaultPipelineRoot": ...}}}}` of the pipeline, or of the project,'


def retention_rule(pipeline: Pipeline, report: Report) -> str | None:
    """The lifecycle rule beside the pipeline, where it says how long artifacts are kept."""
    rule = lifecycle(pipeline, TARGET, pipeline_root(pipeline.policy) or "", SETTING, report)
    if rule is not None:
        _check_caches(pipeline, report)
    return rule


def _check_caches(pipeline: Pipeline, report: Report) -> None:
    """Refuse caches that outlive the files: a server hands out what it has found without a look at the store."""
    assert pipeline.policy.retention is not None
    days = whole_days(pipeline.policy.retention)
    for task in tasks(pipeline):
        cache = task.policy.cache
        if cache is not None and task.outputs and (cache.ttl is None or cache.ttl >= days * DAY):
            reason = (
                f"the server would hand out results whose files the bucket has removed after {days} days; give it a "
                "`ttl` below the `retention` of the pipeline"
            )
            report.add(RefusedSetting(task.policy.span("cache"), TARGET, task.site.step, "cache", reason))
