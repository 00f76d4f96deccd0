"""Native settings, `targets={"airflow": {...}}`: which there are, and how they become arguments."""

from __future__ import annotations

from collections.abc import Mapping

from pipec.backends.airflow.literals import literal
from pipec.compiler.backend.native import is_of, unknown
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import RefusedSetting
from pipec.ir import PipelinePolicy, TaskPolicy
from pipec.ir.literals import source_of

TARGET = "airflow"
TASK: dict[str, type] = {
    "depends_on_past": bool,
    "doc_md": str,
    "executor": str,
    "map_index_template": str,
    "max_active_tis_per_dag": int,
    "owner": str,
    "pool": str,
    "pool_slots": int,
    "run_as_user": str,
    "task_display_name": str,
    "wait_for_downstream": bool,
    "weight_rule": str,
}
"""Arguments of every operator that pipec has no setting for, and that do not change what a task does -> type."""
DAG: dict[str, type] = {
    "dag_display_name": str,
    "disable_bundle_versioning": bool,
    "fail_fast": bool,
    "is_paused_upon_creation": bool,
    "max_consecutive_failed_dag_runs": int,
    "owner_links": dict,
}
"""The same of `DAG`."""
SINCE = {"disable_bundle_versioning": (3, 1)}
"""Arguments that came after Airflow 2 -> first version."""
BEFORE_3 = {"fail_fast": "fail_stop"}
"""Arguments that had another name."""
OURS = {
    "catchup": "schedule",
    "dag_id": "name",
    "dagrun_timeout": "timeout",
    "env_vars": "env",
    "execution_timeout": "timeout",
    "executor_config": "cpu, memory, gpu, ...",
    "max_active_runs": "max_active_runs",
    "max_active_tasks": "max_parallel",
    "max_active_tis_per_dagrun": "parallel(xs, limit=n)",
    "max_retry_delay": "retries",
    "outlets": "updates",
    "priority_weight": "priority",
    "queue": "queue",
    "retries": "retries",
    "retry_delay": "retries",
    "retry_exponential_backoff": "retries",
    "schedule": "schedule",
    "tags": "tags",
}
"""Arguments that a setting of pipec's own becomes."""


Policy = TaskPolicy | PipelinePolicy
ISOLATION = ("worker", "virtualenv")
"""Where steps run, `isolation`: in the worker's own process, or in a virtual environment of their own."""


def is_isolated(pipeline: PipelinePolicy, step: TaskPolicy) -> bool:
    """Whether a step runs in a virtual environment of its own; the pipeline says it for all that do not."""
    named = [policy.extensions.get(TARGET, {}).get("isolation") for policy in (step, pipeline)]
    return next((name for name in named if name is not None), "worker") == "virtualenv"


def check(policy: Policy, known: Mapping[str, type], subject: str, version: tuple[int, int], report: Report) -> None:
    """Report what Airflow does not have, has by a setting of pipec's own, or takes in another type only."""
    for name, value in policy.extensions.get(TARGET, {}).items():
        reason = ""
        if name == "isolation":
            if value not in ISOLATION:
                reason = f"'isolation' is {value!r}; it is one of {', '.join(map(repr, ISOLATION))}"
        elif version < SINCE.get(name, version):
            reason = f"{name!r} needs Airflow {'.'.join(map(str, SINCE[name]))} or later"
        elif name in known:
            if not is_of(value, known[name]):
                reason = f"{name!r} is {value!r}, which is no {known[name].__name__}"
        else:
            reason = unknown(name, (*known, "isolation"), OURS)
        if reason:
            report.add(RefusedSetting(policy.span("targets"), TARGET, subject, "targets", reason))


def arguments(policy: Policy, version: tuple[int, int]) -> dict[str, str]:
    """The settings as source."""
    renamed = BEFORE_3 if version < (3, 0) else {}
    given = policy.extensions.get(TARGET, {})
    own = {name: value for name, value in given.items() if name != "isolation"}
    return {renamed.get(name, name): literal(source_of(value)) for name, value in own.items()}
