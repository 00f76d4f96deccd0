"""Settings of steps that run on AWS Batch, in its units.

Units and limits are those of the job definition that Metaflow registers (`metaflow/plugins/aws/batch/batch_client.py`)
and of Batch itself: https://docs.aws.amazon.com/batch/latest/APIReference/API_ResourceRequirement.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from pipec.backends.metaflow import native
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import LossySetting, RefusedSetting
from pipec.compiler.site import Site
from pipec.ir import Component, Task, TaskPolicy

TARGET = "metaflow"
FARGATE = (0.25, 0.5)
"""Parts of a vCPU that Fargate has; a queue of EC2 machines has none."""
DEVICES = {"nvidia.com/gpu": "gpu", "aws.amazon.com/neuron": "inferentia"}
"""Resource of Kubernetes -> the argument for the same device."""
SECRETS = "aws-secrets-manager"
"""The kind of store that a source of `@secrets` names."""
SECRET = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
"""The name of a secret there: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html"""
TAG = re.compile(r"[\w +=.:/@-]+", re.ASCII)
"""Of what characters keys and values of tags are; Metaflow takes no empty ones (`plugins/aws/aws_utils.py`)."""
TAGS = 50


def batch(task: Task, component: Component, site: Site, report: Report) -> tuple[str, dict[str, Any]] | None:
    """`@batch` with what the policy of `task` asks for: decorator and arguments; `None` where it asks for nothing.

    `@resources` would not say in which unit its memory is: Metaflow hands the number on as MB to Kubernetes and as MiB
    to Batch.
    """
    policy, given = task.policy, native.arguments(task.policy, "batch") or {}
    r, place = policy.resources, policy.placement
    made: dict[str, Any] = {}
    if r.cpu is not None:
        made["cpu"] = _vcpus(task, r.cpu / 1000, "execution_role" in given, report)
    memory = r.memory if r.memory_limit is None else r.memory_limit
    if memory is not None:
        made["memory"] = mebibytes(task, "memory" if r.memory_limit is None else "memory_limit", memory, report)
        asked = made["memory"] * 2**20
        if r.memory_limit is not None and r.memory not in (None, asked):
            loss = f"{r.memory} bytes become {made['memory']} MiB, its limit: AWS Batch has one amount for both"
            report.add(LossySetting(policy.span("memory"), TARGET, task.site.step, "memory", loss))
    if policy.accelerator is not None:
        made |= _devices(task, report)
    if r.shm is not None:
        made["shared_memory"] = mebibytes(task, "shm", r.shm, report)
    if image := component.image or site.own_image:
        made["image"] = image
    if place.queue is not None:
        made["queue"] = place.queue
    if tags := {**place.labels, **given.pop("aws_batch_tags", {})}:
        made["aws_batch_tags"] = tags
    made |= given
    return ("on_batch", made) if made else None


def _vcpus(task: Task, wanted: float, on_fargate: bool, report: Report) -> int | float:
    if on_fargate and wanted in FARGATE:
        return wanted
    whole = math.ceil(wanted)
    if whole != wanted:
        loss = f"{wanted:g} becomes {whole}: a queue of AWS Batch gives whole vCPUs"
        report.add(LossySetting(task.policy.span("cpu"), TARGET, task.site.step, "cpu", loss))
    return whole


def mebibytes(task: Task, setting: str, size: int, report: Report) -> int:
    """`size` bytes in MiB, rounded up."""
    whole = math.ceil(size / 2**20)
    if whole * 2**20 != size:
        loss = f"{size} bytes become {whole} MiB"
        report.add(LossySetting(task.policy.span(setting), TARGET, task.site.step, setting, loss))
    return whole


def _devices(task: Task, report: Report) -> dict[str, int]:
    gpu = task.policy.accelerator
    assert gpu is not None
    if gpu.resource not in DEVICES:
        reason = f"AWS Batch has NVIDIA's GPUs and AWS's own devices, and no {gpu.resource!r}"
        report.add(RefusedSetting(task.policy.span("gpu"), TARGET, task.site.step, "gpu", reason))
        return {}
    return {DEVICES[gpu.resource]: gpu.count}


def secrets(task: Task, report: Report) -> list[str]:
    """The secrets of AWS Secrets Manager that the step needs; their keys become variables by Metaflow's own rule."""
    for name, ref in task.policy.secrets.items():
        variable = re.sub(r"[-./]", "_", ref.key)
        if name != variable:
            reason = f"the variable {name!r} would be called {variable!r}, like the secret's key"
            report.add(RefusedSetting(task.policy.span("secrets"), TARGET, task.site.step, "secrets", reason))
    return [f"{SECRETS}.{name}" for name in sorted({ref.name for ref in task.policy.secrets.values()})]


def problems(policy: TaskPolicy) -> Iterator[tuple[str, str]]:
    """Settings of a step that AWS refuses, and why: labels are tags there, and secrets those of AWS Secrets Manager."""
    tags = {**policy.placement.labels, **(native.arguments(policy, "batch") or {}).get("aws_batch_tags", {})}
    for key, value in tags.items():
        for text, longest in ((key, 128), (value, 256)):
            if not TAG.fullmatch(text) or len(text) > longest or text.lower().startswith("aws:"):
                about = (
                    f"it takes 1 to {longest} of letters, digits, spaces and '+-=._:/@', and does not begin with 'aws:'"
                )
                yield "labels" if key in policy.placement.labels else "targets", f"no tag can have {text!r}: {about}"
    if len(tags) > TAGS:
        yield "labels", f"a job has at most {TAGS} tags, and these are {len(tags)}"
    for name in sorted({ref.name for ref in policy.secrets.values()}):
        if not SECRET.fullmatch(name):
            yield "secrets", f"no secret can be called {name!r}: it takes 1 to 512 of letters, digits and '/_+=.@-'"
