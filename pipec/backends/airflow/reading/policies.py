"""Settings of tasks and DAGs in pipec's words, and what of them it has no word for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pipec.backends.airflow import native
from pipec.backends.airflow.reading.scope import is_constant
from pipec.backends.airflow.reading.values import Arg, Dag, Made, Task
from pipec.compiler.backend.native import is_of
from pipec.ir import Placement, Retry, TaskPolicy

RETRIES = ("retries", "retry_delay", "retry_exponential_backoff", "max_retry_delay")
IGNORED = frozenset(
    [
        "task_id", "dag", "task_group", "python_callable", "op_args", "op_kwargs", "trigger_rule", "multiple_outputs",
        "default_args", "provide_context", "start_date", "end_date", "params", "outlets", "inlets",
        "show_return_value_in_logs", "do_xcom_push", *RETRIES,
    ]
)  # fmt: skip
"""Arguments that are looked at elsewhere, or that mean nothing for a step."""
BASE = frozenset(
    [
        "depends_on_past",
        "doc",
        "doc_json",
        "doc_md",
        "doc_rst",
        "doc_yaml",
        "email",
        "email_on_failure",
        "email_on_retry",
        "end_date",
        "execution_timeout",
        "executor",
        "executor_config",
        "ignore_first_depends_on_past",
        "inlets",
        "map_index_template",
        "max_active_tis_per_dag",
        "max_active_tis_per_dagrun",
        "max_retry_delay",
        "on_execute_callback",
        "on_failure_callback",
        "on_retry_callback",
        "on_skipped_callback",
        "on_success_callback",
        "outlets",
        "owner",
        "params",
        "pool",
        "pool_slots",
        "post_execute",
        "pre_execute",
        "priority_weight",
        "queue",
        "resources",
        "retries",
        "retry_delay",
        "retry_exponential_backoff",
        "retry_policy",
        "run_as_user",
        "sla",
        "start_date",
        "task_display_name",
        "trigger_rule",
        "wait_for_downstream",
        "wait_for_past_depends_before_skipping",
        "weight_rule",
        "do_xcom_push",
        "allow_nested_operators",
    ]
)
"""Arguments of every operator; what else `default_args` have is for operators of a kind."""
COSMETIC = frozenset(["doc", "doc_json", "doc_yaml", "doc_rst", "email", "email_on_retry", "email_on_failure", "sla"])


AS_USUAL: dict[str, object] = {
    "depends_on_past": False, "wait_for_downstream": False, "pool": "default_pool", "pool_slots": 1,
    "weight_rule": "downstream", "priority_weight": 1, "queue": "default", "email_on_retry": False,
}  # fmt: skip
"""Arguments that say what Airflow does anyway."""


@dataclass
class Settings:
    """The settings of one task."""

    policy: TaskPolicy
    lost: list[tuple[str, str, Arg]] = field(default_factory=list)
    """Setting, reason, and where it was written: what is not kept."""
    unkept: str = ""
    """A setting that changes what the task does, so that it cannot become a step; "" if there is none."""


def settings(task: Task, skipped: frozenset[str] = frozenset()) -> Settings:
    """The settings of `task`, its DAG's `default_args` included. `skipped`: what its operator itself needs."""
    found = Settings(TaskPolicy())
    values: dict[str, Any] = {}
    extensions: dict[str, Any] = {}
    own = {*task.attributes, *task.given}
    for name, arg in _all(task):
        if name in IGNORED or name in skipped or (name in AS_USUAL and arg.value == AS_USUAL[name]):
            continue
        if name in COSMETIC and name not in own and is_constant(arg.value):
            continue  # of the whole DAG
        elif name in COSMETIC:
            if arg.value not in (None, False):
                found.lost.append((name, "", arg))
        elif name == "execution_timeout":
            seconds = _seconds(arg.value)
            if seconds is not None:
                values["timeout"] = seconds
            elif arg.value is not None:
                found.lost.append((name, "its value is not known before the file runs", arg))
        elif name == "queue" and isinstance(arg.value, str):
            values["placement"] = Placement(**{**values.get("placement", Placement()).model_dump(), "queue": arg.value})
        elif name == "priority_weight" and isinstance(arg.value, int):
            values["placement"] = Placement(
                **{**values.get("placement", Placement()).model_dump(), "priority": arg.value}
            )
        elif name not in own and (
            name == "owner" or name not in BASE or (name in native.TASK and is_constant(arg.value))
        ):
            continue  # of the whole DAG
        elif name in native.TASK and is_constant(arg.value) and is_of(arg.value, native.TASK[name]):
            extensions[name] = arg.value
        elif arg.value is None and name not in task.given:
            continue
        elif name.startswith("on_") and name.endswith("_callback"):
            found.lost.append((name, "Airflow calls it with its context", arg))
        else:
            found.unkept = found.unkept or name
    values["retry"] = retry(task, found)
    if extensions:
        values["extensions"] = {native.TARGET: extensions}
    found.policy = TaskPolicy(**values)
    return found


