"""Settings of generated tasks and DAGs, in pipec's words."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.airflow import native
from pipec.backends.airflow.reading.own import pods
from pipec.backends.airflow.reading.own.functions import TaskFunction, constant, dotted
from pipec.backends.airflow.reading.own.steps import seconds
from pipec.backends.airflow.reading.own.unknown import Unknown
from pipec.backends.airflow.settings import SNAKE
from pipec.compiler.reading import settings_of, with_device_names
from pipec.compiler.reading.settings import pipeline_settings_of
from pipec.ir import (
    Accelerator,
    Cache,
    Deadline,
    PipelinePolicy,
    Placement,
    Resources,
    Retry,
    Schedule,
    TaskPolicy,
)
from pipec.ir.policies import SecretRef

NO_SETTINGS = frozenset(
    [
        "task_id", "multiple_outputs", "trigger_rule", "max_active_tis_per_dagrun", "poke_interval", "mode",
        "ignore_downstream_trigger_rules",
    ]
)  # fmt: skip
RETRY = ("retries", "retry_delay", "retry_exponential_backoff", "max_retry_delay")
_UNITS = {"Ti": 2**40, "Gi": 2**30, "Mi": 2**20, "Ki": 2**10, "G": 10**9, "M": 10**6, "": 1}
_QUANTITY = re.compile(r"(\d+)(Ti|Gi|Mi|Ki|G|M|)")
_CAMEL = {python: kubernetes for kubernetes, python in SNAKE.items()}


@dataclass
class Callbacks:
    """Functions that Airflow calls -> the user's functions that they call."""

    known: dict[str, str] = field(default_factory=dict)

    def of(self, node: ast.expr) -> str:
        """The user's function."""
        found = self.known.get(dotted(node))
        if found is None:
            raise Unknown(node, "whom it tells is not known")
        return found


def callback(node: ast.FunctionDef) -> str | None:
    """The function of the user's that a generated callback calls; `None` where it is none."""
    match node:
        case ast.FunctionDef(
            args=ast.arguments(args=[ast.arg(arg="context")]),
            body=[ast.Expr(value=ast.Call(func=ast.Name(id=found), args=[ast.JoinedStr()]))],
        ):
            return found
    return None


def step_settings(function: TaskFunction, callbacks: Callbacks, task_id: str = "") -> dict[str, str]:
    """The arguments of `@step` for a task. `task_id`: the id that it was asked to have."""
    component, policy = step_policy(function, callbacks, task_id)
    return component | settings_of(policy)


def step_policy(function: TaskFunction, callbacks: Callbacks, task_id: str = "") -> tuple[dict[str, str], TaskPolicy]:
    """The same, as the settings of the component, and the policy of the task."""
    options = {k: v for k, v in function.options.items() if k not in NO_SETTINGS}
    values: dict[str, Any] = {"extensions": {native.TARGET: {"task_id": task_id} if task_id else {}}}
    placement: dict[str, Any] = {}
    component: dict[str, str] = {}
    if function.place:
        values["extensions"][native.TARGET]["isolation"] = function.place
        component = pods.component_settings(function.place, options, function.isolated)
    if function.place == "docker":
        pods.docker_values(options, values, placement)
    elif function.place == "pod":
        _pod_values(pods.pod_words(options), function.node, values, placement)
    if function.cached is not None:
        values["cache"] = _cache(function.cached)
    if function.watched is not None:
        values["deadline"] = _deadline(function.watched)
    if function.env is not None:
        values["env"] = constant(function.env)
    if "executor_config" in options:
        image = _pod(options.pop("executor_config"), values, placement)
        component |= {} if image is None else {"image": f'"{image}"'}
    return component, _policy(options, values, placement, callbacks)


def container_settings(options: dict[str, ast.expr], callbacks: Callbacks) -> dict[str, str]:
    """The settings of a container step: those of `KubernetesPodOperator` without its image and command line."""
    values: dict[str, Any] = {"extensions": {native.TARGET: {}}}
    placement: dict[str, Any] = {}
    left = {k: v for k, v in options.items() if k not in NO_SETTINGS}
    _pod_values(pods.pod_words(left), None, values, placement)
    return settings_of(_policy(left, values, placement, callbacks))


