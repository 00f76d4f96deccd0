"""Settings in a DAG file."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from tests.support.settings.python import Called, decorators, main_file, value
from tests.support.settings.units import millicores, size


def in_airflow(files: Mapping[str, str]) -> dict[str, Any]:
    """The settings of the step `work` and of the DAG."""
    tree = main_file(dict(files))
    (work,) = (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "work")
    (dag,) = (n for n in tree.body if isinstance(n, ast.With))
    own = decorators(work)
    call = value(dag.items[0].context_expr)
    found: dict[str, Any] = {}
    options = {**call.given.get("default_args", {}), **own["task"].given}
    _operator(options, found)
    if "executor_config" in options:
        _pod(options["executor_config"].given, found)
    if "with_environment" in own:
        found["env"] = own["with_environment"].args[0]
    if "cached" in own:
        found["cache"] = True
        given = own["cached"].given
        found["cache.version"] = own["cached"].args[0].partition("-")[2]
        found |= {f"cache.{name}": given[name] for name in ("ttl", "ignore") if name in given}
    _dag(call.given, found)
    return found


def _operator(options: dict[str, Any], found: dict[str, Any]) -> None:
    for key, setting in (
        ("retries", "retries"),
        ("retry_delay", "retries.delay"),
        ("max_retry_delay", "retries.max_delay"),
        ("execution_timeout", "timeout"),
        ("queue", "queue"),
        ("priority_weight", "priority"),
        ("owner", "pipeline.owner"),
    ):
        if key in options:
            found[setting] = options[key]
    if "retry_exponential_backoff" in options:
        factor = options["retry_exponential_backoff"]
        found["retries.backoff"] = 2.0 if factor is True else factor
    if "pool" in options:
        found["targets"] = {"pool": options["pool"]}
    if "outlets" in options:
        (asset,) = options["outlets"]
        found["updates"] = asset.args[0]
    if "on_failure_callback" in options:
        found["on_failure"] = options["on_failure_callback"].name


def _pod(given: dict[str, Any], found: dict[str, Any]) -> None:
    requests, limits = given.get("requests", {}), dict(given.get("limits", {}))
    for setting, place, key, read in (
        ("cpu", requests, "cpu", millicores),
        ("memory", requests, "memory", size),
        ("disk", requests, "ephemeral-storage", size),
        ("cpu_limit", limits, "cpu", millicores),
        ("memory_limit", limits, "memory", size),
    ):
        if key in place:
            found[setting] = read(place[key])
    for key in set(limits) - {"cpu", "memory"}:
        found["gpu"] = (key, int(limits[key]))
    if "shm" in given:
        found["shm"] = size(given["shm"])
    for key in ("image", "secrets", "node_selector", "tolerations", "labels", "annotations", "service_account"):
        if key in given:
            found[key] = given[key]
    if "priority_class" in given:
        found["priority"] = given["priority_class"]


def _dag(given: dict[str, Any], found: dict[str, Any]) -> None:
    found["pipeline.name"] = given["dag_id"]
    for key, setting in (
        ("description", "pipeline.description"),
        ("tags", "pipeline.tags"),
        ("dagrun_timeout", "pipeline.timeout"),
        ("max_active_tasks", "pipeline.max_parallel"),
        ("max_active_runs", "pipeline.max_active_runs"),
        ("catchup", "schedule.catchup"),
        ("start_date", "schedule.start"),
        ("end_date", "schedule.end"),
    ):
        if key in given:
            found[setting] = given[key]
    for key, setting in (
        ("on_failure_callback", "pipeline.on_failure"),
        ("on_success_callback", "pipeline.on_success"),
    ):
        if key in given:
            found[setting] = given[key].name
    match given.get("schedule"):
        case str(cron):
            found |= {"schedule.cron": cron, "schedule.timezone": "UTC"}
        case Called(name="CronTriggerTimetable", args=(cron,), given=more):
            found |= {"schedule.cron": cron, "schedule.timezone": more["timezone"]}
        case float(every) | Called(name="DeltaTriggerTimetable", args=(every,)):
            found["schedule.every"] = every
        case list(assets):
            found["schedule.on_update"] = [asset.args[0] for asset in assets]
        case None:
            pass