def _is_native(name: str, arg: Arg) -> bool:
    return name in native.TASK and is_constant(arg.value)


def _all(task: Task) -> Iterator[tuple[str, Arg]]:
    """All arguments of `task`: its own, what was set later, and its DAG's defaults."""
    seen: set[str] = set()
    for name, arg in (*task.attributes.items(), *task.given.items()):
        if name not in seen:
            seen.add(name)
            yield name, arg
    for owner in (*(task.group.inside() if task.group else ()), task.dag):
        defaults = owner.given.get("default_args")
        if defaults is None or not isinstance(defaults.value, dict):
            continue
        for name, value in defaults.value.items():
            if name not in seen:
                seen.add(str(name))
                yield str(name), Arg(value, defaults.text, defaults.node)


def retry(task: Task, found: Settings) -> Retry | None:
    """The retries of `task`; those of the DAG are the pipeline's."""
    given = {name: task.option(name) for name in RETRIES}
    if not any(given.values()):
        return None
    own = {name: task.attributes.get(name) or task.given.get(name) for name in RETRIES}
    if not any(own.values()) and task.group is None:
        return None
    return _retry({k: a for k, a in given.items() if a is not None}, found)


NEUTRAL = ("owner", "execution_timeout", "queue", "priority_weight", "start_date", "end_date", *RETRIES)
"""Defaults that pipec has settings of its own for."""


OF_DAGS = (
    "catchup", "tags", "schedule", "schedule_interval", "max_active_runs", "max_active_tasks", "concurrency", "dag_id",
    "dagrun_timeout", "description", "default_view", "orientation",
)  # fmt: skip
"""Arguments of DAGs, which mean nothing among `default_args`."""


def default_args(dag: Dag) -> dict[str, object]:
    """The DAG's arguments for all operators that pipec has no word for."""
    given = dag.given.get("default_args")
    if given is None or not isinstance(given.value, dict):
        return {}
    found = {str(k): v for k, v in given.value.items() if k not in (*NEUTRAL, *OF_DAGS)}
    if not found.get("email"):
        found = {k: v for k, v in found.items() if not k.startswith("email")}
    return {k: v for k, v in found.items() if is_constant(v) and v is not None and AS_USUAL.get(k, ...) != v}


def default_retry(dag: Dag) -> Retry | None:
    """The retries that the DAG gives to all of its tasks."""
    defaults = dag.given.get("default_args")
    if defaults is None or not isinstance(defaults.value, dict) or not any(n in defaults.value for n in RETRIES):
        return None
    given = {n: Arg(v, defaults.text, defaults.node) for n, v in defaults.value.items() if n in RETRIES}
    return _retry(given, Settings(TaskPolicy()))


def _retry(given: dict[str, Arg], found: Settings) -> Retry | None:
    limit = given["retries"].value if "retries" in given else 0
    if isinstance(limit, bool) or not isinstance(limit, int):
        found.lost.append(("retries", "their number is not known before the file runs", given["retries"]))
        return None
    if limit == 0:
        return Retry(limit=0)
    delay = _seconds(given["retry_delay"].value) if "retry_delay" in given else None
    longest = _seconds(given["max_retry_delay"].value) if "max_retry_delay" in given else None
    factor = given["retry_exponential_backoff"].value if "retry_exponential_backoff" in given else None
    backoff = 2.0 if factor is True else float(factor) if isinstance(factor, (int, float)) and factor else None
    return Retry(limit=limit, delay=delay, backoff=backoff, max_delay=longest)


def _seconds(value: object) -> float | None:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return None


def asset_uri(value: object, extra: bool = False) -> str | None:
    """The address of an asset that is nothing but one. `extra`: what it says besides does not matter."""
    if not isinstance(value, Made) or value.word not in ("Asset", "Dataset"):
        return None
    uri = value.kwargs.get("uri", value.args[0] if value.args else value.kwargs.get("name"))
    name = value.kwargs.get("name")
    if len(value.args) > 1:
        uri, name = value.args[1], value.args[0]
    if set(value.kwargs) - {"uri", "name", "extra", "group"} or (value.kwargs.get("extra") and not extra):
        return None
    return uri if isinstance(uri, str) and name in (None, uri) else None