def _policy(
    options: dict[str, ast.expr], values: dict[str, Any], placement: dict[str, Any], callbacks: Callbacks
) -> TaskPolicy:
    """The policy of a task by what every operator takes, and for `values`."""
    if (retry := _retry({k: options.pop(k) for k in RETRY if k in options})) is not None:
        values["retry"] = retry
    for name, value in options.items():
        match name:
            case "execution_timeout":
                values["timeout"] = seconds(value)
            case "queue":
                placement["queue"] = constant(value)
            case "priority_weight":
                placement["priority"] = constant(value)
            case "on_failure_callback":
                values["on_failure"] = callbacks.of(value)
            case "outlets":
                values["updates"] = _asset(value)
            case _ if name in native.TASK:
                values["extensions"][native.TARGET][name] = constant(value)
            case _:
                raise Unknown(value, f"the setting `{name}` is not known")
    if not values["extensions"][native.TARGET]:
        del values["extensions"]
    return with_device_names(TaskPolicy(**values, placement=Placement(**placement)))


def _retry(given: Mapping[str, ast.expr]) -> Retry | None:
    if not given:
        return None
    factor = constant(given["retry_exponential_backoff"]) if "retry_exponential_backoff" in given else None
    return Retry(
        limit=int(str(constant(given["retries"]))) if "retries" in given else 0,
        delay=seconds(given["retry_delay"]) if "retry_delay" in given else None,
        backoff=2.0 if factor is True else float(factor) if isinstance(factor, (int, float)) and factor else None,
        max_delay=seconds(given["max_retry_delay"]) if "max_retry_delay" in given else None,
    )


def _cache(call: ast.Call) -> Cache:
    given = {k.arg: k.value for k in call.keywords}
    digest = str(constant(call.args[0]))
    return Cache(
        ttl=seconds(given["ttl"]) if "ttl" in given else None,
        version=digest.partition("-")[2],
        ignore=tuple(constant(given["ignore"])) if "ignore" in given else (),  # type: ignore[arg-type]
    )


def _deadline(call: ast.Call) -> Deadline:
    after, *tell = call.args
    if tell and not isinstance(tell[0], ast.Name):
        raise Unknown(tell[0], "whom it tells is defined below it")
    return Deadline(after=seconds(after), tell=dotted(tell[0]) if tell else None)


def _asset(node: ast.expr) -> str:
    match node:
        case ast.List(elts=[ast.Call(func=ast.Name("Asset"), args=[ast.Constant(value=str(uri))], keywords=[])]):
            return uri
    raise Unknown(node, "this asset is not understood")


def _pod(node: ast.expr, values: dict[str, Any], placement: dict[str, Any]) -> str | None:
    """Read `pod(...)`. Gives the image."""
    if not isinstance(node, ast.Call) or node.args:
        raise Unknown(node, "this pod is not understood")
    given = {str(k.arg): constant(k.value) for k in node.keywords}
    _pod_values(given, node, values, placement)
    image = given.pop("image", None)
    if given:
        raise Unknown(node, f"`{min(given)}` of this pod is not known")
    return None if image is None else str(image)


def _pod_values(given: dict[str, Any], node: ast.AST | None, values: dict[str, Any], placement: dict[str, Any]) -> None:
    """Take out of `given`, the arguments of `pod(...)`, what says how a pod runs."""
    if "env" in given:
        values["env"] = given.pop("env")
    requests: Any = given.pop("requests", {})
    limits: Any = given.pop("limits", {})
    resources: dict[str, Any] = {}
    for key, name in (("cpu", "cpu"), ("memory", "memory"), ("ephemeral-storage", "disk")):
        if key in requests:
            resources[name] = _cpu(requests[key]) if key == "cpu" else _bytes(requests[key], node)
    for key in ("cpu", "memory"):
        if key in limits:
            text = limits.pop(key)
            resources[f"{key}_limit"] = _cpu(text) if key == "cpu" else _bytes(text, node)
    if "shm" in given:
        resources["shm"] = _bytes(str(given.pop("shm")), node)
    if resources:
        values["resources"] = Resources(**resources)
    for resource, count in limits.items():
        if resource != "nvidia.com/gpu":
            raise Unknown(node, f"the devices `{resource}` are not known")
        values["accelerator"] = Accelerator(count=int(count))
    if "secrets" in given:
        secrets: Any = given.pop("secrets")
        values["secrets"] = {name: SecretRef(name=s, key=k) for name, (s, k) in secrets.items()}
    for key in ("node_selector", "labels", "annotations", "service_account"):
        if key in given:
            placement[key] = given.pop(key)
    if "tolerations" in given:
        borne: Any = given.pop("tolerations")
        placement["tolerations"] = tuple({_CAMEL.get(k, k): v for k, v in t.items()} for t in borne)
    if "priority_class" in given:
        placement["priority"] = given.pop("priority_class")


