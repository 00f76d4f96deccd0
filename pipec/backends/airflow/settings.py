"""Settings of steps and of the pipeline as keyword arguments of operators and of the DAG."""

from __future__ import annotations

from pipec.backends.airflow import native
from pipec.backends.airflow.names import dag_id
from pipec.compiler.rendering import python_literal as py
from pipec.ir import Retry, TaskPolicy

SNAKE = {"tolerationSeconds": "toleration_seconds"}
"""Kubernetes' spelling -> that of its Python client."""


def duration(seconds: float) -> str:
    """`timedelta(...)` in the largest unit that is exact."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds and seconds % size == 0:
            return f"timedelta({unit}={int(seconds // size)})"
    return f"timedelta(seconds={int(seconds) if seconds == int(seconds) else seconds!r})"


def end_of(pipeline: str) -> str:
    """The asset that stands for the good end of a run of `pipeline`."""
    return f"Asset({py(f'dag://{dag_id(pipeline)}')})"


def retry_options(retry: Retry, version: tuple[int, int]) -> dict[str, str]:
    """The retry arguments of an operator."""
    options = {"retries": str(retry.limit)}
    if retry.delay is not None:
        options["retry_delay"] = duration(retry.delay)
    if retry.backoff is not None and retry.backoff != 1:
        exact = retry.backoff == 2 or version < (3, 2)  # a factor is taken since 3.2
        options["retry_exponential_backoff"] = "True" if exact else repr(float(retry.backoff))
    if retry.max_delay is not None:
        options["max_retry_delay"] = duration(retry.max_delay)
    return options


def task_options(
    policy: TaskPolicy, image: str | None, version: tuple[int, int], default: Retry | None
) -> dict[str, str]:
    """Keyword arguments of the operator for the settings of a step that is a function."""
    options = operator_options(policy, version, default)
    if pod := pod_arguments(policy, image):
        options["executor_config"] = f"pod({', '.join(f'{k}={v}' for k, v in pod.items())})"
    return options


def operator_options(policy: TaskPolicy, version: tuple[int, int], default: Retry | None) -> dict[str, str]:
    """Keyword arguments that every operator takes."""
    options: dict[str, str] = {}
    if policy.retry is not None and policy.retry != default:
        options |= retry_options(policy.retry, version)
    elif policy.retry is None and default is not None:
        options["retries"] = "0"
    if policy.timeout is not None:
        options["execution_timeout"] = duration(policy.timeout)
    if policy.placement.queue is not None:
        options["queue"] = py(policy.placement.queue)
    if isinstance(policy.placement.priority, int):
        options["priority_weight"] = str(policy.placement.priority)
    if policy.updates is not None:
        options["outlets"] = f"[Asset({py(policy.updates)})]"
    return options | native.arguments(policy, version)


def requests_and_limits(policy: TaskPolicy) -> tuple[dict[str, str], dict[str, str]]:
    """What a container asks for, and may use at most, in Kubernetes' units."""
    resources, gpu = policy.resources, policy.accelerator
    requests: dict[str, str] = {}
    limits: dict[str, str] = {}
    for key, value, into in (
        ("cpu", resources.cpu, requests),
        ("memory", resources.memory, requests),
        ("ephemeral-storage", resources.disk, requests),
        ("cpu", resources.cpu_limit, limits),
        ("memory", resources.memory_limit, limits),
    ):
        if value is not None:
            into[key] = cpu(value) if key == "cpu" else size(value)
    if gpu is not None:
        limits[gpu.resource] = str(gpu.count)
    return requests, limits


def node_selector(policy: TaskPolicy) -> dict[str, str]:
    """Labels of the machines that a step may run on."""
    gpu = policy.accelerator
    return {**(gpu.node_selector if gpu else {}), **policy.placement.node_selector}


def tolerations(policy: TaskPolicy) -> list[dict[str, str]]:
    """Taints that a step bears, in the spelling of Kubernetes' Python client."""
    gpu = policy.accelerator
    found = [*(gpu.tolerations if gpu else ()), *policy.placement.tolerations]
    return [{SNAKE.get(k, k): v for k, v in dict(t).items()} for t in found]


def pod_arguments(policy: TaskPolicy, image: str | None) -> dict[str, str]:
    """Arguments of the helper `pod`."""
    requests, limits = requests_and_limits(policy)
    found: dict[str, str] = {}
    if image is not None:
        found["image"] = py(image)
    if requests:
        found["requests"] = mapping(requests)
    if limits:
        found["limits"] = mapping(limits)
    if policy.secrets:
        entries = (f"{py(name)}: ({py(ref.name)}, {py(ref.key)})" for name, ref in policy.secrets.items())
        found["secrets"] = "{" + ", ".join(entries) + "}"
    if policy.resources.shm is not None:
        found["shm"] = py(size(policy.resources.shm))
    if selector := node_selector(policy):
        found["node_selector"] = mapping(selector)
    if borne := tolerations(policy):
        found["tolerations"] = "[" + ", ".join(mapping(t) for t in borne) + "]"
    place = policy.placement
    for key, values in (("labels", place.labels), ("annotations", place.annotations)):
        if values:
            found[key] = mapping(values)
    if place.service_account is not None:
        found["service_account"] = py(place.service_account)
    if isinstance(place.priority, str):
        found["priority_class"] = py(place.priority)
    return found


def mapping(values: dict[str, str]) -> str:
    """A dict of text as source."""
    return "{" + ", ".join(f"{py(k)}: {py(v)}" for k, v in values.items()) + "}"


def number(value: float) -> str:
    """A number without decimals where it has none."""
    return str(int(value)) if value == int(value) else repr(value)


def cpu(millicores: int) -> str:
    """Kubernetes' spelling of CPUs."""
    return str(millicores // 1000) if millicores % 1000 == 0 else f"{millicores}m"


def size(count: int) -> str:
    """Kubernetes' spelling of bytes, exact."""
    for unit, factor in (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10), ("G", 10**9), ("M", 10**6)):
        if count and count % factor == 0:
            return f"{count // factor}{unit}"
    return str(count)
