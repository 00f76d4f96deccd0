"""Native settings, `targets={"metaflow": {...}}`: decorators of Metaflow's own by name, with their arguments.

A step takes `kubernetes` (what pipec has no setting for) and `card`; a pipeline takes `project`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pipec.compiler.backend.native import is_of, unknown
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import RefusedSetting
from pipec.ir import Pipeline, PipelinePolicy, TaskPolicy
from pipec.ir.graph import tasks

TARGET = "metaflow"
Decorators = Mapping[str, Mapping[str, type]]
STEP: Decorators = {
    "card": {"id": str, "options": dict, "timeout": int, "type": str},
    "kubernetes": {
        "compute_pool": str, "executable": str, "image_pull_policy": str, "image_pull_secrets": list, "namespace": str,
        "persistent_volume_claims": dict, "port": int, "qos": str, "security_context": dict, "tmpfs_path": str,
        "tmpfs_size": int, "tmpfs_tempdir": bool, "use_tmpfs": bool,
    },
}  # fmt: skip
"""Decorator -> its arguments and their types."""
FLOW: Decorators = {"project": {"branch": str, "name": str, "production": bool}}
OURS = {
    "annotations": "annotations", "batch": "cpu, memory, gpu, ...", "catch": "try / except", "conda": "packages",
    "cpu": "cpu", "disk": "disk", "environment": "env", "exit_hook": "on_failure, on_success",
    "extended_resources": "gpu", "gpu": "gpu", "gpu_vendor": "gpu", "image": "image", "labels": "labels",
    "memory": "memory", "node_selector": "node_selector", "pypi": "packages", "resources": "cpu, memory, gpu, ...",
    "retry": "retries", "schedule": "schedule", "secrets": "secrets", "service_account": "service_account",
    "shared_memory": "shm", "timeout": "timeout", "tolerations": "tolerations", "trigger_on_finish": "schedule",
}  # fmt: skip
"""Decorators and arguments that a setting of pipec's own becomes."""


PROJECT = re.compile(r"[a-z0-9_]{1,128}")
"""What Metaflow's own `project_decorator` takes for the name of a project and of a branch."""


def check(pipeline: Pipeline, report: Report) -> None:
    """Report what Metaflow does not have, has by a setting of pipec's own, or takes in another type only."""
    _check(pipeline.policy, FLOW, pipeline.name, report)
    for task in tasks(pipeline):
        _check(task.policy, STEP, task.site.step, report)


def _check(policy: TaskPolicy | PipelinePolicy, known: Decorators, subject: str, report: Report) -> None:
    for reason in _problems(policy.extensions.get(TARGET, {}), known):
        report.add(RefusedSetting(policy.span("targets"), TARGET, subject, "targets", reason))


def _problems(given: Mapping[str, Any], known: Decorators) -> list[str]:
    found = []
    for name, arguments in given.items():
        if name not in known:
            found.append(unknown(name, known, OURS))
        elif not isinstance(arguments, dict):
            found.append(f"{name!r} is {arguments!r}; write a dict of its arguments")
        else:
            for argument, value in arguments.items():
                kind = known[name].get(argument)
                if kind is None:
                    found.append(f"@{name}: {unknown(argument, known[name], OURS)}")
                elif not is_of(value, kind):
                    found.append(f"@{name}: {argument!r} is {value!r}, which is no {kind.__name__}")
                elif name == "project" and (reason := project_problem(argument, value)):
                    found.append(f"@{name}: {reason}")
    return found


def project_problem(argument: str, value: object) -> str:
    """Why Metaflow's `@project` would not take an argument; "" where it does."""
    if not isinstance(value, str) or PROJECT.fullmatch(value):
        return ""
    return f"{argument!r} is {value!r}; it takes small letters, digits and underscores, at most 128"


def arguments(policy: TaskPolicy | PipelinePolicy, decorator: str) -> dict[str, Any] | None:
    """The arguments of a decorator; `None` where it is not asked for."""
    found = policy.extensions.get(TARGET, {}).get(decorator)
    return dict(found) if isinstance(found, dict) else None
