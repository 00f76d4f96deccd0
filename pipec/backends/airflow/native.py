"""Native settings, `targets={"airflow": {...}}`: which there are, and how they become arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipec.backends.airflow.literals import literal
from pipec.compiler.backend.native import is_of, unknown
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import RefusedSetting
from pipec.ir import PipelinePolicy, TaskPolicy
from pipec.ir.literals import source_of

TARGET = "airflow"
TASK_ID = re.compile(r"[\w.-]{1,250}", re.ASCII)
"""What Airflow takes for the id of a task."""
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
    "task_id": str,
    "wait_for_downstream": bool,
    "weight_rule": str,
}
"""Arguments of every operator that pipec has no setting for, and that do not change what a task does -> type."""
DAG: dict[str, type] = {
    "dag_display_name": str,
    "default_args": dict,
    "disable_bundle_versioning": bool,
    "fail_fast": bool,
    "is_paused_upon_creation": bool,
    "max_consecutive_failed_dag_runs": int,
    "owner_links": dict,
    "schedule": object,
}
"""The same of `DAG`."""
APART = ("task_id", "default_args", "isolation")
"""Settings that are no arguments of their own."""
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
    "tags": "tags",
}
"""Arguments that a setting of pipec's own becomes."""


Policy = TaskPolicy | PipelinePolicy
ISOLATION = ("worker", "virtualenv", "pod", "docker")
"""Where steps run, `isolation`: in the worker's own process, or in an environment or container of their own."""


def isolation(pipeline: PipelinePolicy, step: TaskPolicy) -> str:
    """Where a step runs; the pipeline says it for all steps that do not."""
    named = [policy.extensions.get(TARGET, {}).get("isolation") for policy in (step, pipeline)]
    return str(next((name for name in named if name is not None), "worker"))


def is_isolated(pipeline: PipelinePolicy, step: TaskPolicy) -> bool:
    """Whether a step runs elsewhere than in the worker's own process."""
    return isolation(pipeline, step) != "worker"


def check(policy: Policy, known: Mapping[str, type], subject: str, version: tuple[int, int], report: Report) -> None:
    """Report what Airflow does not have, has by a setting of pipec's own, or takes in another type only."""
    for name, value in policy.extensions.get(TARGET, {}).items():
        if reason := _reason(name, value, policy, known, version):
            report.add(RefusedSetting(policy.span("targets"), TARGET, subject, "targets", reason))


def _reason(name: str, value: object, policy: Policy, known: Mapping[str, type], version: tuple[int, int]) -> str:
    """What is wrong with one setting; "" if nothing is."""
    if name == "isolation":
        listed = ", ".join(map(repr, ISOLATION))
        return "" if value in ISOLATION else f"{name!r} is {value!r}; it is one of {listed}"
    if version < SINCE.get(name, version):
        return f"{name!r} needs Airflow {'.'.join(map(str, SINCE[name]))} or later"
    if name not in known:
        return unknown(name, (*known, "isolation"), OURS)
    if name == "schedule":
        return _no_schedule(value, policy)
    if not is_of(value, known[name]):
        return f"{name!r} is {value!r}, which is no {known[name].__name__}"
    if name == "default_args":
        return next((unknown(key, TASK, OURS) for key in dict(value) if key in OURS), "")  # type: ignore[call-overload]
    if name == "task_id" and not TASK_ID.fullmatch(str(value)):
        return f"{name!r} is {value!r}; it takes letters, digits, dots, dashes and underscores"
    return ""


def _no_schedule(value: object, policy: Policy) -> str:
    """What is wrong with a native schedule: it is for what pipec has no word for."""
    if getattr(policy, "schedule", None) is not None:
        return "the pipeline has a `schedule` already"
    if value in ("@once", "@continuous"):
        return ""
    if isinstance(value, list) and len(value) > 1 and all(isinstance(uri, str) for uri in value):
        return ""
    return (
        "'schedule' takes '@once', '@continuous', or a list of assets that have all been updated; else use `schedule`"
    )


def arguments(policy: Policy, version: tuple[int, int]) -> dict[str, str]:
    """The settings as source."""
    renamed = BEFORE_3 if version < (3, 0) else {}
    given = {k: v for k, v in policy.extensions.get(TARGET, {}).items() if k not in APART}
    return {
        renamed.get(name, name): _assets(value) if name == "schedule" else literal(source_of(value))
        for name, value in given.items()
    }


def _assets(value: object) -> str:
    """The source of a native schedule."""
    if isinstance(value, str):
        return literal(source_of(value))
    assert isinstance(value, (list, tuple))
    return f"[{', '.join(f'Asset({literal(source_of(uri))})' for uri in value)}]"


def default_args(policy: Policy) -> dict[str, str]:
    """Arguments of all operators that take them, as source."""
    given = policy.extensions.get(TARGET, {}).get("default_args", {})
    return {name: literal(source_of(value)) for name, value in given.items()}


def task_id(policy: TaskPolicy) -> str:
    """The id that a step is to have; "" where it goes by its name."""
    return str(policy.extensions.get(TARGET, {}).get("task_id", ""))
