"""Settings of a step in KFP's units: quantities, accelerators, retries, caching, and the Kubernetes document."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pipec.backends.kfp import native
from pipec.backends.kfp.model import AcceleratorConfig, CachingOptions, EnvVar, ParameterType, ResourceSpec, RetryPolicy
from pipec.backends.kfp.platform import (
    EmptyDirMount,
    KeyToEnv,
    KubernetesExecutor,
    Metadata,
    NodeSelector,
    SecretAsEnv,
    Toleration,
)  # fmt: skip
from pipec.backends.kfp.program import SUBSTITUTED
from pipec.ir import Accelerator, Retry, TaskPolicy

UNITS = (("Ei", 2**60), ("Pi", 2**50), ("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))
LARGE = ("", 1)


@dataclass(frozen=True, eq=False)
class Settings:
    """The part of a policy that belongs to the executor: components are shared where it is equal."""

    policy: TaskPolicy
    version: str = ""
    bindings: native.Bindings = field(default_factory=dict)
    """Where the task has what other steps give to its native settings."""
    after: tuple[str, ...] = ()
    """The tasks that give it."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Parameter of the step -> the input of its component with the text of a setting that only the run knows."""
    found: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """Such a setting -> where the server has it, as JSON has it: what the platform document names."""

    @cached_property
    def key(self) -> str:
        """Equal for executors that are equal."""
        policy = self.policy
        if policy == NONE:
            return self.version
        bare = policy.model_copy(update={"retry": None, "cache": None, "spans": {}})
        bound = json.dumps([*self.bindings.values()]) if self.bindings else ""
        bound += json.dumps([self.inputs, self.found]) if policy.arguments else ""
        return self.version + "\0" + bare.model_dump_json() + bound


DEVICES = "targets.kfp.accelerator"
AMOUNTS = ("cpu", "cpu_limit", "memory", "memory_limit", "gpu", "gpu.count", f"{DEVICES}.resourceType",
           f"{DEVICES}.resourceCount")  # fmt: skip
"""What a container asks for: the server finds it among the inputs of the component."""
STRUCTURES: dict[str, tuple[ParameterType, str]] = {
    "node_selector": ("STRUCT", "{}"),
    "nodeAffinityJson": ("STRUCT", "{}"),
    "tolerations": ("LIST", "[]"),
}
"""Setting that is no text -> Kubeflow's type, and what `None` is."""
NONE = TaskPolicy()
SHM = "/dev/shm"  # noqa: S108  # where the kernel has it
RETRYING = f"{30 * 24 * 3600}s"
"""Argo retries nothing once this time has passed since the first attempt began; the SDK's hour is short."""


def is_ours(part: str) -> bool:
    """Whether a part of the settings is not another target's."""
    return not part.startswith("targets.") or part.startswith("targets.kfp.")


def is_text(part: str) -> bool:
    """Whether a part of the settings that is an argument goes to the server as plain text."""
    return is_ours(part) and part.rpartition(".")[2] not in STRUCTURES


def quantity(size: int) -> str:
    """Bytes as an integer in the largest binary unit that is exact: KFP takes no fractions."""
    unit, factor = next(((u, f) for u, f in UNITS if size and size % f == 0), LARGE)
    return f"{size // factor}{unit}"


