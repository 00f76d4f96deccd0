"""How a task runs: what executor, task and platform document say, as pipec's settings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import ValidationError

from pipec.backends.kfp.native import StepSettings
from pipec.backends.kfp.reading.arguments import DEVICES, asked, of_run
from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.producers import kubernetes, producer
from pipec.compiler.units import parse_bytes, parse_cpu, parse_duration
from pipec.ir import Accelerator, Cache, Placement, Resources, Retry, SecretRef, TaskPolicy

PLACEHOLDER = re.compile(r"\{\{\$")
SHM = "/dev/shm"  # noqa: S108  # where the kernel has it
LIMIT = "3600s"
"""What the SDK writes as the longest time of all retries unless told otherwise."""
VENDORS = {"nvidia.com/gpu": None}
"""Resource of accelerators -> the name that `gpu=` has for it."""


@dataclass
class Read:
    """The settings of one task."""

    policy: TaskPolicy
    lost: list[tuple[Path, str, str]] = field(default_factory=list)
    """Place, setting and reason of what is not kept."""
    notes: list[str] = field(default_factory=list)
    """What is said in another form."""


class Giver(Protocol):
    """The step of a task."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def texts(self) -> frozenset[str]:
        """Its outputs that are plain text."""
        ...


def read(
    documents: Documents, label: str, task_path: Path, task: Mapping[str, Any],
    giver: Callable[[Path], Giver | None] | None = None,
) -> Read:  # fmt: skip
    """The settings of `task`, whose executor is `label`; `giver`: the steps of tasks that give something to them."""
    return _Reader(documents, label, task_path, task, giver).read()


