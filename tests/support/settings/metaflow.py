"""Settings in a flow."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from tests.support.settings.python import Called, decorators, main_file, value


def in_metaflow(files: Mapping[str, str]) -> dict[str, Any]:
    """The settings of the step `work` and of the flow."""
    tree = main_file(dict(files))
    flow = tree.body[-2]
    assert isinstance(flow, ast.ClassDef)
    (work,) = (n for n in flow.body if isinstance(n, ast.FunctionDef) and n.name == "work")
    own, found = decorators(work), dict[str, Any]()
    if "retry" in own:
        found["retries"] = own["retry"].given["times"]
        if "minutes_between_retries" in own["retry"].given:
            found["retries.delay"] = own["retry"].given["minutes_between_retries"] * 60.0
    if "timeout" in own:
        units = {"seconds": 1, "minutes": 60, "hours": 3600}
        found["timeout"] = float(sum(units[unit] * n for unit, n in own["timeout"].given.items()))
    if "environment" in own:
        found["env"] = own["environment"].given["vars"]
    for name in ("resources", "on_kubernetes"):
        if name in own:
            _kubernetes(own[name].given, found)
    if "on_batch" in own:
        _batch(own["on_batch"].given, found)
    if "secrets_on_batch" in own:
        found["secrets"] = own["secrets_on_batch"].given["sources"]
    if "pypi_on_cluster" in own:
        found["packages"] = own["pypi_on_cluster"].given["packages"]
        if "python" in own["pypi_on_cluster"].given:
            found["python"] = own["pypi_on_cluster"].given["python"]
    for call in (n for n in ast.walk(work) if isinstance(n, ast.Call) and ast.unparse(n.func) == "reuse"):
        found |= _cache(value(call))
    for call in (n for n in ast.walk(work) if isinstance(n, ast.Call) and ast.unparse(n.func) == "publish"):
        found["updates"] = value(call).args[0]
    for call in (n for n in ast.walk(work) if isinstance(n, ast.Call) and ast.unparse(n.func) == "telling"):
        found["on_failure"] = ast.unparse(call.args[0])
    for call in (n for n in ast.walk(work) if isinstance(n, ast.Call) and ast.unparse(n.func) == "watched"):
        after, _, *tell = value(call).args
        found["deadline"] = (after, *(told.name for told in tell))
    _flow(flow, found)
    return found


def _kubernetes(given: dict[str, Any], found: dict[str, Any]) -> None:
    """`@resources` and `@kubernetes`: cores, MB, MB; shared memory in MiB."""
    for key, factor in (("cpu", 1000), ("memory", 10**6), ("disk", 10**6)):
        if key in given:
            found[key] = round(given[key] * factor, 3)
    if "shared_memory" in given:
        found["shm"] = given["shared_memory"] * 2**20
    if "gpu" in given:
        found["gpu"] = (f"{given.get('gpu_vendor', 'nvidia')}.com/gpu", given["gpu"])
    for resource, count in given.get("extended_resources", {}).items():
        found["gpu"] = (resource, int(count))
    for key in ("image", "service_account", "node_selector", "tolerations", "labels", "annotations"):
        if key in given:
            found[key] = given[key]
    if "qos" in given:
        found["targets"] = {"kubernetes": {"qos": given["qos"]}}
    if "secrets" in given:
        found["secrets"] = given["secrets"]


def _batch(given: dict[str, Any], found: dict[str, Any]) -> None:
    """`@batch`: vCPUs and MiB. Its memory is request and limit."""
    if "cpu" in given:
        found["cpu"] = given["cpu"] * 1000
    if "memory" in given:
        found["memory"] = found["memory_limit"] = given["memory"] * 2**20
    if "shared_memory" in given:
        found["shm"] = given["shared_memory"] * 2**20
    if "gpu" in given:
        found["gpu"] = ("nvidia.com/gpu", given["gpu"])
    for key, name in (("image", "image"), ("queue", "queue"), ("aws_batch_tags", "labels")):
        if key in given:
            found[name] = given[key]


def _cache(call: Called) -> dict[str, Any]:
    """The call in the step's body: `reuse(self, artifacts, code="name digest version", inputs={}, ttl=timedelta())`."""
    given = call.given
    found: dict[str, Any] = {"cache": True, "cache.inputs": set(given["inputs"])}
    found["cache.version"] = " ".join(given["code"].split(" ")[2:])
    return found | ({"cache.ttl": given["ttl"]} if "ttl" in given else {})


def _flow(flow: ast.ClassDef, found: dict[str, Any]) -> None:
    own = decorators(flow)
    if "schedule" in own:
        given = own["schedule"].given
        found |= {"schedule.cron": given["cron"], "schedule.timezone": given.get("timezone", "UTC")}
    if "trigger" in own:
        found["schedule.on_update"] = own["trigger"].given["event"]
    if "trigger_on_finish" in own:
        found["schedule.after"] = own["trigger_on_finish"].given["flow"]
    if "exit_hook" in own:
        for key, setting in (("on_error", "pipeline.on_failure"), ("on_success", "pipeline.on_success")):
            if key in own["exit_hook"].given:
                found[setting] = own["exit_hook"].given[key][0].name
    found["pipeline.name"] = flow.name.removesuffix("Flow")
    found["pipeline.description"] = ast.get_docstring(flow, clean=False)
