"""Settings in a DAG file."""

from __future__ import annotations

import ast
import re
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
    kind = next(name for name in ("task", "pod_task", "docker_task") if name in own)
    options = {**call.given.get("default_args", {}), **own[kind].given}
    _operator(options, found)
    if kind != "task":
        found["image"] = options["image"]
        (_kubernetes if kind == "pod_task" else _docker)(options, found)
    _installed(options if kind != "task" else own["isolated"].given if "isolated" in own else {}, found)
    if "executor_config" in options:
        _pod(options["executor_config"].given, found)
    if "with_environment" in own:
        found["env"] = own["with_environment"].args[0]
    if "watched" in own:
        found["deadline"] = (own["watched"].args[0], *(told.name for told in own["watched"].args[1:]))
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


def _installed(given: dict[str, Any], found: dict[str, Any]) -> None:
    if "requirements" in given:
        found["packages"] = given["requirements"]
    if "python" in given:
        found["python"] = given["python"].removeprefix("python")


def _kubernetes(given: dict[str, Any], found: dict[str, Any]) -> None:
    """The arguments of a `KubernetesPodOperator`, as Kubernetes would take them: one dollar of two."""
    if "env_vars" in given:
        found["env"] = {k: re.sub(r"\$\$", "$", _rendered(v)) for k, v in given["env_vars"].items()}
    if "secrets" in given:
        found["secrets"] = {s.args[1]: (s.args[2], s.args[3]) for s in given["secrets"] if s.args[0] == "env"}
    pod = dict(given["container_resources"].given) if "container_resources" in given else {}
    if "volumes" in given and "volume_mounts" in given:
        (volume,), (mount,) = given["volumes"], given["volume_mounts"]
        memory = volume.given["empty_dir"].given
        if (memory["medium"], mount.given["mount_path"]) == ("Memory", "/dev/shm"):
            pod["shm"] = memory["size_limit"]
    _pod(pod, found)
    for key in ("node_selector", "labels"):
        if key in given:
            found[key] = given[key]
    if "annotations" in given:
        found["annotations"] = {k: _rendered(v) for k, v in given["annotations"].items()}
    if "tolerations" in given:
        found["tolerations"] = [t.given for t in given["tolerations"]]
    for key, setting in (("service_account_name", "service_account"), ("priority_class_name", "priority")):
        if key in given:
            found[setting] = given[key]


def _docker(given: dict[str, Any], found: dict[str, Any]) -> None:
    """The arguments of a `DockerOperator`."""
    if "environment" in given:
        found["env"] = {k: _rendered(v) for k, v in given["environment"].items()}
    if "cpus" in given:
        found["cpu"] = round(given["cpus"] * 1000)
    if "mem_limit" in given:
        found["memory_limit"] = int(given["mem_limit"][:-1]) * 1024 ** "bkmg".index(given["mem_limit"][-1])
    if "shm_size" in given:
        found["shm"] = given["shm_size"]
    if "device_requests" in given:
        (devices,) = given["device_requests"]
        assert devices.given["capabilities"] == [["gpu"]]
        found["gpu"] = ("nvidia.com/gpu", devices.given["count"])
    if "labels" in given:
        found["labels"] = given["labels"]


def _rendered(text: Any) -> str:
    """What is left of an argument once Airflow has rendered it; only `literal(...)` may look like a template."""
    if isinstance(text, Called):
        assert text.name == "literal"
        return str(text.args[0])
    assert not re.search(r"\{[{%#]", text)
    return str(text)


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