class _Reader:
    def __init__(
        self, documents: Documents, label: str, task_path: Path, task: Mapping[str, Any],
        giver: Callable[[Path], Giver | None] | None,
    ) -> None:  # fmt: skip
        self.documents, self.giver = documents, giver
        executors = documents.spec["deploymentSpec"]["executors"]
        self.place: Path = ("deploymentSpec", "executors", label)
        self.container: Mapping[str, Any] = (executors.get(label) or {}).get("container") or {}
        self.kubernetes_place: Path = ("platforms", "kubernetes", "deploymentSpec", "executors", label)
        self.kubernetes = kubernetes(documents, label)
        self.task, self.task_path = task, task_path
        self.found = Read(TaskPolicy())
        self.native: dict[str, Any] = {}
        self.arguments: dict[str, str] = {}
        """Part of a setting -> the input of the component that it is."""
        self.shm: int | None = None
        self.known: dict[str, Any] = {}

    def read(self) -> Read:
        """All of it."""
        env = self._env()
        resources, accelerator = self._resources()
        secrets = self._platform()
        place = Placement(
            node_selector=self.known.get("node_selector", {}),
            tolerations=tuple(self.known.get("tolerations", ())),
            labels=self.known.get("labels", {}),
            annotations=self.known.get("annotations", {}),
        )
        self.found.policy = TaskPolicy(
            resources=Resources(**resources, shm=self.shm),
            accelerator=accelerator,
            retry=self._retry(),
            timeout=self.known.get("timeout"),
            cache=self._cache(),
            env=env,
            secrets=secrets,
            placement=place,
            extensions={"kfp": self.native} if self.native else {},
            arguments=self.arguments,
        )
        return self.found

    def _lose(self, path: Path, setting: str, reason: str) -> None:
        self.found.lost.append((path, setting, reason))

    # the task

    def _retry(self) -> Retry | None:
        policy = self.task.get("retryPolicy") or {}
        limit = int(policy.get("maxRetryCount") or 0)
        if not limit:
            return None
        path = (*self.task_path, "retryPolicy")
        if policy.get("backoffMaxDuration") not in (None, "0s", LIMIT):
            self._lose((*path, "backoffMaxDuration"), "backoffMaxDuration", "retries have no time limit of their own")
        elif policy.get("backoffMaxDuration") == LIMIT:
            self.found.notes.append("retries are not given up after an hour, which is the SDK's default")
        delay = self._seconds(path, "backoffDuration", policy.get("backoffDuration"))
        factor = float(policy.get("backoffFactor") or 0)
        return Retry(limit=limit, delay=delay or None, backoff=factor if delay and factor > 1 else None)

    def _seconds(self, path: Path, name: str, text: str | None) -> float | None:
        try:
            return parse_duration(text) if text else None
        except ValueError as error:
            self._lose((*path, name), name, str(error))
            return None

    def _cache(self) -> Cache | None:
        options = self.task.get("cachingOptions") or {}
        if not options.get("enableCache"):
            return None
        if key := options.get("cacheKey"):
            path = (*self.task_path, "cachingOptions", "cacheKey")
            self._lose(path, "cacheKey", "a result is found by its inputs and code, not by a key alone")
        return Cache(version=str(key)) if key else Cache()

    # the container

    def _env(self) -> dict[str, str]:
        env: dict[str, str] = {}
        for index, entry in enumerate(self.container.get("env") or ()):
            name, value = entry.get("name") or "", entry.get("value") or ""
            if PLACEHOLDER.search(value):
                self._lose((*self.place, "env", str(index)), f"env {name}", "its value is known only in the run")
            else:
                env[name] = value
        return env

    def _resources(self) -> tuple[dict[str, int | None], Accelerator | None]:
        given = self.container.get("resources") or {}
        path = (*self.place, "resources")
        found: dict[str, int | None] = {}
        for name, field_, old, read in (
            ("cpu", "resourceCpuRequest", "cpuRequest", parse_cpu),
            ("cpu_limit", "resourceCpuLimit", "cpuLimit", parse_cpu),
            ("memory", "resourceMemoryRequest", "memoryRequest", parse_bytes),
            ("memory_limit", "resourceMemoryLimit", "memoryLimit", parse_bytes),
        ):
            value = given.get(field_) or given.get(old)
            if not value:
                continue
            if isinstance(value, (int, float)):
                value = round(value * 1e9) if "memory" in name else f"{round(value * 1000)}m"
            if isinstance(value, str) and (argument := asked(value, self.task)):
                self.arguments[name] = argument
                continue
            if isinstance(value, str) and PLACEHOLDER.search(value):
                self._lose((*path, field_), name, "its value is known only in the run")
                continue
            try:
                found[name] = read(value)
            except ValueError as error:
                self._lose((*path, field_), name, str(error))
        return found, self._accelerator(given.get("accelerator") or {}, (*path, "accelerator"))

    def _accelerator(self, given: Mapping[str, Any], path: Path) -> Accelerator | None:
        kind = str(given.get("resourceType") or given.get("type") or "")
        count = str(given.get("resourceCount") or given.get("count") or "")
        if not kind and not count:
            return None
        if PLACEHOLDER.search(kind + count):
            return self._accelerator_of_run({"resourceType": kind, "resourceCount": count}, path)
        elif kind not in VENDORS:
            self._lose(path, f"accelerator {kind}", "pipec has no name for it; set `gpu=` by hand")
        elif count.isdigit() and int(count):
            return Accelerator(name=VENDORS[kind], count=int(count))
        return None

    def _accelerator_of_run(self, given: dict[str, str], path: Path) -> Accelerator | None:
        found = {key: asked(text, self.task) for key, text in given.items()}
        if any(PLACEHOLDER.search(text) and not found[key] for key, text in given.items()) or "" in given.values():
            self._lose(path, "accelerator", "its value is known only in the run")
        elif given["resourceType"] in VENDORS:
            self.arguments["gpu.count"] = found["resourceCount"]
            return Accelerator(name=VENDORS[given["resourceType"]])
        else:
            self.native["accelerator"] = {k: {"argument": found[k]} if found[k] else text for k, text in given.items()}
            self.arguments |= {f"{DEVICES}.{key}": name for key, name in found.items() if name}
        return None

    # the platform document

    def _platform(self) -> dict[str, SecretRef]:
        for name, value in self.kubernetes.items():
            path = (*self.kubernetes_place, name)
            read = getattr(self, f"_{_snake(name)}", None)
            if read is not None:
                read(value, path)
            elif value:
                self._lose(path, name, "pipec has no setting for it")
        for name, value in [*self.native.items()]:
            try:
                StepSettings.model_validate({name: value})
            except ValidationError as error:
                del self.native[name]
                first = error.errors()[0]
                reason = f"{'.'.join(map(str, first['loc']))}: {first['msg'][0].lower()}{first['msg'][1:]}"
                self._lose((*self.kubernetes_place, name), name, reason)
        secrets: dict[str, SecretRef] = self.known.get("secrets", {})
        return secrets

    def _active_deadline_seconds(self, value: Any, path: Path) -> None:
        self.known["timeout"] = float(int(value)) if int(value) else None

    def _node_selector(self, value: Any, path: Path) -> None:
        labels = dict(value.get("labels") or {})
        if given := self._of_run(value.get("nodeSelectorJson"), "STRUCT"):
            self.native["nodeSelector"] = {"nodeSelectorJson": given}
        elif "nodeSelectorJson" in value:
            constant = self._constant(value["nodeSelectorJson"], path, "nodeSelector")
            labels |= {str(k): str(v) for k, v in constant.items()} if isinstance(constant, Mapping) else {}
        self.known["node_selector"] = labels

    def _tolerations(self, value: Any, path: Path) -> None:
        found: list[dict[str, Any]] = []
        for entry in value:
            if given := self._of_run(entry.get("tolerationJson"), "LIST", "STRUCT"):
                self.native.setdefault("tolerations", []).append({"tolerationJson": given})
            elif "tolerationJson" in entry:
                constant = self._constant(entry["tolerationJson"], path, "tolerations")
                listed = constant if isinstance(constant, list) else [constant] if constant else []
                found += [{str(k): _plain(v) for k, v in one.items()} for one in listed if isinstance(one, Mapping)]
            else:
                found.append({k: _plain(int(v)) if k == "tolerationSeconds" else v for k, v in entry.items()})
        self.known["tolerations"] = [one for one in found if one]

    def _pod_metadata(self, value: Any, path: Path) -> None:
        self.known["labels"] = dict(value.get("labels") or {})
        self.known["annotations"] = dict(value.get("annotations") or {})

    def _secret_as_env(self, value: Any, path: Path) -> None:
        secrets: dict[str, SecretRef] = {}
        for index, entry in enumerate(value):
            if given := self._of_run(entry.get("secretNameParameter")):
                kept = {k: v for k, v in entry.items() if k in ("keyToEnv", "optional") and v}
                self.native.setdefault("secretAsEnv", []).append({"secretNameParameter": given, **kept})
                continue
            name = self._name(entry, "secretName", (*path, str(index)), "secretAsEnv")
            if name is None:
                continue
            if entry.get("optional"):  # `secrets` are there, or the pod does not start
                kept = {
                    "secretName": name,
                    "optional": True,
                    "keyToEnv": [dict(k) for k in entry.get("keyToEnv") or ()],
                }
                self.native.setdefault("secretAsEnv", []).append(kept)
                continue
            for key in entry.get("keyToEnv") or ():
                secrets[key.get("envVar") or ""] = SecretRef(name=name, key=key.get("secretKey") or "")
        self.known["secrets"] = secrets

    def _empty_dir_mounts(self, value: Any, path: Path) -> None:
        for entry in value:
            memory = entry.get("medium") == "Memory" and entry.get("mountPath") == SHM
            if memory and entry.get("volumeName") == "shm" and entry.get("sizeLimit"):
                self.shm = parse_bytes(entry["sizeLimit"])
            else:
                self.native.setdefault("emptyDirMounts", []).append(dict(entry))

    def _enabled_shared_memory(self, value: Any, path: Path) -> None:
        if value.get("size"):
            self.shm = parse_bytes(value["size"])

    def _node_affinity(self, value: Any, path: Path) -> None:
        terms: list[dict[str, Any]] = []
        for entry in value:
            if given := self._of_run(entry.get("nodeAffinityJson"), "STRUCT"):
                terms.append({"nodeAffinityJson": given})
            elif "nodeAffinityJson" in entry:
                constant = self._constant(entry["nodeAffinityJson"], path, "nodeAffinity")
                terms += [{"nodeAffinityJson": _whole(constant)}] if isinstance(constant, Mapping) else []
            else:
                terms.append(_whole(dict(entry)))
        if terms:
            self.native["nodeAffinity"] = terms

    def _secret_as_volume(self, value: Any, path: Path) -> None:
        self._named(value, path, "secretAsVolume", "secretName")

    def _config_map_as_env(self, value: Any, path: Path) -> None:
        self._named(value, path, "configMapAsEnv", "configMapName")

    def _config_map_as_volume(self, value: Any, path: Path) -> None:
        self._named(value, path, "configMapAsVolume", "configMapName")

    def _image_pull_secret(self, value: Any, path: Path) -> None:
        self._named(value, path, "imagePullSecret", "secretName")

    def _pvc_mount(self, value: Any, path: Path) -> None:
        self._named(value, path, "pvcMount", "pvcName")

    def _image_pull_policy(self, value: Any, path: Path) -> None:
        if value:
            self.native["imagePullPolicy"] = value

    def _field_path_as_env(self, value: Any, path: Path) -> None:
        self.native["fieldPathAsEnv"] = [dict(entry) for entry in value]

    def _generic_ephemeral_volume(self, value: Any, path: Path) -> None:
        self.native["genericEphemeralVolume"] = [dict(entry) for entry in value]

    def _security_context(self, value: Any, path: Path) -> None:
        self.native["securityContext"] = {k: v if isinstance(v, bool) else int(v) for k, v in value.items()}

    # names

    def _named(self, value: Any, path: Path, setting: str, key: str) -> None:
        """Entries that a constant names."""
        found = []
        for index, entry in enumerate(value):
            parameter = self._of_run(entry.get(f"{key}Parameter")) or self._of_task(entry, key)
            name = parameter or self._name(entry, key, (*path, str(index)), setting)
            if name is None:
                continue
            names = (key, f"{key}Parameter", "constant", "componentInputParameter", "taskOutputParameter")
            rest = {k: v for k, v in entry.items() if k not in names and not (k == "optional" and v is False)}
            given = {f"{key}Parameter": parameter} if parameter else {key: name}
            found.append({**given, **rest})
        if found:
            self.native[setting] = found

    def _of_task(self, entry: Mapping[str, Any], key: str) -> dict[str, Any] | None:
        """The step that gives the name."""
        found = producer(self.documents, self.task_path, entry.get(f"{key}Parameter") or entry)
        step = self.giver(found[0]) if found and self.giver else None
        if found is None or step is None or found[1] not in step.texts:
            return None
        return {"taskOutputParameter": {"producerTask": step.name, "outputParameterKey": found[1]}}

    def _of_run(self, source: Any, *kinds: str) -> dict[str, Any] | None:
        return of_run(self.documents, self.task_path, source, kinds or ("STRING",))

    def _name(self, entry: Mapping[str, Any], key: str, path: Path, setting: str) -> str | None:
        given = entry.get(f"{key}Parameter")
        if given is None:
            plain = entry.get(key) or entry.get("constant")
            if plain:
                return str(plain)
            given = entry
        found = self._constant(given, path, setting)
        return found if isinstance(found, str) else None

    def _constant(self, source: Mapping[str, Any], path: Path, setting: str) -> Any:
        """A value of the platform document; `None` where only the run knows it."""
        if "runtimeValue" in source:
            value = (source["runtimeValue"] or {}).get("constant")
            if not (isinstance(value, str) and PLACEHOLDER.search(value)):
                return _json(value)
        self._lose(path, setting, "it is named by a value that is known only in the run")
        return None


def _snake(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()


def _json(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value == int(value) else value


def _whole(value: Any) -> Any:
    """`value` with whole numbers as integers."""
    if isinstance(value, Mapping):
        return {str(k): _whole(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_whole(v) for v in value]
    return _plain(value)
