"""Arguments of operators that run containers, in pipec's words."""

from __future__ import annotations

import ast
import re
from typing import Any

from pipec.backends.airflow.pods import GPU_STARTUP, RENDERED, REPLACED
from pipec.backends.airflow.reading.own.functions import constant, dotted
from pipec.backends.airflow.reading.own.unknown import Unknown
from pipec.compiler.pysource.text import python
from pipec.ir import Accelerator, Resources

SHARED_MEMORY = "/dev/shm"  # noqa: S108
"""Where programs share memory."""
_DOCKER_SIZE = re.compile(r"(\d+)([bkmg])")
_DOCKER_UNITS = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30}


def rendered(node: ast.expr) -> str:
    """A text that Airflow renders: as it is, or in `literal(...)` where that would change it."""
    match node:
        case ast.Call(func=ast.Name("literal"), args=[ast.Constant(value=str(text))], keywords=[]):
            return text
        case ast.Constant(value=str(text)) if not RENDERED.search(text):
            return text
    raise Unknown(node, "this text is not known before the run")


def replaced(node: ast.expr) -> str:
    """A text in which Kubernetes replaces `$(NAME)`, as it comes to the container."""
    return unescaped(rendered(node), node)


def unescaped(text: str, node: ast.expr) -> str:
    """What a container gets where the DAG file says `text`."""
    found = text.replace("$$", "$")
    if REPLACED.sub("$$", found) != text:
        raise Unknown(node, "what Kubernetes puts into this text is not known")
    return found


def pod_words(options: dict[str, ast.expr]) -> dict[str, Any]:
    """Take the settings of a pod out of the arguments of its operator, and give them as the arguments of `pod`."""
    found: dict[str, Any] = {}
    if "env_vars" in options:
        found["env"] = {name: replaced(value) for name, value in _entries(options.pop("env_vars"))}
    if "secrets" in options:
        found["secrets"] = dict(_secret(one) for one in _elements(options.pop("secrets")))
    if "container_resources" in options:
        made = _call(options.pop("container_resources"), "k8s.V1ResourceRequirements")
        found |= {name: constant(value) for name, value in made.items()}
    if "tolerations" in options:
        borne = [_call(one, "k8s.V1Toleration") for one in _elements(options.pop("tolerations"))]
        found["tolerations"] = [{name: constant(value) for name, value in one.items()} for one in borne]
    if "annotations" in options:
        found["annotations"] = {name: rendered(value) for name, value in _entries(options.pop("annotations"))}
    for name, word in (
        ("node_selector", "node_selector"), ("labels", "labels"), ("service_account_name", "service_account"),
        ("priority_class_name", "priority_class"),
    ):  # fmt: skip
        if name in options:
            found[word] = constant(options.pop(name))
    if "volumes" in options:
        found["shm"] = _shared_memory(options.pop("volumes"), options.pop("volume_mounts", None))
    if "startup_timeout_seconds" in options and constant(options["startup_timeout_seconds"]) == GPU_STARTUP:
        del options["startup_timeout_seconds"]  # what a GPU takes
    return found


def docker_values(options: dict[str, ast.expr], values: dict[str, Any], placement: dict[str, Any]) -> None:
    """The same for a container of Docker: as parts of a `TaskPolicy` and of its `Placement`."""
    if "environment" in options:
        values["env"] = {name: rendered(value) for name, value in _entries(options.pop("environment"))}
    resources: dict[str, int] = {}
    if "cpus" in options:
        resources["cpu"] = round(float(str(constant(options.pop("cpus")))) * 1000)
    if "mem_limit" in options:
        resources["memory_limit"] = _docker_size(options.pop("mem_limit"))
    if "shm_size" in options:
        resources["shm"] = int(str(constant(options.pop("shm_size"))))
    if resources:
        values["resources"] = Resources(**resources)
    if "labels" in options:
        placement["labels"] = constant(options.pop("labels"))
    if "device_requests" in options:
        asked = [_call(one, "DeviceRequest") for one in _elements(options.pop("device_requests"))]
        if len(asked) != 1:
            raise Unknown(None, "the devices of a container are not known")
        values["accelerator"] = Accelerator(count=int(str(constant(asked[0]["count"]))))


def component_settings(place: str, options: dict[str, ast.expr], isolated: dict[str, ast.expr]) -> dict[str, str]:
    """`image`, `packages` and `python` of a step that runs elsewhere than in the worker."""
    given = dict(isolated) if place == "virtualenv" else options
    found: dict[str, str] = {}
    if "image" in options:
        found["image"] = python(rendered(options.pop("image")))
    if "requirements" in given:
        found["packages"] = python(constant(given.pop("requirements")))
    if "python" in given:
        interpreter = str(constant(given.pop("python")))
        if not interpreter.startswith("python"):
            raise Unknown(None, f"the interpreter {interpreter!r} is not known")
        found["python"] = python(interpreter.removeprefix("python"))
    return found


def _entries(node: ast.expr) -> list[tuple[str, ast.expr]]:
    if not isinstance(node, ast.Dict):
        raise Unknown(node, "this mapping is not understood")
    return [(str(constant(key)), value) for key, value in zip(node.keys, node.values)]


def _elements(node: ast.expr) -> list[ast.expr]:
    if not isinstance(node, ast.List):
        raise Unknown(node, "this list is not understood")
    return node.elts


def _call(node: ast.expr, word: str) -> dict[str, ast.expr]:
    """The named arguments of a call of `word`."""
    if not isinstance(node, ast.Call) or dotted(node.func) != word or node.args:
        raise Unknown(node, f"this is no `{word}`")
    return {str(k.arg): k.value for k in node.keywords}


def _secret(node: ast.expr) -> tuple[str, tuple[str, str]]:
    match node:
        case ast.Call(func=ast.Name("Secret"), args=[ast.Constant("env"), *rest], keywords=[]) if len(rest) == 3:
            variable, name, key = (str(constant(one)) for one in rest)
            return variable, (name, key)
    raise Unknown(node, "this secret is not understood")


def _shared_memory(volumes: ast.expr, mounts: ast.expr | None) -> str:
    """The size of a volume in memory that is mounted where programs share it."""
    if mounts is not None and len(_elements(mounts)) == len(_elements(volumes)) == 1:
        volume = _call(_elements(volumes)[0], "k8s.V1Volume")
        mount = _call(_elements(mounts)[0], "k8s.V1VolumeMount")
        if set(volume) == {"name", "empty_dir"} and constant(mount.get("mount_path")) == SHARED_MEMORY:
            source = _call(volume["empty_dir"], "k8s.V1EmptyDirVolumeSource")
            if constant(source.get("medium")) == "Memory":
                return str(constant(source["size_limit"]))
    raise Unknown(volumes, "these volumes are not understood")


def _docker_size(node: ast.expr) -> int:
    match = _DOCKER_SIZE.fullmatch(str(constant(node)))
    if match is None:
        raise Unknown(node, "this size is not understood")
    return int(match[1]) * _DOCKER_UNITS[match[2]]
