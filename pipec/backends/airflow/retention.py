"""How long artifacts are kept: a rule of the bucket in which the artifact root lies.

The helpers of a DAG file put them below `<root>/<dag_id>/<run_id>/`, and entries of caches, which are small and name
artifacts, below `<root>/cache/`.
"""

from __future__ import annotations

from pipec.backends.airflow.names import dag_id
from pipec.compiler.backend.lifecycle import DAY, lifecycle, whole_days
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import LossySetting
from pipec.compiler.site import Site
from pipec.ir import Pipeline, is_artifact
from pipec.ir.graph import tasks


def retention_rule(pipeline: Pipeline, site: Site, report: Report) -> str | None:
    """The lifecycle rule beside the DAG file, where the pipeline says how long artifacts are kept."""
    setting = "`artifact_root` of `[tool.pipec]`"
    rule = lifecycle(pipeline, "airflow", site.artifact_root, dag_id(pipeline.name), setting, report)
    if rule is not None:
        _check_caches(pipeline, report)
    return rule


def _check_caches(pipeline: Pipeline, report: Report) -> None:
    """Name caches that would outlive the files: an entry without its files counts as none."""
    assert pipeline.policy.retention is not None
    days = whole_days(pipeline.policy.retention)
    for task in tasks(pipeline):
        cache = task.policy.cache
        if cache is None or not any(is_artifact(output.type) for output in task.outputs):
            continue
        if cache.ttl is None or cache.ttl >= days * DAY:
            loss = f"results are reused for less than {days} days, after which the bucket removes their files"
            report.add(LossySetting(task.policy.span("cache"), "airflow", task.site.step, "cache", loss))
