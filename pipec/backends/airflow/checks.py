"""What the capability table cannot say: settings with values, and combinations, that Airflow cannot take."""

from __future__ import annotations

from typing import Any

from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import LossySetting, RefusedSetting, TargetLimit, UnsupportedFeature
from pipec.compiler.passes.soften import soften
from pipec.ir import Block, Branch, Const, ForEach, Pipeline
from pipec.ir.features import FEATURES
from pipec.ir.graph import blocks, tasks, walk
from pipec.ir.literals import value_of

MAX_MAP_LENGTH = 1024
"""`[core] max_map_length` unless the deployment raises it."""


def check(pipeline: Pipeline, version: tuple[int, int], report: Report) -> None:
    """Report what of `pipeline` Airflow cannot take, or not as it stands."""
    _nested(soften(pipeline).body, False, False, report)
    schedule = pipeline.policy.schedule
    for parameter in pipeline.parameters:
        if schedule is not None and parameter.default is None:
            reason = f"a scheduled run gives no parameters, and {parameter.name!r} has no default"
            report.add(RefusedSetting(pipeline.policy.span("schedule"), "airflow", pipeline.name, "schedule", reason))
    if schedule is not None and schedule.catchup and schedule.start is None:
        reason = "Airflow catches up from `start`, which is missing"
        report.add(RefusedSetting(pipeline.policy.span("schedule"), "airflow", pipeline.name, "schedule", reason))
    for task in tasks(pipeline):
        retry = task.policy.retry
        if retry is not None and retry.backoff not in (None, 1, 2) and version < (3, 2):
            loss = f"Airflow before 3.2 doubles the delay each time; {retry.backoff:g} becomes 2"
            report.add(LossySetting(task.policy.span("retries"), "airflow", task.site.step, "retries", loss))
    for node in walk(pipeline.body):
        if isinstance(node, ForEach) and isinstance(node.items, Const):
            items: Any = value_of(node.items.source)
            if len(items) > MAX_MAP_LENGTH:
                limit = (
                    f"a fan-out over {len(items)} items needs `max_map_length` above its default of {MAX_MAP_LENGTH}"
                )
                report.add(TargetLimit(node.span, "airflow", limit))


def _nested(block: Block, looped: bool, armed: bool, report: Report) -> None:
    """A loop in an arm of a branch that is itself in a loop: neither a mapped group nor all pairs can say that."""
    for node in block.nodes:
        if isinstance(node, ForEach) and looped and armed:
            note = (
                "a fan-out in an arm of an `if` inside a fan-out, or behind what may fail in a `try` there;"
                " make the inner one loop over an empty list instead"
            )
            what = FEATURES["foreach.nested"]
            report.add(UnsupportedFeature(node.span, "airflow", "foreach.nested", what, "", note))
        inside = looped or isinstance(node, ForEach)
        for inner in blocks(node):
            _nested(inner, inside, looped and (armed or isinstance(node, Branch)), report)
