"""How long artifacts are kept: a rule of the bucket in which the pipeline root lies.

The driver of a run puts them below `<root>/<name of the pipeline>/<run>/` (`GetPipeline` in its `metadata` package).
"""

from __future__ import annotations

from pipec.backends.kfp.lower import Lowered
from pipec.backends.kfp.native import TARGET, pipeline_root
from pipec.compiler.backend.lifecycle import DAY, lifecycle, whole_days
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import RefusedSetting
from pipec.ir import Pipeline
from pipec.ir.graph import tasks

SETTING = f'`targets={{"{TARGET}": {{"defaultPipelineRoot": ...}}}}` of the pipeline, or of the project,'


def retention_rule(pipeline: Pipeline, made: Lowered, report: Report) -> str | None:
    """The lifecycle rule beside the pipeline, where it says how long artifacts are kept."""
    root, folder = pipeline_root(pipeline.policy) or "", made.spec.pipeline_info.name
    rule = lifecycle(pipeline, TARGET, root, folder, SETTING, report)
    if rule is not None:
        _check_caches(pipeline, made, report)
    return rule


def _check_caches(pipeline: Pipeline, made: Lowered, report: Report) -> None:
    """Refuse caches that outlive the files: a server hands out what it has found without a look at the store."""
    assert pipeline.policy.retention is not None
    days = whole_days(pipeline.policy.retention)
    storing = _storing(made)
    for task in tasks(pipeline):
        cache = task.policy.cache
        if cache is not None and task.id in storing and (cache.ttl is None or cache.ttl >= days * DAY):
            reason = (
                f"the server would hand out results whose files the bucket has removed after {days} days; give it a "
                "`ttl` below the `retention` of the pipeline"
            )
            report.add(RefusedSetting(task.policy.span("cache"), TARGET, task.site.step, "cache", reason))


def _storing(made: Lowered) -> set[str]:
    """The tasks of the pipeline that put something into the store, and not into the server's database."""
    components = made.spec.components
    dags = [component.dag for component in (made.spec.root, *components.values()) if component.dag is not None]
    found: set[str] = set()
    for name, task in ((name, task) for dag in dags for name, task in dag.tasks.items()):
        outputs = components[task.component_ref.name].output_definitions
        if outputs is not None and outputs.artifacts and name in made.tasks:
            found.add(made.tasks[name])
    return found
