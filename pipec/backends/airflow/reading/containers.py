"""Operators that run a container: `container(...)` where all that they say has a counterpart."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.airflow.reading.scope import is_constant
from pipec.backends.airflow.reading.templates import Fact, is_template, split
from pipec.backends.airflow.reading.values import Made, Task
from pipec.compiler import units
from pipec.ir import Accelerator, Placement, Resources, SecretRef, TaskPolicy

PODS = ("KubernetesPodOperator",)
DOCKERS = ("DockerOperator",)
CONTAINERS = (*PODS, *DOCKERS)
GPU = "nvidia.com/gpu"

_POD = frozenset(
    [
        "image",
        "cmds",
        "arguments",
        "env_vars",
        "container_resources",
        "node_selector",
        "tolerations",
        "labels",
        "annotations",
        "service_account_name",
        "secrets",
    ]
)
_DOCKER = frozenset(
    ["image", "command", "entrypoint", "environment", "private_environment", "cpus", "mem_limit", "shm_size"]
)
OPERATIONAL = frozenset(
    [
        "name",
        "get_logs",
        "in_cluster",
        "config_file",
        "is_delete_operator_pod",
        "on_finish_action",
        "startup_timeout_seconds",
        "namespace",
        "image_pull_policy",
        "random_name_suffix",
        "log_pod_spec_on_failure",
        "kubernetes_conn_id",
        "cluster_context",
        "reattach_on_restart",
        "log_events_on_failure",
        "logging_interval",
        "poll_interval",
        "deferrable",
        "startup_check_interval_seconds",
        "docker_url",
        "network_mode",
        "auto_remove",
        "api_version",
        "docker_conn_id",
        "mount_tmp_dir",
        "tls_verify",
        "container_name",
        "xcom_all",
        "retrieve_output",
        "force_pull",
        "tty",
        "do_xcom_push",
        "schema_version",
    ]
)
"""How Airflow gets at the cluster or at Docker: a matter of the site, and of what runs the container."""


@dataclass
class ContainerPlan:
    """A container step."""

    image: str
    command: tuple[tuple[str | Fact, ...], ...] = ()
    """Each word, with what the run gives to it."""
    args: tuple[tuple[str | Fact, ...], ...] = ()
    left: list[str] = field(default_factory=list)
    """Arguments that say how Airflow runs it."""
    policy: dict[str, Any] = field(default_factory=dict)
    """Parts of its `TaskPolicy`."""

    @property
    def facts(self) -> list[Fact]:
        """What the run gives to it, each once."""
        return list(dict.fromkeys(p for word in (*self.command, *self.args) for p in word if isinstance(p, Fact)))


def arguments_of(word: str) -> frozenset[str]:
    """The arguments of an operator that are no settings."""
    if word in PODS:
        return _POD | OPERATIONAL
    return _DOCKER | OPERATIONAL if word in DOCKERS else frozenset()


def plan(task: Task) -> ContainerPlan | str:
    """The container of `task`, or why there is none."""
    given = {name: arg.value for name, arg in task.given.items() if arg.value is not None}
    image = given.get("image")
    if task.mapping is not None or not isinstance(image, str) or is_template(image):
        return "its image is not known before it runs"
    if given.get("do_xcom_push") is True and task.word in PODS:
        return "it hands a result on by a file of Airflow's"
    if "xcom_all" in given or "retrieve_output" in given:
        return "it hands a result on"
    if task.word in PODS:
        command, args = _words(given.get("cmds", [])), _words(given.get("arguments", []))
        environment = given.get("env_vars", {})
    else:
        command, args = _words(given.get("entrypoint", [])), _words(given.get("command", []))
        environment = given.get("environment", {})
        if "private_environment" in given:
            return "it has an environment of its own that is secret"
    if command is None or args is None:
        return "its command is not known before it runs, or has templates that have no counterpart"
    found = ContainerPlan(image, command, args)
    found.left = sorted(set(given) & OPERATIONAL)
    reason = _policy(task, given, environment, found)
    return reason or found


def _words(value: object) -> tuple[tuple[str | Fact, ...], ...] | None:
    """The words of a command line."""
    if isinstance(value, str):
        try:
            value = shlex.split(value) if not is_template(value) else None
        except ValueError:
            return None
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
        return None
    words: list[tuple[str | Fact, ...]] = []
    for text in value:
        parts = split(str(text))
        if parts is None or "$(" in str(text):
            return None
        words.append(tuple(parts))
    return tuple(words)


def _policy(task: Task, given: dict[str, object], environment: object, found: ContainerPlan) -> str:
    """Fill the settings in; why that cannot be, in words."""
    if not isinstance(environment, dict) or not is_constant(environment):
        return "its environment is not known before the file runs"
    if any(is_template(v) or not isinstance(v, str) for v in environment.values()):
        return "its environment has templates"
    values = found.policy
    if environment:
        values["env"] = {str(k): str(v) for k, v in environment.items()}
    placement: dict[str, Any] = {}
    for name in ("node_selector", "labels", "annotations"):
        value = given.get(name)
        if value is None:
            continue
        if not isinstance(value, dict) or not all(isinstance(v, str) and not is_template(v) for v in value.values()):
            return f"`{name}` is not known before the file runs"
        placement[name] = value
    if (account := given.get("service_account_name")) is not None:
        if not isinstance(account, str):
            return "its service account is not known before the file runs"
        placement["service_account"] = account
    tolerations = _tolerations(given.get("tolerations", []))
    secrets = _secrets(given.get("secrets", []))
    if tolerations is None or secrets is None:
        return "`tolerations` or `secrets` are not known before the file runs"
    if tolerations:
        placement["tolerations"] = tuple(tolerations)
    if placement:
        values["placement"] = Placement(**placement)
    if secrets:
        values["secrets"] = secrets
    return _docker_resources(given, values) if task.word in DOCKERS else _resources(given, values)


def _tolerations(value: object) -> list[dict[str, Any]] | None:
    found: list[dict[str, Any]] = []
    for one in value if isinstance(value, (list, tuple)) else [None]:
        if isinstance(one, Made) and one.word.endswith("V1Toleration") and not one.args and is_constant(one.kwargs):
            names = {"toleration_seconds": "tolerationSeconds"}
            found.append({names.get(k, k): v for k, v in one.kwargs.items()})
        elif isinstance(one, dict) and is_constant(one):
            found.append(dict(one))
        else:
            return None
    return found


def _secrets(value: object) -> dict[str, SecretRef] | None:
    found: dict[str, SecretRef] = {}
    for one in value if isinstance(value, (list, tuple)) else [None]:
        if not isinstance(one, Made) or not one.word.endswith("Secret"):
            return None
        given = dict(zip(("deploy_type", "deploy_target", "secret", "key"), one.args)) | one.kwargs
        kind, target, name, key = (given.get(k) for k in ("deploy_type", "deploy_target", "secret", "key"))
        if kind != "env" or not (isinstance(target, str) and isinstance(name, str) and isinstance(key, str)):
            return None
        found[target] = SecretRef(name=name, key=key)
    return found


def _resources(given: dict[str, object], values: dict[str, Any]) -> str:
    made = given.get("container_resources")
    if made is None:
        return ""
    if not isinstance(made, Made) or not made.word.endswith("V1ResourceRequirements") or made.args:
        return "its resources are not known before the file runs"
    requests, limits = made.kwargs.get("requests") or {}, made.kwargs.get("limits") or {}
    if not isinstance(requests, dict) or not isinstance(limits, dict) or set(made.kwargs) - {"requests", "limits"}:
        return "its resources are not known before the file runs"
    if set(requests) - {"cpu", "memory", GPU} or set(limits) - {"cpu", "memory", GPU}:
        return "it asks for resources that have no counterpart"
    try:
        found = {
            "cpu": _cpu(requests.get("cpu")), "cpu_limit": _cpu(limits.get("cpu")),
            "memory": _size(requests.get("memory")), "memory_limit": _size(limits.get("memory")),
        }  # fmt: skip
        count = limits.get(GPU, requests.get(GPU))
        if count is not None:
            values["accelerator"] = Accelerator(count=int(str(count)))
    except ValueError:
        return "its resources cannot be read"
    values["resources"] = Resources(**{k: v for k, v in found.items() if v is not None})
    return ""


def _docker_resources(given: dict[str, object], values: dict[str, Any]) -> str:
    """Docker's limits."""
    cpus, memory = given.get("cpus"), given.get("mem_limit")
    found: dict[str, int] = {}
    try:
        if cpus is not None:
            found["cpu_limit"] = round(float(str(cpus)) * 1000)
        if memory is not None:
            text = str(memory)
            factor = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30}.get(text[-1].lower(), 0)
            found["memory_limit"] = int(text[:-1]) * factor if factor else int(text)
    except ValueError:
        return "its limits cannot be read"
    if "shm_size" in given:
        return "`shm_size` has no counterpart"
    if found:
        values["resources"] = Resources(**found)
    return ""


def _cpu(value: object) -> int | None:
    return None if value is None else units.parse_cpu(value)


def _size(value: object) -> int | None:
    return None if value is None else units.parse_bytes(value)


def policy(base: TaskPolicy, found: ContainerPlan) -> TaskPolicy:
    """The settings of a task, with those of its container."""
    values = dict(found.policy)
    if "placement" in values:
        own = base.placement.model_dump(exclude_defaults=True)
        values["placement"] = Placement(**{**values["placement"].model_dump(exclude_defaults=True), **own})
    return base.model_copy(update=values)


def word(parts: tuple[str | Fact, ...], names: dict[Fact, str]) -> str:
    """A word of the command line in the language of `container`."""
    return "".join(f"{{{names[p]}}}" if isinstance(p, Fact) else p.replace("{", "{{").replace("}", "}}") for p in parts)
