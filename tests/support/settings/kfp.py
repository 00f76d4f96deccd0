"""Settings in a compiled pipeline, its platform document and its recurring run."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

import yaml

from tests.support.settings.units import expanded, millicores, size


def seconds(text: str) -> float:
    """A protobuf duration."""
    assert text.endswith("s")
    return float(text[:-1])


def in_kfp(files: Mapping[str, str]) -> dict[str, Any]:
    """The settings of the step `work` and of the pipeline."""
    main = next(text for name, text in files.items() if not name.endswith((".recurring-run.yaml", ".json")))
    spec, *platforms = yaml.safe_load_all(main)
    kubernetes: dict[str, Any] = platforms[0]["platforms"]["kubernetes"] if platforms else {}
    found: dict[str, Any] = {}
    tasks = _body(spec, found)
    task = tasks["work"]
    label = spec["components"][task["componentRef"]["name"]]["executorLabel"]
    container = spec["deploymentSpec"]["executors"][label]["container"]
    executor = kubernetes.get("deploymentSpec", {}).get("executors", {}).get(label, {})
    _container(given_by_run(container, task, spec["root"]), found)
    _task(task, found)
    _executor(placed_by_run(executor, spec, tasks), found)
    for call in re.findall(r"    with kfp_watched\((.*)\):\n", program(spec, task)):
        _, after, *tell = call.split(", ")
        found["deadline"] = (float(after), *tell)
    if window := task["inputs"]["parameters"].get("cache-window"):
        number = program(spec, tasks[window["taskOutputParameter"]["producerTask"]])
        found["cache.ttl"] = float(re.findall(r"time\.time\(\) // ([\d.]+)", number)[0])
    for other in tasks.values():
        given = other.get("inputs", {}).get("parameters", {})
        if any(b.get("taskFinalStatus") == {"producerTask": "work"} for b in given.values()):
            assert other["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"
            found["on_failure"] = other["componentRef"]["name"]
    info = spec["pipelineInfo"]
    found["pipeline.name"] = info.get("displayName", info["name"])
    if "description" in info:
        found["pipeline.description"] = info["description"]
    if limit := kubernetes.get("pipelineConfig", {}).get("activeDeadlineSeconds"):
        found["pipeline.timeout"] = float(limit)
    for name, text in files.items():
        if name.endswith(".recurring-run.yaml"):
            _recurring(yaml.safe_load(text), found)
    return found


def given_by_run(value: Any, task: dict[str, Any], root: dict[str, Any]) -> Any:
    """`value` with what the server puts into the pod of a run with the defaults of the pipeline, of resources alone."""
    if "resources" not in value:
        return value

    def put(inner: Any) -> Any:
        if isinstance(inner, dict):
            return {key: put(one) for key, one in inner.items()}
        found = re.fullmatch(r"\{\{\$\.inputs\.parameters\['(.+?)'\]\}\}", str(inner))
        if found is None:
            return inner
        binding = task["inputs"]["parameters"][found[1]]
        parameter = root["inputDefinitions"]["parameters"][binding["componentInputParameter"]]
        assert parameter["parameterType"] == "STRING", "the server takes texts alone"
        return parameter["defaultValue"]

    return {**value, "resources": put(value["resources"])}


def placed_by_run(value: Any, spec: dict[str, Any], tasks: dict[str, Any]) -> Any:
    """A platform document with the structures that a small task makes of the parameters of a run with its defaults."""
    if isinstance(value, list):
        return [placed_by_run(inner, spec, tasks) for inner in value]
    if not isinstance(value, dict):
        return value
    if "taskOutputParameter" not in value:
        plain = {key: placed_by_run(inner, spec, tasks) for key, inner in value.items()}
        if "tolerations" in plain:
            lists = [one.get("tolerationJson", [one]) for one in plain["tolerations"]]
            plain["tolerations"] = [one for each in lists for one in each]
        return {"labels": plain["nodeSelectorJson"]} if "nodeSelectorJson" in plain else plain
    made = value["taskOutputParameter"]
    task = tasks[made["producerTask"]]
    text = program(spec, task)
    variable = re.search(rf'kfp_result\(task, "{made["outputParameterKey"]}", kfp_typed\((\w+) or ', text)
    assert variable is not None
    port = re.search(rf'{variable[1]} = kfp_value\(task, "(\w+)"\)', text)
    assert port is not None
    parameter = task["inputs"]["parameters"][port[1]]["componentInputParameter"]
    return json.loads(spec["root"]["inputDefinitions"]["parameters"][parameter]["defaultValue"])


def _container(container: dict[str, Any], found: dict[str, Any]) -> None:
    found["image"] = container["image"]
    resources = container.get("resources", {})
    for setting, key, read in (
        ("cpu", "resourceCpuRequest", millicores),
        ("cpu_limit", "resourceCpuLimit", millicores),
        ("memory", "resourceMemoryRequest", size),
        ("memory_limit", "resourceMemoryLimit", size),
    ):
        if key in resources:
            found[setting] = read(resources[key])
    if "accelerator" in resources:
        gpu = resources["accelerator"]
        found["gpu"] = (gpu["resourceType"], int(gpu["resourceCount"]))
    known: dict[str, str] = {}
    for entry in container.get("env", ()):
        known[entry["name"]] = expanded(entry["value"], known)
    known |= exported(container["command"])
    if known:
        found["env"] = known
    installs = [part for part in container["command"] if "pip install" in part]
    if installs:
        found["packages"] = installs[0]


def program(spec: dict[str, Any], task: dict[str, Any]) -> str:
    """The program of a task."""
    label = spec["components"][task["componentRef"]["name"]]["executorLabel"]
    text: str = spec["deploymentSpec"]["executors"][label]["container"]["command"][-1]
    return text


def _body(spec: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """The tasks of the pipeline itself; those around it call functions at the end of a run."""
    tasks: dict[str, Any] = spec["root"]["dag"]["tasks"]
    if "exit-handler-1" not in tasks:
        return tasks
    last = tasks["run-ended"]
    assert last["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"
    for end, hook in re.findall(r'if ended == "(\w+)":\n +(\w+)\(', program(spec, last)):
        found["pipeline.on_success" if end == "succeeded" else "pipeline.on_failure"] = hook
    body: dict[str, Any] = spec["components"]["comp-exit-handler-1"]["dag"]["tasks"]
    return body


def exported(command: list[str]) -> dict[str, str]:
    """What the shell exports, by the words that it sees: `export NAME='...'` up to the program's own lines."""
    start = next(text for flag, text in zip(command, command[1:]) if flag == "-ec")
    start = expanded(start, {})
    words = shlex.split(start[: start.index("program_path=")], comments=True)
    pairs = (word.partition("=") for before, word in zip(words, words[1:]) if before == "export")
    return {name: text for name, _, text in pairs}


