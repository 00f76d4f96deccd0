"""What the platform document takes from the arguments of a task, as settings that name the parameters of its step."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.kfp.given import TEXT
from pipec.backends.kfp.reading.documents import Documents
from pipec.backends.kfp.reading.producers import kubernetes
from pipec.backends.kfp.reading.values import RefusedError
from pipec.backends.kfp.settings import STRUCTURES
from pipec.ir import TaskPolicy

NAMES = {
    "configMapAsEnv": "configMapName",
    "configMapAsVolume": "configMapName",
    "imagePullSecret": "secretName",
    "nodeAffinity": "nodeAffinityJson",
    "pvcMount": "pvcName",
    "secretAsEnv": "secretName",
    "secretAsVolume": "secretName",
}
"""Native setting that is a list -> the field of its entries that can be an argument."""
SMALL = ("places-of-", "settings-of-")
"""What the small tasks are called that tell an argument in a form that the server takes."""


@dataclass
class Taken:
    """The platform document of a task without what its arguments give."""

    documents: Documents
    arguments: dict[str, str] = field(default_factory=dict)
    """As those of `TaskPolicy`."""
    entries: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    """Native setting -> where in its list entries belong."""

    def put_into(self, policy: TaskPolicy) -> TaskPolicy:
        """`policy` with them."""
        native = dict(policy.extensions.get("kfp", {}))
        for setting, entries in self.entries.items():
            native[setting] = list(native.get(setting, []))
            for number, entry in sorted(entries.items()):
                native[setting].insert(number, entry)
        extensions = {**policy.extensions, "kfp": native} if native else policy.extensions
        arguments = policy.arguments | self.arguments
        return policy.model_copy(update={"arguments": arguments, "extensions": extensions})


def taken(documents: Documents, label: str, task: Mapping[str, Any]) -> Taken:
    """Take apart what the platform document says of the executor `label`, which `task` alone has."""
    found = Taken(documents)
    given = dict(kubernetes(documents, label))
    given = {name: _without(found, name, value, task) for name, value in given.items()}
    if found.arguments:
        found.documents = _replaced(documents, label, {name: value for name, value in given.items() if value})
    return found


def _without(found: Taken, name: str, value: Any, task: Mapping[str, Any]) -> Any:
    match name:
        case "nodeSelector":
            if parameter := _parameter(value.get("nodeSelectorJson"), task):
                found.arguments["node_selector"] = parameter
                return {key: inner for key, inner in value.items() if key != "nodeSelectorJson"}
        case "tolerations":
            names = [parameter for one in value if (parameter := _parameter(one.get("tolerationJson"), task))]
            if names:
                found.arguments["tolerations"] = names[0]
            if names and len(value) > 1:
                raise RefusedError("its tolerations are those of a call, and others besides")
            return [] if names else value
        case _ if name in NAMES:
            return [one for entry in value for one in _entries(found, name, value.index(entry), entry, task)]
    return value


def _entries(
    found: Taken, name: str, number: int, entry: Mapping[str, Any], task: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    key = NAMES[name]
    place = key if name == "nodeAffinity" else f"{key}Parameter"
    parameter = _parameter(entry.get(place), task)
    if not parameter:
        yield entry
        return
    rest = {k: v for k, v in entry.items() if k not in (key, place) and not (k == "optional" and v is False)}
    if name == "secretAsEnv" and "optional" not in rest:
        found.arguments |= {f"secrets.{one['envVar']}.name": parameter for one in rest.get("keyToEnv", ())}
        yield {key: parameter, **rest}
        return
    number = sum(1 for other in found.entries.get(name, ()) if other < number)
    found.entries.setdefault(name, {})[number] = {key: {"argument": parameter}, **rest}
    found.arguments[f"targets.kfp.{name}.{number}.{key}"] = parameter


def _parameter(source: Any, task: Mapping[str, Any]) -> str:
    """The parameter of the step that gets what `source` tells; "" where none does."""
    if not isinstance(source, Mapping) or "runtimeValue" in source:
        return ""
    made = source.get("taskOutputParameter") or {}
    key = str(made.get("outputParameterKey"))
    if str(made.get("producerTask")).startswith(SMALL[0]):
        parameter, _, setting = key.rpartition("-")
        return parameter if setting in STRUCTURES else ""
    if str(made.get("producerTask")).startswith(SMALL[1]):
        return key
    inputs = task.get("inputs") or {}
    given = {**(inputs.get("artifacts") or {}), **(inputs.get("parameters") or {})}
    return next((name.removesuffix(TEXT) for name, one in given.items() if _origin(one) == _origin(source)), "")


def _origin(source: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Where a value comes from, in whichever form; `None` for a constant."""
    match source:
        case {"componentInputParameter": str(name)} | {"componentInputArtifact": str(name)}:
            return ("", name)
        case {"taskOutputParameter": {"producerTask": str(of), "outputParameterKey": str(key)}}:
            return (of, key.removesuffix(TEXT))
        case {"taskOutputArtifact": {"producerTask": str(of), "outputArtifactKey": str(key)}}:
            return (of, key)
    return None


def _replaced(documents: Documents, label: str, given: Mapping[str, Any]) -> Documents:
    """The documents, which say `given` of the executor `label`."""
    platform = dict(documents.platform)
    inner = platform
    for key in ("platforms", "kubernetes", "deploymentSpec", "executors"):
        inner[key] = dict(inner[key])
        inner = inner[key]
    inner[label] = given
    return dataclasses.replace(documents, platform=platform)