def cores(millicores: int) -> str:
    """Millicores as KFP takes them."""
    return str(millicores // 1000) if millicores % 1000 == 0 else f"{millicores}m"


def resources(settings: Settings) -> ResourceSpec | None:
    """Requests and limits of a container; `None`: it asks for nothing."""
    r, given = settings.policy.resources, _placeholders(settings)
    gpu = _accelerator(settings.policy, given)
    if (r.cpu, r.cpu_limit, r.memory, r.memory_limit, gpu) == (None,) * 5 and not given:
        return None
    return ResourceSpec(
        accelerator=gpu,
        cpu_limit=_old_cores(r.cpu_limit),
        cpu_request=_old_cores(r.cpu),
        memory_limit=_old_gigabytes(r.memory_limit),
        memory_request=_old_gigabytes(r.memory),
        resource_cpu_limit=given.get("cpu_limit") if r.cpu_limit is None else cores(r.cpu_limit),
        resource_cpu_request=given.get("cpu") if r.cpu is None else cores(r.cpu),
        resource_memory_limit=given.get("memory_limit") if r.memory_limit is None else quantity(r.memory_limit),
        resource_memory_request=given.get("memory") if r.memory is None else quantity(r.memory),
    )


def _accelerator(policy: TaskPolicy, given: Mapping[str, str]) -> AcceleratorConfig | None:
    gpu = policy.accelerator
    if own := native.accelerator(policy):
        kind, number = (given.get(f"{DEVICES}.{key}", own[key]) for key in ("resourceType", "resourceCount"))
        return AcceleratorConfig(resource_count=number, resource_type=kind)
    if dynamic := given.get("gpu") or given.get("gpu.count"):  # servers before 2.4 know no such numbers
        return AcceleratorConfig(resource_count=dynamic, resource_type=(gpu or Accelerator()).resource)
    if gpu is None:
        return None
    count = str(gpu.count)
    return AcceleratorConfig(count=count, type=gpu.resource, resource_count=count, resource_type=gpu.resource)


def _placeholders(settings: Settings) -> dict[str, str]:
    """Setting that only the run knows -> what the server replaces by the text of an input."""
    named = settings.policy.arguments.items()
    return {part: f"{{{{$.inputs.parameters['{settings.inputs[p]}']}}}}" for part, p in named if p in settings.inputs}


def _old_cores(millicores: int | None) -> float | None:
    return None if millicores is None else millicores / 1000


def _old_gigabytes(size: int | None) -> float | None:
    return None if size is None else size / 1e9


def environment(policy: TaskPolicy) -> list[EnvVar] | None:
    """Environment variables of a function step; the rest are `exported`."""
    own = exported(policy)
    return [EnvVar(name=n, value=v) for n, v in policy.env.items() if n not in own] or None


def exported(policy: TaskPolicy) -> dict[str, str]:
    """Environment variables that somebody on the way would change: those the command exports, in pieces."""
    return {n: v for n, v in policy.env.items() if SUBSTITUTED.search(v) and n.isidentifier()}


def escaped_environment(policy: TaskPolicy) -> list[EnvVar] | None:
    """Environment variables of a foreign container, whose command is its own: Kubernetes takes `$$` for `$`."""
    return [EnvVar(name=n, value=SUBSTITUTED.sub(r"\g<0>$", v)) for n, v in policy.env.items()] or None


def retry_policy(retry: Retry | None) -> RetryPolicy | None:
    """Retries. Argo takes the factor as an integer."""
    if retry is None or retry.limit == 0:
        return None
    return RetryPolicy(
        max_retry_count=retry.limit,
        backoff_duration=f"{math.ceil(retry.delay or 0)}s",
        backoff_factor=float(math.ceil(retry.backoff)) if retry.backoff is not None else 1.0,
        backoff_max_duration=RETRYING,
    )


def caching(policy: TaskPolicy) -> CachingOptions:
    """Reuse of results only where the step declares it."""
    return CachingOptions(enable_cache=True) if policy.cache else CachingOptions()


def kubernetes(settings: Settings) -> KubernetesExecutor | None:
    """What only the platform document can say; `None`: nothing."""
    given = KubernetesExecutor.model_validate(native.of_step(settings.policy, settings.bindings, settings.found))
    own = {name: value for name, value in _own(settings).items() if value is not None}
    for name in ("empty_dir_mounts", "secret_as_env", "tolerations"):
        if (more := getattr(given, name)) and name in own:
            own[name] = [*own[name], *more]
    spec = given.model_copy(update=own)
    return spec if spec != KubernetesExecutor() else None


def _own(settings: Settings) -> dict[str, Any]:
    """What the settings of pipec's own become."""
    policy, found = settings.policy, settings.found
    place, gpu = policy.placement, policy.accelerator
    labels = {**(gpu.node_selector if gpu else {}), **place.node_selector}
    tolerations = [_toleration(t) for t in (*(gpu.tolerations if gpu else ()), *place.tolerations)]
    tolerations += [Toleration(toleration_json=found["tolerations"])] if "tolerations" in found else []
    selector = NodeSelector(labels=labels or None, node_selector_json=found.get("node_selector"))
    shm = policy.resources.shm
    described = place.annotations or place.labels
    return {
        "active_deadline_seconds": None if policy.timeout is None else str(math.ceil(policy.timeout)),
        "empty_dir_mounts": [
            EmptyDirMount(volume_name="shm", mount_path=SHM, medium="Memory", size_limit=quantity(shm))
        ]
        if shm
        else None,
        "node_selector": selector if selector != NodeSelector() else None,
        "pod_metadata": Metadata(annotations=place.annotations or None, labels=place.labels or None)
        if described
        else None,
        "secret_as_env": _secrets(settings),
        "tolerations": tolerations or None,
    }


def _secrets(settings: Settings) -> list[SecretAsEnv] | None:
    by_name: dict[tuple[str, str], list[KeyToEnv]] = {}
    sources: dict[tuple[str, str], dict[str, Any]] = {}
    for variable, ref in settings.policy.secrets.items():
        given = settings.found.get(f"secrets.{variable}.name")
        key = (ref.name, json.dumps(given))
        sources[key] = given or {"runtimeValue": {"constant": ref.name}}
        by_name.setdefault(key, []).append(KeyToEnv(secret_key=ref.key, env_var=variable))
    return [
        SecretAsEnv(secret_name=name if given == "null" else None, secret_name_parameter=source, key_to_env=keys)
        for ((name, given), keys), source in zip(by_name.items(), sources.values())
    ] or None


def _toleration(data: dict[str, object]) -> Toleration:
    names = {"tolerationSeconds": "toleration_seconds"}
    return Toleration.model_validate({names.get(k, k): str(v) for k, v in data.items() if v is not None})