def _task(task: dict[str, Any], found: dict[str, Any]) -> None:
    if retry := task.get("retryPolicy"):
        found["retries"] = retry["maxRetryCount"]
        found["retries.delay"] = seconds(retry["backoffDuration"])
        found["retries.backoff"] = retry["backoffFactor"]
    if task.get("cachingOptions", {}).get("enableCache"):
        found["cache"] = True


def _executor(executor: dict[str, Any], found: dict[str, Any]) -> None:
    if "activeDeadlineSeconds" in executor:
        found["timeout"] = float(executor["activeDeadlineSeconds"])
    for mount in executor.get("emptyDirMounts", ()):
        if mount["mountPath"] == "/dev/shm" and mount["medium"] == "Memory":  # noqa: S108
            found["shm"] = size(mount["sizeLimit"])
    if "imagePullPolicy" in executor:
        found["targets"] = {"imagePullPolicy": executor["imagePullPolicy"]}
    if "nodeSelector" in executor:
        found["node_selector"] = executor["nodeSelector"]["labels"]
    if "tolerations" in executor:
        found["tolerations"] = executor["tolerations"]
    for key in ("labels", "annotations"):
        if key in executor.get("podMetadata", {}):
            found[key] = executor["podMetadata"][key]
    secrets = {
        pair["envVar"]: (secret["secretNameParameter"]["runtimeValue"]["constant"], pair["secretKey"])
        for secret in executor.get("secretAsEnv", ())
        for pair in secret["keyToEnv"]
    }
    if secrets:
        found["secrets"] = secrets


def _recurring(arguments: dict[str, Any], found: dict[str, Any]) -> None:
    if "cron_expression" in arguments:
        second, *fields = arguments["cron_expression"].split()
        assert second == "0"
        found["schedule.cron"] = " ".join(fields)
    if "interval_second" in arguments:
        found["schedule.every"] = float(arguments["interval_second"])
    found["schedule.catchup"] = not arguments["no_catchup"]
    found["pipeline.max_active_runs"] = arguments["max_concurrency"]
    for key, setting in (("start_time", "schedule.start"), ("end_time", "schedule.end")):
        if key in arguments:
            found[setting] = arguments[key]
