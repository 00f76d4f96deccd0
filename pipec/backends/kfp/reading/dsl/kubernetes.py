"""The functions of `kfp.kubernetes`: settings of a task's pod, as they stand in the platform document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipec.backends.kfp.reading.dsl.calls import Call, Native
from pipec.backends.kfp.reading.dsl.channels import Parameter
from pipec.backends.kfp.reading.dsl.parts import Component, Container, Port, constant
from pipec.backends.kfp.reading.dsl.problems import refused
from pipec.backends.kfp.reading.dsl.tasks import Task
from pipec.backends.kfp.reading.validate import message

Setting = Callable[[dict[str, Any], Task, dict[str, Any]], str]
"""Puts what was given into the settings of the pod; gives the key under which it stands there."""

_TABLE: dict[str, tuple[Setting, tuple[str, ...], int]] = {}


def _setting(*names: str, required: int) -> Callable[[Setting], Setting]:
    """Register a function of the library with its parameters after the task, and how many must be given."""

    def register(function: Setting) -> Setting:
        _TABLE[function.__name__] = (function, names, required)
        return function

    return register


def functions() -> dict[str, Native]:
    """Name -> function."""
    return {name: _native(name) for name in _TABLE}


def _native(name: str) -> Native:
    function, names, required = _TABLE[name]

    def run(call: Call) -> Task:
        taken = call.take(f"kubernetes.{name}", "task", *names, required=required + 1)
        task = taken.pop("task")
        if not isinstance(task, Task):
            raise refused(f"`kubernetes.{name}`", "its first argument is no task")
        for missing in (one for one in names[:required] if taken.get(one) is None):
            raise refused(f"`kubernetes.{name}`", f"`{missing}` is None")
        settings = task.platform.setdefault("kubernetes", {})
        key = function(settings, task, dict.fromkeys(names) | taken)
        for path, problem in message(settings, "KubernetesExecutorConfig", ()):
            raise refused(f"`kubernetes.{name}`", f"{problem} ({'.'.join(path)})")
        task.spans["platform", key] = call.span
        return task

    return run


def _parameter(value: Any, task: Task) -> dict[str, Any]:
    """A constant or a value of the run."""
    if isinstance(value, (str, dict)):
        return {"runtimeValue": {"constant": constant(value)}}
    if not isinstance(value, Parameter):
        raise refused("a setting of the pod", "it is no text, dict, parameter or output")
    task.register([value])
    if value.task_name is None:
        return {"componentInputParameter": value.full_name}
    task.after.append(value.task_name)
    return {"taskOutputParameter": {"producerTask": value.task_name, "outputParameterKey": value.name}}


def _given(**entries: Any) -> dict[str, Any]:
    """Without what is empty, as protocol buffers leave it out."""
    return {key: value for key, value in entries.items() if value not in (None, "", [], {}, False)}


def _named(kind: str, name: Any, task: Task, optional: Any, **more: Any) -> dict[str, Any]:
    """A secret or config map."""
    found = _given(**more) | {"optional": bool(optional), f"{kind}NameParameter": _parameter(name, task)}
    return found | ({f"{kind}Name": name} if isinstance(name, str) and name else {})


def _as_env(kind: str, pairs: dict[str, str]) -> list[dict[str, str]]:
    return [_given(**{f"{kind}Key": key, "envVar": variable}) for key, variable in pairs.items()]


@_setting("secret_name", "secret_key_to_env", "optional", required=2)
def use_secret_as_env(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """Keys of a secret as environment variables."""
    pairs = _as_env("secret", given["secret_key_to_env"])
    entry = _named("secret", given["secret_name"], task, given["optional"], keyToEnv=pairs)
    pod.setdefault("secretAsEnv", []).append(entry)
    return "secretAsEnv"


@_setting("secret_name", "mount_path", "optional", required=2)
def use_secret_as_volume(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """A secret as files."""
    entry = _named("secret", given["secret_name"], task, given["optional"], mountPath=given["mount_path"])
    pod.setdefault("secretAsVolume", []).append(entry)
    return "secretAsVolume"


@_setting("config_map_name", "config_map_key_to_env", "optional", required=2)
def use_config_map_as_env(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """Keys of a config map as environment variables."""
    pairs = _as_env("configMap", given["config_map_key_to_env"])
    entry = _named("configMap", given["config_map_name"], task, given["optional"], keyToEnv=pairs)
    pod.setdefault("configMapAsEnv", []).append(entry)
    return "configMapAsEnv"


@_setting("config_map_name", "mount_path", "optional", required=2)
def use_config_map_as_volume(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """A config map as files."""
    entry = _named("configMap", given["config_map_name"], task, given["optional"], mountPath=given["mount_path"])
    pod.setdefault("configMapAsVolume", []).append(entry)
    return "configMapAsVolume"


@_setting("pvc_name", "mount_path", "sub_path", required=2)
def mount_pvc(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """A volume."""
    name = given["pvc_name"]
    entry = _given(mountPath=given["mount_path"], subPath=given["sub_path"])
    entry["pvcNameParameter"] = parameter = _parameter(name, task)
    if isinstance(name, str):
        entry["constant"] = name
    elif name.task_name is None:
        entry["componentInputParameter"] = name.name
    else:
        entry["taskOutputParameter"] = dict(parameter["taskOutputParameter"])
        task.after.append(name.task_name)
    pod.setdefault("pvcMount", []).append(entry)
    return "pvcMount"


@_setting("label_key", "label_value", required=2)
def add_node_selector(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """A label that the node must have."""
    pod.setdefault("nodeSelector", {}).setdefault("labels", {})[given["label_key"]] = given["label_value"]
    return "nodeSelector"


@_setting("node_selector_json", required=1)
def add_node_selector_json(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """Labels that the node must have, as a value of the run."""
    pod.setdefault("nodeSelector", {})["nodeSelectorJson"] = _parameter(given["node_selector_json"], task)
    return "nodeSelector"


@_setting("key", "operator", "value", "effect", "toleration_seconds", required=0)
def add_toleration(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """A taint that the pod tolerates."""
    entry = _given(**{name: given.get(name) for name in ("key", "operator", "value", "effect")})
    if given.get("toleration_seconds") is not None:
        entry["tolerationSeconds"] = str(given["toleration_seconds"])
    pod.setdefault("tolerations", []).append(entry)
    return "tolerations"


@_setting("toleration_json", required=1)
def add_toleration_json(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """Tolerations as a dict, a list of them, or a value of the run."""
    value = given["toleration_json"]
    if isinstance(value, Parameter):
        pod.setdefault("tolerations", []).append({"tolerationJson": _parameter(value, task)})
        return "tolerations"
    for one in value if isinstance(value, list) else [value]:
        add_toleration(pod, task, one)
    return "tolerations"


@_setting("match_expressions", "match_fields", "weight", required=0)
def add_node_affinity(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """Nodes that the pod needs or prefers."""
    entry: dict[str, Any] = {}
    for key, name in (("matchExpressions", "match_expressions"), ("matchFields", "match_fields")):
        terms = [_given(key=t["key"], operator=t["operator"], values=t.get("values")) for t in given[name] or ()]
        entry |= {key: terms} if terms else {}
    if given["weight"] is not None:
        entry["weight"] = given["weight"]
    pod.setdefault("nodeAffinity", []).append(entry)
    return "nodeAffinity"


@_setting("node_affinity_json", required=1)
def add_node_affinity_json(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """The same as Kubernetes writes it."""
    kept = [one for one in pod.get("nodeAffinity", ()) if "nodeAffinityJson" not in one]
    pod["nodeAffinity"] = [*kept, {"nodeAffinityJson": _parameter(given["node_affinity_json"], task)}]
    return "nodeAffinity"


@_setting("label_key", "label_value", required=2)
def add_pod_label(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """A label of the pod."""
    pod.setdefault("podMetadata", {}).setdefault("labels", {})[given["label_key"]] = given["label_value"]
    return "podMetadata"


@_setting("annotation_key", "annotation_value", required=2)
def add_pod_annotation(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """An annotation of the pod."""
    annotations = pod.setdefault("podMetadata", {}).setdefault("annotations", {})
    annotations[given["annotation_key"]] = given["annotation_value"]
    return "podMetadata"


@_setting("seconds", required=1)
def set_timeout(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """How long the pod may take."""
    if given["seconds"] < 0:
        raise refused("`kubernetes.set_timeout`", "its time is negative")
    if given["seconds"]:
        pod["activeDeadlineSeconds"] = str(given["seconds"])
    else:
        pod.pop("activeDeadlineSeconds", None)
    return "activeDeadlineSeconds"


@_setting("policy", required=1)
def set_image_pull_policy(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """When the image is fetched."""
    if given["policy"] not in ("Always", "Never", "IfNotPresent"):
        raise refused("`kubernetes.set_image_pull_policy`", f"there is no policy {given['policy']!r}")
    pod["imagePullPolicy"] = given["policy"]
    return "imagePullPolicy"


@_setting("secret_names", required=1)
def set_image_pull_secrets(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """Secrets that let it be fetched."""
    for name in given["secret_names"]:
        entry: dict[str, Any] = {"secretNameParameter": _parameter(name, task)}
        pod.setdefault("imagePullSecret", []).append(entry | ({"secretName": name} if isinstance(name, str) else {}))
    return "imagePullSecret"


@_setting("env_name", "field_path", required=2)
def use_field_path_as_env(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """A field of the pod as an environment variable."""
    entry = _given(name=given["env_name"], fieldPath=given["field_path"])
    pod.setdefault("fieldPathAsEnv", []).append(entry)
    return "fieldPathAsEnv"


@_setting("run_as_user", "run_as_group", "run_as_non_root", required=0)
def set_security_context(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """As whom the container runs."""
    context = pod.setdefault("securityContext", {})
    for key, name in (("runAsUser", "run_as_user"), ("runAsGroup", "run_as_group")):
        context |= {key: str(given[name])} if given[name] is not None else {}
    context |= {"runAsNonRoot": given["run_as_non_root"]} if given["run_as_non_root"] is not None else {}
    return "securityContext"


@_setting("volume_name", "mount_path", "medium", "size_limit", required=2)
def empty_dir_mount(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """A folder that lives as long as the pod."""
    entry = _given(volumeName=given["volume_name"], mountPath=given["mount_path"])
    for key, name in (("medium", "medium"), ("sizeLimit", "size_limit")):
        entry |= {key: given[name]} if given[name] is not None else {}
    pod.setdefault("emptyDirMounts", []).append(entry)
    return "emptyDirMounts"


@_setting(
    "volume_name", "mount_path", "access_modes", "size", "storage_class_name", "labels", "annotations", required=4
)
def add_ephemeral_volume(pod: dict[str, Any], task: Task, given: dict[str, Any]) -> str:
    """A volume that lives as long as the pod."""
    entry = _given(
        volumeName=given["volume_name"],
        mountPath=given["mount_path"],
        accessModes=given["access_modes"],
        size=given["size"],
        defaultStorageClass=given["storage_class_name"] is None,
        storageClassName=given["storage_class_name"],
        metadata=_given(labels=given["labels"], annotations=given["annotations"]),
    )
    pod.setdefault("genericEphemeralVolume", []).append(entry)
    return "genericEphemeralVolume"


def volume_components() -> dict[str, Component]:
    """`CreatePVC` and `DeletePVC`, which are components of the library."""
    optional = {"pvc_name": "String", "pvc_name_suffix": "String", "storage_class_name": "String"}
    optional |= {
        "volume_name": "String",
        "annotations": "typing.Dict[str, str]",
        "data_source": "typing.Dict[str, str]",
    }
    inputs = {"access_modes": Port("typing.List[str]"), "size": Port("String")}
    for name, kind in optional.items():
        inputs[name] = Port(kind, default="" if name == "storage_class_name" else None, optional=True)
    create = Component("CreatePVC", inputs, {"name": Port("String")}, container=Container("argostub/createpvc"))
    delete = Component("DeletePVC", {"pvc_name": Port("String")}, container=Container("argostub/deletepvc"))
    return {"CreatePVC": create, "DeletePVC": delete}
