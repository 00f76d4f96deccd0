"""Steps in containers of their own, which need Python and what the step imports, and no Airflow.

`@task.kubernetes` and `@task.docker` ship the source of one function and pickle its arguments, so that neither helpers
nor modules of the project nor artifacts would arrive, tuples and `nan` would not come back, and the image would need
bash. The DAG file therefore has decorators of its own, `@pod_task` and `@docker_task`, made as the providers make
theirs (`task_decorator_factory` and an operator), which ship the whole module beside the DAG file, with arguments as
JSON and artifacts by their addresses in the store. Decorators around the step (`cached`, `caught`) stay with Airflow.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator

from pipec.backends.airflow import native, settings
from pipec.backends.airflow.pods import pod_options, text
from pipec.compiler.rendering import python_literal as py
from pipec.compiler.site import Site
from pipec.ir import Component, Pipeline, Task, TaskPolicy, is_artifact, uses
from pipec.ir.graph import value_types

DECORATORS = {"pod": "pod_task", "docker": "docker_task"}
"""Isolation -> the decorator of the file's own."""
NVIDIA = "nvidia.com/gpu"
ARGUMENT = 2**17
"""Bytes that an argument of a program may not reach."""


def options(task: Task, component: Component, isolation: str, image: str) -> dict[str, str]:
    """Arguments of the decorator for the container. `image`: of steps that name none."""
    found = {"image": text(component.image or image)}
    if component.python:
        found["python"] = py(f"python{component.python}")
    if component.packages:
        found["requirements"] = "[" + ", ".join(map(py, component.packages)) + "]"
    return found | (pod_options(task.policy) if isolation == "pod" else docker_options(task.policy))


def docker_options(policy: TaskPolicy) -> dict[str, str]:
    """The settings of a step as arguments of `DockerOperator`."""
    found: dict[str, str] = {}
    if policy.env:
        found["environment"] = "{" + ", ".join(f"{py(k)}: {text(v)}" for k, v in policy.env.items()) + "}"
    resources = policy.resources
    if resources.cpu is not None:
        found["cpus"] = settings.number(resources.cpu / 1000)
    if resources.memory_limit is not None:
        found["mem_limit"] = py(_docker_size(resources.memory_limit))
    if resources.shm is not None:
        found["shm_size"] = str(resources.shm)
    if policy.accelerator is not None:
        asked = f'DeviceRequest(count={policy.accelerator.count}, capabilities=[["gpu"]])'
        found["device_requests"] = f"[{asked}]"
    if policy.placement.labels:
        found["labels"] = settings.mapping(policy.placement.labels)
    return found


def _docker_size(count: int) -> str:
    """Docker's spelling of bytes, exact; its units are powers of 1024."""
    for unit, factor in (("g", 2**30), ("m", 2**20), ("k", 2**10)):
        if count % factor == 0:
            return f"{count // factor}{unit}"
    return f"{count}b"


def refusals(pipeline: Pipeline, task: Task, site: Site) -> Iterator[str]:
    """What keeps a step from running in a container, in words."""
    isolation = native.isolation(pipeline.policy, task.policy)
    if isolation not in DECORATORS:
        return
    types = value_types(pipeline)
    read = {value for expr in task.args.values() for value in uses(expr)}
    touched = [types[value] for value in read if value in types] + [output.type for output in task.outputs]
    if any(map(is_artifact, touched)) and (reason := without_store(site)):
        yield reason


def without_store(site: Site) -> str:
    """Why a container cannot reach artifacts; "" where it can."""
    root = site.artifact_root
    if "://" in root and not root.startswith("file:"):
        return ""
    where = f"{root!r} is on the workers' own disks" if root else "there is none"
    return f"its container reaches artifacts only in an object store, `artifact_root` of `[tool.pipec]`, and {where}"


def too_large(steps: str) -> str:
    """Why the module with the code of steps cannot be given to a container; "" where it can."""
    packed = len(base64.b64encode(zlib.compress(steps.encode())))
    if packed < ARGUMENT:
        return ""
    return (
        f"the code of steps in containers has {packed} bytes when packed, and Linux takes less than {ARGUMENT} at once"
    )


def refused_gpu(policy: TaskPolicy, isolation: str) -> str:
    """Why Docker cannot give a step its accelerator; "" where it can."""
    gpu = policy.accelerator
    if isolation != "docker" or gpu is None or gpu.resource == NVIDIA:
        return ""
    return f"`DockerOperator` gives out whole GPUs of NVIDIA, and no {gpu.resource}"
