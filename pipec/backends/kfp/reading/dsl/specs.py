"""Tasks, blocks and containers as entries of a document."""

from __future__ import annotations

import json
import re
from typing import Any

from pipec.backends.kfp.reading.dsl import channels, kinds, placeholders
from pipec.backends.kfp.reading.dsl.channels import Channel, prefixed
from pipec.backends.kfp.reading.dsl.conditions import expression
from pipec.backends.kfp.reading.dsl.groups import CONDITION, LOOP, Group
from pipec.backends.kfp.reading.dsl.names import component_key, kubernetes_name
from pipec.backends.kfp.reading.dsl.parts import Container, Importer, constant
from pipec.backends.kfp.reading.dsl.problems import refused
from pipec.backends.kfp.reading.dsl.tasks import Task

Entry = dict[str, Any]


def names_in(definition: Entry, kind: str, section: str = "inputDefinitions") -> Entry:
    """The ports of a component: `kind` is "parameters" or "artifacts"."""
    found: Entry = definition.get(section, {}).get(kind, {})
    return found


def task_entry(task: Task, around: Entry, beside: list[str]) -> Entry:
    """A task. `around` is the definition of the block that it is in, `beside` the tasks there."""
    entry: Entry = {
        "taskInfo": {"name": task.label or task.name},
        "componentRef": {"name": component_key(task.name)},
        "cachingOptions": {"enableCache": True} if task.caching else {},
    }
    if task.cache_key:
        entry["cachingOptions"]["cacheKey"] = task.cache_key
    if task.retry is not None:
        entry["retryPolicy"] = retry_policy(task.retry)
    if task.container is not None:
        for name, value in [*task.container.resources.items(), ("base_image", task.container.image)]:
            if channels.within(value):
                task.inputs[name] = value
    inputs: Entry = {}
    for name, value in task.inputs.items():
        if isinstance(value, Channel):
            artifact = isinstance(value, channels.Artifact) or (
                isinstance(value, channels.Collected) and value.is_artifact
            )
            kind = "artifacts" if artifact else "parameters"
            inputs.setdefault(kind, {})[name] = _reference(value, kind, around, beside)
        else:
            _constant(inputs, name, value, around, beside)
    if inputs:
        entry["inputs"] = inputs
    return entry


def _reference(value: Channel, kind: str, around: Entry, beside: list[str]) -> Entry:
    """Where a value comes from, seen from inside a block."""
    word = "Artifact" if kind == "artifacts" else "Parameter"
    if isinstance(value, channels.LoopField):
        selector = f'parseJson(string_value)["{value.entry}"]'
        name = _present(prefixed(value.loop), kind, around)
        return {"componentInputParameter": name, "parameterExpressionSelector": selector}
    if isinstance(value, (channels.LoopParameter, channels.LoopArtifact)):
        return {f"componentInput{word}": _present(prefixed(value), kind, around)}
    if value.task_name is None:
        name = value.full_name
        return {f"componentInput{word}": name if name in names_in(around, kind) else prefixed(value)}
    if value.task_name in beside:
        return _produced(value.task_name, value.name, word)
    return {f"componentInput{word}": _present(prefixed(value), kind, around)}


def _produced(task_name: str, output: str, word: str) -> Entry:
    key = "outputArtifactKey" if word == "Artifact" else "outputParameterKey"
    return {f"taskOutput{word}": {"producerTask": kubernetes_name(task_name), key: output}}


def _present(name: str, kind: str, around: Entry) -> str:
    if name not in names_in(around, kind):
        raise refused(f"`{name}`", "the block around the task does not have this value")
    return name


def _constant(inputs: Entry, name: str, value: Any, around: Entry, beside: list[str]) -> None:
    """A constant argument, or one that holds values of the run in texts."""
    parameters = inputs.setdefault("parameters", {})
    for channel in channels.within(value):
        extra = prefixed(channel)
        value = channels.replaced(value, channel.pattern, str(placeholders.parameter(extra)))
        parameters[extra] = _reference(channel, "parameters", around, beside)
    parameters[name] = {"runtimeValue": {"constant": constant(value)}}


def retry_policy(retry: Entry) -> Entry:
    """How a failed task is tried again."""
    entry: Entry = {
        "backoffDuration": f"{_seconds(retry.get('backoff_duration') or '0s')}s",
        "backoffFactor": float(retry.get("backoff_factor") or 2.0),
        "backoffMaxDuration": f"{_seconds(retry.get('backoff_max_duration') or '3600s')}s",
    }
    count = retry.get("num_retries") or 0
    return ({"maxRetryCount": count} if count else {}) | entry


def _seconds(duration: str) -> int:
    parts = [part for part in re.split(r"(\D+)", duration.replace(" ", "")) if part]
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    if len(parts) != 2 or parts[1][0] not in units:
        raise refused("`.set_retry`", f"{duration!r} is no duration")
    return int(parts[0]) * units[parts[1][0]]


def group_definition(incoming: list[Channel], outgoing: dict[str, Channel]) -> Entry:
    """The ports of a block."""
    entry: Entry = {}
    ports = [("inputDefinitions", prefixed(one), one) for one in incoming]
    ports += [("outputDefinitions", name, one) for name, one in outgoing.items()]
    for section, name, one in ports:
        if isinstance(one, channels.Artifact):
            port: Entry = {"artifactType": kinds.artifact_schema(one.kind)}
            port |= {"isArtifactList": True} if one.is_list else {}
        else:
            if (kind := kinds.parameter_type(one.kind)) is None:
                raise refused(f"`{one.full_name}`", "a collected list of artifacts cannot go into a block")
            port = {"parameterType": kind}
        group = "artifacts" if isinstance(one, channels.Artifact) else "parameters"
        entry.setdefault(section, {}).setdefault(group, {})[name] = port
    return entry