def _cpu(text: str) -> int:
    return int(text[:-1]) if text.endswith("m") else int(text) * 1000


def _bytes(text: str, node: ast.AST | None) -> int:
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise Unknown(node, f"the amount {text!r} is not understood")
    return int(match[1]) * _UNITS[match[2]]


def dag_settings(given: dict[str, ast.expr], callbacks: Callbacks, retention: float | None) -> dict[str, str]:
    """The arguments of `@pipeline`; `retention`: for how many seconds a rule beside the file keeps artifacts."""
    values: dict[str, Any] = {"retention": retention}
    extensions: dict[str, Any] = {}
    for name, value in given.items():
        match name:
            case "dag_id" | "description" | "doc_md" | "params" | "catchup" | "end_date":
                pass
            case "start_date" if "pendulum.datetime(2024, 1, 1" in ast.unparse(value):
                pass
            case "start_date":
                pass
            case "schedule":
                _schedule(value, given, values, extensions)
            case "default_args":
                _defaults(value, values)
            case "dagrun_timeout":
                values["timeout"] = seconds(value)
            case "max_active_runs":
                values["max_active_runs"] = constant(value)
            case "max_active_tasks":
                values["max_parallel"] = constant(value)
            case "tags":
                values["tags"] = tuple(constant(value))  # type: ignore[arg-type]
            case "on_failure_callback" | "on_success_callback":
                values[name.removesuffix("_callback")] = callbacks.of(value)
            case _ if name in native.DAG:
                extensions[name] = constant(value)
            case _:
                raise Unknown(value, f"the setting `{name}` of the DAG is not known")
    if extensions:
        values["extensions"] = {native.TARGET: extensions}
    return pipeline_settings_of(PipelinePolicy(**values))


def _defaults(node: ast.expr, values: dict[str, Any]) -> None:
    if not isinstance(node, ast.Dict):
        raise Unknown(node, "these defaults are not understood")
    given = {str(constant(k)): v for k, v in zip(node.keys, node.values)}
    if "owner" in given:
        values["owner"] = constant(given.pop("owner"))
    values["default_retry"] = _retry({k: given.pop(k) for k in RETRY if k in given})
    if given:
        raise Unknown(node, f"the default `{min(given)}` is not known")


def _schedule(node: ast.expr, given: dict[str, ast.expr], values: dict[str, Any], extensions: dict[str, Any]) -> None:
    when: dict[str, Any] = {}
    match node:
        case ast.Constant(value=None):
            if ("start_date" in given and "datetime" not in ast.unparse(given["start_date"])) or "end_date" in given:
                raise Unknown(node, "its start is not understood")
            return
        case ast.Constant(value="@once" | "@continuous" as word):
            extensions["schedule"] = word
            return
        case ast.Constant(value=str(cron)):
            when["cron"] = cron
        case ast.Call(
            func=ast.Name("CronTriggerTimetable"),
            args=[ast.Constant(value=str(cron))],
            keywords=[ast.keyword(arg="timezone", value=ast.Constant(value=str(zone)))],
        ):
            when |= {"cron": cron, "timezone": zone}
        case ast.Call(func=ast.Name("DeltaTriggerTimetable"), args=[every]):
            when["every"] = seconds(every)
        case ast.Call(func=ast.Name("timedelta")):
            when["every"] = seconds(node)
        case _:
            _assets(node, when, extensions)
            if not when:
                return
    for key in ("start_date", "end_date"):
        if key in given and not ast.unparse(given[key]).startswith("pendulum.datetime(2024, 1, 1"):
            match given[key]:
                case ast.Call(args=[ast.Constant(value=str(moment))]):
                    when[key.removesuffix("_date")] = moment
                case _:
                    raise Unknown(given[key], "this moment is not understood")
    when["catchup"] = constant(given.get("catchup")) is True
    values["schedule"] = Schedule(**when)


def _assets(node: ast.expr, when: dict[str, Any], extensions: dict[str, Any]) -> None:
    parts = node.elts if isinstance(node, ast.List) else _either(node)
    uris = [_asset(ast.List([part], ast.Load())) for part in parts]
    if isinstance(node, ast.List) and len(uris) > 1:
        extensions["schedule"] = uris
    elif uris[0].startswith("dag://"):
        when["after"] = uris[0].removeprefix("dag://")
    else:
        when["on_update"] = tuple(uris)


def _either(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_either(node.left), *_either(node.right)]
    return [node]