def group_entry(group: Group, incoming: list[Channel], beside: list[str], in_root: bool) -> Entry:
    """A block as a task."""
    entry: Entry = {
        "taskInfo": {"name": group.label or group.name},
        "componentRef": {"name": component_key(group.name)},
    }
    inputs: Entry = {}
    for one in incoming:
        name, full, output = prefixed(one), one.full_name, one.name
        kind, word = ("artifacts", "Artifact") if isinstance(one, channels.Artifact) else ("parameters", "Parameter")
        port = inputs.setdefault(kind, {}).setdefault(name, {})
        selector = port.get("parameterExpressionSelector")
        if isinstance(one, channels.LoopField):
            full = one.loop.full_name
            selector = f'parseJson(string_value)["{one.entry}"]'
            output = output if one.constant else one.items.name
        port.clear()
        if one.task_name and one.task_name in beside:
            port |= _produced(one.task_name, output, word)
        elif kind == "artifacts":
            port["componentInputArtifact"] = full if in_root else name
        else:
            port["componentInputParameter"] = full if in_root else prefixed(full)
        if selector:
            port["parameterExpressionSelector"] = selector
    entry["inputs"] = inputs
    if group.kind == LOOP:
        _iterate(group, entry)
    elif group.kind == CONDITION:
        entry["triggerPolicy"] = {"condition": expression(group.conditions)}
    entry["inputs"] = {kind: ports for kind, ports in entry["inputs"].items() if ports}
    if not entry["inputs"]:
        del entry["inputs"]
    return entry


def _iterate(group: Group, entry: Entry) -> None:
    """What a loop goes over."""
    item = group.item
    assert item is not None
    name = prefixed(item)
    iterator: Entry = {"itemInput": name}
    if isinstance(item, channels.LoopArtifact):
        entry["artifactIterator"] = iterator | {"items": {"inputArtifact": prefixed(item.items)}}
    elif isinstance(item.items, Channel):
        entry["parameterIterator"] = iterator | {"items": {"inputParameter": prefixed(item.items)}}
    else:
        entry["parameterIterator"] = iterator | {"items": {"raw": _raw(item.items)}}
    for ports in entry["inputs"].values():
        ports.pop(name, None)
    if isinstance(item.items, channels.LoopField):
        entry["inputs"].setdefault("parameters", {})[prefixed(item.items)] = {
            "parameterExpressionSelector": f'parseJson(string_value)["{item.items.entry}"]',
            "componentInputParameter": prefixed(item.items.loop),
        }
    if group.parallelism > 0:
        entry["iteratorPolicy"] = {"parallelismLimit": group.parallelism}


def _raw(items: list[Any]) -> str:
    try:
        return json.dumps(items, sort_keys=True)
    except TypeError:
        raise refused("`dsl.ParallelFor`", "its list holds something that is no constant") from None


def container_entry(container: Container) -> Entry:
    """What a component runs."""
    entry: Entry = {"image": _filled(container.image)} if container.image else {}
    entry |= {"command": container.command} if container.command else {}
    entry |= {"args": container.args} if container.args else {}
    if container.env:
        pairs = container.env.items()
        entry["env"] = [{"name": name} | ({"value": str(value)} if value else {}) for name, value in pairs]
    resources: Entry = {}
    for side in ("request", "limit"):
        for what, word, convert in (("cpu", "Cpu", _cores), ("memory", "Memory", _gigabytes)):
            if (amount := container.resources.get(f"{what}_{side}")) is not None:
                text = resources[f"resource{word}{side.capitalize()}"] = _filled(amount)
                if text == amount and (number := convert(amount)):
                    resources[f"{what}{side.capitalize()}"] = number
    if (count := container.resources.get("accelerator_count")) is not None:
        resources["accelerator"] = _accelerator(container.resources.get("accelerator_type"), count)
    return entry | ({"resources": resources} if resources else {})


def _accelerator(kind: str | None, count: str) -> Entry:
    entry: Entry = {}
    if kind:
        entry["resourceType"] = _filled(kind)
        entry |= {"type": kind} if entry["resourceType"] == kind else {}
    entry["resourceCount"] = _filled(count)
    if entry["resourceCount"] == count and int(count):
        entry["count"] = str(int(count))
    return entry


def _filled(text: str) -> str:
    """With the value of the run that stands in it, if one does."""
    for channel in channels.within(text):
        text = text.replace(channel.pattern, str(placeholders.parameter(prefixed(channel))))
    return text


def _cores(text: str) -> float:
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


_UNITS = {
    "Ei": 1 << 60, "Pi": 1 << 50, "Ti": 1 << 40, "Gi": 1 << 30, "Mi": 1 << 20, "Ki": 1 << 10,
    "E": 10**18, "P": 10**15, "T": 10**12, "G": 10**9, "M": 10**6, "K": 10**3,
}  # fmt: skip


def _gigabytes(text: str) -> float:
    for unit, factor in _UNITS.items():
        if text.endswith(unit):
            return float(text[: -len(unit)]) * factor / 10**9
    return float(text) / 10**9


def importer_entry(importer: Importer, uri: Any) -> Entry:
    """What an importer imports."""
    address: Entry = {}
    if isinstance(uri, Channel):
        address = {"runtimeParameter": "uri"}
    elif isinstance(uri, str):
        address = {"constant": uri}
    entry: Entry = {"typeSchema": kinds.artifact_schema(importer.schema), "artifactUri": address}
    entry |= {"reimport": True} if importer.reimport else {}
    entry |= {"metadata": constant(importer.metadata)} if importer.metadata else {}
    return entry | ({"downloadToWorkspace": True} if importer.download else {})
